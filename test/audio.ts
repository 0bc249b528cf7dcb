/** Listening for tests: how loud a tone is in a piece of audio, and WAV files in and out. */
import { readWavHeader } from '../src/softswitch/engine/wav.ts';

/** Level of the tone `hz` in `samples`, in dBFS (a full-scale sine is 0), by the Goertzel algorithm over a Hann window; -Infinity when empty. */
export function toneLevel(samples: Int16Array, rate: number, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let before = 0;
  let last = 0;
  let weight = 0;
  for (let i = 0; i < samples.length; i++) {
    // Without a window a loud tone elsewhere leaks over the whole spectrum and hides the absence of this one.
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / samples.length);
    weight += window;
    const next = ((samples[i] ?? 0) / 32768) * window + coefficient * last - before;
    before = last;
    last = next;
  }
  const power = last * last + before * before - coefficient * last * before;
  return 10 * Math.log10((4 * Math.max(power, 0)) / (weight * weight));
}

/**
 * The same in pieces of 100 ms, the median of them: what a jitter buffer leaves out or fills in on a busy machine shifts the phase of a tone,
 * which over the whole length would look like a softer one.
 */
export function usualToneLevel(samples: Int16Array, rate: number, hz: number): number {
  const length = rate / 10;
  const levels = Array.from({ length: Math.floor(samples.length / length) }, (_, i) => toneLevel(samples.subarray(i * length, (i + 1) * length), rate, hz));
  return levels.sort((a, b) => a - b)[Math.floor(levels.length / 2)] ?? -Infinity;
}

/** `ms` of a sine at `level` dBFS, starting at sample `from` of an endless one. */
export function sine(rate: number, hz: number, ms: number, level = -12, from = 0): Int16Array {
  const amplitude = 32767 * 10 ** (level / 20);
  return Int16Array.from({ length: (rate * ms) / 1000 }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * hz * (from + i)) / rate)));
}

export interface Wav {
  readonly rate: number;
  readonly channels: number;
  /** Interleaved. */
  readonly samples: Int16Array;
}

/** Reads a 16 bit PCM WAVE file; throws when it is something else. */
export function readWav(bytes: Uint8Array): Wav {
  const header = readWavHeader(bytes);
  if (!header.ok || header.value.encoding !== 'pcm16') throw new Error('not a 16 bit PCM WAVE file');
  const { rate, channels, dataStart, dataBytes } = header.value;
  const data = Uint8Array.from(bytes.subarray(dataStart, dataStart + Math.min(dataBytes, bytes.length - dataStart)));
  return { rate, channels, samples: new Int16Array(data.buffer, 0, data.length >> 1) };
}

/** A 16 bit PCM WAVE file. */
export function writeWav({ rate, channels, samples }: Wav): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
}
