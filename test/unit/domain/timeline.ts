/** Runs a step function on a hand-moved clock: timers it starts fire when the clock is moved past them, in order. */
interface TimerEffect {
  readonly do: string;
  readonly name?: string;
  readonly ms?: number;
}

export interface TimelineOptions<S, E, F> {
  readonly initial: S;
  readonly step: (state: S, event: E, now: number) => { readonly state: S; readonly effects: readonly F[] };
  readonly fired: (timer: string, now: number) => E;
}

export class Timeline<S, E, F extends TimerEffect> {
  now = 0;
  state: S;
  /** Effects since they were last taken, timers left out. */
  #effects: F[] = [];
  readonly #timers = new Map<string, number>();
  readonly #options: TimelineOptions<S, E, F>;

  constructor(options: TimelineOptions<S, E, F>) {
    this.#options = options;
    this.state = options.initial;
  }

  post(...events: readonly E[]): void {
    for (const event of events) {
      const next = this.#options.step(this.state, event, this.now);
      this.state = next.state;
      for (const effect of next.effects) this.#perform(effect);
    }
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.now = next.due;
      this.#timers.delete(next.name);
      this.post(this.#options.fired(next.name, this.now));
    }
    this.now = end;
  }

  /** The effects since the last `take`, timers left out. */
  take(): readonly F[] {
    const taken = this.#effects;
    this.#effects = [];
    return taken;
  }

  /** What runs is over: as an actor that is dropped. */
  protected dropTimers(): void {
    this.#timers.clear();
  }

  /** Running timers, with when they are due. */
  timers(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#timers].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #next(end: number): { readonly name: string; readonly due: number } | undefined {
    const [first] = [...this.#timers].sort(([, a], [, b]) => a - b);
    return first !== undefined && first[1] <= end ? { name: first[0], due: first[1] } : undefined;
  }

  #perform(effect: F): void {
    // Deleted first: a timer set again goes to the end of those due at the same instant.
    if (effect.do === 'cancelTimer') this.#timers.delete(effect.name ?? '');
    else if (effect.do === 'startTimer') {
      this.#timers.delete(effect.name ?? '');
      this.#timers.set(effect.name ?? '', this.now + (effect.ms ?? 0));
    } else this.#effects.push(effect);
  }
}
