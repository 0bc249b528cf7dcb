/** How many calls there may be and how many may begin in a second, and what `status` and HEARTBEAT tell of them. */

const FIVE_MINUTES_S = 300;

export type Admission = 'admitted' | 'full' | 'too_fast';

export class SessionLimits {
  readonly #now: () => number;
  /** Calls at the same time. */
  max: number;
  /** Calls that may begin in one second; FreeSWITCH's default is 30, here it is as many as there may be. */
  perSecond: number;
  total = 0;
  peak = 0;
  peakPerSecond = 0;
  #second = 0;
  #inSecond = 0;
  #lastSecond = 0;
  /** The highest figures of each of the last 300 seconds that had any. */
  readonly #recent: { readonly second: number; sessions: number; begun: number }[] = [];

  /** `now` is in ms. */
  constructor(max: number, now: () => number) {
    this.max = max;
    this.perSecond = max;
    this.#now = now;
  }

  /** Asked before a call is taken; `present` calls are there already. */
  admit(present: number): Admission {
    if (present >= this.max) return 'full';
    this.#advance();
    return this.#inSecond >= this.perSecond ? 'too_fast' : 'admitted';
  }

  /** A call was taken; there are `present` of them. */
  begun(present: number): void {
    this.#advance();
    this.total++;
    this.#inSecond++;
    this.peak = Math.max(this.peak, present);
    this.peakPerSecond = Math.max(this.peakPerSecond, this.#inSecond);
    let entry = this.#recent.at(-1);
    if (entry?.second !== this.#second) this.#recent.push((entry = { second: this.#second, sessions: 0, begun: 0 }));
    entry.sessions = Math.max(entry.sessions, present);
    entry.begun = this.#inSecond;
  }

  /** Of the last second that is over. */
  get lastPerSecond(): number {
    this.#advance();
    return this.#lastSecond;
  }

  /** The highest of the last five minutes. */
  get recentPeaks(): { readonly sessions: number; readonly perSecond: number } {
    this.#advance();
    return this.#recent.reduce((peaks, { sessions, begun }) => ({ sessions: Math.max(peaks.sessions, sessions), perSecond: Math.max(peaks.perSecond, begun) }), { sessions: 0, perSecond: 0 });
  }

  #advance(): void {
    const second = Math.floor(this.#now() / 1_000);
    if (second === this.#second) return;
    this.#lastSecond = second === this.#second + 1 ? this.#inSecond : 0;
    this.#second = second;
    this.#inSecond = 0;
    while (this.#recent[0] !== undefined && this.#recent[0].second <= second - FIVE_MINUTES_S) this.#recent.shift();
  }
}
