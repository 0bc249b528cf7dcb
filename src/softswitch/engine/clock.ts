/** The 20 ms clock of a worker: absolute, so it never drifts; late ticks are caught up, but no more than a few. */
export const TICK_MS = 20;
/** After a longer stall than this the missed ticks are skipped: sending them in one burst helps nobody. */
const MAX_CATCH_UP = 5;
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
  #timer: NodeJS.Timeout | undefined;
  #stats = { lateTicks: 0, largestLagMs: 0, skippedTicks: 0 };

  /** `onTick` gets the time its slot began (of `now`, ms) and how many ticks before it were skipped. */
  constructor(now: () => number, onTick: (slot: number, skipped: number) => void) {
    this.#now = now;
    this.#onTick = onTick;
    this.#start = now();
    this.#arm();
  }

  get stats(): ClockStats {
    return { ...this.#stats };
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #slot(): number {
    return this.#start + this.#next * TICK_MS;
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      this.#run();
    }, Math.max(Math.ceil(this.#slot() - this.#now()), 0));
  }

  #run(): void {
    const lag = this.#now() - this.#slot();
    if (lag > LATE_MS) this.#stats.lateTicks++;
    this.#stats.largestLagMs = Math.max(this.#stats.largestLagMs, lag);
    const skipped = Math.max(Math.floor(lag / TICK_MS) - MAX_CATCH_UP, 0);
    this.#stats.skippedTicks += skipped;
    this.#next += skipped;
    // How many are due is fixed first: a tick that takes longer than its slot must not starve the sockets for good.
    const due = Math.floor((this.#now() - this.#slot()) / TICK_MS) + 1;
    for (let i = 0; i < due; i++) {
      this.#onTick(this.#slot(), i === 0 ? skipped : 0);
      this.#next++;
    }
    this.#arm();
  }
}
