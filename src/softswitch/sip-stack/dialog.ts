/** Dialogs (RFC 3261 §12): tags, sequence numbers, route set, remote target, requests inside, and the ACK of a 2xx. */
import type { Result } from '../../lib/result.ts';
import { err, ok } from '../../lib/result.ts';
import { listValues } from '../../protocol/sip/lists.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { Parsed } from '../../protocol/sip/parse.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import { contactHeader, destinationOf, parseSipUri, viaHeader, without, withOwnAddress } from './addressing.ts';
import type { ClientTransaction, Dialog, DialogEnd, Flow, OnWire, RequestContent, ResponseListener, SendFailure } from './api.ts';
import type { Context } from './context.ts';
import { onWire, sendFailure } from './context.ts';
import type { ServerTx } from './server-transaction.ts';

const DIALOG_HEADERS = new Set(['via', 'route', 'record-route', 'max-forwards', 'content-length', 'from', 'to', 'call-id', 'cseq']);
/** Methods whose Contact is the target of what follows (RFC 3261 §12.2.1.1, RFC 3311, RFC 3515, RFC 6665). */
const NAMES_TARGET = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER']);

export interface DialogParts {
  readonly role: 'uac' | 'uas';
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From of our requests, with tag; To of our requests, with tag. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  readonly localSeq: number;
  readonly remoteSeq: number | undefined;
  readonly source: Flow;
}

export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}

export class SipDialog implements Dialog {
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
  #invitesSent = 0;
  #endAfterAck = false;
  readonly #serverInvites = new Set<ServerTx>();
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
    context.dialogs.set(this.#key(), this);
  }

  /** RFC 3261 §12.1.1. `to` is the To of our response, with our tag. */
  static ofServer(context: Context, transaction: ServerTx, localTag: string, to: string): SipDialog {
    const { parsed, request } = transaction;
    const dialog = new SipDialog(context, {
      role: 'uas',
      callId: parsed.callId,
      localTag,
      remoteTag: parsed.fromTag ?? '',
      localAddress: to,
      remoteAddress: headerValue(request.message, 'From') ?? '',
      remoteTarget: contactUri(request.message) ?? request.message.uri,
      routeSet: listValues(request.message, 'Record-Route'),
      localSeq: context.ids.cseq(),
      remoteSeq: parsed.cseq.number,
      source: request.flow,
    });
    dialog.#serverInvites.add(transaction);
    return dialog;
  }

  /** RFC 3261 §12.1.2. */
  static ofClient(context: Context, request: SipRequest, parsed: Parsed, response: SipResponse, flow: Flow): SipDialog {
    return new SipDialog(context, {
      role: 'uac',
      callId: parsed.callId,
      localTag: parsed.fromTag ?? '',
      remoteTag: parsed.toTag ?? '',
      localAddress: headerValue(request, 'From') ?? '',
      remoteAddress: headerValue(response, 'To') ?? '',
      remoteTarget: contactUri(response) ?? request.uri,
      routeSet: listValues(response, 'Record-Route').reverse(),
      localSeq: parsed.cseq.number,
      remoteSeq: undefined,
      source: flow,
    });
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
    if (this.#context.dialogs.get(this.#key()) === this) this.#context.dialogs.delete(this.#key());
    for (const transaction of this.#serverInvites) transaction.dialogOver();
    this.#serverInvites.clear();
  }

  /** Ends it with a BYE of the stack's own, and tells the user. */
  endByStack(reason: DialogEnd, reasonHeader: string): void {
    const bye = { method: 'BYE', headers: [{ name: 'Reason', value: reasonHeader }] };
    this.request(bye, { onResponse: () => undefined }).then(
      (sent) => {
        this.end();
        if (sent.ok) this.#context.tell('onDialogEnded', () => this.#context.user.onDialogEnded(this, reason, sent.value.request));
      },
      (error: unknown) => this.#context.log.error({ error }, 'sip: BYE failed'),
    );
  }

  async request(content: RequestContent, listener: ResponseListener): Promise<Result<ClientTransaction, SendFailure>> {
    if (this.#state === 'ended') return err(sendFailure('no_dialog', 'the dialog is over'));
    // Taken before any waiting, so that requests leave in the order they were asked for.
    const asked = parseInt(content.headers?.find((header) => header.name.toLowerCase() === 'cseq')?.value ?? '', 10);
    this.#localSeq = asked > this.#localSeq ? asked : this.#localSeq + 1;
    const cseq = this.#localSeq;
    const flow = await this.#route();
    if ('code' in flow) return err(flow);
    // It may have ended while the way was looked up. (A call: the compiler believes the check above for ever.)
    if (this.#hasEnded()) return err(sendFailure('no_dialog', 'the dialog is over'));
    const started = this.#context.start(this.#build(content, cseq, flow), flow, this.#watched(content.method, listener), this);
    return 'code' in started ? err(started) : ok(started);
  }

  async ack(content: Omit<RequestContent, 'method'> = {}): Promise<Result<OnWire<SipRequest>, SendFailure>> {
    const cseq = this.#answered;
    if (this.#state === 'ended') return err(sendFailure('no_dialog', 'the dialog is over'));
    if (cseq === undefined || cseq === this.#ack?.cseq) return err(sendFailure('no_invite_to_ack', 'no 2xx is waiting for an ACK'));
    const flow = await this.#route();
    if ('code' in flow) return err(flow);
    const request = this.#build({ ...content, method: 'ACK' }, cseq, flow);
    const text = serialize(request);
    this.#ack = { cseq, flow, text };
    this.#context.transports.send(flow, text);
    if (this.#endAfterAck) this.endByStack('cancel_race', 'SIP;cause=200;text="ACK-BYE due to cancel race condition"');
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
    return 'first';
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
      if (this.#invitesSent > 0) return 491;
    }
    this.#remoteSeq = parsed.cseq.number;
    this.#source = flow;
    if (NAMES_TARGET.has(request.method)) this.#remoteTarget = contactUri(request) ?? this.#remoteTarget;
    return 'handle';
  }

  holds(transaction: ServerTx): void {
    this.#serverInvites.add(transaction);
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

  #watched(method: string, listener: ResponseListener): ResponseListener {
    if (method === 'INVITE') this.#invitesSent += 1;
    return {
      onResponse: (response, origin, dialog) => {
        const { status } = response.message;
        if (status >= 200) {
          if (method === 'INVITE') this.#invitesSent -= 1;
          // §15.1.1: the session is over once the BYE is answered or known to be lost; a challenged BYE will be sent again.
          if (method === 'BYE' && status !== 401 && status !== 407) this.end();
        }
        listener.onResponse(response, origin, dialog);
      },
    };
  }

  /** The way of the next request (§12.2.1.1). */
  async #route(): Promise<Flow | SendFailure> {
    const { transports } = this.#context;
    const first = this.#routeSet[0];
    const target = parseSipUri(first === undefined ? this.#remoteTarget : (parseNameAddr(first)?.uri ?? ''));
    // A target behind a NAT, or one we cannot send to, is reached where its messages come from.
    if (first === undefined && (transports.isOpen(this.#source) || target?.host !== this.#source.remote.host)) return this.#source;
    const destination = target === undefined ? undefined : destinationOf(target);
    if (destination === undefined) return this.#source;
    const flow = await transports.resolve(destination.transport, destination);
    return typeof flow === 'string' ? sendFailure(flow, `no way to ${destination.host}`) : flow;
  }

  #build(content: RequestContent, cseq: number, flow: Flow): SipRequest {
    const { uri, routes } = this.#target();
    const headers: SipHeader[] = [
      viaHeader(flow, this.#context.ids.branch()),
      { name: 'Max-Forwards', value: '70' },
      ...routes.map((value) => ({ name: 'Route', value })),
      { name: 'From', value: this.#parts.localAddress },
      { name: 'To', value: this.#parts.remoteAddress },
      { name: 'Call-ID', value: this.callId },
      { name: 'CSeq', value: `${cseq} ${content.method}` },
    ];
    const rest = withOwnAddress(without(content.headers, DIALOG_HEADERS), flow);
    if (NAMES_TARGET.has(content.method) && !rest.some((header) => header.name === 'Contact')) headers.push(contactHeader(flow));
    return { kind: 'request', method: content.method, uri, headers: [...headers, ...rest], body: content.body ?? '' };
  }

  #target(): { readonly uri: string; readonly routes: readonly string[] } {
    const first = parseNameAddr(this.#routeSet[0] ?? '');
    if (first === undefined) return { uri: this.#remoteTarget, routes: [] };
    if (parseSipUri(first.uri)?.params.has('lr') === true) return { uri: this.#remoteTarget, routes: this.#routeSet };
    // §12.2.1.1: a strict router gets itself as Request-URI, and the target at the end of the route.
    return { uri: first.uri, routes: [...this.#routeSet.slice(1), `<${this.#remoteTarget}>`] };
  }
}

function contactUri(message: SipRequest | SipResponse): string | undefined {
  return parseNameAddr(listValues(message, 'Contact')[0] ?? '')?.uri;
}
