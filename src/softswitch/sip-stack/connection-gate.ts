/** The door for connections: how many there may be, in all and per source, and how long one may take to say something. */
import type { Socket } from 'node:net';
import type { Scheduler } from '../../lib/machine.ts';
import type { HostPort, Logger, SipLimits } from './api.ts';
import { sourceOf } from './networks.ts';

export interface ConnectionGateOptions {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly limits: SipLimits;
  readonly isExempt: (address: string) => boolean;
  readonly count: (what: string) => void;
}

export class ConnectionGate {
  readonly #options: ConnectionGateOptions;
  readonly #sockets = new Set<Socket>();
  readonly #perSource = new Map<string, number>();
  /** Deadlines of those that have brought no whole message yet, by `gateKey`. */
  readonly #halfOpen = new Map<string, () => void>();

  constructor(options: ConnectionGateOptions) {
    this.#options = options;
  }

  /** Connections alive, whatever became of them. */
  get size(): number {
    return this.#sockets.size;
  }

  get halfOpen(): number {
    return this.#halfOpen.size;
  }

  /** Lets an accepted connection in, before a byte of it is read; false: it was refused and is gone. */
  enter(socket: Socket, listener: number): boolean {
    const { limits, isExempt, log, count, scheduler } = this.#options;
    const address = socket.remoteAddress;
    // Reset before it was accepted.
    if (address === undefined) {
      socket.destroy();
      return false;
    }
    const source = sourceOf(address);
    const ofSource = this.#perSource.get(source) ?? 0;
    const tooMany = this.#sockets.size >= limits.connections || this.#halfOpen.size >= limits.halfOpenConnections;
    if (tooMany || (ofSource >= limits.connectionsPerSource && !isExempt(address))) {
      count('connectionsRefused');
      log.warn({ remote: address, connections: this.#sockets.size, halfOpen: this.#halfOpen.size, ofSource }, 'sip: too many connections, refusing one');
      socket.destroy();
      return false;
    }
    const key = gateKey(listener, { host: address, port: socket.remotePort ?? 0 });
    const cancel = scheduler.after(limits.partialMessageMs, () => {
      count('connectionsSilent');
      socket.destroy();
    });
    this.#halfOpen.set(key, cancel);
    this.#perSource.set(source, ofSource + 1);
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#settle(key);
      this.#sockets.delete(socket);
      const left = (this.#perSource.get(source) ?? 1) - 1;
      if (left === 0) this.#perSource.delete(source);
      else this.#perSource.set(source, left);
    });
    return true;
  }

  /** Counts a connection of ours; false when there are too many. */
  leave(open: () => Socket): Socket | undefined {
    if (this.#sockets.size >= this.#options.limits.connections) return undefined;
    const socket = open();
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /** An accepted connection has brought a whole message: it is what it says. */
  settled(listener: number, remote: HostPort): void {
    this.#settle(gateKey(listener, remote));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #settle(key: string): void {
    this.#halfOpen.get(key)?.();
    this.#halfOpen.delete(key);
  }
}

function gateKey(listener: number, { host, port }: HostPort): string {
  return `${listener} ${host} ${port}`;
}
