/**
 * Places where a fake waits for the outside world. A test holds one of them, does something meanwhile, and lets it go; or
 * makes it throw.
 */
export type Point = 'store' | 'allocate' | 'answer' | 'play' | 'join' | 'leave' | 'end' | 'release' | 'packets' | 'record' | 'speech';

export class Points {
  #held: { readonly point: Point; readonly then: 'go' | 'throw' } | undefined;
  #waiting: (() => void)[] = [];
  #reached = 0;

  /** The next arrivals at `point` wait for `letGo`. */
  hold(point: Point, then: 'go' | 'throw' = 'go'): void {
    this.#held = { point, then };
  }

  letGo(): void {
    this.#held = undefined;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** How often a held point was reached. */
  get reached(): number {
    return this.#reached;
  }

  async pass(point: Point): Promise<void> {
    const held = this.#held;
    if (held?.point !== point) return;
    this.#reached += 1;
    if (held.then === 'throw') throw new Error(`injected at ${point}`);
    await new Promise<void>((go) => this.#waiting.push(go));
  }
}
