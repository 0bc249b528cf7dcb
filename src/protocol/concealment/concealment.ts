/**
 * Packet loss concealment for codecs that have none of their own, in the spirit of ITU-T G.711 Appendix I: the last pitch period is repeated
 * without a seam, fades away within 60 ms, and what comes after the gap is faded in over it. Nothing is delayed for it.
 */

/** Pitch of voices, 66 to 400 Hz: a period of 2.5 to 15 ms (§I.2.2 begins at 5 ms; a higher voice is found at a multiple of its period). */
const MIN_PERIOD_MS = 2.5;
const MAX_PERIOD_MS = 15;
/** Length compared to find the period. */
const COMPARED_MS = 10;
const HISTORY_MS = COMPARED_MS + MAX_PERIOD_MS;
/** Fades linearly from 10 to 60 ms (§I.2.6). */
const FULL_MS = 10;
const SILENT_MS = 60;
/** What was made up fades out over what was received within this. */
const CROSS_FADE_MS = 5;
/** The step between the last sample heard and the first one made up is spread over this. */
const STEP_MS = 2;
/** The search tries the lags of 8000 samples a second first, by every second sample of those (§I.2.2), then looks closely around the best. */
const SEARCH_RATE = 8000;
/** Mean amplitude below which no pitch is heard, -60 dBFS: when many gaps come at once, most are in the silence of those who listen. */
const QUIET = 32;

export class Concealment {
  readonly #rate: number;
  readonly #history: Int16Array;
  /** One period that follows itself without a seam; empty until a gap came. */
  #period = new Float32Array(0);
  #length = 0;
  /** Samples made up since the last one heard; beyond `SILENT_MS` all is silent. */
  #made: number;
  #step = 0;
  /** What was heard last was too quiet to be kept: nothing of the history is next to what comes. */
  #isQuietNow = false;

  /** `rate` in Hz, 8000 or more. */
  constructor(rate: number) {
    this.#rate = rate;
    this.#history = new Int16Array(this.#samples(HISTORY_MS));
    this.#made = this.#samples(SILENT_MS);
  }

  /** The `count` samples at the start of `samples` were decoded. The first ones after a gap are changed: they fade in over what was made up. */
  heard(samples: Int16Array, count: number): void {
    const history = this.#history;
    if (this.#made > 0 && this.#made < this.#samples(SILENT_MS)) {
      const fade = Math.min(this.#samples(CROSS_FADE_MS), count);
      for (let i = 0; i < fade; i++) {
        const weight = (i + 1) / (fade + 1);
        samples[i] = (samples[i] ?? 0) * weight + this.#next() * (1 - weight);
      }
    }
    this.#made = 0;
    this.#forgetQuiet();
    if (count >= history.length) {
      history.set(samples.subarray(count - history.length, count));
      return;
    }
    history.copyWithin(0, count);
    history.set(samples.length === count ? samples : samples.subarray(0, count), history.length - count);
  }

  /** What came next was next to silence, and has not been decoded: it stands for silence. Costs nothing. */
  skipped(): void {
    this.#made = 0;
    this.#isQuietNow = true;
  }

  /** Fills `out` with what might follow; `silence` when it has faded away and all of `out` is 0. */
  conceal(out: Int16Array): 'concealed' | 'silence' {
    if (this.#made >= this.#samples(SILENT_MS)) {
      out.fill(0);
      return 'silence';
    }
    if (this.#made === 0) this.#begin();
    for (let i = 0; i < out.length; i++) out[i] = this.#next();
    return 'concealed';
  }

  #samples(ms: number): number {
    return Math.round((ms * this.#rate) / 1000);
  }

  #next(): number {
    const silent = this.#samples(SILENT_MS);
    const made = this.#made++;
    if (made >= silent) return 0;
    const full = this.#samples(FULL_MS);
    const gain = made < full ? 1 : (silent - made) / (silent - full);
    const stepLength = this.#samples(STEP_MS);
    const step = made < stepLength ? this.#step * (1 - made / stepLength) : 0;
    const value = ((this.#period[made % this.#length] ?? 0) + step) * gain;
    return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
  }

  #forgetQuiet(): void {
    if (!this.#isQuietNow) return;
    this.#isQuietNow = false;
    this.#history.fill(0);
  }

  #begin(): void {
    this.#forgetQuiet();
    const history = this.#history;
    const end = history.length;
    const length = this.#findPeriod();
    if (this.#period.length === 0) this.#period = new Float32Array(this.#samples(MAX_PERIOD_MS));
    this.#length = length;
    // The last quarter leads over to the period before, whose end is followed by this one's beginning (§I.2.4).
    const quarter = length >> 2;
    for (let i = 0; i < length; i++) {
      const here = history[end - length + i] ?? 0;
      const weight = Math.max((i - (length - quarter) + 1) / (quarter + 1), 0);
      const before = weight > 0 ? (history[end - 2 * length + i] ?? here) : 0;
      this.#period[i] = here * (1 - weight) + before * weight;
    }
    this.#step = (history[end - 1] ?? 0) - (history[end - 1 - length] ?? 0);
  }

  /** The distance at which the last 10 ms resemble what was before them the most. */
  #findPeriod(): number {
    if (this.#isQuiet()) return this.#samples(MAX_PERIOD_MS);
    const stride = Math.max(Math.round(this.#rate / SEARCH_RATE), 1);
    const coarse = this.#search(this.#samples(MIN_PERIOD_MS), this.#samples(MAX_PERIOD_MS), stride, 2 * stride);
    const from = Math.max(coarse - stride, this.#samples(MIN_PERIOD_MS));
    return this.#search(from, Math.min(coarse + stride, this.#samples(MAX_PERIOD_MS)), 1, stride);
  }

  #isQuiet(): boolean {
    let total = 0;
    for (const sample of this.#history) total += Math.abs(sample);
    return total < QUIET * this.#history.length;
  }

  #search(from: number, to: number, lagStride: number, sampleStride: number): number {
    const history = this.#history;
    const end = history.length;
    const start = end - this.#samples(COMPARED_MS);
    let best = from;
    let bestScore = -Infinity;
    for (let lag = from; lag <= to; lag += lagStride) {
      let product = 0;
      let energy = 1;
      for (let i = start; i < end; i += sampleStride) {
        const past = history[i - lag] ?? 0;
        product += (history[i] ?? 0) * past;
        energy += past * past;
      }
      const score = (product * Math.abs(product)) / energy;
      if (score > bestScore) {
        bestScore = score;
        best = lag;
      }
    }
    return best;
  }
}
