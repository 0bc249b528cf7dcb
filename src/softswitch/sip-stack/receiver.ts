/** What is done with a received message: RFC 3261 §8.2 and §12.2.2 for requests, §17.1.3 and §17.2.3 for matching. */
import { buildCancel, buildResponse, MAKES_DIALOG } from '../../protocol/sip/build.ts';
import { listValues, splitOutsideQuotes } from '../../protocol/sip/lists.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { Parsed } from '../../protocol/sip/parse.ts';
import { parseMessage } from '../../protocol/sip/parse.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import { isIntervalTooSmall, MIN_SESSION_SECONDS } from '../../protocol/sip/session-expires.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import { formatVia, parseVia, stampVia } from '../../protocol/sip/via.ts';
import type { Flow, OnWire } from './api.ts';
import { clientKey, subscriptionKey } from './client-transaction.ts';
import type { Context } from './context.ts';
import { onWire } from './context.ts';
import { dialogKey } from './dialog-parts.ts';
import type { SipDialog } from './dialog.ts';
import { passAck } from './proxy.ts';
import { ServerTx } from './server-transaction.ts';

/** Extensions of the stack's own, and `path`, which asks nothing of a stack (RFC 3327 §5.3). */
const SUPPORTED = new Set(['100rel', 'timer', 'path']);
/** Requests that make sense only inside a dialog. */
const IN_DIALOG_ONLY = new Set(['BYE', 'UPDATE', 'PRACK']);
const RETRY_SOON: SipHeader = { name: 'Retry-After', value: '5' };

export class Receiver {
  readonly #context: Context;
  readonly #methods: ReadonlySet<string>;
  readonly #allow: SipHeader;

  constructor(context: Context, methods: readonly string[]) {
    this.#context = context;
    this.#methods = new Set(methods);
    this.#allow = { name: 'Allow', value: [...new Set([...methods, 'ACK', 'CANCEL'])].join(', ') };
  }

  onMessage(bytes: Uint8Array, flow: Flow): void {
    this.#context.count('received');
    const parsed = parseMessage(bytes, this.#context.limits);
    if (!parsed.ok) {
      this.#context.count('malformed');
      this.#context.log.debug({ code: parsed.error.code, reason: parsed.error.message, from: flow.remote }, 'sip: malformed message');
      if (parsed.error.request !== undefined) this.#answerStateless(parsed.error.request, flow, parsed.error.status);
      return;
    }
    const { message } = parsed.value;
    const headers = this.#context.identity.heard(message.headers, flow.remote.host);
    if (message.kind === 'response') this.#onResponse(parsed.value, { message: { ...message, headers }, flow, bytes: bytes.length });
    else {
      const stamped = { ...message, headers: stampTopVia(headers, flow) };
      this.#onRequest({ ...parsed.value, message: stamped }, { message: stamped, flow, bytes: bytes.length });
    }
  }

  onBroken(head: Uint8Array | undefined, flow: Flow, code: 'too_large' | 'bad_content_length'): void {
    this.#context.count(code === 'too_large' ? 'tooLarge' : 'malformed');
    this.#context.log.debug({ code, from: flow.remote }, 'sip: message refused');
    if (head === undefined) return;
    const parsed = parseMessage(head, this.#context.limits);
    const { message } = parsed.ok ? parsed.value : { message: parsed.error.request };
    if (message?.kind === 'request' && message.method !== 'ACK') this.#answerStateless(message, flow, code === 'too_large' ? 413 : 400);
  }

  #onResponse(parsed: Parsed, response: OnWire<SipResponse>): void {
    // RFC 3261 §18.1.2: a response whose Via is not ours is not for us; the branch says which request it answers.
    const transaction = this.#context.clientTransactions.get(clientKey(parsed.via.params.get('branch') ?? '', parsed.cseq.method));
    if (transaction !== undefined) {
      transaction.receive({ parsed, response });
      return;
    }
    const { status } = response.message;
    if (parsed.cseq.method === 'INVITE' && status >= 200 && status < 300) {
      // A 2xx repeated after its transaction ended: the ACK was lost (§13.2.2.4).
      const dialog = this.#context.dialogs.get(dialogKey(parsed.callId, parsed.fromTag ?? '', parsed.toTag ?? ''));
      dialog?.succeeded(parsed.cseq.number, response.message, response.flow);
    }
    this.#context.count('strayResponses');
  }

  #onRequest(parsed: Parsed, request: OnWire<SipRequest>): void {
    const { method } = request.message;
    const known = this.#context.serverTransactions.get(serverKey(parsed, method));
    if (method === 'ACK') {
      this.#onAck(parsed, request, known);
      return;
    }
    if (known !== undefined) {
      known.repeated();
      return;
    }
    if (this.#context.serverTransactions.size >= this.#context.limits.transactions) {
      this.#context.count('overload');
      this.#answerStateless(request.message, request.flow, 503, [RETRY_SOON]);
      return;
    }
    if (method === 'CANCEL') {
      this.#onCancel(parsed, request);
      return;
    }
    const { message } = request;
    const routed = this.#context.ownRoutes.routed(message);
    if (routed !== undefined) {
      // §16.12: a request of a dialog that we record-routed.
      this.#begin(parsed, request, undefined).pass(routed);
      return;
    }
    // §8.2.2.2: the same request by another path (its branch differs) has been forked to us twice.
    const merged = this.#context.serverTransactions.hasMerged(parsed);
    const dialog = this.#dialogOf(parsed, request);
    if (dialog === undefined && !this.#admits(request)) return;
    if (dialog !== undefined) this.#context.unproven.prove(request.flow);
    const transaction = this.#begin(parsed, request, dialog);
    if (merged) {
      transaction.refuse(482);
      return;
    }
    const refusal = this.#refusal(message, parsed, dialog);
    if (refusal !== undefined) {
      this.#context.count('refused');
      transaction.refuse(refusal.status, refusal.headers);
      return;
    }
    if (dialog !== undefined && !this.#enter(dialog, transaction, parsed, request)) return;
    this.#context.tell('onRequest', () => this.#context.user.onRequest(transaction));
  }

  /** Whether a request outside any dialog may begin; it has had its 503 if not. Requests in dialogs are always let in. */
  #admits({ message, flow }: OnWire<SipRequest>): boolean {
    const { admission, serverTransactions, dialogs } = this.#context;
    const verdict = admission.request(message.method, flow.remote.host, { transactions: serverTransactions.size, dialogs: dialogs.size });
    if (verdict !== 'admit') this.#answerStateless(message, flow, 503, [RETRY_SOON]);
    return verdict === 'admit';
  }

  #dialogOf(parsed: Parsed, { message, flow }: OnWire<SipRequest>): SipDialog | undefined {
    if (parsed.toTag === undefined) return undefined;
    const known = this.#context.dialogs.get(dialogKey(parsed.callId, parsed.toTag, parsed.fromTag ?? ''));
    if (known !== undefined || message.method !== 'NOTIFY') return known;
    return this.#context.subscribing.get(subscriptionKey(parsed.callId, parsed.toTag))?.notified(message, parsed, flow);
  }

  /** Takes an in-dialog request into its dialog; false when it was answered here. */
  #enter(dialog: SipDialog, transaction: ServerTx, parsed: Parsed, { message, flow }: OnWire<SipRequest>): boolean {
    const verdict = dialog.receive(parsed, message, flow);
    if (verdict !== 'handle') {
      transaction.refuse(verdict, verdict === 500 ? [RETRY_SOON] : []);
      return false;
    }
    dialog.holds(transaction);
    if (message.method === 'PRACK' && !dialog.prack(message)) {
      // RFC 3262 §3: it acknowledges nothing that waits.
      transaction.refuse(481);
      return false;
    }
    if (message.method !== 'BYE') return true;
    const early = dialog.state === 'early' ? dialog.pendingInvite() : undefined;
    dialog.end();
    if (early === undefined) return true;
    // §15: the caller may end an early dialog with BYE. To the user it is what a CANCEL is.
    transaction.refuse(200);
    const cancel = buildCancel(early.request.message);
    this.#context.tell('onCancel', () => this.#context.user.onCancel(early, onWire(cancel, flow, serialize(cancel))));
    return false;
  }

  #onAck(parsed: Parsed, request: OnWire<SipRequest>, known: ServerTx | undefined): void {
    known?.failureAcknowledged(parsed.toTag);
    // The ACK of a 2xx is a transaction of its own (§13.2.2.4): the dialog and CSeq say what it acknowledges.
    const dialog = this.#context.dialogs.get(dialogKey(parsed.callId, parsed.toTag ?? '', parsed.fromTag ?? ''));
    if (dialog !== undefined) {
      this.#context.unproven.prove(request.flow);
      dialog.inviteOf(parsed.cseq.number)?.acknowledged(request);
      return;
    }
    const routed = known === undefined ? this.#context.ownRoutes.routed(request.message) : undefined;
    if (routed !== undefined) passAck(this.#context, routed);
  }

  #onCancel(parsed: Parsed, request: OnWire<SipRequest>): void {
    const invite = this.#context.serverTransactions.get(serverKey(parsed, 'INVITE'));
    if (invite === undefined) {
      // Without a transaction: anyone can send these, and a repeated one finds no INVITE either.
      this.#answerStateless(request.message, request.flow, 481);
      return;
    }
    this.#begin(parsed, request, undefined).refuse(200);
    // §9.2: no effect on a request that has its final response.
    if (invite.over || invite.cancelProxied()) return;
    invite.refuse(487);
    this.#context.tell('onCancel', () => this.#context.user.onCancel(invite, request));
  }

  #begin(parsed: Parsed, request: OnWire<SipRequest>, dialog: SipDialog | undefined): ServerTx {
    const key = serverKey(parsed, request.message.method);
    const transaction = new ServerTx(this.#context, key, parsed, request, dialog);
    this.#context.serverTransactions.add(key, transaction);
    return transaction;
  }

  /** The checks of §8.2 in their order; undefined when the user is to handle the request. */
  #refusal(request: SipRequest, parsed: Parsed, dialog: SipDialog | undefined): { readonly status: number; readonly headers: readonly SipHeader[] } | undefined {
    const { method } = request;
    if (parsed.toTag !== undefined && dialog === undefined) return { status: 481, headers: [] };
    if (!this.#methods.has(method)) return { status: 405, headers: [this.#allow] };
    const uri = parseUri(request.uri);
    if (uri === undefined) return { status: !/^[a-z][a-z0-9+.-]*:/i.test(request.uri) || /^(?:sips?|tel):/i.test(request.uri) ? 400 : 416, headers: [] };
    // §19.1.1: headers are not allowed in a Request-URI.
    if (uri.scheme !== 'tel' && uri.headers !== undefined) return { status: 400, headers: [] };
    if (listValues(request, 'Contact').some((contact) => contact !== '*' && parseNameAddr(contact) === undefined)) return { status: 400, headers: [warning('malformed Contact')] };
    // §8.2.2.3.
    const required = listValues(request, 'Require').filter((tag) => !SUPPORTED.has(tag.toLowerCase()));
    if (required.length > 0) return { status: 420, headers: required.map((value) => ({ name: 'Unsupported', value })) };
    if (dialog === undefined && IN_DIALOG_ONLY.has(method)) return { status: 481, headers: [] };
    if ((method === 'INVITE' || method === 'UPDATE') && isIntervalTooSmall(request)) return { status: 422, headers: [{ name: 'Min-SE', value: String(MIN_SESSION_SECONDS) }] };
    if (!MAKES_DIALOG.has(method) || dialog !== undefined) return undefined;
    // §8.1.1.8: without a Contact there is nobody to send the BYE to.
    if (headerValue(request, 'Contact') === undefined) return { status: 400, headers: [warning(`${method} without Contact`)] };
    if (this.#context.dialogs.size >= this.#context.limits.dialogs) return { status: 503, headers: [RETRY_SOON] };
    return undefined;
  }

  #answerStateless(request: SipRequest, flow: Flow, status: number, headers: readonly SipHeader[] = []): void {
    const stamped = { ...request, headers: stampTopVia(request.headers, flow) };
    const { transports, ids } = this.#context;
    transports.respond({ message: stamped, flow, bytes: 0 }, serialize(buildResponse(stamped, { status, toTag: ids.tag(), headers })));
  }
}

/**
 * What identifies a server transaction (§17.2.3). Without the magic cookie the branch is not unique, and the fields an
 * RFC 2543 client keeps the same in INVITE, ACK and CANCEL do.
 */
function serverKey({ via, callId, cseq, fromTag }: Parsed, method: string): string {
  const wanted = method === 'ACK' ? 'INVITE' : method;
  const branch = via.params.get('branch');
  const sentBy = `${via.host}:${via.port ?? 5060}`;
  // A cookie with nothing behind it is no branch (RFC 4475 §3.2.1).
  if (branch !== undefined && /^z9hG4bK./.test(branch)) return `${branch} ${sentBy} ${wanted}`;
  return `${callId} ${cseq.number} ${fromTag ?? ''} ${sentBy} ${wanted}`;
}

function warning(text: string): SipHeader {
  return { name: 'Warning', value: `399 - "${text}"` };
}

function stampTopVia(headers: readonly SipHeader[], flow: Flow): readonly SipHeader[] {
  const index = headers.findIndex((header) => header.name === 'Via');
  const vias = splitOutsideQuotes(headers[index]?.value ?? '', ',');
  const via = parseVia(vias[0] ?? '');
  if (via === undefined) return headers;
  return headers.with(index, { name: 'Via', value: [formatVia(stampVia(via, flow.remote)), ...vias.slice(1)].join(', ') });
}
