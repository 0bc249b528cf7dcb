/** Where the INVITE of a call of ours goes first, and what comes back of one that failed. */
import type Srf from 'drachtio-srf';
import type { Flow, NextHop } from '../../domain/registrar.ts';
import { unreachable } from '../../lib/result.ts';
import { formatHostPort } from '../../protocol/sip/uri.ts';

export function proxyOf(hop: NextHop): string | undefined {
  switch (hop.kind) {
    case 'contact':
      return undefined;
    case 'path':
      return hop.uris[0];
    case 'flow':
      return flowUri(hop.flow);
    default:
      return unreachable(hop);
  }
}

export const routeOf = (hop: NextHop): Srf.Headers => (hop.kind === 'path' ? { Route: hop.uris.map((proxy) => `<${proxy}>`).join(', ') } : {});

/** RFC 3261 §8.1.1.6: 70 where none is said. */
export const hopsLeft = (req: Srf.Request): number => Math.min(70, Number(/^\d{1,3}$/.exec((req.get('Max-Forwards') ?? '70').trim())?.[0] ?? 70));

/** RFC 5626 §5.3: `ob`, as no new connection gets through to who is behind a NAT. */
const flowUri = ({ address, port, transport }: Flow): string => `sip:${formatHostPort(address, port)};transport=${transport};ob`;

/** The library gives an error with the status of the refusal; where the server sent nothing, a text. */
export function statusOf(error: unknown): number {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number' ? error.status : 480;
}
