/**
 * The one runner of state machines: calls, conferences and SIP transactions all run through it.
 *
 * A machine is pure: `step(state, event) -> { state, effects }`. The runner feeds it one event at a time from a serial
 * mailbox, stores the state, then hands the effects to `run`. A timer is an effect, its firing is an event; setting a
 * timer again or cancelling it makes a firing already under way stale, and it is dropped by its epoch.
 */
export interface Step<S, F> {
  readonly state: S;
  readonly effects: readonly F[];
}

/** Where time comes from: the real clock in `adapters/system`, a hand-moved one in tests. */
export interface Scheduler {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `fn` once, `ms` milliseconds from now; the returned function cancels it and may be called at any time. */
  after(ms: number, fn: () => void): () => void;
}

export interface MachineOptions<S, E, F> {
  readonly initial: S;
  readonly step: (state: S, event: E) => Step<S, F>;
  /** Performs one effect. It may call `post`; the event is handled after the effects of the present one. */
  readonly run: (effect: F, machine: Machine<S, E, F>) => void;
  /** A throw out of `step` or `run` ends up here, never in the caller of `post`. */
  readonly onError: (error: unknown, event: E) => void;
}

export class Machine<S, E, F> {
  #state: S;
  readonly #queue: E[] = [];
  #running = false;
  #stopped = false;
  readonly #timers = new Map<string, { readonly cancel: () => void; readonly due: number }>();
  readonly #handle: (event: E) => void;
  readonly #scheduler: Scheduler;

  constructor(options: MachineOptions<S, E, F>, scheduler: Scheduler) {
    this.#state = options.initial;
    this.#scheduler = scheduler;
    this.#handle = (event) => {
      try {
        const next = options.step(this.#state, event);
        this.#state = next.state;
        for (const effect of next.effects) options.run(effect, this);
      } catch (error) {
        options.onError(error, event);
      }
    };
  }

  get state(): S {
    return this.#state;
  }

  /** Queues an event. Events are handled in the order of their posting, one at a time. */
  post(event: E): void {
    if (this.#stopped) return;
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#handle(next);
    } finally {
      this.#running = false;
    }
  }

  /** Starts or restarts the timer `name`; when it fires, `event` is posted. */
  startTimer(name: string, ms: number, event: E): void {
    this.cancelTimer(name);
    if (this.#stopped) return;
    const cancel = this.#scheduler.after(ms, () => {
      // A timer set again while this firing was under way has another entry: this one is stale.
      if (this.#timers.get(name)?.cancel !== cancel) return;
      this.#timers.delete(name);
      this.post(event);
    });
    this.#timers.set(name, { cancel, due: this.#scheduler.now() + ms });
  }

  cancelTimer(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }

  /** What will happen and when: timer name to milliseconds since the epoch. */
  pendingTimers(): ReadonlyMap<string, number> {
    return new Map([...this.#timers].map(([name, timer]) => [name, timer.due]));
  }

  /** Ends the machine: no event is handled any more and no timer fires. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
