/**
 * Telephone audio for the test phone, one frame of 20 ms at a time: mu-law, tones, and how loud a tone is in a frame.
 * Tones are multiples of 50 Hz: 160 samples hold whole periods of each, so that one frame repeats without a click and a
 * Goertzel bin of one frame hears nothing of the others.
 */
export const frameSamples = 160;
export const sampleRate = 8000;

/** G.711 mu-law (ITU-T G.711 table 2a), written apart from the program's own. */
export function encodeUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(Math.round(sample)), 32635) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

const ulawTable = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return (bits & 0x80) !== 0 ? -magnitude : magnitude;
});

export function decodeUlaw(payload: Uint8Array): Int16Array {
  return Int16Array.from(payload, (code) => ulawTable[code] ?? 0);
}

/** One frame of a sine of `hz` (a multiple of 50) with peak `amplitude`, in mu-law. */
export function toneFrame(hz: number, amplitude: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: frameSamples }, (_, i) => encodeUlaw(amplitude * Math.sin((2 * Math.PI * hz * i) / sampleRate))));
}

export const silentFrame = Buffer.alloc(frameSamples, 0xff);

/** Peak amplitude (0..32767) of the sine of `hz` in `samples`, by Goertzel. */
export function toneAmplitude(samples: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / sampleRate);
  let before = 0;
  let last = 0;
  for (const sample of samples) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
  }
  const power = last * last + before * before - coefficient * last * before;
  return (2 * Math.sqrt(Math.max(power, 0))) / samples.length;
}

export function rms(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(samples.length, 1));
}
