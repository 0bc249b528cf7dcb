/** A network that loses packets, doubles them and swaps neighbours; the same seed does the same. */
export interface Trouble {
  /** Shares of the packets, 0 to 1. */
  readonly lost: number;
  readonly doubled: number;
  readonly swapped: number;
}

/** Numbers from 0 to 1 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class BadNetwork {
  readonly #trouble: Trouble;
  readonly #random: () => number;
  readonly #deliver: (packet: Buffer) => void;
  /** Waits for the next one to overtake it. */
  #overtaken: Buffer | undefined;

  constructor(trouble: Trouble, random: () => number, deliver: (packet: Buffer) => void) {
    this.#trouble = trouble;
    this.#random = random;
    this.#deliver = deliver;
  }

  send(packet: Buffer): void {
    const { lost, doubled, swapped } = this.#trouble;
    if (this.#random() < lost) return;
    if (this.#overtaken === undefined && this.#random() < swapped) {
      this.#overtaken = packet;
      return;
    }
    this.#deliver(packet);
    if (this.#random() < doubled) this.#deliver(packet);
    if (this.#overtaken !== undefined) this.#deliver(this.#overtaken);
    this.#overtaken = undefined;
  }
}
