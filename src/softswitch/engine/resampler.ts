/**
 * Any common rate to 8 kHz: a polyphase FIR, windowed sinc (Kaiser, 70 dB), passband to 3.4 kHz, stopband from 4.2 kHz, so that
 * what a telephone cannot carry is removed and not folded back.
 */
const OUT_RATE = 8000;
export const SUPPORTED_RATES = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000] as const;

const CUTOFF_HZ = 3800;
const TRANSITION_HZ = 800;
const ATTENUATION_DB = 70;
/** Kaiser's formulas for beta and for the length of the filter. */
const BETA = 0.1102 * (ATTENUATION_DB - 8.7);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

interface Filter {
  /** One output every `down / up` inputs. */
  readonly up: number;
  readonly down: number;
  readonly taps: number;
  /** `up` phases of `taps` coefficients, newest input last. */
  readonly phases: readonly Float64Array[];
}

function design(rate: number): Filter {
  const shared = gcd(rate, OUT_RATE);
  const up = OUT_RATE / shared;
  const down = rate / shared;
  const half = Math.ceil(((ATTENUATION_DB - 8) / (2.285 * 2 * Math.PI * (TRANSITION_HZ / rate))) / 2);
  const taps = 2 * half;
  const phases = Array.from({ length: up }, (_, phase) => {
    const coefficients = Float64Array.from({ length: taps }, (__, tap) => {
      // Distance from the output's place, in input samples; the output lies `phase / up` after the input at tap `half - 1`.
      const x = tap - (half - 1) - phase / up;
      const sinc = x === 0 ? 1 : Math.sin((2 * Math.PI * CUTOFF_HZ * x) / rate) / ((2 * Math.PI * CUTOFF_HZ * x) / rate);
      const edge = Math.min(Math.abs(x) / half, 1);
      return sinc * bessel0(BETA * Math.sqrt(1 - edge * edge));
    });
    // Each phase passes a constant unchanged, so the level does not ripple from output to output.
    const gain = coefficients.reduce((sum, value) => sum + value, 0);
    return coefficients.map((value) => value / gain);
  });
  return { up, down, taps, phases };
}

const filters = new Map<number, Filter>();

function filterFor(rate: number): Filter {
  const filter = filters.get(rate) ?? design(rate);
  filters.set(rate, filter);
  return filter;
}

/** Converts one stream, piece by piece. The output is not delayed: output n is the input at time n / 8000. */
export class Resampler {
  readonly #filter: Filter | undefined;
  /** Inputs not yet done with; the first of them is `#origin` of the stream, which begins with half a filter of silence. */
  #pending: Float64Array;
  #origin: number;
  #produced = 0;

  /** `rate` must be one of `SUPPORTED_RATES`. */
  constructor(rate: number) {
    const filter = rate === OUT_RATE ? undefined : filterFor(rate);
    this.#filter = filter;
    const lead = filter === undefined ? 0 : filter.taps / 2 - 1;
    this.#pending = new Float64Array(lead);
    this.#origin = -lead;
  }

  /** Feeds `input`; writes what can be computed into `out` from `at` on, as far as it fits, and answers how many samples. */
  push(input: Int16Array, out: Int16Array, at: number): number {
    const filter = this.#filter;
    if (filter === undefined) {
      const count = Math.min(input.length, out.length - at);
      out.set(input.subarray(0, count), at);
      return count;
    }
    const { up, down, taps, phases } = filter;
    const samples = new Float64Array(this.#pending.length + input.length);
    samples.set(this.#pending);
    samples.set(input, this.#pending.length);
    let written = 0;
    for (; at + written < out.length; written++, this.#produced++) {
      const place = this.#produced * down;
      const first = Math.floor(place / up) - (taps / 2 - 1) - this.#origin;
      if (first + taps > samples.length) break;
      const phase = phases[place % up];
      if (phase === undefined) break;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += (samples[first + tap] ?? 0) * (phase[tap] ?? 0);
      out[at + written] = Math.max(-32768, Math.min(32767, Math.round(sum)));
    }
    const done = Math.min(Math.max(Math.floor((this.#produced * down) / up) - (taps / 2 - 1) - this.#origin, 0), samples.length);
    this.#pending = samples.slice(done);
    this.#origin += done;
    return written;
  }

  /** The end of the stream: what is still inside the filter. */
  flush(out: Int16Array, at: number): number {
    return this.#filter === undefined ? 0 : this.push(new Int16Array(this.#filter.taps / 2), out, at);
  }
}
