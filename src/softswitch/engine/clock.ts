/** The 20 ms clock of a worker: absolute, so it never drifts; late ticks are caught up, but no more than a few. */
export const TICK_MS = 20;
/** After a longer stall than this the missed ticks are skipped: sending them in one burst helps nobody. */
export const MAX_CATCH_UP = 5;
const LATE_MS = 5;

export interface ClockStats {
  readonly lateTicks: number;
  readonly largestLagMs: number;
  readonly skippedTicks: number;
}

export class TickClock {
  readonly #now: () => number;
  readonly #onTick: (slot: number, skipped: number) => void;
  readonly #start: number;
  #next = 1;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #stats = { lateTicks: 0, largestLagMs: 0, skippedTicks: 0 };

  /** Slots begin at `phaseMs` after the multiples of 20 ms. `onTick` gets the time its slot began (of `now`, ms) and how many ticks before it were skipped. */
  constructor(now: () => number, phaseMs: number, onTick: (slot: number, skipped: number) => void) {
    this.#now = now;
    this.#onTick = onTick;
    this.#start = Math.floor(now() / TICK_MS) * TICK_MS + phaseMs;
    this.#arm();
  }

  get stats(): ClockStats {
    return { ...this.#stats };
  }

  /** No tick follows; may be called in one. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  #slot(): number {
    return this.#start + this.#next * TICK_MS;
  }

  /** An immediate comes after the sockets were read: a tick hears all that has arrived, also the ticks that catch up. */
  #arm(): void {
    if (this.#stopped) return;
    const run = (): void => {
      this.#immediate = setImmediate(() => {
        this.#run();
      });
    };
    const wait = this.#slot() - this.#now();
    if (wait > 0) this.#timer = setTimeout(run, Math.ceil(wait));
    else run();
  }

  #run(): void {
    const lag = this.#now() - this.#slot();
    if (lag > LATE_MS) this.#stats.lateTicks++;
    this.#stats.largestLagMs = Math.max(this.#stats.largestLagMs, lag);
    const skipped = Math.max(Math.floor(lag / TICK_MS) - MAX_CATCH_UP, 0);
    this.#stats.skippedTicks += skipped;
    this.#next += skipped;
    this.#onTick(this.#slot(), skipped);
    this.#next++;
    this.#arm();
  }
}
