/** What a leg says, given back to it: now, or later. It has no end. */
import type { ReadOutcome, SourceReader } from './source.ts';

const FRAME_MS = 20;
/** Samples of a frame at 8 kHz. */
const FRAME = 160;

export class Echo implements SourceReader {
  readonly length = Infinity;
  readonly #said: () => Int16Array | undefined;
  readonly #delayFrames: number;
  /** What was said and not given back yet, at the rate of the frames. */
  #waiting = new Int16Array(0);
  #at = 0;
  samples = 0;

  /** `said`: what the leg said in this tick, if anybody listened. */
  constructor(said: () => Int16Array | undefined, delayMs: number) {
    this.#said = said;
    this.#delayFrames = Math.round(delayMs / FRAME_MS);
  }

  get offset(): number {
    return this.samples;
  }

  seek(): void {
    // What was not said yet cannot be heard, what was said is over.
  }

  read(frame: Int16Array): ReadOutcome {
    const said = this.#said();
    const isUsable = said?.length === frame.length;
    if (this.#delayFrames === 0) {
      if (isUsable) frame.set(said);
      else frame.fill(0);
    } else {
      const waiting = this.#waitingFor(frame.length);
      frame.set(waiting.subarray(this.#at, this.#at + frame.length));
      if (isUsable) waiting.set(said, this.#at);
      else waiting.fill(0, this.#at, this.#at + frame.length);
      this.#at = (this.#at + frame.length) % waiting.length;
    }
    this.samples += FRAME;
    return 'audio';
  }

  /** At another rate it begins anew. */
  #waitingFor(frameLength: number): Int16Array {
    const length = this.#delayFrames * frameLength;
    if (this.#waiting.length !== length) {
      this.#waiting = new Int16Array(length);
      this.#at = 0;
    }
    return this.#waiting;
  }
}
