/**
 * How far the event loop stays behind. A single stall (a large file, a garbage collection) is no overload; the least
 * delay of a while is: it is what every request waits (the idea of CoDel, RFC 8289 §3.1).
 */
import type { IntervalHistogram } from 'node:perf_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const SAMPLE_MS = 20;
const WINDOW_MS = 500;
/** One delay is a stall, whether or not it filled its window. */
const MIN_SAMPLES = 2;
/** What happened while nobody asked is too long ago. */
const STALE_MS = 2000;

type Delays = Pick<IntervalHistogram, 'count' | 'min' | 'reset' | 'enable' | 'disable'>;

export class LoopLag {
  readonly #delays: Delays;
  readonly #now: () => number;
  #since: number;
  #asked: number;
  #lag = 0;

  /** `now`: milliseconds, of any beginning. `delays`: of a timer that ticks every 20 ms. */
  constructor(now: () => number, delays: Delays = monitorEventLoopDelay({ resolution: SAMPLE_MS })) {
    this.#now = now;
    this.#delays = delays;
    this.#since = now();
    this.#asked = this.#since;
    delays.enable();
  }

  /** The least delay of the last finished window, ms. A window goes on until it has seen more than one. */
  read(): number {
    const now = this.#now();
    const stale = now - this.#asked > STALE_MS;
    this.#asked = now;
    if (!stale && (now - this.#since < WINDOW_MS || this.#delays.count < MIN_SAMPLES)) return this.#lag;
    // Each sample is the time between two ticks of the timer, its interval included, in nanoseconds.
    this.#lag = stale ? 0 : Math.max(0, this.#delays.min / 1e6 - SAMPLE_MS);
    this.#delays.reset();
    this.#since = now;
    return this.#lag;
  }

  close(): void {
    this.#delays.disable();
  }
}
