/** A received request and its answers: the transaction machine, our To-tag, the dialog it makes, the 2xx until its ACK. */
import type { Result } from '../../lib/result.ts';
import { err, ok, unreachable } from '../../lib/result.ts';
import type { AwaitedResponseEvent, Repetition } from '../../protocol/sip/awaited-response.ts';
import { stepAwaitedResponse, untilAck } from '../../protocol/sip/awaited-response.ts';
import { buildCancel, buildResponse, MAKES_DIALOG } from '../../protocol/sip/build.ts';
import type { InviteServerEvent } from '../../protocol/sip/invite-server.ts';
import { inviteServer, stepInviteServer } from '../../protocol/sip/invite-server.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { hasOption } from '../../protocol/sip/option-tags.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { NonInviteServerEvent } from '../../protocol/sip/non-invite-server.ts';
import { nonInviteServer, stepNonInviteServer } from '../../protocol/sip/non-invite-server.ts';
import type { Parsed } from '../../protocol/sip/parse.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import { agreeSession, formatSessionExpires, sessionExpiresOf } from '../../protocol/sip/session-expires.ts';
import { contactHeader, without, withOwnAddress } from './addressing.ts';
import type { OnWire, ProxyListener, ProxyPlan, ResponseContent, ServerTransaction } from './api.ts';
import type { Context } from './context.ts';
import { onWire } from './context.ts';
import { SipDialog } from './dialog.ts';
import { withRoutes } from './own-routes.ts';
import { proxyRefusal } from './proxied-message.ts';
import type { ProxyRefusal } from './proxied-message.ts';
import type { Upstream } from './proxy.ts';
import { Proxy } from './proxy.ts';
import { ReliableResponses } from './reliable-responses.ts';
import type { TransactionMachine } from './transaction-machine.ts';
import { transactionMachine } from './transaction-machine.ts';
import type { Hold } from './unproven-sources.ts';

const STACK_HEADERS = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'record-route', 'content-length', 'rseq']);

const ACK_TIMEOUT = 'SIP;cause=200;text="ACK timeout"';

/** A non-INVITE request must be answered while its client still listens: before its Timer F (64*T1 = 32 s). */
const ANSWER_MS = 30_000;

export class ServerTx implements ServerTransaction, Upstream {
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
  #accepted: TransactionMachine<AwaitedResponseEvent> | undefined;
  #reliable: ReliableResponses | undefined;
  #hold: Hold | undefined;
  #ack: OnWire<SipRequest> | undefined;
  /** A reliable response had a body: the offer of the INVITE has its answer (RFC 3262 §5). */
  #answeredEarly = false;
  #proxy: Proxy | undefined;
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
    const reliable = request.flow.transport !== 'udp';
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
      if (invite) this.#tellCancelled();
    });
  }

  get dialog(): SipDialog | undefined {
    return this.#dialog;
  }

  /** Finally answered, by whomever. */
  get over(): boolean {
    return this.#over;
  }

  /** Whose offer in this INVITE, or in our 2xx to it, waits for its answer (RFC 3261 §13.2.1). */
  get openOffer(): 'theirs' | 'ours' | 'none' {
    if (this.#invite === undefined) return 'none';
    if (this.request.message.body === '') return this.#context.awaitingAck.has(this) ? 'ours' : 'none';
    return this.#over || this.#answeredEarly ? 'none' : 'theirs';
  }

  respond(content: ResponseContent): Result<OnWire<SipResponse>, 'transaction_over' | 'no_100rel'> {
    if (this.#over || this.proxied) return err('transaction_over');
    if (this.#isReliable(content) && !this.#takesReliable()) return err('no_100rel');
    return ok(this.#send(content));
  }

  get proxied(): boolean {
    return this.#proxy !== undefined;
  }

  proxy(plan: ProxyPlan, listener: ProxyListener): ReturnType<ServerTransaction['proxy']> {
    if (this.#over || this.proxied) return err('transaction_over');
    if (this.#dialog !== undefined) return err('in_dialog');
    // The user names the next hop: a Route of the caller's would have us send to anyone.
    const { message } = this.request;
    return this.#hand({ ...message, headers: withRoutes(message.headers, []) }, plan, listener);
  }

  /** Sends it on by its Route; `request` is without Routes of ours (RFC 3261 §16.12). */
  pass(request: SipRequest): void {
    const plan: ProxyPlan = { targets: [request.uri], requestUri: 'kept', recordRoute: false, forking: 'serial', followRedirects: false };
    this.#hand(request, plan, { onFinal: () => undefined, onDone: () => undefined });
  }

  #hand(request: SipRequest, plan: ProxyPlan, listener: ProxyListener): Result<void, ProxyRefusal['code']> {
    const refusal = proxyRefusal(this.request.message, this.#context.ownRoutes);
    if (refusal !== undefined) {
      this.refuse(refusal.status, refusal.headers);
      return err(refusal.code);
    }
    // Timer C of the branches is what bounds it.
    this.#cancelDeadline();
    this.#proxy = new Proxy(this.#context, this, request, plan, listener);
    this.#proxy.start();
    return ok(undefined);
  }

  /** The CANCEL of a request that is being proxied (§16.10); false when it is not. */
  cancelProxied(): boolean {
    this.#proxy?.cancel();
    return this.proxied;
  }

  /** A response of a branch, on its way to the sender (§16.7 steps 5 to 9). */
  forward(response: SipResponse): void {
    const { status } = response;
    const headers = this.#context.identity.told(response.headers, this.request.flow.remote.host);
    const text = serialize({ ...response, headers });
    if (this.#over) {
      // Another 2xx, or one again: the transaction has no part in it (RFC 6026 §7.1).
      if (status < 300) this.#transmit(text);
      return;
    }
    this.#over = status >= 200;
    this.#last = text;
    this.#tellMachine(status);
  }

  abandon(): void {
    this.#over = true;
    this.#nonInvite?.stop();
    this.#context.serverTransactions.delete(this.#key, this);
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

  /** The ACK of our 300-699 answer, with this To-tag: the branch is the sender's, the tag ours. */
  failureAcknowledged(toTag: string | undefined): void {
    if (this.#localTag !== undefined && toTag === this.#localTag) this.#context.unproven.prove(this.request.flow);
    this.#hold?.end();
    this.#invite?.post({ type: 'ack' });
  }

  /** The ACK of our 2xx. */
  acknowledged(ack: OnWire<SipRequest>): void {
    this.#ack = ack;
    this.#hold?.end();
    this.#accepted?.post({ type: 'acknowledged' });
  }

  /** Whether `rseq` is the reliable response of ours whose PRACK is awaited (RFC 3262 §3). */
  prack(rseq: number): boolean {
    return this.#reliable?.acknowledged(rseq) ?? false;
  }

  /** The dialog is over: no ACK is waited for, and a pending INVITE is answered (RFC 3261 §15.1.2). */
  dialogOver(): void {
    this.refuse(487);
    this.#reliable?.stop();
    this.#accepted?.post({ type: 'over' });
    this.#context.awaitingAck.delete(this);
  }

  /** Forgets everything, saying nothing to anyone. */
  drop(): void {
    this.#cancelDeadline();
    this.#hold?.end();
    this.#invite?.stop();
    this.#nonInvite?.stop();
    this.#accepted?.stop();
    this.#reliable?.stop();
    this.#proxy?.stop();
    this.#context.awaitingAck.delete(this);
    this.#context.serverTransactions.delete(this.#key, this);
  }

  #send(content: ResponseContent): OnWire<SipResponse> {
    const { status } = content;
    const { method } = this.request.message;
    const { flow } = this.request;
    const success = status >= 200 && status < 300;
    // A 100 has no tag and makes no dialog (RFC 3261 §8.2.6.2, §12.1).
    if (status > 100) this.#localTag ??= tagOf(content.headers) ?? this.#context.ids.tag();
    const headers = withOwnAddress(this.#context.identity.told(without(content.headers, STACK_HEADERS), flow.remote.host), flow);
    const reliables = this.#isReliable(content) ? this.#reliables() : undefined;
    const rseq = reliables?.nextSeq();
    if (rseq !== undefined) {
      if ((content.body ?? '') !== '') this.#answeredEarly = true;
      headers.push({ name: 'RSeq', value: String(rseq) });
      if (!hasOption({ headers }, 'Require', '100rel')) headers.push({ name: 'Require', value: '100rel' });
    }
    if (success && (method === 'INVITE' || method === 'UPDATE')) this.#addSessionTimer(headers);
    if (this.#namesTarget(success, rseq !== undefined) && !headers.some(({ name }) => name === 'Contact')) headers.unshift(contactHeader(flow, this.request.message.uri));
    const response = buildResponse(this.request.message, {
      status,
      ...(content.reason === undefined ? {} : { reason: content.reason }),
      ...(this.#localTag === undefined ? {} : { toTag: this.#localTag }),
      headers,
      body: content.body ?? '',
    });
    const text = serialize(response);
    if (status >= 200) {
      // Before the dialog ends: the end of a dialog answers what is still unanswered in it.
      this.#over = true;
      this.#cancelDeadline();
    }
    this.#updateDialog(status, response);
    if (status >= 300) this.#reliable?.stop();
    const transmit = (): void => this.#transmitFirst(status, text, rseq);
    // RFC 3262 §3: neither a 2xx nor the next reliable response before the PRACK of the one before.
    if (this.#reliable !== undefined && (rseq !== undefined || success)) this.#reliable.inTurn(transmit);
    else transmit();
    return onWire(response, flow, text);
  }

  #transmitFirst(status: number, text: string, rseq: number | undefined): void {
    this.#last = text;
    this.#tellMachine(status);
    if (rseq !== undefined) this.#reliable?.sent(rseq, this.#repetition(), () => this.#transmit(text));
    if (this.#invite !== undefined && status >= 200 && status < 300) this.#startAccepted();
  }

  #tellMachine(status: number): void {
    this.#invite?.post({ type: 'response', status, repetition: status < 300 ? 'byTimer' : this.#repetition() });
    this.#nonInvite?.post({ type: 'response', status });
  }

  /** How the answers to this INVITE are repeated: settled by the first that wants an acknowledgement. */
  #repetition(): Repetition {
    this.#hold ??= this.#context.unproven.hold(this.request.flow);
    return this.#hold.repetition;
  }

  /** RFC 3262 §3: when the user says so, and always when the caller insists. */
  #isReliable({ status, headers }: ResponseContent): boolean {
    if (this.#invite === undefined || status <= 100 || status >= 200) return false;
    return hasOption({ headers: headers ?? [] }, 'Require', '100rel') || hasOption(this.request.message, 'Require', '100rel');
  }

  #takesReliable(): boolean {
    return hasOption(this.request.message, 'Supported', '100rel') || hasOption(this.request.message, 'Require', '100rel');
  }

  #reliables(): ReliableResponses {
    this.#reliable ??= new ReliableResponses(this.#context, () => this.#prackMissing());
    return this.#reliable;
  }

  #prackMissing(): void {
    this.#context.count('prackTimeouts');
    const dialog = this.#dialog;
    const promised = this.#over;
    this.#over = false;
    this.refuse(504);
    // To the user a 2xx that waited for the PRACK made a call: it hears a BYE, which nobody else needs.
    if (promised && dialog !== undefined) dialog.tellEnded('ack_timeout', 'SIP;cause=200;text="PRACK timeout"');
    else this.#tellCancelled();
  }

  #tellCancelled(): void {
    const cancel = buildCancel(this.request.message);
    this.#context.tell('onCancel', () => this.#context.user.onCancel(this, onWire(cancel, this.request.flow, serialize(cancel))));
  }

  /** RFC 3261 §12.1.1, RFC 3311 §5.2, RFC 6665 §4.2.1: what makes a dialog or refreshes its target names ours. */
  #namesTarget(success: boolean, reliable: boolean): boolean {
    if (reliable) return true;
    if (!success) return false;
    const { method } = this.request.message;
    return method === 'INVITE' || method === 'UPDATE' || method === 'SUBSCRIBE' || (method === 'REFER' && this.#makesDialog);
  }

  /** RFC 4028 §9. */
  #addSessionTimer(headers: SipHeader[]): void {
    const given = headers.findIndex(({ name }) => name === 'Session-Expires');
    const agreed = agreeSession(this.request.message, sessionExpiresOf({ headers }));
    if (given >= 0) headers.splice(given, 1);
    if (agreed === undefined) return;
    headers.push({ name: 'Session-Expires', value: formatSessionExpires(agreed) });
    if (agreed.refresher === 'uac' && !hasOption({ headers }, 'Require', 'timer')) headers.push({ name: 'Require', value: 'timer' });
  }

  #updateDialog(status: number, response: SipResponse): void {
    const { method } = this.request.message;
    if (this.#makesDialog && MAKES_DIALOG.has(method)) {
      if (status >= 300) this.#dialog?.end();
      else if (this.#localTag !== undefined && (method === 'INVITE' || status >= 200)) {
        this.#dialog ??= SipDialog.ofServer(this.#context, this, this.#localTag, headerValue(response, 'To') ?? '');
        if (status >= 200) this.#dialog.confirm();
      }
    }
    this.#dialog?.answered(this.request.message, response);
  }

  #startAccepted(): void {
    const dialog = this.#dialog;
    if (dialog === undefined) return;
    const machine = transactionMachine(this.#context, untilAck, stepAwaitedResponse, (effect) => {
      switch (effect.do) {
        case 'sendResponse':
          this.#transmit(this.#last);
          break;
        case 'proceed': {
          this.#context.awaitingAck.delete(this);
          const ack = this.#ack;
          if (ack !== undefined) this.#context.tell('onAck', () => this.#context.user.onAck(this, dialog, ack));
          break;
        }
        case 'giveUp':
          this.#context.awaitingAck.delete(this);
          this.#context.count('ackTimeouts');
          // Whoever shows nothing is sent nothing more: a BYE is repeated ten times, too.
          if (this.#repetition() === 'byTimer') dialog.endByStack('ack_timeout', ACK_TIMEOUT);
          else dialog.tellEnded('ack_timeout', ACK_TIMEOUT);
          break;
        default:
          unreachable(effect);
      }
    });
    this.#accepted = machine;
    this.#context.awaitingAck.add(this);
    machine.post({ type: 'start', repetition: this.#repetition() });
  }

  #run(effect: { readonly do: 'sendResponse' | 'terminate' }): void {
    if (effect.do === 'sendResponse') {
      this.#transmit(this.#last);
      return;
    }
    this.#hold?.end();
    this.#context.serverTransactions.delete(this.#key, this);
  }

  #transmit(text: string | undefined): void {
    if (text !== undefined) this.#context.transports.respond(this.request, text);
  }
}

function tagOf(headers: readonly SipHeader[] | undefined): string | undefined {
  const to = headers?.find((header) => header.name.toLowerCase() === 'to');
  return to === undefined ? undefined : parseNameAddr(to.value)?.params.get('tag');
}
