/**
 * A request that is sent to the next place when one does not answer (RFC 3263 §4.3), and one too large for a datagram,
 * which goes by TCP first (RFC 3261 §18.1.1). To its user it is one request with one final response.
 */
import type { SipRequest } from '../../protocol/sip/message.ts';
import { contactHeader, viaHeader } from './addressing.ts';
import type { ClientTransaction, Flow, HostPort, OnWire, ResponseListener, SendFailure } from './api.ts';

/** Above this a request leaves by TCP, as the path may not carry larger datagrams whole (RFC 3261 §18.1.1). */
const MAX_DATAGRAM = 1300;
/** A peer without TCP is not asked for it again this long. */
const NO_TCP_MS = 600_000;
const MAX_NO_TCP = 1024;

/** In the order to try, at least one. */
export type Ways = readonly [Flow, ...Flow[]];

export interface FailoverOptions {
  /** Starts a transaction; the listener hears of everything in it, never from inside this call. */
  readonly begin: (request: SipRequest, flow: Flow, listener: ResponseListener) => ClientTransaction | SendFailure;
  readonly branch: () => string;
  /** The request for another flow; without it the one there is, with another Via and Contact. */
  readonly build?: (flow: Flow) => SipRequest;
  /** The request leaves `from` for `to`. */
  readonly onMove: (from: Flow, to: Flow) => void;
}

/** Sends `request`, built for the flow `built`, the first of `ways`, and the others when that fails. */
export function sendWithFailover({ begin, branch, build, onMove }: FailoverOptions, request: SipRequest, built: Flow, ways: Ways, listener: ResponseListener): ClientTransaction | SendFailure {
  if (ways.length === 1 && ways[0] === built) return begin(request, built, listener);
  let [way, ...left] = ways;
  // Cancelled, or the user has heard that it is being worked on: it stays where it is.
  let settled = false;
  const another = (flow: Flow): SipRequest => build?.(flow) ?? readdressed(request, built, flow, branch());
  const attempt = (flow: Flow): ClientTransaction | SendFailure => begin(flow === built ? request : another(flow), flow, { onResponse });
  const onResponse: ResponseListener['onResponse'] = (response, origin, dialog) => {
    left = settled ? [] : waysLeft(left, way, response.message.status, origin);
    const [next] = left;
    const started = next === undefined ? undefined : attempt(next);
    if (next === undefined || started === undefined || 'code' in started) {
      settled = true;
      listener.onResponse(response, origin, dialog);
      return;
    }
    onMove(way, next);
    way = next;
    left = left.slice(1);
    current = started;
  };
  const started = attempt(way);
  if ('code' in started) return started;
  let current = started;
  return {
    get request(): OnWire<SipRequest> {
      return current.request;
    },
    cancel: (headers) => {
      settled = true;
      return current.cancel(headers);
    },
  };
}

/** What is left to try after this response. */
function waysLeft(left: readonly Flow[], tried: Flow, status: number, origin: 'network' | 'local'): Flow[] {
  if (origin === 'local' && status === 503) return [...left];
  // It was heard, or may have been: the same peer is not asked again by another transport.
  if (status === 503 || (origin === 'local' && status === 408)) return left.filter(({ remote }) => !isSame(remote, tried.remote));
  return [];
}

function readdressed(request: SipRequest, from: Flow, to: Flow, branch: string): SipRequest {
  const ours = contactHeader(from, request.uri).value;
  const via = request.headers.findIndex(({ name }) => name === 'Via');
  const headers = request.headers.map((header, index) => {
    if (index === via) return viaHeader(to, branch);
    return header.name === 'Contact' && header.value === ours ? contactHeader(to, request.uri) : header;
  });
  return { ...request, headers };
}

function isSame(a: HostPort, b: HostPort): boolean {
  return a.host === b.host && a.port === b.port;
}

/** Large requests: which peers have turned out not to speak TCP. */
export class LargeRequests {
  readonly #now: () => number;
  readonly #noTcp = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The ways to try for a request of this size: before each UDP one, the TCP one to the same place. */
  ways(bytes: number, flows: Ways, byTcp: (flow: Flow) => Flow | undefined): Ways {
    if (bytes <= MAX_DATAGRAM) return flows;
    const all = flows.flatMap((flow) => {
      const tcp = flow.transport === 'udp' && (this.#noTcp.get(keyOf(flow)) ?? 0) <= this.#now() ? byTcp(flow) : undefined;
      return tcp === undefined ? [flow] : [tcp, flow];
    });
    const [first = flows[0], ...others] = all;
    return [first, ...others];
  }

  /** A request went from `from` to `to`, as `from` did not work. */
  moved(from: Flow, to: Flow): void {
    if (from.transport !== 'tcp' || to.transport !== 'udp' || !isSame(from.remote, to.remote)) return;
    this.#noTcp.delete(keyOf(to));
    this.#noTcp.set(keyOf(to), this.#now() + NO_TCP_MS);
    const oldest = this.#noTcp.keys().next().value;
    if (this.#noTcp.size > MAX_NO_TCP && oldest !== undefined) this.#noTcp.delete(oldest);
  }
}

function keyOf({ remote }: Flow): string {
  return `${remote.host} ${remote.port}`;
}
