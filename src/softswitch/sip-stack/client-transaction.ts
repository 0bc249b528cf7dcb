/** A request of ours and its responses: the transaction machine, CANCEL, the dialogs an INVITE makes. */
import type { Result } from '../../lib/result.ts';
import { err, ok, unreachable } from '../../lib/result.ts';
import { buildCancel, buildFailureAck, buildResponse, MAKES_DIALOG } from '../../protocol/sip/build.ts';
import type { InviteClientEffect, InviteClientEvent } from '../../protocol/sip/invite-client.ts';
import { inviteClient, stepInviteClient } from '../../protocol/sip/invite-client.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { hasOption } from '../../protocol/sip/option-tags.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { NonInviteClientEffect, NonInviteClientEvent } from '../../protocol/sip/non-invite-client.ts';
import { nonInviteClient, stepNonInviteClient } from '../../protocol/sip/non-invite-client.ts';
import type { Parsed } from '../../protocol/sip/parse.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import { GIVE_UP } from '../../protocol/sip/timers.ts';
import type { ClientTransaction, Flow, OnWire, ResponseListener, SendFailure } from './api.ts';
import type { Context } from './context.ts';
import { onWire, sendFailure } from './context.ts';
import { SipDialog } from './dialog.ts';
import type { TransactionMachine } from './transaction-machine.ts';
import { transactionMachine } from './transaction-machine.ts';

export interface Incoming {
  readonly parsed: Parsed;
  readonly response: OnWire<SipResponse>;
}

/** Headers of a CANCEL that are the transaction's (RFC 3261 §9.1). */
const CANCEL_HEADERS = new Set(['via', 'max-forwards', 'from', 'to', 'call-id', 'cseq', 'route', 'record-route', 'content-length', 'contact']);

/** Whom the responses are for: a user agent, which has dialogs, or a proxy, which sees every response, 100 and repeated 2xx included. */
export type TransactionUse = 'user_agent' | 'proxy';

/** RFC 5626 §11.5. */
const FLOW_FAILED = 430;
/** Early dialogs of one INVITE: a callee does not fork so often, and one that invents tags costs no more than this. */
const MAX_FORKS = 64;

export class ClientTx implements ClientTransaction {
  readonly request: OnWire<SipRequest>;
  readonly #text: string;
  readonly #context: Context;
  readonly #key: string;
  readonly #subscriptionKey: string;
  readonly #listener: ResponseListener;
  /** The dialog a re-INVITE or other in-dialog request belongs to. */
  readonly #within: SipDialog | undefined;
  readonly #use: TransactionUse;
  /** Early dialogs of an INVITE that makes one, by remote tag (forking: RFC 3261 §12.1.2). */
  readonly #made = new Map<string, SipDialog>();
  /** RSeq of the latest reliable provisional response, by remote tag (RFC 3262 §4). */
  readonly #rseq = new Map<string, number>();
  /** One of the two, by method. */
  readonly #invite: TransactionMachine<InviteClientEvent> | undefined;
  readonly #nonInvite: TransactionMachine<NonInviteClientEvent> | undefined;
  /** The response being handled. */
  #incoming: Incoming | undefined;
  #final = false;
  #provisional = false;
  #cancelled: 'no' | 'waiting' | 'sent' = 'no';
  #cancel: SipRequest | undefined;
  #release: () => void = () => undefined;
  #cancelDeadline: () => void = () => undefined;

  constructor(context: Context, key: string, request: SipRequest, flow: Flow, listener: ResponseListener, within: SipDialog | undefined, use: TransactionUse) {
    this.#context = context;
    this.#key = key;
    this.#text = serialize(request);
    this.request = onWire(request, flow, this.#text);
    this.#listener = listener;
    this.#within = within;
    this.#use = use;
    this.#subscriptionKey = subscriptionKey(headerValue(request, 'Call-ID') ?? '', parseNameAddr(headerValue(request, 'From') ?? '')?.params.get('tag') ?? '');
    const reliable = flow.transport !== 'udp';
    if (request.method === 'INVITE') {
      this.#invite = transactionMachine(context, inviteClient(reliable), stepInviteClient, (effect) => this.#run(effect));
    } else {
      this.#nonInvite = transactionMachine(context, nonInviteClient(reliable), stepNonInviteClient, (effect) => this.#run(effect));
    }
  }

  start(): void {
    const { method } = this.request.message;
    if (this.#use === 'user_agent' && this.#within === undefined && (method === 'SUBSCRIBE' || method === 'REFER')) this.#context.subscribing.set(this.#subscriptionKey, this);
    this.#invite?.post({ type: 'start' });
    this.#nonInvite?.post({ type: 'start' });
    this.#context.transports.watch(this.request.flow, () => this.#transportFailed());
  }

  receive(incoming: Incoming): void {
    this.#incoming = incoming;
    const { status } = incoming.response.message;
    this.#invite?.post({ type: 'response', status });
    this.#nonInvite?.post({ type: 'response', status });
  }

  cancel(headers: readonly SipHeader[] = []): Result<OnWire<SipRequest>, SendFailure> {
    if (this.#invite === undefined || this.#final || this.#cancelled !== 'no') {
      return err(sendFailure('nothing_to_cancel', 'the request has its final response, or is cancelled already'));
    }
    const own = headers.filter((header) => !CANCEL_HEADERS.has(header.name.toLowerCase()));
    const cancel = buildCancel(this.request.message, own);
    this.#cancel = cancel;
    this.#cancelled = 'waiting';
    // RFC 3261 §9.1: not before a provisional response; the CANCEL could overtake the INVITE.
    if (this.#provisional) this.#sendCancel();
    return ok(onWire(cancel, this.request.flow, serialize(cancel)));
  }

  drop(): void {
    this.#invite?.stop();
    this.#nonInvite?.stop();
    this.#close();
  }

  #run(effect: Exclude<InviteClientEffect | NonInviteClientEffect, { do: 'startTimer' | 'cancelTimer' }>): void {
    switch (effect.do) {
      case 'sendRequest':
        this.#release();
        this.#release = this.#context.transports.send(this.request.flow, this.#text, () => this.#transportFailed());
        break;
      case 'sendAck': {
        const response = this.#incoming?.response.message;
        if (response !== undefined) this.#context.transports.send(this.request.flow, serialize(buildFailureAck(this.request.message, response)));
        break;
      }
      case 'deliver':
        if (this.#incoming !== undefined) this.#deliver(this.#incoming);
        break;
      case 'fail':
        this.#context.count(effect.how === 'timeout' ? 'timeouts' : 'transportFailures');
        this.#deliverLocal(effect.how === 'timeout' ? 408 : this.request.flow.only === true ? FLOW_FAILED : 503);
        break;
      case 'terminate':
        this.#close();
        break;
      default:
        unreachable(effect);
    }
  }

  #deliver({ parsed, response }: Incoming): void {
    const { status } = response.message;
    if (status < 200) this.#onProvisional();
    if (this.#use === 'proxy') {
      // RFC 6026 §7.2: a 2xx that comes again is the proxy's to pass on.
      if (status >= 200) this.#finish();
      this.#context.tell('onResponse', () => this.#listener.onResponse(response, 'network', undefined));
      return;
    }
    const dialog = this.#invite === undefined ? this.#subscriptionOf(parsed, response) : this.#dialogOf(parsed, response);
    if (dialog === 'absorbed' || this.#final || status === 100) return;
    if (status >= 200) this.#finish();
    this.#context.tell('onResponse', () => this.#listener.onResponse(response, 'network', dialog));
    // A 2xx that crossed our BYE: no user has the dialog any more, and the far end waits for the ACK.
    if (this.#invite !== undefined && status < 300 && dialog?.state === 'ended') void dialog.ack();
  }

  /** A NOTIFY for the SUBSCRIBE or REFER under way came before its 2xx (RFC 6665 §4.1.2.4). */
  notified(notify: SipRequest, parsed: Parsed, flow: Flow): SipDialog | undefined {
    if (this.#made.size >= MAX_FORKS) return undefined;
    const dialog = SipDialog.ofNotify(this.#context, this.request.message, notify, parsed, flow);
    this.#made.set(dialog.remoteTag, dialog);
    return dialog;
  }

  /** The dialog of a 2xx to SUBSCRIBE or REFER, else the one the request is in. */
  #subscriptionOf(parsed: Parsed, { message, flow }: OnWire<SipResponse>): SipDialog | undefined {
    if (this.#within !== undefined || !MAKES_DIALOG.has(this.request.message.method)) return this.#within;
    const tag = parsed.toTag;
    if (tag === undefined || message.status < 200 || message.status >= 300) return undefined;
    const dialog = this.#made.get(tag) ?? SipDialog.ofClient(this.#context, this.request.message, parsed, message, flow);
    dialog.subscribed(message);
    return dialog;
  }

  /** The dialog a response to our INVITE is about; `absorbed` when the response is a repeated or forked 2xx. */
  #dialogOf(parsed: Parsed, { message, flow }: OnWire<SipResponse>): SipDialog | undefined | 'absorbed' {
    const tag = parsed.toTag;
    if (message.status >= 300) {
      this.#endEarly();
      return this.#within;
    }
    if (this.#within === undefined && (tag === undefined || message.status === 100)) return undefined;
    const known = this.#within ?? this.#made.get(tag ?? '');
    if (known === undefined && this.#made.size >= MAX_FORKS) return 'absorbed';
    if (message.status < 200 && !this.#isNext(message, tag ?? '')) return 'absorbed';
    const dialog = known ?? SipDialog.ofClient(this.#context, this.request.message, parsed, message, flow);
    if (this.#within === undefined) this.#made.set(dialog.remoteTag, dialog);
    if (message.status < 200) return dialog;
    if (dialog.succeeded(parsed.cseq.number, message, flow) === 'again') return 'absorbed';
    if (this.#final) {
      // RFC 3261 §13.2.2.4: another branch of a fork answered too. One call is enough: acknowledge and hang up.
      dialog.endAfterAck();
      void dialog.ack();
      return 'absorbed';
    }
    this.#endEarly(dialog);
    if (this.#cancelled !== 'no' && this.#within === undefined) dialog.endAfterAck();
    return dialog;
  }

  /** RFC 3262 §4: a reliable response is taken once, and only in its turn; the others were or will be repeated. */
  #isNext(response: SipResponse, tag: string): boolean {
    if (!hasOption(response, 'Require', '100rel')) return true;
    const rseq = Number(headerValue(response, 'RSeq') ?? 'none');
    if (!Number.isInteger(rseq)) return true;
    const last = this.#rseq.get(tag);
    if (last !== undefined && rseq !== last + 1) return false;
    this.#rseq.set(tag, rseq);
    return true;
  }

  #endEarly(but?: SipDialog): void {
    for (const [tag, dialog] of this.#made) {
      if (dialog === but) continue;
      dialog.end();
      this.#made.delete(tag);
    }
  }

  #onProvisional(): void {
    if (!this.#provisional && this.#invite !== undefined) {
      this.#provisional = true;
      // A callee may ring for ever (RFC 3261 §17.1.1.2 has no timer in Proceeding); we do not wait for ever. A proxy has its Timer C.
      if (this.#use === 'user_agent') this.#cancelDeadline = this.#context.scheduler.after(this.#context.limits.ringingMs, () => void this.cancel());
    }
    if (this.#cancelled === 'waiting') this.#sendCancel();
  }

  #sendCancel(): void {
    if (this.#cancel === undefined) return;
    this.#cancelled = 'sent';
    this.#context.start(this.#cancel, [this.request.flow], { onResponse: () => undefined }, undefined);
    // RFC 3261 §9.1: a UAS that answers the CANCEL but never the INVITE is not waited for longer than 64*T1.
    this.#cancelDeadline();
    this.#cancelDeadline = this.#context.scheduler.after(GIVE_UP, () => {
      this.#deliverLocal(408);
      this.drop();
    });
  }

  #transportFailed(): void {
    this.#invite?.post({ type: 'transportError' });
    this.#nonInvite?.post({ type: 'transportError' });
  }

  #deliverLocal(status: 408 | 430 | 503): void {
    if (this.#final) return;
    this.#finish();
    this.#endEarly();
    const response = buildResponse(this.request.message, { status, toTag: this.#context.ids.tag() });
    const wire = onWire(response, this.request.flow, serialize(response));
    this.#context.tell('onResponse', () => this.#listener.onResponse(wire, 'local', this.#within));
  }

  #finish(): void {
    this.#final = true;
    this.#cancelDeadline();
  }

  #close(): void {
    this.#release();
    this.#cancelDeadline();
    if (this.#context.clientTransactions.get(this.#key) === this) this.#context.clientTransactions.delete(this.#key);
    if (this.#context.subscribing.get(this.#subscriptionKey) === this) this.#context.subscribing.delete(this.#subscriptionKey);
  }
}

/** A client transaction is found by its branch and method (RFC 3261 §17.1.3). */
export function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`;
}

/** The branch of a request we built. */
export function branchOf(request: SipRequest): string {
  return /;branch=([^;]+)/.exec(headerValue(request, 'Via') ?? '')?.[1] ?? '';
}

/** A NOTIFY that comes before the dialog is found by what the SUBSCRIBE chose (RFC 6665 §4.4.1). */
export function subscriptionKey(callId: string, tag: string): string {
  return `${callId} ${tag}`;
}
