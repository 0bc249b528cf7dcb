/** A received request and its answers: the transaction machine, our To-tag, the dialog it makes, the 2xx until its ACK. */
import type { Result } from '../../lib/result.ts';
import { err, ok, unreachable } from '../../lib/result.ts';
import type { AcceptedInviteEvent } from '../../protocol/sip/accepted-invite.ts';
import { acceptedInvite, stepAcceptedInvite } from '../../protocol/sip/accepted-invite.ts';
import { buildCancel, buildResponse } from '../../protocol/sip/build.ts';
import type { InviteServerEvent } from '../../protocol/sip/invite-server.ts';
import { inviteServer, stepInviteServer } from '../../protocol/sip/invite-server.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { NonInviteServerEvent } from '../../protocol/sip/non-invite-server.ts';
import { nonInviteServer, stepNonInviteServer } from '../../protocol/sip/non-invite-server.ts';
import type { Parsed } from '../../protocol/sip/parse.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import { contactHeader, responseFlow, without, withOwnAddress } from './addressing.ts';
import type { OnWire, ResponseContent, ServerTransaction } from './api.ts';
import type { Context } from './context.ts';
import { onWire } from './context.ts';
import { SipDialog } from './dialog.ts';
import type { TransactionMachine } from './transaction-machine.ts';
import { transactionMachine } from './transaction-machine.ts';

const STACK_HEADERS = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'record-route', 'content-length']);

/** A non-INVITE request must be answered while its client still listens: before its Timer F (64*T1 = 32 s). */
const ANSWER_MS = 30_000;

export class ServerTx implements ServerTransaction {
  readonly request: OnWire<SipRequest>;
  readonly parsed: Parsed;
  #dialog: SipDialog | undefined;
  /** The dialog came into being by this request: a failure response ends it. */
  readonly #makesDialog: boolean;
  #localTag: string | undefined;
  #over = false;
  /** The latest response, as sent. */
  #last: string | undefined;
  /** One of the two, by method. */
  readonly #invite: TransactionMachine<InviteServerEvent> | undefined;
  readonly #nonInvite: TransactionMachine<NonInviteServerEvent> | undefined;
  #accepted: TransactionMachine<AcceptedInviteEvent> | undefined;
  #ack: OnWire<SipRequest> | undefined;
  readonly #cancelDeadline: () => void;
  readonly #context: Context;
  readonly #key: string;

  constructor(context: Context, key: string, parsed: Parsed, request: OnWire<SipRequest>, dialog: SipDialog | undefined) {
    this.#context = context;
    this.#key = key;
    this.parsed = parsed;
    this.request = request;
    this.#dialog = dialog;
    this.#makesDialog = dialog === undefined;
    const reliable = request.flow.transport === 'tcp';
    const invite = request.message.method === 'INVITE';
    if (invite) {
      this.#last = serialize(buildResponse(request.message, { status: 100 }));
      this.#invite = transactionMachine(context, inviteServer(reliable), stepInviteServer, (effect) => this.#run(effect));
      this.#invite.post({ type: 'start' });
    } else {
      this.#nonInvite = transactionMachine(context, nonInviteServer(reliable), stepNonInviteServer, (effect) => this.#run(effect));
    }
    this.#cancelDeadline = context.scheduler.after(invite ? context.limits.ringingMs : ANSWER_MS, () => {
      if (this.#over) return;
      context.log.warn({ method: request.message.method, callId: parsed.callId }, 'sip: request never answered, giving up');
      context.count('neverAnswered');
      this.refuse(invite ? 480 : 500);
      if (!invite) return;
      const cancel = buildCancel(request.message);
      context.tell('onCancel', () => context.user.onCancel(this, onWire(cancel, request.flow, serialize(cancel))));
    });
  }

  get dialog(): SipDialog | undefined {
    return this.#dialog;
  }

  /** Finally answered, by whomever. */
  get over(): boolean {
    return this.#over;
  }

  respond(content: ResponseContent): Result<OnWire<SipResponse>, 'transaction_over'> {
    if (this.#over) return err('transaction_over');
    return ok(this.#send(content));
  }

  /** An answer of the stack itself. */
  refuse(status: number, headers: readonly SipHeader[] = []): void {
    if (!this.#over) this.#send({ status, headers });
  }

  /** The request came again. */
  repeated(): void {
    this.#invite?.post({ type: 'request' });
    this.#nonInvite?.post({ type: 'request' });
  }

  /** The ACK of our 300-699 answer. */
  failureAcknowledged(): void {
    this.#invite?.post({ type: 'ack' });
  }

  /** The ACK of our 2xx. */
  acknowledged(ack: OnWire<SipRequest>): void {
    this.#ack = ack;
    this.#accepted?.post({ type: 'ack' });
  }

  /** The dialog is over: no ACK is waited for, and a pending INVITE is answered (RFC 3261 §15.1.2). */
  dialogOver(): void {
    this.refuse(487);
    this.#accepted?.post({ type: 'over' });
    this.#context.awaitingAck.delete(this);
  }

  /** Forgets everything, saying nothing to anyone. */
  drop(): void {
    this.#cancelDeadline();
    this.#invite?.stop();
    this.#nonInvite?.stop();
    this.#accepted?.stop();
    this.#context.awaitingAck.delete(this);
    this.#context.serverTransactions.delete(this.#key, this);
  }

  #send(content: ResponseContent): OnWire<SipResponse> {
    const { method } = this.request.message;
    const { flow } = this.request;
    const success = content.status >= 200 && content.status < 300;
    // A 100 has no tag and makes no dialog (RFC 3261 §8.2.6.2, §12.1).
    if (content.status > 100) this.#localTag ??= tagOf(content.headers) ?? this.#context.ids.tag();
    const headers = withOwnAddress(without(content.headers, STACK_HEADERS), flow);
    // RFC 3261 §12.1.1, RFC 3311 §5.2: a 2xx to a target refresh names our target.
    if (success && (method === 'INVITE' || method === 'UPDATE') && !headers.some((header) => header.name === 'Contact')) {
      headers.unshift(contactHeader(flow));
    }
    const response = buildResponse(this.request.message, {
      status: content.status,
      ...(content.reason === undefined ? {} : { reason: content.reason }),
      ...(this.#localTag === undefined ? {} : { toTag: this.#localTag }),
      headers,
      body: content.body ?? '',
    });
    const text = serialize(response);
    this.#last = text;
    if (content.status >= 200) {
      // Before the dialog ends: the end of a dialog answers what is still unanswered in it.
      this.#over = true;
      this.#cancelDeadline();
    }
    if (method === 'INVITE') this.#updateDialog(content.status, response);
    this.#invite?.post({ type: 'response', status: content.status });
    this.#nonInvite?.post({ type: 'response', status: content.status });
    if (method === 'INVITE' && success) this.#startAccepted();
    return onWire(response, flow, text);
  }

  #updateDialog(status: number, response: SipResponse): void {
    if (!this.#makesDialog) return;
    if (status >= 300) {
      this.#dialog?.end();
      return;
    }
    if (this.#dialog === undefined && this.#localTag !== undefined) {
      this.#dialog = SipDialog.ofServer(this.#context, this, this.#localTag, headerValue(response, 'To') ?? '');
    }
    if (status >= 200) this.#dialog?.confirm();
  }

  #startAccepted(): void {
    const dialog = this.#dialog;
    if (dialog === undefined) return;
    const machine = transactionMachine(this.#context, acceptedInvite, stepAcceptedInvite, (effect) => {
      switch (effect.do) {
        case 'sendResponse':
          this.#transmit();
          break;
        case 'deliverAck': {
          this.#context.awaitingAck.delete(this);
          const ack = this.#ack;
          if (ack !== undefined) this.#context.tell('onAck', () => this.#context.user.onAck(this, dialog, ack));
          break;
        }
        case 'giveUp':
          this.#context.awaitingAck.delete(this);
          this.#context.count('ackTimeouts');
          dialog.endByStack('ack_timeout', 'SIP;cause=200;text="ACK timeout"');
          break;
        default:
          unreachable(effect);
      }
    });
    this.#accepted = machine;
    this.#context.awaitingAck.add(this);
    machine.post({ type: 'start' });
  }

  #run(effect: { readonly do: 'sendResponse' | 'terminate' }): void {
    if (effect.do === 'sendResponse') this.#transmit();
    else this.#context.serverTransactions.delete(this.#key, this);
  }

  #transmit(): void {
    if (this.#last === undefined) return;
    const { transports } = this.#context;
    transports.send(responseFlow(this.request, transports.isOpen(this.request.flow)), this.#last);
  }
}

function tagOf(headers: readonly SipHeader[] | undefined): string | undefined {
  const to = headers?.find((header) => header.name.toLowerCase() === 'to');
  return to === undefined ? undefined : parseNameAddr(to.value)?.params.get('tag');
}
