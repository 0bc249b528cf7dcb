/** One sub-band of G.722: adaptive predictor of two poles and six zeros, and the adaptive scale factor (blocks 3 and 4, §3.4 to §3.6). */
import { ILB } from './tables.ts';

const saturate = (value: number): number => (value > 32767 ? 32767 : value < -32768 ? -32768 : value);
/** Samples a predictor looks back. */
const ZEROS = 6;

export class Band {
  /** The prediction of the next sample. */
  prediction = 0;
  /** The scale factor: width of a quantizer step. */
  scale: number;
  readonly #shift: number;
  readonly #limit: number;
  #logScale = 0;
  #zeroPart = 0;
  #r1 = 0;
  #r2 = 0;
  #p1 = 0;
  #p2 = 0;
  #a1 = 0;
  #a2 = 0;
  /** Past differences and their coefficients, newest first. */
  readonly #d = new Int32Array(ZEROS);
  readonly #b = new Int32Array(ZEROS);

  constructor(which: 'lower' | 'higher') {
    // §3.5.1.2: initial values and bounds differ by band.
    this.scale = which === 'lower' ? 32 : 8;
    this.#shift = which === 'lower' ? 8 : 10;
    this.#limit = which === 'lower' ? 18432 : 22528;
  }

  /** Takes over the state of `other`, a band of the same kind. */
  copyFrom(other: Band): void {
    this.prediction = other.prediction;
    this.scale = other.scale;
    this.#logScale = other.#logScale;
    this.#zeroPart = other.#zeroPart;
    this.#r1 = other.#r1;
    this.#r2 = other.#r2;
    this.#p1 = other.#p1;
    this.#p2 = other.#p2;
    this.#a1 = other.#a1;
    this.#a2 = other.#a2;
    this.#d.set(other.#d);
    this.#b.set(other.#b);
  }

  /** Adapts to the quantized `difference`, whose code moves the scale factor by `step`. */
  adapt(difference: number, step: number): void {
    this.#adaptScale(step);
    this.#adaptPredictor(difference);
  }

  /** LOGSCL, LOGSCH, SCALEL, SCALEH. */
  #adaptScale(step: number): void {
    const log = ((this.#logScale * 127) >> 7) + step;
    this.#logScale = log < 0 ? 0 : log > this.#limit ? this.#limit : log;
    const mantissa = ILB[(this.#logScale >> 6) & 31] ?? 0;
    const shift = this.#shift - (this.#logScale >> 11);
    this.scale = (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2;
  }

  #adaptPredictor(difference: number): void {
    // RECONS, PARREC.
    const r0 = saturate(this.prediction + difference);
    const p0 = saturate(this.#zeroPart + difference);
    // UPPOL2. The signs of p: same is correlated.
    const isSame1 = p0 >> 31 === this.#p1 >> 31;
    const isSame2 = p0 >> 31 === this.#p2 >> 31;
    const four = saturate(this.#a1 << 2);
    const pulled = isSame1 ? Math.min(-four, 32767) : four;
    let a2 = (isSame2 ? 128 : -128) + (pulled >> 7) + ((this.#a2 * 32512) >> 15);
    a2 = a2 > 12288 ? 12288 : a2 < -12288 ? -12288 : a2;
    // UPPOL1.
    const bound = saturate(15360 - a2);
    let a1 = saturate((isSame1 ? 192 : -192) + ((this.#a1 * 32640) >> 15));
    a1 = a1 > bound ? bound : a1 < -bound ? -bound : a1;
    this.#a1 = a1;
    this.#a2 = a2;
    // UPZERO, DELAYA and FILTEZ in one go: each zero is adapted, moved and applied.
    const d = this.#d;
    const b = this.#b;
    const push = difference === 0 ? 0 : 128;
    const sign = difference >> 31;
    let zeroPart = 0;
    let newer = difference;
    for (let i = 0; i < ZEROS; i++) {
      const past = d[i] ?? 0;
      const coefficient = saturate((past >> 31 === sign ? push : -push) + (((b[i] ?? 0) * 32640) >> 15));
      b[i] = coefficient;
      d[i] = newer;
      zeroPart += (coefficient * saturate(newer << 1)) >> 15;
      newer = past;
    }
    this.#zeroPart = saturate(zeroPart);
    this.#r2 = this.#r1;
    this.#r1 = r0;
    this.#p2 = this.#p1;
    this.#p1 = p0;
    // FILTEP, PREDIC.
    const polePart = saturate(((a1 * saturate(this.#r1 << 1)) >> 15) + ((a2 * saturate(this.#r2 << 1)) >> 15));
    this.prediction = saturate(polePart + this.#zeroPart);
  }
}
