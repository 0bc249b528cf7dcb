/**
 * How far the event loop stays behind. A single stall (a large file, a garbage collection) is no overload; the least
 * delay of a while is: it is what every request waits (the idea of CoDel, RFC 8289 §3.1).
 */
import type { IntervalHistogram } from 'node:perf_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const SAMPLE_MS = 20;
const WINDOW_MS = 500;

type Delays = Pick<IntervalHistogram, 'count' | 'min' | 'reset' | 'enable' | 'disable'>;

export class LoopLag {
  readonly #delays: Delays;
  readonly #now: () => number;
  #since: number;
  #lag = 0;

  /** `now`: milliseconds, of any beginning. `delays`: of a timer that ticks every 20 ms. */
  constructor(now: () => number, delays: Delays = monitorEventLoopDelay({ resolution: SAMPLE_MS })) {
    this.#now = now;
    this.#delays = delays;
    this.#since = now();
    delays.enable();
  }

  /** The least delay of the last finished window, ms. */
  read(): number {
    const now = this.#now();
    if (now - this.#since < WINDOW_MS) return this.#lag;
    // Each sample is the time between two ticks of the timer, its interval included, in nanoseconds.
    this.#lag = this.#delays.count === 0 ? now - this.#since : Math.max(0, this.#delays.min / 1e6 - SAMPLE_MS);
    // What happened in a window nobody asked about is too long ago.
    if (now - this.#since > 4 * WINDOW_MS) this.#lag = 0;
    this.#delays.reset();
    this.#since = now;
    return this.#lag;
  }

  close(): void {
    this.#delays.disable();
  }
}
