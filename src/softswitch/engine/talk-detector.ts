/**
 * Who talks, as mod_conference tells it: by the energy score of each frame. Clearly above the level (by 400) is talking at once, a little
 * above after 5 frames; 40 frames (800 ms) at or below the level end it.
 */
const CLEARLY = 400;
const FRAMES_TO_START = 5;
const FRAMES_TO_STOP = 40;
const FRAME_MS = 20;

export type TalkChange =
  | { readonly talking: true; readonly energy: number; readonly durationMs: 0 }
  /** `energy` is the average over the talk, `durationMs` its length with the 800 ms. */
  | { readonly talking: false; readonly energy: number; readonly durationMs: number };

export class TalkDetector {
  #talking = false;
  #above = 0;
  #below = 0;
  #frames = 0;
  #total = 0;

  /** One frame of `score` with the member's threshold `level`; tells a change. */
  frame(score: number, level: number): TalkChange | undefined {
    if (this.#talking) {
      this.#frames++;
      this.#total += score;
      this.#below = score > level ? 0 : this.#below + 1;
      return this.#below >= FRAMES_TO_STOP ? this.stop() : undefined;
    }
    this.#above = score > level ? this.#above + 1 : Math.max(this.#above - 1, 0);
    if (score - level < CLEARLY && this.#above < FRAMES_TO_START) return undefined;
    this.#talking = true;
    this.#frames = 1;
    this.#total = score;
    this.#below = 0;
    return { talking: true, energy: score, durationMs: 0 };
  }

  /** Ends a talk now; tells it when there was one. */
  stop(): TalkChange | undefined {
    this.#above = 0;
    if (!this.#talking) return undefined;
    this.#talking = false;
    return { talking: false, energy: Math.round(this.#total / this.#frames), durationMs: this.#frames * FRAME_MS };
  }
}
