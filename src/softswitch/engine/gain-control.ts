/**
 * Automatic gain (mod_conference `agc`): brings a member's speech slowly towards a target energy. Only frames of speech count, so the
 * noise of a pause is never pulled up to the level of a voice.
 */

/** Bounds of the gain: 12 dB up or down. */
const MAX_GAIN = 4;
/** A change of 2 dB a second up and 6 dB down, in steps of a frame: nobody hears it move, and who shouts is soon softer. */
const UP = 10 ** (2 / 20 / 50);
const DOWN = 10 ** (-6 / 20 / 50);
/** The energy of the last second or so. */
const SMOOTHING = 1 / 50;

export class GainControl {
  #gain = 1;
  #level: number | undefined;

  /** Gain for a frame of this energy (before the gain); `target` 0 is off. */
  frame(score: number, target: number, isSpeech: boolean): number {
    if (target <= 0) {
      this.#gain = 1;
      this.#level = undefined;
      return 1;
    }
    if (isSpeech) {
      this.#level = this.#level === undefined ? score : this.#level + (score - this.#level) * SMOOTHING;
      const wanted = Math.min(Math.max(target / Math.max(this.#level, 1), 1 / MAX_GAIN), MAX_GAIN);
      this.#gain = wanted > this.#gain ? Math.min(this.#gain * UP, wanted) : Math.max(this.#gain * DOWN, wanted);
    }
    return this.#gain;
  }
}
