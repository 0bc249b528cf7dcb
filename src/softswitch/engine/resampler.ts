/**
 * Any common rate to any other: a polyphase FIR, windowed sinc (Kaiser, 70 dB). By the slower of the two rates the passband ends at
 * 0.425 (3.4 kHz of 8 kHz) and the stopband begins at 0.525, so that what the slower side cannot carry is removed and not folded back.
 */
export const SUPPORTED_RATES = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000] as const;

const CUTOFF = 0.475;
const TRANSITION = 0.1;
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
  /** A multiple of 4. */
  readonly taps: number;
  /** `up` phases of `taps` coefficients, newest input last. */
  readonly phases: readonly Float64Array[];
}

function design(from: number, to: number): Filter {
  const shared = gcd(from, to);
  const up = to / shared;
  const down = from / shared;
  const slower = Math.min(from, to);
  const half = 2 * Math.ceil((ATTENUATION_DB - 8) / (2.285 * 2 * Math.PI * ((TRANSITION * slower) / from)) / 4);
  const taps = 2 * half;
  const phases = Array.from({ length: up }, (_, phase) => {
    const coefficients = Float64Array.from({ length: taps }, (__, tap) => {
      // Distance from the output's place, in input samples; the output lies `phase / up` after the input at tap `half - 1`.
      const x = tap - (half - 1) - phase / up;
      const angle = (2 * Math.PI * CUTOFF * slower * x) / from;
      const edge = Math.min(Math.abs(x) / half, 1);
      return (x === 0 ? 1 : Math.sin(angle) / angle) * bessel0(BETA * Math.sqrt(1 - edge * edge));
    });
    // Each phase passes a constant unchanged, so the level does not ripple from output to output.
    const gain = coefficients.reduce((sum, value) => sum + value, 0);
    return coefficients.map((value) => value / gain);
  });
  return { up, down, taps, phases };
}

const filters = new Map<string, Filter>();

function filterFor(from: number, to: number): Filter {
  const key = `${from} ${to}`;
  const filter = filters.get(key) ?? design(from, to);
  filters.set(key, filter);
  return filter;
}

/**
 * `aligned`: output n is the input at time n, and the end has to be flushed out. `frames`: each push of a whole number of output
 * samples' worth of input (a frame) gives exactly that many, later by half the filter (2.8 ms at 8 kHz).
 */
export type ResamplerTiming = 'aligned' | 'frames';

/** Converts one stream, piece by piece; nothing is allocated while the pieces do not grow. */
export class Resampler {
  readonly #filter: Filter | undefined;
  /** Inputs not yet done with lie at the start of it; `#held` of them. */
  #samples: Float64Array;
  #held: number;
  /** Place of the next output: at input `#next`, `#phase / up` after it. */
  #next = 0;
  #phase = 0;

  /** Both must be of `SUPPORTED_RATES`. */
  constructor(from: number, to: number, timing: ResamplerTiming) {
    const filter = from === to ? undefined : filterFor(from, to);
    this.#filter = filter;
    // Silence before the beginning, so that the first outputs have inputs on both sides.
    this.#held = filter === undefined ? 0 : timing === 'frames' ? filter.taps - 1 : filter.taps / 2 - 1;
    this.#samples = new Float64Array(this.#held);
  }

  /** Goes on where `other`, of the same rates, is. */
  copyFrom(other: Resampler): void {
    if (this.#samples.length < other.#samples.length) this.#samples = new Float64Array(other.#samples.length);
    this.#samples.set(other.#samples);
    this.#held = other.#held;
    this.#next = other.#next;
    this.#phase = other.#phase;
  }

  /** Feeds `input`; writes what can be computed into `out` from `at` on, as far as it fits, and answers how many samples. */
  push(input: Int16Array, out: Int16Array, at = 0): number {
    const filter = this.#filter;
    if (filter === undefined) {
      const count = Math.min(input.length, out.length - at);
      for (let i = 0; i < count; i++) out[at + i] = input[i] ?? 0;
      return count;
    }
    this.#append(input);
    const { up, down, taps, phases } = filter;
    const whole = Math.floor(down / up);
    const rest = down % up;
    const samples = this.#samples;
    let written = at;
    for (; written < out.length && this.#next + taps <= this.#held; written++) {
      const phase = phases[this.#phase];
      if (phase === undefined) break;
      out[written] = toInt16(convolve(samples, this.#next, phase));
      this.#next += whole;
      this.#phase += rest;
      if (this.#phase >= up) {
        this.#phase -= up;
        this.#next++;
      }
    }
    samples.copyWithin(0, this.#next, this.#held);
    this.#held -= this.#next;
    this.#next = 0;
    return written - at;
  }

  /** The end of an `aligned` stream: what is still inside the filter. */
  flush(out: Int16Array, at: number): number {
    return this.#filter === undefined ? 0 : this.push(new Int16Array(this.#filter.taps / 2), out, at);
  }

  #append(input: Int16Array): void {
    const needed = this.#held + input.length;
    if (needed > this.#samples.length) {
      const larger = new Float64Array(needed);
      larger.set(this.#samples);
      this.#samples = larger;
    }
    for (let i = 0; i < input.length; i++) this.#samples[this.#held + i] = input[i] ?? 0;
    this.#held = needed;
  }
}

/** Four sums side by side: one would make each addition wait for the one before. */
function convolve(samples: Float64Array, first: number, phase: Float64Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let tap = 0; tap < phase.length; tap += 4) {
    a += (samples[first + tap] ?? 0) * (phase[tap] ?? 0);
    b += (samples[first + tap + 1] ?? 0) * (phase[tap + 1] ?? 0);
    c += (samples[first + tap + 2] ?? 0) * (phase[tap + 2] ?? 0);
    d += (samples[first + tap + 3] ?? 0) * (phase[tap + 3] ?? 0);
  }
  return a + b + c + d;
}

function toInt16(value: number): number {
  const rounded = Math.round(value);
  return rounded > 32767 ? 32767 : rounded < -32768 ? -32768 : rounded;
}
