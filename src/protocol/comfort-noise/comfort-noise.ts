/** Comfort noise, RFC 3389: what a sender that says nothing would sound like. */

/** RFC 3389 §3: the order of the model is up to the sender; beyond this the coefficients are ignored (§3.3 allows it). */
const MAX_ORDER = 12;
/** Full scale of a square wave, dBov 0 (§3.1). */
const OVERLOAD = 32767;

/** Level below overload in dB (0 to 127), and reflection coefficients between -1 and 1. */
export interface NoiseDescription {
  readonly level: number;
  readonly reflection: readonly number[];
}

/** Reads a payload from `start` to `end`; undefined when it is empty. */
export function readComfortNoise(bytes: Uint8Array, start: number, end: number): NoiseDescription | undefined {
  if (end <= start) return undefined;
  const order = Math.min(end - start - 1, MAX_ORDER);
  // §3.2: uniform quantization around 127. A coefficient of 1 and beyond would be a filter that rings for ever.
  const reflection = Array.from({ length: order }, (_, i) => Math.min(Math.max((258 * ((bytes[start + 1 + i] ?? 127) - 127)) / 32768, -0.99), 0.99));
  return { level: (bytes[start] ?? 0) & 0x7f, reflection };
}

/** White noise, shaped by the lattice filter of the description, at its level. */
export class ComfortNoise {
  readonly #state = new Float64Array(MAX_ORDER + 1);
  #reflection: readonly number[] = [];
  #gain = 0;
  #seed: number;

  /** `seed`: any 32 bit number; the same gives the same noise. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  describe({ level, reflection }: NoiseDescription): void {
    this.#reflection = reflection;
    // Uniform noise has a third of the power of its peak; the filter adds 1 / product(1 - k^2), which is taken back.
    const filterPower = reflection.reduce((power, k) => power / (1 - k * k), 1);
    this.#gain = (OVERLOAD * 10 ** (-level / 20) * Math.sqrt(3)) / Math.sqrt(filterPower);
  }

  fill(samples: Int16Array): void {
    const k = this.#reflection;
    const state = this.#state;
    for (let i = 0; i < samples.length; i++) {
      this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
      let forward = ((this.#seed / 2 ** 31) - 1) * this.#gain;
      for (let stage = k.length; stage > 0; stage--) {
        const coefficient = k[stage - 1] ?? 0;
        forward -= coefficient * (state[stage - 1] ?? 0);
        state[stage] = (state[stage - 1] ?? 0) + coefficient * forward;
      }
      state[0] = forward;
      samples[i] = forward > 32767 ? 32767 : forward < -32768 ? -32768 : forward;
    }
  }
}
