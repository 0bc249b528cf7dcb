/**
 * Which of this machine's addresses reaches a peer: what to advertise to it when listening on 0.0.0.0.
 *
 * Connecting a UDP socket sends nothing, but makes the kernel choose the route; its local address is the answer.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Scheduler } from '../../lib/machine.ts';

/** Peers remembered; the oldest is forgotten first. */
const MAX_KNOWN = 4096;
/** Questions under way at once, and callers waiting on one of them. Beyond that the answer is "unknown": datagrams can be forged. */
const MAX_ASKING = 256;
const MAX_WAITING = 256;
/** Routes change: an answer is good for this long. */
const TTL_MS = 60_000;

type Waiter = (local: string | undefined) => void;

export class LocalAddresses {
  readonly #known = new Map<string, { readonly local: string; readonly until: number }>();
  readonly #asking = new Map<string, Waiter[]>();
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Calls back with the local address towards `remote` (an IP address), at once if it is known, in the order asked; undefined when there is no route. */
  find(remote: string, done: Waiter): void {
    const waiting = this.#asking.get(remote);
    if (waiting !== undefined) {
      if (waiting.length < MAX_WAITING) waiting.push(done);
      else done(undefined);
      return;
    }
    const known = this.#known.get(remote);
    if (known !== undefined && known.until > this.#scheduler.now()) {
      done(known.local);
      return;
    }
    if (this.#asking.size >= MAX_ASKING) {
      done(undefined);
      return;
    }
    this.#asking.set(remote, [done]);
    this.#ask(remote);
  }

  #ask(remote: string): void {
    const socket = createSocket(isIPv6(remote) ? 'udp6' : 'udp4');
    let answered = false;
    const answer = (local: string | undefined): void => {
      if (answered) return;
      answered = true;
      socket.close();
      this.#known.delete(remote);
      if (local !== undefined) {
        this.#known.set(remote, { local, until: this.#scheduler.now() + TTL_MS });
        const oldest = this.#known.keys().next().value;
        if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
      }
      const waiting = this.#asking.get(remote) ?? [];
      this.#asking.delete(remote);
      for (const waiter of waiting) waiter(local);
    };
    socket.on('error', () => answer(undefined));
    // The port does not matter to the route.
    socket.connect(5060, remote, () => answer(socket.address().address));
  }
}
