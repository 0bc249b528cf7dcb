/** What a proxy changes in the messages that pass it (RFC 3261 §16.3, §16.6, §16.7). */
import { listValues, splitOutsideQuotes } from '../../protocol/sip/lists.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { SipUri } from '../../protocol/sip/uri.ts';
import { parseSipUri } from './addressing.ts';
import type { OwnRoutes } from './own-routes.ts';
import { withRoutes } from './own-routes.ts';

export interface ProxyRefusal {
  readonly code: 'too_many_hops' | 'loop' | 'extension';
  readonly status: 483 | 482 | 420;
  readonly headers: readonly SipHeader[];
}

/** §16.3, steps 3 to 5. */
export function proxyRefusal(request: SipRequest, ownRoutes: OwnRoutes): ProxyRefusal | undefined {
  if (headerValue(request, 'Max-Forwards')?.trim() === '0') return { code: 'too_many_hops', status: 483, headers: [] };
  if (ownRoutes.isLoop(request)) return { code: 'loop', status: 482, headers: [] };
  const unknown = listValues(request, 'Proxy-Require').map((value) => ({ name: 'Unsupported', value }));
  return unknown.length === 0 ? undefined : { code: 'extension', status: 420, headers: unknown };
}

/** §16.6 step 3. */
export function withFewerForwards(headers: readonly SipHeader[]): SipHeader[] {
  const left = Number(headerValue({ headers }, 'Max-Forwards') ?? 'none');
  const value = Number.isInteger(left) && left > 0 && left <= 255 ? left - 1 : 70;
  return [{ name: 'Max-Forwards', value: String(value) }, ...headers.filter(({ name }) => name !== 'Max-Forwards')];
}

/** §16.6 step 6: a next hop that is a strict router gets itself as Request-URI, and the target at the end of the route. */
export function withStrictRoute(request: SipRequest): SipRequest {
  const [first, ...others] = listValues(request, 'Route');
  const uri = first === undefined ? undefined : parseNameAddr(first)?.uri;
  if (uri === undefined || parseSipUri(uri)?.params.has('lr') === true) return request;
  return { ...request, uri, headers: withRoutes(request.headers, [...others, `<${request.uri}>`]) };
}

/** §16.6 step 7: where it goes by its Route, or else by its Request-URI. */
export function nextHop(request: SipRequest): SipUri | undefined {
  const [first] = listValues(request, 'Route');
  return parseSipUri(first === undefined ? request.uri : (parseNameAddr(first)?.uri ?? ''));
}

/** §16.7 step 3: without our Via. */
export function withoutTopVia(response: SipResponse): SipResponse {
  const index = response.headers.findIndex(({ name }) => name === 'Via');
  const others = splitOutsideQuotes(response.headers[index]?.value ?? '', ',').slice(1);
  const headers = others.length === 0 ? response.headers.toSpliced(index, 1) : response.headers.with(index, { name: 'Via', value: others.join(', ') });
  return { ...response, headers };
}
