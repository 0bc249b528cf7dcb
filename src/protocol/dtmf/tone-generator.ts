/** Keys as tones in the audio (ITU-T Q.23), for far ends without RFC 4733. Keys queue. */
import { tonesOfDigit } from './digit.ts';
import { pauseAfter } from './key-presser.ts';
import type { KeyPress } from './key-presser.ts';

/** -9 and -7 dBFS, as telephones send: the higher tone 2 dB louder; their sum stays below full scale. */
const LOW_AMPLITUDE = 11_600;
const HIGH_AMPLITUDE = 14_600;
const MAX_QUEUED = 256;

interface Sounding {
  readonly low: number;
  readonly high: number;
  readonly onMs: number;
  readonly totalMs: number;
  /** Samples done, at the rate of the call that made them. */
  done: number;
}

export class ToneGenerator {
  readonly #queue: KeyPress[] = [];
  #sounding: Sounding | undefined;

  get isBusy(): boolean {
    return this.#sounding !== undefined || this.#queue.length > 0;
  }

  press(keys: readonly KeyPress[]): void {
    this.#queue.push(...keys.slice(0, MAX_QUEUED - this.#queue.length));
  }

  /** Replaces `frame`, at `rate` Hz, by the tones and pauses of the keys. */
  fill(frame: Int16Array, rate: number): void {
    for (let i = 0; i < frame.length; i++) {
      const key = this.#sounding ?? this.#next();
      if (key === undefined) {
        frame[i] = 0;
        continue;
      }
      const isOn = key.done < (key.onMs * rate) / 1000;
      const angle = (2 * Math.PI * key.done) / rate;
      frame[i] = isOn ? LOW_AMPLITUDE * Math.sin(key.low * angle) + HIGH_AMPLITUDE * Math.sin(key.high * angle) : 0;
      key.done++;
      if (key.done >= (key.totalMs * rate) / 1000) this.#sounding = undefined;
    }
  }

  #next(): Sounding | undefined {
    const press = this.#queue.shift();
    const tones = press === undefined ? undefined : tonesOfDigit(press.digit);
    if (press === undefined || tones === undefined) return undefined;
    this.#sounding = { low: tones[0], high: tones[1], onMs: press.durationMs, totalMs: press.durationMs + pauseAfter(press), done: 0 };
    return this.#sounding;
  }
}
