/**
 * Holds the responses to a client's request back until the client has had time to read the echo of that request.
 *
 * `await srf.request()` resolves on the echo; a response read in the same chunk is emitted before the application could
 * listen for it, and is lost. Two turns of the event loop put the two into separate reads: a client in this process reads
 * the echo in the turn between them.
 */
export class AfterEcho {
  #held: (() => void)[] | undefined = [];

  /** Runs `deliver` now or once the echo is out, in order. */
  run(deliver: () => void): void {
    if (this.#held === undefined) deliver();
    else this.#held.push(deliver);
  }

  /** The echo has been written. */
  echoed(): void {
    setImmediate(() =>
      setImmediate(() => {
        const held = this.#held ?? [];
        this.#held = undefined;
        for (const deliver of held) deliver();
      }),
    );
  }
}
