/** Messages made out of other messages: responses, ACK for failures, CANCEL (RFC 3261 §8.2.6, §17.1.1.3, §9.1). */
import type { SipHeader, SipRequest, SipResponse } from './message.ts';
import { headerValue } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { reasonPhrase } from './reason-phrase.ts';

export interface ResponseParts {
  readonly status: number;
  readonly reason?: string;
  /** Put into To when the request's To has no tag yet; none for a 100. */
  readonly toTag?: string;
  /** Headers beyond those copied from the request. */
  readonly headers?: readonly SipHeader[];
  readonly body?: string;
}

/** A response to `request`, whose Via must already carry `received` and `rport` (§8.2.6.2). */
export function buildResponse(request: SipRequest, parts: ResponseParts): SipResponse {
  const headers: SipHeader[] = [];
  copy(request, headers, 'Via');
  copy(request, headers, 'From');
  const to = headerValue(request, 'To');
  // A request without one is answered all the same (RFC 4475 §3.3.1).
  if (to !== undefined) {
    headers.push({ name: 'To', value: parts.toTag === undefined || parseNameAddr(to)?.params.has('tag') === true ? to : `${to};tag=${parts.toTag}` });
  }
  copy(request, headers, 'Call-ID');
  copy(request, headers, 'CSeq');
  // §12.1.1: responses that make a dialog repeat Record-Route.
  if (MAKES_DIALOG.has(request.method) && parts.status > 100 && parts.status < 300) copy(request, headers, 'Record-Route');
  headers.push(...(parts.headers ?? []));
  return { kind: 'response', status: parts.status, reason: parts.reason ?? reasonPhrase(parts.status), headers, body: parts.body ?? '' };
}

/** Methods whose success makes a dialog (RFC 3261 §12.1, RFC 6665 §4.1.2, RFC 3515 §2.4.4). */
export const MAKES_DIALOG: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

function copy(from: SipRequest, into: SipHeader[], name: string): void {
  for (const header of from.headers) if (header.name === name) into.push(header);
}

/** The ACK of a 300-699 response, sent where the INVITE went (§17.1.1.3). */
export function buildFailureAck(invite: SipRequest, response: SipResponse): SipRequest {
  return {
    kind: 'request',
    method: 'ACK',
    uri: invite.uri,
    headers: [...sameTransaction(invite, 'ACK', headerValue(response, 'To') ?? headerValue(invite, 'To') ?? '')],
    body: '',
  };
}

/** The CANCEL of an INVITE: same Request-URI, Via, From, To, Call-ID, CSeq number and Route (§9.1). */
export function buildCancel(invite: SipRequest, headers: readonly SipHeader[] = []): SipRequest {
  return {
    kind: 'request',
    method: 'CANCEL',
    uri: invite.uri,
    headers: [...sameTransaction(invite, 'CANCEL', headerValue(invite, 'To') ?? ''), ...headers],
    body: '',
  };
}

function* sameTransaction(invite: SipRequest, method: string, to: string): Generator<SipHeader> {
  const via = headerValue(invite, 'Via');
  if (via !== undefined) yield { name: 'Via', value: via };
  yield { name: 'Max-Forwards', value: '70' };
  yield { name: 'From', value: headerValue(invite, 'From') ?? '' };
  yield { name: 'To', value: to };
  yield { name: 'Call-ID', value: headerValue(invite, 'Call-ID') ?? '' };
  yield { name: 'CSeq', value: `${parseInt(headerValue(invite, 'CSeq') ?? '0', 10)} ${method}` };
  for (const header of invite.headers) if (header.name === 'Route') yield header;
}
