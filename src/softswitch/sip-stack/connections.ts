/** SIP over TCP (RFC 3261 §18): accepted and opened connections, one per peer address and port, reused both ways. */
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import type { Scheduler } from '../../lib/machine.ts';
import type { Framed } from '../../protocol/sip/stream-framer.ts';
import { StreamFramer } from '../../protocol/sip/stream-framer.ts';
import type { HostPort, Logger, SipLimits } from './api.ts';

/** A peer that does not read what we write is cut off at this many bytes. */
const MAX_UNSENT = 1_048_576;

export interface ConnectionsOptions {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly limits: SipLimits;
  readonly onFramed: (framed: Exclude<Framed, { kind: 'ping' }>, connection: Connection) => void;
  /** Whether a dialog or transaction still counts on this connection. */
  readonly inUse: (remote: HostPort) => boolean;
}

export interface Connection {
  readonly remote: HostPort;
  /** Our address on this connection; 0.0.0.0 until it is established. */
  readonly localHost: () => string;
  /** Port we accepted it on; undefined for one we opened. */
  readonly acceptedOn: number | undefined;
  readonly socket: Socket;
}

interface Live extends Connection {
  readonly framer: StreamFramer;
  /** Called when the connection breaks: writes not known to have arrived. */
  readonly onLost: Set<() => void>;
  established: boolean;
  cancelPartial: (() => void) | undefined;
  cancelIdle: (() => void) | undefined;
}

export class Connections {
  readonly #live = new Map<string, Live>();
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#live.size;
  }

  has(remote: HostPort): boolean {
    return this.#live.has(keyOf(remote));
  }

  accept(socket: Socket, acceptedOn: number): void {
    if (this.#live.size >= this.#options.limits.connections) {
      this.#options.log.warn({ remote: socket.remoteAddress, connections: this.#live.size }, 'sip: too many connections, refusing one');
      socket.destroy();
      return;
    }
    const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const live = this.#add(socket, remote, acceptedOn);
    live.established = true;
    // A connection that says nothing costs as much as one that stops in the middle of a message.
    this.#armPartial(live);
  }

  /** Writes over the connection to `remote`, opening it if need be. `lost` is called when it breaks or cannot be opened before the returned release is. */
  send(remote: HostPort, text: string, lost: () => void): () => void {
    const live = this.#live.get(keyOf(remote)) ?? this.#open(remote);
    if (live === undefined || live.socket.writableLength > MAX_UNSENT) {
      live?.socket.destroy();
      const cancel = this.#options.scheduler.after(0, lost);
      return cancel;
    }
    live.onLost.add(lost);
    live.socket.write(text);
    this.#armIdle(live);
    return () => live.onLost.delete(lost);
  }

  /** Closes it once what was written is out. */
  end(connection: Connection): void {
    connection.socket.destroySoon();
  }

  close(): void {
    for (const live of this.#live.values()) {
      live.onLost.clear();
      live.socket.destroy();
    }
  }

  #open(remote: HostPort): Live | undefined {
    if (this.#live.size >= this.#options.limits.connections) return undefined;
    const socket = createConnection({ host: remote.host, port: remote.port });
    const live = this.#add(socket, remote, undefined);
    this.#armPartial(live);
    socket.on('connect', () => {
      live.established = true;
      this.#disarmPartial(live);
    });
    return live;
  }

  #add(socket: Socket, remote: HostPort, acceptedOn: number | undefined): Live {
    const live: Live = {
      remote,
      acceptedOn,
      socket,
      localHost: () => socket.localAddress ?? '0.0.0.0',
      framer: new StreamFramer(this.#options.limits.messageBytes),
      onLost: new Set(),
      established: false,
      cancelPartial: undefined,
      cancelIdle: undefined,
    };
    const key = keyOf(remote);
    this.#live.set(key, live);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#onData(live, chunk));
    // The reason is of no use: `close` follows and tells those who wait.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#live.get(key) === live) this.#live.delete(key);
      this.#disarmPartial(live);
      live.cancelIdle?.();
      for (const lost of [...live.onLost]) lost();
      live.onLost.clear();
    });
    this.#armIdle(live);
    return live;
  }

  #onData(live: Live, chunk: Uint8Array): void {
    this.#armIdle(live);
    for (const framed of live.framer.push(chunk)) {
      if (framed.kind === 'ping') live.socket.write('\r\n');
      else this.#options.onFramed(framed, live);
    }
    if (!live.framer.partial) this.#disarmPartial(live);
    else if (live.cancelPartial === undefined) this.#armPartial(live);
  }

  #armPartial(live: Live): void {
    live.cancelPartial = this.#options.scheduler.after(this.#options.limits.partialMessageMs, () => live.socket.destroy());
  }

  #disarmPartial(live: Live): void {
    live.cancelPartial?.();
    live.cancelPartial = undefined;
  }

  #armIdle(live: Live): void {
    live.cancelIdle?.();
    live.cancelIdle = this.#options.scheduler.after(this.#options.limits.idleConnectionMs, () => {
      if (this.#options.inUse(live.remote)) this.#armIdle(live);
      else live.socket.destroy();
    });
  }
}

function keyOf(remote: HostPort): string {
  return `${remote.host} ${remote.port}`;
}
