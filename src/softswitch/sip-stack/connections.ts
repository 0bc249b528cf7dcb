/** SIP over connections (RFC 3261 §18): accepted and opened ones, one per listener and peer address and port, reused both ways. */
import type { Scheduler } from '../../lib/machine.ts';
import type { Framed } from '../../protocol/sip/stream-framer.ts';
import type { Flow, HostPort, SipLimits, Transport } from './api.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';

/** A peer that does not read what we write is cut off at this many bytes. */
const MAX_UNSENT = 1_048_576;
/** With as much unread a peer gets no answer to its keep-alives: they would pile up. */
const MAX_UNSENT_PONG = 4096;

export interface ConnectionsOptions {
  readonly scheduler: Scheduler;
  readonly limits: SipLimits;
  readonly onFramed: (framed: Exclude<Framed, { kind: 'ping' }>, connection: Connection) => void;
  /** The first whole message or keep-alive of an accepted connection was read. */
  readonly onSettled: (connection: Connection) => void;
  /** Milliseconds until a message of this peer may be read; it is told of each. */
  readonly tooEarly: (address: string) => number;
  /** Whether a dialog or transaction still counts on this connection. */
  readonly inUse: (connection: Peer) => boolean;
}

/** What a connection is known by. Requests go out over an accepted one only to the very address and port it came from. */
export interface Peer {
  /** Index of the listener it was accepted on, or goes out for: two of ours may be connected to the same port of one peer. */
  readonly listener: number;
  readonly transport: Transport;
  readonly remote: HostPort;
  /** The name its certificate was checked against, when we opened it with TLS. */
  readonly serverName?: string;
}

export interface Connection extends Peer {
  /** Our address on it; undefined until it is established. */
  readonly localHost: () => string | undefined;
}

interface Live extends Connection {
  readonly carrier: Carrier;
  /** Called when the connection breaks: writes not known to have arrived. */
  readonly onLost: Set<() => void>;
  settled: boolean;
  cancelPartial: (() => void) | undefined;
  cancelIdle: (() => void) | undefined;
  cancelPause: (() => void) | undefined;
}

export class Connections {
  readonly #live = new Map<string, Live>();
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  has(peer: Peer): boolean {
    return this.#live.has(peerKey(peer));
  }

  get(peer: Peer): Connection | undefined {
    return this.#live.get(peerKey(peer));
  }

  /** Takes one accepted, ready to carry messages. Until it is settled, who accepted it sees to it that it says something in time. */
  accept(peer: Peer, settled: boolean, make: (events: CarrierEvents) => Carrier): void {
    this.#add(peer, settled, make);
  }

  /** Takes one being opened; `established` says that it is, to the function it is given. */
  open(peer: Peer, make: (events: CarrierEvents) => Carrier, established: (then: () => void) => void): void {
    const live = this.#add(peer, true, make);
    this.#armPartial(live);
    established(() => this.#disarmPartial(live));
  }

  /**
   * Writes over the connection to `peer`, which must be there. `lost` is called when it breaks, or cannot be opened,
   * before the returned release is.
   */
  send(peer: Peer, text: string, lost: () => void): () => void {
    const live = this.#live.get(peerKey(peer));
    if (live === undefined || live.carrier.unsent > MAX_UNSENT) {
      live?.carrier.destroy();
      return this.#options.scheduler.after(0, lost);
    }
    live.onLost.add(lost);
    live.carrier.write(text);
    this.#armIdle(live);
    return () => live.onLost.delete(lost);
  }

  /** Closes it once what was written is out. */
  end(peer: Peer): void {
    this.#live.get(peerKey(peer))?.carrier.end();
  }

  close(): void {
    for (const live of this.#live.values()) {
      live.onLost.clear();
      live.carrier.destroy();
    }
  }

  #add(peer: Peer, settled: boolean, make: (events: CarrierEvents) => Carrier): Live {
    const key = peerKey(peer);
    const carrier = make({
      onRead: (whole, partial) => this.#onRead(live, whole, partial),
      onClose: () => {
        if (this.#live.get(key) === live) this.#live.delete(key);
        this.#disarmPartial(live);
        live.cancelIdle?.();
        live.cancelPause?.();
        for (const lost of [...live.onLost]) lost();
        live.onLost.clear();
      },
    });
    const live: Live = {
      ...peer,
      carrier,
      localHost: () => carrier.localHost,
      onLost: new Set(),
      settled,
      cancelPartial: undefined,
      cancelIdle: undefined,
      cancelPause: undefined,
    };
    this.#live.set(key, live);
    this.#armIdle(live);
    return live;
  }

  #onRead(live: Live, whole: readonly Framed[], partial: boolean): void {
    this.#armIdle(live);
    // A ping of a WebSocket, half a keep-alive: no message, but as much work.
    let wait = whole.length === 0 && !partial ? this.#options.tooEarly(live.remote.host) : 0;
    for (const framed of whole) {
      if (!live.settled && framed.kind !== 'broken') {
        live.settled = true;
        this.#options.onSettled(live);
      }
      wait = Math.max(wait, this.#options.tooEarly(live.remote.host));
      if (framed.kind !== 'ping') this.#options.onFramed(framed, live);
      else if (live.carrier.unsent < MAX_UNSENT_PONG) live.carrier.write('\r\n');
    }
    if (wait > 0) this.#pause(live, wait);
    // Each message has its own time: one that ends gives the next its own.
    if (!partial || whole.length > 0) this.#disarmPartial(live);
    if (partial && live.settled && live.cancelPartial === undefined) this.#armPartial(live);
  }

  #pause(live: Live, ms: number): void {
    live.carrier.pause();
    live.cancelPause?.();
    live.cancelPause = this.#options.scheduler.after(ms, () => live.carrier.resume());
  }

  #armPartial(live: Live): void {
    live.cancelPartial = this.#options.scheduler.after(this.#options.limits.partialMessageMs, () => live.carrier.destroy());
  }

  #disarmPartial(live: Live): void {
    live.cancelPartial?.();
    live.cancelPartial = undefined;
  }

  #armIdle(live: Live): void {
    live.cancelIdle?.();
    live.cancelIdle = this.#options.scheduler.after(this.#options.limits.idleConnectionMs, () => {
      if (this.#options.inUse(live)) this.#armIdle(live);
      else live.carrier.destroy();
    });
  }
}

/** Whether a message of this flow goes over that connection. */
export function isFlowOf(peer: Peer, flow: Flow): boolean {
  return peerKey(peer) === peerKey(flow);
}

function peerKey({ listener, transport, remote, serverName }: Peer): string {
  return `${listener} ${transport} ${remote.host} ${remote.port} ${serverName ?? ''}`;
}
