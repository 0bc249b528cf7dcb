/** Dialogs (RFC 3261 §12): tags, sequence numbers, route set, remote target, requests inside, and the ACK of a 2xx. */
import type { Result } from '../../lib/result.ts';
import { err, ok } from '../../lib/result.ts';
import { listValues } from '../../protocol/sip/lists.ts';
import type { SipHeader, SipMessage, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import type { Parsed } from '../../protocol/sip/parse.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import { formatSessionExpires, sessionExpiresOf } from '../../protocol/sip/session-expires.ts';
import { GIVE_UP } from '../../protocol/sip/timers.ts';
import { contactHeader, viaHeader, without, withOwnAddress } from './addressing.ts';
import type { ClientTransaction, Dialog, DialogEnd, Flow, OnWire, RequestContent, ResponseListener, SendFailure } from './api.ts';
import type { Context } from './context.ts';
import { onWire, sendFailure } from './context.ts';
import type { DialogParts } from './dialog-parts.ts';
import { contactUri, dialogKey, partsOfClient, partsOfNotify, partsOfServer } from './dialog-parts.ts';
import { nextFlows, nextTarget } from './dialog-route.ts';
import type { DialogRoute } from './dialog-route.ts';
import type { ServerTx } from './server-transaction.ts';
import type { Refreshable } from './session-timer.ts';
import { SessionTimer } from './session-timer.ts';
import { grantedSeconds, notifiedSeconds } from './subscription.ts';

const DIALOG_HEADERS = new Set(['via', 'route', 'record-route', 'max-forwards', 'content-length', 'from', 'to', 'call-id', 'cseq']);
/** Methods whose Contact is the target of what follows (RFC 3261 §12.2.1.1, RFC 3311, RFC 3515, RFC 6665). */
const NAMES_TARGET = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER']);

/** Methods whose body is a session description of ours. */
const SESSION_METHODS = new Set(['INVITE', 'UPDATE', 'PRACK', 'ACK']);

export class SipDialog implements Dialog, Refreshable {
  readonly role: 'uac' | 'uas';
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  #state: Dialog['state'] = 'early';
  readonly #parts: DialogParts;
  #remoteTarget: string;
  #routeSet: readonly string[];
  #localSeq: number;
  #remoteSeq: number | undefined;
  /** The way the peer's latest message came. */
  #source: Flow;
  /** CSeq of the INVITE of ours whose 2xx came last, and the ACK sent for it. */
  #answered: number | undefined;
  #ack: { readonly cseq: number; readonly flow: Flow; readonly text: string } | undefined;
  /** Requests of ours without a final response that carry or may carry an offer. */
  readonly #offers = new Map<ResponseListener, { readonly method: string; transaction?: ClientTransaction }>();
  #endAfterAck = false;
  readonly #serverInvites = new Set<ServerTx>();
  #serverUpdate: ServerTx | undefined;
  readonly #session: SessionTimer;
  #localSdp: string;
  /** RFC 4028 §7.4: the peer's Allow says whether an UPDATE refreshes the session. */
  #peerTakesUpdate = false;
  #cancelExpiry: () => void = () => undefined;
  readonly #context: Context;

  private constructor(context: Context, parts: DialogParts) {
    this.#context = context;
    this.#parts = parts;
    this.role = parts.role;
    this.callId = parts.callId;
    this.localTag = parts.localTag;
    this.remoteTag = parts.remoteTag;
    this.#remoteTarget = parts.remoteTarget;
    this.#routeSet = parts.routeSet;
    this.#localSeq = parts.localSeq;
    this.#remoteSeq = parts.remoteSeq;
    this.#source = parts.source;
    this.#localSdp = parts.localSdp;
    this.#session = new SessionTimer(context, this);
    this.#hear(parts.peer);
    context.dialogs.set(this.#key(), this);
  }

  /** RFC 3261 §12.1.1. `to` is the To of our response, with our tag. */
  static ofServer(context: Context, transaction: ServerTx, localTag: string, to: string): SipDialog {
    const { parsed, request } = transaction;
    const dialog = new SipDialog(context, partsOfServer(request, parsed, localTag, to, context.ids.cseq()));
    dialog.holds(transaction);
    return dialog;
  }

  /** RFC 3261 §12.1.2. */
  static ofClient(context: Context, request: SipRequest, parsed: Parsed, response: SipResponse, flow: Flow): SipDialog {
    return new SipDialog(context, partsOfClient(request, parsed, response, flow));
  }

  /** RFC 6665 §4.4.1: the first NOTIFY makes the dialog of our SUBSCRIBE or REFER, if it overtakes the 2xx. */
  static ofNotify(context: Context, request: SipRequest, notify: SipRequest, parsed: Parsed, flow: Flow): SipDialog {
    const dialog = new SipDialog(context, partsOfNotify(request, notify, parsed, flow));
    dialog.confirm();
    dialog.#keepFor(notifiedSeconds(notify));
    return dialog;
  }

  get state(): Dialog['state'] {
    return this.#state;
  }

  get source(): Flow {
    return this.#source;
  }

  confirm(): void {
    if (this.#state === 'early') this.#state = 'confirmed';
  }

  /** Forgets the dialog; what is pending in it is answered and given up. */
  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#session.stop();
    this.#cancelExpiry();
    if (this.#context.dialogs.get(this.#key()) === this) this.#context.dialogs.delete(this.#key());
    for (const transaction of this.#serverInvites) transaction.dialogOver();
    this.#serverInvites.clear();
  }

  /** Ends it with a BYE of the stack's own, and tells the user. */
  endByStack(reason: DialogEnd, reasonHeader: string): void {
    const bye = { method: 'BYE', headers: [{ name: 'Reason', value: reasonHeader }] };
    this.request(bye, { onResponse: () => undefined }).then(
      (sent) => {
        if (sent.ok) {
          this.end();
          this.#context.tell('onDialogEnded', () => this.#context.user.onDialogEnded(this, reason, sent.value.request));
        } else if (!this.#hasEnded()) {
          // No way for the BYE: the user hears of it all the same.
          this.tellEnded(reason, reasonHeader);
        }
      },
      (error: unknown) => this.#context.log.error({ error }, 'sip: BYE failed'),
    );
  }

  /** Ends it without a message to the far end, and tells the user by a BYE that only the user sees. */
  tellEnded(reason: DialogEnd, reasonHeader: string): void {
    this.#localSeq += 1;
    const bye = this.#build({ method: 'BYE', headers: [{ name: 'Reason', value: reasonHeader }] }, this.#localSeq, this.#source);
    this.end();
    this.#context.tell('onDialogEnded', () => this.#context.user.onDialogEnded(this, reason, onWire(bye, this.#source, serialize(bye))));
  }

  async request(content: RequestContent, listener: ResponseListener): Promise<Result<ClientTransaction, SendFailure>> {
    if (this.#state === 'ended') return err(sendFailure('no_dialog', 'the dialog is over'));
    // RFC 3261 §15.1.1 ends the session whatever is pending in it: an INVITE of ours must not be answered after the BYE.
    if (content.method === 'BYE') for (const offer of this.#offers.values()) offer.transaction?.cancel();
    // Taken before any waiting, so that requests leave in the order they were asked for.
    const asked = parseInt(content.headers?.find((header) => header.name.toLowerCase() === 'cseq')?.value ?? '', 10);
    this.#localSeq = asked > this.#localSeq ? asked : this.#localSeq + 1;
    const cseq = this.#localSeq;
    const flows = await nextFlows(this.#context, this.#way());
    if ('code' in flows) return err(flows);
    // It may have ended while the way was looked up. (A call: the compiler believes the check above for ever.)
    if (this.#hasEnded()) return err(sendFailure('no_dialog', 'the dialog is over'));
    const request = this.#build(content, cseq, flows[0]);
    const watched = this.#watched(request, listener);
    const offer: { readonly method: string; transaction?: ClientTransaction } = { method: content.method };
    if (content.method === 'INVITE' || (content.method === 'UPDATE' && request.body !== '')) this.#offers.set(watched, offer);
    const started = this.#context.start(request, flows, watched, this);
    if ('code' in started) {
      this.#offers.delete(watched);
      return err(started);
    }
    offer.transaction = started;
    return ok(started);
  }

  async ack(content: Omit<RequestContent, 'method'> = {}): Promise<Result<OnWire<SipRequest>, SendFailure>> {
    const cseq = this.#answered;
    // Over or not: a 2xx that crossed our BYE is acknowledged too (RFC 3261 §13.2.2.4).
    if (cseq === undefined || cseq === this.#ack?.cseq) return err(sendFailure('no_invite_to_ack', 'no 2xx is waiting for an ACK'));
    const flows = await nextFlows(this.#context, this.#way());
    if ('code' in flows) return err(flows);
    const [flow] = flows;
    const request = this.#build({ ...content, method: 'ACK' }, cseq, flow);
    const text = serialize(request);
    this.#ack = { cseq, flow, text };
    this.#context.transports.send(flow, text);
    if (this.#endAfterAck && this.#state !== 'ended') this.endByStack('cancel_race', 'SIP;cause=200;text="ACK-BYE due to cancel race condition"');
    return ok(onWire(request, flow, text));
  }

  /** A 2xx to an INVITE of ours came, the first time or again (RFC 3261 §13.2.2.4). */
  succeeded(cseq: number, response: SipResponse, flow: Flow): 'first' | 'again' {
    if (this.#ack?.cseq === cseq) {
      this.#context.transports.send(this.#ack.flow, this.#ack.text);
      return 'again';
    }
    // Not acknowledged yet, or a late copy of an earlier INVITE's.
    if (this.#answered !== undefined && cseq <= this.#answered) return 'again';
    if (this.#state === 'early') {
      // §13.2.2.4: the 2xx fixes the route set anew.
      this.#routeSet = listValues(response, 'Record-Route').reverse();
    }
    this.confirm();
    this.#answered = cseq;
    this.#source = flow;
    this.#remoteTarget = contactUri(response) ?? this.#remoteTarget;
    this.#hear(response);
    if (this.#state !== 'ended') this.#session.agreed(sessionExpiresOf(response), 'uac');
    return 'first';
  }

  /** A 2xx to our SUBSCRIBE or REFER came. */
  subscribed(response: SipResponse): void {
    this.confirm();
    this.#keepFor(grantedSeconds(response));
  }

  /** We answered a request in the dialog, or the one that made it. */
  answered(request: SipRequest, response: SipResponse): void {
    if (response.body !== '') this.#localSdp = response.body;
    const success = response.status >= 200 && response.status < 300;
    if (success && (request.method === 'INVITE' || request.method === 'UPDATE')) this.#session.agreed(sessionExpiresOf(response), 'uas');
    if (this.#parts.usage === 'call' || response.status < 200) return;
    if (request.method === 'NOTIFY') this.#keepFor(notifiedSeconds(request));
    else if (success && request.method === 'SUBSCRIBE') this.#keepFor(grantedSeconds(response));
    else if (success && request.method === 'REFER') this.#keepFor(grantedSeconds(response));
  }

  refreshContent(seconds: number): RequestContent | undefined {
    if (this.#state !== 'confirmed' || this.#offers.size > 0 || [...this.#serverInvites].some((pending) => !pending.over || this.#context.awaitingAck.has(pending))) return undefined;
    const headers = [
      { name: 'Supported', value: 'timer' },
      { name: 'Session-Expires', value: formatSessionExpires({ seconds, refresher: 'uac' }) },
    ];
    // RFC 4028 §7.4: "It is RECOMMENDED that the UPDATE request not contain an offer". A re-INVITE needs one: the last.
    if (this.#peerTakesUpdate || this.#localSdp === '') return { method: 'UPDATE', headers };
    return { method: 'INVITE', headers: [...headers, { name: 'Content-Type', value: 'application/sdp' }], body: this.#localSdp };
  }

  /** The session timer ran out (RFC 4028 §10). */
  expired(): void {
    this.#context.count('sessionsExpired');
    this.endByStack('session_expired', 'SIP;cause=200;text="Session timer expired"');
  }

  /** Our CANCEL was too late: the call is ended as soon as its 2xx has been acknowledged. */
  endAfterAck(): void {
    this.#endAfterAck = true;
  }

  /** Takes a request of the peer into the dialog's state (§12.2.2); the status to refuse it with, if it is not to be handled. */
  receive(parsed: Parsed, request: SipRequest, flow: Flow): 'handle' | 491 | 500 {
    // §12.2.2: a lower sequence number is out of order.
    if (this.#remoteSeq !== undefined && parsed.cseq.number < this.#remoteSeq) return 500;
    if (request.method === 'INVITE') {
      // §14.2: one INVITE at a time each way; and none before the last one's ACK.
      for (const pending of this.#serverInvites) {
        if (!pending.over) return 500;
        if (this.#context.awaitingAck.has(pending)) return 491;
        this.#serverInvites.delete(pending);
      }
      if (this.#offers.size > 0) return 491;
    }
    if (request.method === 'UPDATE') {
      // RFC 3311 §5.2: one UPDATE at a time; and no offer while another waits for its answer.
      if (this.#serverUpdate?.over === false) return 500;
      if (request.body !== '') {
        const open = [...this.#serverInvites].map(({ openOffer }) => openOffer);
        if (open.includes('theirs')) return 500;
        if (this.#offers.size > 0 || open.includes('ours')) return 491;
      }
    }
    this.#remoteSeq = parsed.cseq.number;
    this.#source = flow;
    this.#hear(request);
    if (NAMES_TARGET.has(request.method)) this.#remoteTarget = contactUri(request) ?? this.#remoteTarget;
    return 'handle';
  }

  /** Whether a PRACK acknowledges a reliable response of ours (RFC 3262 §3). */
  prack(request: SipRequest): boolean {
    const [, rseq, cseq] = /^([0-9]{1,10})\s+([0-9]{1,10})\s+INVITE$/.exec(headerValue(request, 'RAck') ?? '') ?? [];
    return this.inviteOf(Number(cseq))?.prack(Number(rseq)) ?? false;
  }

  holds(transaction: ServerTx): void {
    if (transaction.request.message.method === 'INVITE') this.#serverInvites.add(transaction);
    if (transaction.request.message.method === 'UPDATE') this.#serverUpdate = transaction;
  }

  /** The INVITE answered with a 2xx that an ACK with this sequence number belongs to. */
  inviteOf(cseq: number): ServerTx | undefined {
    return [...this.#serverInvites].find((transaction) => transaction.parsed.cseq.number === cseq);
  }

  /** An INVITE of the peer that has no final answer yet. */
  pendingInvite(): ServerTx | undefined {
    return [...this.#serverInvites].find((transaction) => !transaction.over);
  }

  #key(): string {
    return dialogKey(this.callId, this.localTag, this.remoteTag);
  }

  #hasEnded(): boolean {
    return this.#state === 'ended';
  }

  #hear(message: SipMessage): void {
    const allow = listValues(message, 'Allow');
    if (allow.length > 0) this.#peerTakesUpdate = allow.some((method) => method.toUpperCase() === 'UPDATE');
  }

  /** Keeps the dialog of a subscription so long, and as long as a request about it may still be under way. */
  #keepFor(seconds: number | 'over'): void {
    this.#cancelExpiry();
    if (seconds === 'over') {
      this.end();
      return;
    }
    if (this.#state === 'ended') return;
    this.#cancelExpiry = this.#context.scheduler.after(seconds * 1000 + GIVE_UP, () => this.tellEnded('subscription_expired', 'SIP;cause=200;text="Subscription expired"'));
  }

  #watched(request: SipRequest, listener: ResponseListener): ResponseListener {
    const watched: ResponseListener = {
      onResponse: (response, origin, dialog) => {
        if (response.message.status >= 200) {
          this.#offers.delete(watched);
          this.#requestDone(request, response.message);
        }
        listener.onResponse(response, origin, dialog);
      },
    };
    return watched;
  }

  #requestDone(request: SipRequest, response: SipResponse): void {
    const { status } = response;
    const success = status < 300;
    switch (request.method) {
      case 'BYE':
        // §15.1.1: the session is over once the BYE is answered or known to be lost; a challenged BYE will be sent again.
        if (status !== 401 && status !== 407) this.end();
        return;
      case 'UPDATE':
        if (success) this.#session.agreed(sessionExpiresOf(response), 'uac');
        return;
      case 'SUBSCRIBE':
        if (success && this.#parts.usage === 'subscription') this.#keepFor(grantedSeconds(response));
        return;
      case 'NOTIFY':
        // RFC 6665 §4.2.2: a subscriber that is gone, or does not know the subscription, has none.
        if (this.#parts.usage === 'subscription') this.#keepFor(status === 481 || status === 408 ? 'over' : notifiedSeconds(request));
        return;
      default:
        return;
    }
  }

  #way(): DialogRoute {
    return { remoteTarget: this.#remoteTarget, routeSet: this.#routeSet, source: this.#source };
  }

  #build(content: RequestContent, cseq: number, flow: Flow): SipRequest {
    const { uri, routes } = nextTarget(this.#way());
    if (content.body !== undefined && content.body !== '' && SESSION_METHODS.has(content.method)) this.#localSdp = content.body;
    const headers: SipHeader[] = [
      viaHeader(flow, this.#context.ids.branch()),
      { name: 'Max-Forwards', value: '70' },
      ...routes.map((value) => ({ name: 'Route', value })),
      { name: 'From', value: this.#parts.localAddress },
      { name: 'To', value: this.#parts.remoteAddress },
      { name: 'Call-ID', value: this.callId },
      { name: 'CSeq', value: `${cseq} ${content.method}` },
    ];
    const rest = withOwnAddress(this.#context.identity.told(without(content.headers, DIALOG_HEADERS), flow.remote.host), flow);
    if (NAMES_TARGET.has(content.method) && !rest.some((header) => header.name === 'Contact')) headers.push(contactHeader(flow, uri));
    return { kind: 'request', method: content.method, uri, headers: [...headers, ...rest], body: content.body ?? '' };
  }
}
