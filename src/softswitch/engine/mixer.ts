/** Arithmetic of the mix: frames are added up in 32 bits, a listener's own is taken out, and only then is it cut to 16 bits. */

/** A frame is 20 ms: its length is the rate by this. */
export const FRAMES_PER_SECOND = 50;

/** Linear gain by mod_conference volume step 1 to 4 and -1 to -4 (`switch_change_sln_volume`). */
const LOUDER = [1, 1.3, 2.3, 3.3, 4.3];
const SOFTER = [1, 0.8, 0.6, 0.4, 0.2];

/** Gain of a volume step; steps beyond -4..4 count as the last. */
export const volumeGain = (step: number): number => (step < 0 ? SOFTER[Math.min(-step, 4)] : LOUDER[Math.min(step, 4)]) ?? 1;

export const clamp16 = (value: number): number => (value > 32767 ? 32767 : value < -32768 ? -32768 : value);

export function addFrame(sum: Int32Array, frame: Int16Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (frame[i] ?? 0);
}

/** `out` = `sum` without `own`: what a speaker hears of the others. */
export function mixWithout(sum: Int32Array, own: Int16Array, out: Int16Array): void {
  for (let i = 0; i < out.length; i++) out[i] = clamp16((sum[i] ?? 0) - (own[i] ?? 0));
}

export function mixAll(sum: Int32Array, out: Int16Array): void {
  for (let i = 0; i < out.length; i++) out[i] = clamp16(sum[i] ?? 0);
}

/** Takes one speaker out of a sum. */
export function removeFrame(sum: Int32Array, frame: Int16Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) - (frame[i] ?? 0);
}

/** Adds `frame` over what is in `out`. */
export function overlay(out: Int16Array, frame: Int16Array): void {
  for (let i = 0; i < out.length; i++) out[i] = clamp16((out[i] ?? 0) + (frame[i] ?? 0));
}

export function applyGain(frame: Int16Array, gain: number): void {
  for (let i = 0; i < frame.length; i++) frame[i] = clamp16((frame[i] ?? 0) * gain);
}

/** How loud a frame is, as mod_conference scores it at any rate: by the mean absolute amplitude. */
export interface Loudness {
  energy: number;
  /** That of its loudest 2.5 ms: a word that begins late in a frame is loud there, though the quiet before it hides it in the mean. */
  peak: number;
}

/** Parts of 2.5 ms of a frame. */
const PARTS = 8;

export function measure(frame: Int16Array, into: Loudness): void {
  const length = frame.length / PARTS;
  let total = 0;
  let loudest = 0;
  for (let from = 0; from < frame.length; from += length) {
    let part = 0;
    for (let i = from; i < from + length; i++) part += Math.abs(frame[i] ?? 0);
    total += part;
    if (part > loudest) loudest = part;
  }
  into.energy = Math.floor(total / frame.length);
  into.peak = Math.floor(loudest / length);
}

/** `measure` of a frame that is still encoded, the first `count` of `codes`, by the `samples` its codes stand for. */
export function measureCodes(codes: Uint8Array, count: number, samples: Int16Array, into: Loudness): void {
  const length = count / PARTS;
  let total = 0;
  let loudest = 0;
  for (let from = 0; from < count; from += length) {
    let part = 0;
    for (let i = from; i < from + length; i++) part += Math.abs(samples[codes[i] ?? 0] ?? 0);
    total += part;
    if (part > loudest) loudest = part;
  }
  into.energy = Math.floor(total / count);
  into.peak = Math.floor(loudest / length);
}
