/**
 * The blocking applications of one channel. They nest as in FreeSWITCH: one sent while another runs starts on top of it, and
 * the lower one goes on when the upper is over. Unlike FreeSWITCH (F-12, F-13) each is started at once and always completes.
 */

/** One application as a client asked for it. `uuid` is what its completion is known by. */
export interface AppCall {
  readonly uuid: string;
  readonly name: string;
  readonly argument: string;
}

/** A blocking application under way. */
export interface RunningApp {
  /** The channel hangs up or is moved: stop, tell what stopped, do not complete. */
  end(): void;
  /** A key was pressed. True when the application took it. */
  digit?(digit: string): boolean;
  /** uuid_break; `all` ends a whole list. */
  break?(all: boolean): void;
}

interface AppEntry {
  readonly call: AppCall;
  running: RunningApp | undefined;
}

export interface AppStackOwner {
  /** An application is over. */
  complete(call: AppCall, response: string): void;
  /** Nothing runs any more. */
  idle(): void;
}

export class AppStack {
  readonly #owner: AppStackOwner;
  readonly #entries: AppEntry[] = [];
  /** uuid_break all was asked for: what is below ends when its turn comes. */
  #breakingAll = false;
  #ending = false;

  constructor(owner: AppStackOwner) {
    this.#owner = owner;
  }

  get size(): number {
    return this.#entries.length;
  }

  get top(): AppCall | undefined {
    return this.#entries.at(-1)?.call;
  }

  /** `start` may complete the application at once. */
  run(call: AppCall, start: (done: (response: string) => void) => RunningApp): void {
    const entry: AppEntry = { call, running: undefined };
    this.#entries.push(entry);
    this.#breakingAll = false;
    entry.running = start((response) => this.#finish(entry, response));
  }

  digit(digit: string): void {
    for (const entry of this.#entries.toReversed()) {
      if (entry.running?.digit?.(digit) === true) return;
    }
  }

  /** The application on top; with `all` those below follow, one after the other as they come on top (E04). */
  break(all: boolean): void {
    this.#breakingAll = all;
    this.#entries.findLast((entry) => entry.running?.break !== undefined)?.running?.break?.(all);
  }

  /** Ends all, the uppermost first. */
  end(): void {
    this.#ending = true;
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      entry.running?.end();
      this.#owner.complete(entry.call, '_none_');
    }
    this.#ending = false;
  }

  #finish(entry: AppEntry, response: string): void {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    this.#owner.complete(entry.call, response);
    if (this.#ending) return;
    if (this.#entries.length === 0) this.#owner.idle();
    else if (this.#breakingAll) this.break(true);
  }
}
