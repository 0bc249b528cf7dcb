/**
 * What a proxy writes into the requests it forwards, and knows again: its Record-Route (RFC 3261 §16.6 step 4) and the
 * mark of a loop in its Via (§16.6 step 8, RFC 5393 §4.2). Both are keyed hashes: nothing has to be remembered, and nobody
 * can have us send requests where they like by a Route of their own making.
 */
import { createHmac } from 'node:crypto';
import { listValues } from '../../protocol/sip/lists.ts';
import type { SipHeader, SipRequest } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import { parseVia } from '../../protocol/sip/via.ts';
import { parseSipUri, recordRouteHeader } from './addressing.ts';
import type { Flow } from './api.ts';

/** What stands for the request in the mark of a loop: what decides where a request goes; not the Via, which is another each time. */
const DECIDING = ['From', 'To', 'Call-ID', 'CSeq', 'Route', 'Proxy-Require', 'Proxy-Authorization'];

export class OwnRoutes {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The Record-Route of a request that came by `from` and leaves by `to`: one for each side where they differ (RFC 5658 §3). */
  recordRoute(request: SipRequest, from: Flow, to: Flow): SipHeader[] {
    const user = this.#hash(`route ${headerValue(request, 'Call-ID') ?? ''}`);
    const [there, here] = [to, from].map((flow) => recordRouteHeader(flow, user, request.uri));
    if (there === undefined || here === undefined) return [];
    return there.value === here.value ? [there] : [there, here];
  }

  /** §16.4: the request without the Routes that are ours; undefined when it has none. Believed for its own call only. */
  routed(request: SipRequest): SipRequest | undefined {
    let routes = listValues(request, 'Route');
    if (routes.length === 0) return undefined;
    const user = this.#hash(`route ${headerValue(request, 'Call-ID') ?? ''}`);
    const isOurs = (uri: string | undefined): boolean => parseSipUri(uri ?? '')?.user === user;
    let { uri } = request;
    let found = false;
    const last = parseNameAddr(routes.at(-1) ?? '');
    if (isOurs(uri) && last !== undefined) {
      // A strict router put us into the Request-URI, and what that was at the end of the route.
      uri = last.uri;
      routes = routes.slice(0, -1);
      found = true;
    }
    while (routes[0] !== undefined && isOurs(parseNameAddr(routes[0])?.uri)) {
      routes = routes.slice(1);
      found = true;
    }
    return found ? { ...request, uri, headers: withRoutes(request.headers, routes) } : undefined;
  }

  /** The branch of a copy of `request`, as it was received. */
  branch(request: SipRequest, unique: string): string {
    return `${unique}.${this.#mark(request)}`;
  }

  /** §16.3 step 4: whether it has been here before, and would be sent the same way again. */
  isLoop(request: SipRequest): boolean {
    const mark = `.${this.#mark(request)}`;
    return listValues(request, 'Via').some((via) => parseVia(via)?.params.get('branch')?.endsWith(mark) === true);
  }

  #mark(request: SipRequest): string {
    return this.#hash(['loop', request.uri, ...DECIDING.map((name) => listValues(request, name).join(','))].join('\n'));
  }

  #hash(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex').slice(0, 24);
  }
}

export function withRoutes(headers: readonly SipHeader[], routes: readonly string[]): SipHeader[] {
  return [...headers.filter(({ name }) => name !== 'Route'), ...routes.map((value) => ({ name: 'Route', value }))];
}
