/**
 * Detector of DTMF tones in audio (ITU-T Q.23, limits of Q.24).
 *
 * Each 10 ms the last 20 ms are seen through a Hann window: eight Goertzel filters give amplitude and phase at the frequencies of the keys.
 * The loudest of each group, if they are nearly all there is to be heard, are a key. Two facts make the limits sharp: such windows add up
 * to one, so the sum of a tone's amplitudes over its greatest is its length, however it lies; and the phase between windows gives its
 * frequency much finer than the filters do.
 */
import { HIGH_HZ, LOW_HZ, digitAt } from './digit.ts';

export type ToneEvent =
  /** A key is recognized; the tone still lasts. */
  | { readonly type: 'pressed'; readonly digit: string }
  /** It is over. */
  | { readonly type: 'released'; readonly digit: string; readonly durationMs: number };

const HOP_MS = 10;
/** Q.24: 40 ms are a key, 20 to 23 ms are none. */
const MIN_LENGTH_MS = 32;
/** Windows without the tone that end it: a pause of 40 ms has two whatever its place, an interruption of 10 ms (Q.24) only one. */
const MISSES_TO_END = 2;
/** Amplitudes relative to full scale. A single tone below -36 dBFS (about -33 dBm0) is too soft; Q.24 asks for -25 dBm0 and more. */
const MIN_AMPLITUDE = 10 ** (-36 / 20);
/** Q.24 asks for the high tone from 8 dB below to 4 dB above the low one; a little is allowed for measuring in noise, and more before it is known how far off they are. */
const MIN_TWIST = 10 ** (-9.5 / 20);
const MAX_TWIST = 10 ** (5.5 / 20);
const ROUGH_TWIST = 10 ** (3 / 20);
/** The tones hold this part of the power: 15 dB above noise is 0.97. Speech seldom reaches it, and hardly ever twice in a row. */
const MIN_PURITY = 0.9;
/** So many of the windows of a key are that clear; 40 ms have two whatever their place. */
const MIN_CLEAR = 2;
/** While it lasts, a tone may be disturbed. */
const MIN_PRESENCE = 0.3;
/** Q.24: 1.5 % off is a key, 3.5 % is none. */
const MAX_OFFSET = 0.025;
/** Windows as loud as this part of the greatest lie in the tone as a whole. */
const WHOLE = 0.9;

interface Bin {
  readonly hz: number;
  readonly coefficient: number;
  readonly cos: number;
  readonly sin: number;
  re: number;
  im: number;
  amplitude: number;
}

interface Run {
  readonly row: number;
  readonly column: number;
  sum: number;
  greatest: number;
  /** Windows that held little else. */
  clear: number;
  isInTune: boolean;
  isTold: boolean;
  misses: number;
}

export class ToneDetector {
  readonly #rate: number;
  readonly #hop: number;
  readonly #window: Float64Array;
  /** The last 20 ms, oldest first. */
  readonly #samples: Float64Array;
  #filled = 0;
  readonly #low: readonly Bin[];
  readonly #high: readonly Bin[];
  #run: Run | undefined;
  /** Phases of the present pair in the window before. */
  #before: { readonly row: number; readonly column: number; readonly low: number; readonly high: number; readonly amplitude: number } | undefined;
  #earlier = 0;

  /** `rate` in Hz, a multiple of 100, 8000 or more. */
  constructor(rate: number) {
    this.#rate = rate;
    this.#hop = (rate * HOP_MS) / 1000;
    const length = 2 * this.#hop;
    this.#window = Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / length));
    this.#samples = new Float64Array(length);
    const bin = (hz: number): Bin => {
      const angle = (2 * Math.PI * hz) / rate;
      return { hz, coefficient: 2 * Math.cos(angle), cos: Math.cos(angle), sin: Math.sin(angle), re: 0, im: 0, amplitude: 0 };
    };
    this.#low = LOW_HZ.map(bin);
    this.#high = HIGH_HZ.map(bin);
  }

  /** Listens to `samples`; tells what was recognized by their end. */
  listen(samples: Int16Array): readonly ToneEvent[] {
    const events: ToneEvent[] = [];
    for (const sample of samples) {
      this.#samples[this.#hop + this.#filled++] = sample / 32768;
      if (this.#filled < this.#hop) continue;
      this.#filled = 0;
      const event = this.#look();
      if (event !== undefined) events.push(event);
      this.#samples.copyWithin(0, this.#hop);
    }
    return events;
  }

  #look(): ToneEvent | undefined {
    let power = 0;
    for (let i = 0; i < this.#samples.length; i++) power += (this.#samples[i] ?? 0) ** 2 * (this.#window[i] ?? 0);
    // The window adds up to half its length, and a sine of amplitude a has the power a^2 / 2.
    power /= this.#hop;
    if (power < MIN_AMPLITUDE ** 2 / 4) {
      this.#before = undefined;
      return this.#miss();
    }
    for (const bin of this.#low) this.#filter(bin);
    for (const bin of this.#high) this.#filter(bin);
    const row = loudest(this.#low);
    const column = loudest(this.#high);
    const [low, high] = [this.#low[row], this.#high[column]];
    if (low === undefined || high === undefined) return undefined;
    return this.#judge(row, column, low, high, power);
  }

  #judge(row: number, column: number, low: Bin, high: Bin, power: number): ToneEvent | undefined {
    const { tuning, lowOffset, highOffset } = this.#tune(row, column, low, high);
    const amplitude = Math.min(low.amplitude, high.amplitude);
    const presence = (low.amplitude ** 2 + high.amplitude ** 2) / 2 / power;
    const twist = high.amplitude / low.amplitude;
    const isKey = amplitude >= MIN_AMPLITUDE && twist >= MIN_TWIST / ROUGH_TWIST && twist <= MAX_TWIST * ROUGH_TWIST && presence >= MIN_PRESENCE;
    const loudness = low.amplitude + high.amplitude;
    const run = this.#run;
    if (run !== undefined && (run.row !== row || run.column !== column || !isKey)) {
      const ended = this.#miss();
      // A key may follow another without a pause.
      if (this.#run === undefined && isKey) this.#begin(row, column, loudness);
      return ended;
    }
    if (run === undefined) {
      if (isKey) this.#begin(row, column, loudness);
      else this.#earlier = loudness;
      return undefined;
    }
    run.misses = 0;
    run.sum += loudness;
    run.greatest = Math.max(run.greatest, loudness);
    const inTune = isInTune(low, lowOffset) && isInTune(high, highOffset);
    if (tuning !== undefined && inTune && this.#isClear(low, high, lowOffset, highOffset, power)) run.clear++;
    if (tuning === 'whole') run.isInTune = inTune;
    if (run.isTold || !run.isInTune || run.clear < MIN_CLEAR || this.#lengthOf(run) < MIN_LENGTH_MS) return undefined;
    run.isTold = true;
    return { type: 'pressed', digit: digitAt(row, column) };
  }

  #isClear(low: Bin, high: Bin, lowOffset: number, highOffset: number, power: number): boolean {
    // Off frequency a filter hears less than there is; by how much is known.
    const lowAmplitude = low.amplitude / this.#response(lowOffset);
    const highAmplitude = high.amplitude / this.#response(highOffset);
    const twist = highAmplitude / lowAmplitude;
    const purity = (lowAmplitude ** 2 + highAmplitude ** 2) / 2 / power;
    return purity >= MIN_PURITY && twist >= MIN_TWIST && twist <= MAX_TWIST;
  }

  #begin(row: number, column: number, loudness: number): void {
    // What of the tone lay in the window before belongs to its length.
    this.#run = { row, column, sum: loudness + Math.min(this.#earlier, loudness / 2), greatest: loudness, clear: 0, isInTune: false, isTold: false, misses: 0 };
  }

  #miss(): ToneEvent | undefined {
    const run = this.#run;
    this.#earlier = 0;
    if (run === undefined || ++run.misses < MISSES_TO_END) return undefined;
    this.#run = undefined;
    return run.isTold ? { type: 'released', digit: digitAt(run.row, run.column), durationMs: Math.round(this.#lengthOf(run)) } : undefined;
  }

  #lengthOf(run: Run): number {
    return (HOP_MS * run.sum) / run.greatest;
  }

  /** How far the tones are off, Hz, by their phases here and in the window before. `whole`: both windows lie in the tone. */
  #tune(row: number, column: number, low: Bin, high: Bin): { readonly tuning: 'whole' | 'partly' | undefined; readonly lowOffset: number; readonly highOffset: number } {
    const before = this.#before;
    const present = { row, column, low: Math.atan2(low.im, low.re), high: Math.atan2(high.im, high.re), amplitude: low.amplitude + high.amplitude };
    this.#before = present;
    if (before?.row !== row || before.column !== column) return { tuning: undefined, lowOffset: 0, highOffset: 0 };
    const isWhole = Math.min(before.amplitude, present.amplitude) >= WHOLE * Math.max(before.amplitude, present.amplitude);
    return { tuning: isWhole ? 'whole' : 'partly', lowOffset: this.#offset(low.hz, before.low, present.low), highOffset: this.#offset(high.hz, before.high, present.high) };
  }

  #offset(hz: number, before: number, present: number): number {
    const turns = (present - before) / (2 * Math.PI) - (hz * HOP_MS) / 1000;
    return ((turns - Math.round(turns)) * 1000) / HOP_MS;
  }

  /** What the Hann window lets through of a tone `hz` beside the filter. */
  #response(hz: number): number {
    const x = (hz * this.#window.length) / this.#rate;
    const sinc = Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    return Math.max(Math.abs(x) === 1 ? 0.5 : sinc / (1 - x * x), 0.3);
  }

  /** Goertzel: amplitude and phase (at the window's beginning) of `bin`. */
  #filter(bin: Bin): void {
    let before = 0;
    let last = 0;
    for (let i = 0; i < this.#samples.length; i++) {
      const next = (this.#samples[i] ?? 0) * (this.#window[i] ?? 0) + bin.coefficient * last - before;
      before = last;
      last = next;
    }
    bin.re = last - bin.cos * before;
    bin.im = bin.sin * before;
    bin.amplitude = (2 * Math.hypot(bin.re, bin.im)) / this.#hop;
  }
}

const isInTune = ({ hz }: Bin, offset: number): boolean => Math.abs(offset) <= MAX_OFFSET * hz;

function loudest(bins: readonly Bin[]): number {
  let best = 0;
  for (let i = 1; i < bins.length; i++) if ((bins[i]?.amplitude ?? 0) > (bins[best]?.amplitude ?? 0)) best = i;
  return best;
}
