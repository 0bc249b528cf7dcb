/**
 * Which of this machine's addresses reaches a peer: what to advertise to it when listening on 0.0.0.0.
 *
 * Connecting a UDP socket sends nothing, but makes the kernel choose the route; its local address is the answer.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Scheduler } from '../../lib/machine.ts';
import { RecentMap } from './recent-map.ts';

/** Peers remembered; those heard of last are forgotten last. */
const MAX_KNOWN = 8192;
/** Questions under way at once, and callers waiting on one of them. Beyond that the answer is the last one known, if any: datagrams can be forged. */
const MAX_ASKING = 256;
const MAX_WAITING = 256;
/** Routes change: an answer is good for this long. */
const TTL_MS = 60_000;

type Waiter = (local: string | undefined) => void;

export class LocalAddresses {
  readonly #known: RecentMap<{ readonly local: string; readonly until: number }>;
  readonly #asking = new Map<string, Waiter[]>();
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    // Longer than an answer is good for: an old one is better than none while too many are asked for.
    this.#known = new RecentMap({ max: MAX_KNOWN, ttlMs: 10 * TTL_MS, now: () => scheduler.now() });
  }

  /** Calls back with the local address towards `remote` (an IP address), at once if it is known, in the order asked; undefined when there is no route. */
  find(remote: string, done: Waiter): void {
    const waiting = this.#asking.get(remote);
    if (waiting !== undefined) {
      if (waiting.length < MAX_WAITING) waiting.push(done);
      else done(this.#known.get(remote)?.local);
      return;
    }
    const known = this.#known.get(remote);
    if (known !== undefined && known.until > this.#scheduler.now()) {
      done(known.local);
      return;
    }
    if (this.#asking.size >= MAX_ASKING) {
      done(known?.local);
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
      if (local !== undefined) this.#known.set(remote, { local, until: this.#scheduler.now() + TTL_MS });
      const waiting = this.#asking.get(remote) ?? [];
      this.#asking.delete(remote);
      for (const waiter of waiting) waiter(local);
    };
    socket.on('error', () => answer(undefined));
    // The port does not matter to the route.
    socket.connect(5060, remote, () => answer(socket.address().address));
  }
}
