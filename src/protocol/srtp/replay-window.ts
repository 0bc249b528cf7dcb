/** Which of the last packets have come (RFC 3711 §3.3.2). Only what authenticated is noted, so nobody else can move it. */

/** The RFC asks for 64 at least. */
export const REPLAY_WINDOW = 128;

export class ReplayWindow {
  /** Bit `index` modulo the window: that packet has come. */
  readonly #seen = new Uint32Array(REPLAY_WINDOW / 32);
  #highest = -1;

  /** True for a packet that has come before, or is too old to tell. */
  isReplay(index: number): boolean {
    if (index > this.#highest) return false;
    return index <= this.#highest - REPLAY_WINDOW || this.#has(index);
  }

  note(index: number): void {
    if (index - this.#highest >= REPLAY_WINDOW) this.#seen.fill(0);
    else for (let passed = this.#highest + 1; passed < index; passed++) this.#clear(passed);
    if (index > this.#highest) this.#highest = index;
    const bit = index % REPLAY_WINDOW;
    this.#seen[bit >> 5] = (this.#seen[bit >> 5] ?? 0) | (1 << (bit & 31));
  }

  #has(index: number): boolean {
    const bit = index % REPLAY_WINDOW;
    return ((this.#seen[bit >> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  #clear(index: number): void {
    const bit = index % REPLAY_WINDOW;
    this.#seen[bit >> 5] = (this.#seen[bit >> 5] ?? 0) & ~(1 << (bit & 31));
  }
}
