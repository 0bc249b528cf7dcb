/** Where the requests of a dialog go (RFC 3261 §12.2.1.1). */
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import { parseSipUri } from './addressing.ts';
import type { Flow, SendFailure } from './api.ts';
import type { Context } from './context.ts';
import { sendFailure } from './context.ts';
import type { Ways } from './failover.ts';

export interface DialogRoute {
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  /** The way the peer's latest message came. */
  readonly source: Flow;
}

/** The ways of the next request, best first (RFC 3263 §4 goes for requests in dialogs, too). */
export async function nextFlows({ transports }: Context, { remoteTarget, routeSet, source }: DialogRoute): Promise<Ways | SendFailure> {
  const first = routeSet[0];
  const target = parseSipUri(first === undefined ? remoteTarget : (parseNameAddr(first)?.uri ?? ''));
  // A target behind a NAT, or one we cannot send to, is reached where its messages come from; but nobody listens at the
  // port a connection came from once it is gone.
  const comesBack = transports.isOpen(source) || (target?.host !== source.remote.host && source.transport !== 'tcp' && source.transport !== 'tls');
  if (first === undefined && comesBack) return [source];
  const flows = target === undefined ? 'transport_not_available' : await transports.locate(target);
  if (flows === 'transport_not_available') return [source];
  return flows === 'host_not_found' ? sendFailure(flows, `no way to ${remoteTarget}`) : flows;
}

/** Request-URI and Route headers of the next request. */
export function nextTarget({ remoteTarget, routeSet }: DialogRoute): { readonly uri: string; readonly routes: readonly string[] } {
  const first = parseNameAddr(routeSet[0] ?? '');
  if (first === undefined) return { uri: remoteTarget, routes: [] };
  if (parseSipUri(first.uri)?.params.has('lr') === true) return { uri: remoteTarget, routes: routeSet };
  // A strict router gets itself as Request-URI, and the target at the end of the route.
  return { uri: first.uri, routes: [...routeSet.slice(1), `<${remoteTarget}>`] };
}
