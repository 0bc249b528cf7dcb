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
  /** `energy` is the average of the frames above the level, `durationMs` the length of the talk with the 800 ms. */
  | { readonly talking: false; readonly energy: number; readonly durationMs: number };

export class TalkDetector {
  #talking = false;
  #above = 0;
  #below = 0;
  #frames = 0;
  #loud = 0;
  #total = 0;

  get isTalking(): boolean {
    return this.#talking;
  }

  /** Frames above the level in the talk, or the last one. */
  get loudFrames(): number {
    return this.#loud;
  }

  /** Those not above it, but for the 800 ms that end it. */
  get softFrames(): number {
    return this.#frames - this.#loud - this.#below;
  }

  /** One frame of `score` with the member's threshold `level`; tells a change. */
  frame(score: number, level: number): TalkChange | undefined {
    if (this.#talking) {
      this.#frames++;
      if (score > level) {
        this.#loud++;
        this.#total += score;
        this.#below = 0;
      } else {
        this.#below++;
      }
      return this.#below >= FRAMES_TO_STOP ? this.stop() : undefined;
    }
    this.#above = score > level ? this.#above + 1 : Math.max(this.#above - 1, 0);
    if (score - level < CLEARLY && this.#above < FRAMES_TO_START) return undefined;
    this.#talking = true;
    this.#frames = 1;
    this.#loud = 1;
    this.#total = score;
    this.#below = 0;
    return { talking: true, energy: score, durationMs: 0 };
  }

  /** Ends a talk now; tells it when there was one. */
  stop(): TalkChange | undefined {
    this.#above = 0;
    if (!this.#talking) return undefined;
    this.#talking = false;
    return { talking: false, energy: Math.round(this.#total / this.#loud), durationMs: this.#frames * FRAME_MS };
  }
}
