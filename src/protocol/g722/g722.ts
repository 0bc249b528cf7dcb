/**
 * ITU-T G.722 at 64 kbit/s (mode 1): 16 kHz audio, split into two bands of 8 kHz each, ADPCM of 6 and 2 bits, one byte for two samples.
 *
 * Encoder and decoder adapt by what was sent, so a stream must be decoded in order by one decoder.
 */
import { Band } from './band.ts';
import { ILN, ILP, Q6, QM2, QM4, QM6, QMF, WH_BY_CODE, WL_BY_CODE } from './tables.ts';

export const G722_RATE = 16_000;
/** What the lower band alone is: audio up to 4 kHz. */
export const G722_LOWER_RATE = 8_000;

const TAPS = 24;
const HALF = TAPS / 2;

const clamp16 = (value: number): number => (value > 32767 ? 32767 : value < -32768 ? -32768 : value);
/** LIMIT: what the bands put out has 15 bits. */
const clamp15 = (value: number): number => (value > 16383 ? 16383 : value < -16384 ? -16384 : value);

/**
 * The last 24 samples, kept twice so that they always lie in one piece: at `at` and `at` + 24.
 * The even and the odd samples are weighted by mirrored coefficients.
 */
class MirrorFilter {
  readonly #line = new Int32Array(2 * TAPS);
  #at = 0;
  even = 0;
  odd = 0;

  copyFrom(other: MirrorFilter): void {
    this.#line.set(other.#line);
    this.#at = other.#at;
  }

  push(first: number, second: number): void {
    const line = this.#line;
    line[this.#at] = first;
    line[this.#at + TAPS] = first;
    line[this.#at + 1] = second;
    line[this.#at + 1 + TAPS] = second;
    this.#at = (this.#at + 2) % TAPS;
    let even = 0;
    let odd = 0;
    for (let i = 0, at = this.#at; i < HALF; i++, at += 2) {
      odd += (line[at] ?? 0) * (QMF[i] ?? 0);
      even += (line[at + 1] ?? 0) * (QMF[HALF - 1 - i] ?? 0);
    }
    this.even = even;
    this.odd = odd;
  }
}

export class G722Encoder {
  readonly #lower = new Band('lower');
  readonly #higher = new Band('higher');
  readonly #filter = new MirrorFilter();

  /** Continues where `other` is: a decoder that followed `other` follows this one from here on. */
  copyFrom(other: G722Encoder): void {
    this.#lower.copyFrom(other.#lower);
    this.#higher.copyFrom(other.#higher);
    this.#filter.copyFrom(other.#filter);
  }

  /** Encodes an even number of samples at 16 kHz into the start of `codes`; what does not fit is left out. Answers the bytes. */
  encode(samples: Int16Array, codes: Uint8Array): number {
    const count = Math.min(samples.length >> 1, codes.length);
    for (let i = 0; i < count; i++) {
      this.#filter.push(samples[2 * i] ?? 0, samples[2 * i + 1] ?? 0);
      const low = (this.#filter.even + this.#filter.odd) >> 14;
      const high = (this.#filter.even - this.#filter.odd) >> 14;
      codes[i] = (this.#encodeHigher(high) << 6) | this.#encodeLower(low);
    }
    return count;
  }

  #encodeLower(sample: number): number {
    const band = this.#lower;
    const error = clamp16(sample - band.prediction);
    const magnitude = error < 0 ? ~error : error;
    // QUANTL: the interval by bisection; the levels rise.
    let above = 0;
    let upTo = Q6.length;
    while (upTo - above > 1) {
      const middle = (above + upTo) >> 1;
      if (magnitude < ((Q6[middle] ?? 0) * band.scale) >> 12) upTo = middle;
      else above = middle;
    }
    const code = (error < 0 ? ILN[above + 1] : ILP[above + 1]) ?? 0;
    // §3.3: the loop adapts to the upper four bits, so that stolen lower ones do no harm.
    band.adapt((band.scale * (QM4[code >> 2] ?? 0)) >> 15, WL_BY_CODE[code >> 2] ?? 0);
    return code;
  }

  #encodeHigher(sample: number): number {
    const band = this.#higher;
    const error = clamp16(sample - band.prediction);
    const magnitude = error < 0 ? ~error : error;
    // QUANTH, table 18.
    const isLarge = magnitude >= (564 * band.scale) >> 12;
    const code = error < 0 ? (isLarge ? 0 : 1) : isLarge ? 2 : 3;
    band.adapt((band.scale * (QM2[code] ?? 0)) >> 15, WH_BY_CODE[code] ?? 0);
    return code;
  }
}

export class G722Decoder {
  readonly #lower = new Band('lower');
  readonly #higher = new Band('higher');
  readonly #filter = new MirrorFilter();

  /** Decodes `codes` from `start` to `end` into the start of `samples` and answers how many samples: two a byte; what does not fit is left out. */
  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): number {
    const count = Math.min(end - start, samples.length >> 1);
    for (let i = 0; i < count; i++) {
      const code = codes[start + i] ?? 0;
      const low = this.#decodeLower(code & 0x3f);
      const high = this.#decodeHigher(code >> 6);
      this.#filter.push(low + high, low - high);
      samples[2 * i] = clamp16(this.#filter.even >> 11);
      samples[2 * i + 1] = clamp16(this.#filter.odd >> 11);
    }
    return 2 * count;
  }

  /**
   * Decodes the lower band alone, at 8 kHz: a sample a byte, for less than half of the work. What lies just above 4 kHz is folded to just
   * below it, 10 dB softer. One decoder decodes all of a stream this way, or none.
   */
  decodeLowerBand(codes: Uint8Array, start: number, end: number, samples: Int16Array): number {
    const count = Math.min(end - start, samples.length);
    // The band has 15 bits.
    for (let i = 0; i < count; i++) samples[i] = 2 * this.#decodeLower((codes[start + i] ?? 0) & 0x3f);
    return count;
  }

  #decodeLower(code: number): number {
    const band = this.#lower;
    const sample = clamp15(band.prediction + ((band.scale * (QM6[code] ?? 0)) >> 15));
    band.adapt((band.scale * (QM4[code >> 2] ?? 0)) >> 15, WL_BY_CODE[code >> 2] ?? 0);
    return sample;
  }

  #decodeHigher(code: number): number {
    const band = this.#higher;
    const difference = (band.scale * (QM2[code] ?? 0)) >> 15;
    const sample = clamp15(band.prediction + difference);
    band.adapt(difference, WH_BY_CODE[code] ?? 0);
    return sample;
  }
}
