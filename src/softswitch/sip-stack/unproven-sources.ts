/**
 * Sources over UDP that have not shown yet that what we send them arrives: a forged source address would have us repeat our
 * answers to somebody else, eleven for one INVITE (RFC 3261 §17.2.1, §13.3.1.4). An ACK, or a request in a dialog, has our tag
 * and shows it. Until then a few INVITEs of a source at a time have their answers repeated by timer; the answers to others are
 * sent once, and again when the request comes again: never more than was asked.
 */
import type { Scheduler } from '../../lib/machine.ts';
import type { Repetition } from '../../protocol/sip/awaited-response.ts';
import type { Flow } from './api.ts';
import { sourceOf } from './networks.ts';
import { RecentMap } from './recent-map.ts';

/** INVITEs of one source at a time: a telephone or an exchange heard for the first time has no more. */
const MAX_WAITING = 4;
/** Proven sources remembered, and for how long without a word. */
const MAX_SOURCES = 65_536;
const TTL_MS = 600_000;

export interface Hold {
  readonly repetition: Repetition;
  /** The answer was acknowledged, or nobody waits for that any more. May be called again. */
  end(): void;
}

export interface UnprovenSourcesOptions {
  readonly scheduler: Pick<Scheduler, 'now'>;
  readonly isExempt: (address: string) => boolean;
  readonly count: (what: string) => void;
}

const UNBOUNDED: Hold = { repetition: 'byTimer', end: () => undefined };
const BOUNDED: Hold = { repetition: 'onRequest', end: () => undefined };

export class UnprovenSources {
  readonly #options: UnprovenSourcesOptions;
  readonly #proven: RecentMap<true>;
  /** Answers repeated by timer at the moment, by source. */
  readonly #waiting = new Map<string, number>();

  constructor(options: UnprovenSourcesOptions) {
    this.#options = options;
    this.#proven = new RecentMap({ max: MAX_SOURCES, ttlMs: TTL_MS, now: () => options.scheduler.now() });
  }

  /** What came by this flow holds something that only our messages to its source told. */
  prove({ transport, remote }: Flow): void {
    if (transport === 'udp') this.#proven.set(sourceOf(remote.host), true);
  }

  /** An answer that wants an acknowledgement is about to go to the source of `flow`. */
  hold({ transport, remote }: Flow): Hold {
    // A connection has shown it by being there.
    if (transport !== 'udp') return UNBOUNDED;
    const source = sourceOf(remote.host);
    if (this.#proven.get(source) === true || this.#options.isExempt(remote.host)) return UNBOUNDED;
    const waiting = this.#waiting.get(source) ?? 0;
    if (waiting >= MAX_WAITING) {
      this.#options.count('notRepeated');
      return BOUNDED;
    }
    this.#waiting.set(source, waiting + 1);
    let held = true;
    return {
      repetition: 'byTimer',
      end: () => {
        if (!held) return;
        held = false;
        const left = (this.#waiting.get(source) ?? 1) - 1;
        if (left === 0) this.#waiting.delete(source);
        else this.#waiting.set(source, left);
      },
    };
  }
}
