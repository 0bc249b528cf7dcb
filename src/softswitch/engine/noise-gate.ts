/**
 * Who is mixed: a member louder than its energy level, and for a while after (mod_conference mixes no one below it). It opens with the
 * frame that is loud anywhere, so no word loses its beginning, and stays open over the pauses between words.
 */
const FRAMES_OPEN = 40;

export class NoiseGate {
  #open = 0;

  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** Whether it would be after one more quiet frame. */
  get staysOpen(): boolean {
    return this.#open > 1;
  }

  /** One frame whose loudest part has this energy; level 0 keeps the gate open. */
  frame(peak: number, level: number): void {
    if (level === 0 || peak > level) this.#open = FRAMES_OPEN;
    else if (this.#open > 0) this.#open--;
  }
}
