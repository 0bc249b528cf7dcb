/** The one audio format of the prompts, and the measures they are held to: 16 kHz, mono, 16 bit PCM WAV. */

export const SAMPLE_RATE = 16_000;

const HEADER_BYTES = 44;

/** Samples in -1..1, as a complete WAV file. */
export function encodeWav(samples: Float64Array): Buffer {
  const wav = Buffer.alloc(HEADER_BYTES + 2 * samples.length);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(1, 22); // mono
  wav.writeUInt32LE(SAMPLE_RATE, 24);
  wav.writeUInt32LE(2 * SAMPLE_RATE, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, i) => wav.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32767), HEADER_BYTES + 2 * i));
  return wav;
}

/** The samples of a file as `encodeWav` writes it. Throws on any other format: a prompt in it would be played wrong. */
export function decodeWav(wav: Buffer): Float64Array {
  const bytes = wav.length - HEADER_BYTES;
  const is = (text: string, at: number): boolean => wav.toString('latin1', at, at + text.length) === text;
  if (bytes < 0 || !is('RIFF', 0) || !is('WAVEfmt ', 8) || !is('data', 36)) throw new Error('not a plain WAV file');
  if (wav.readUInt16LE(20) !== 1 || wav.readUInt16LE(34) !== 16) throw new Error('not 16 bit PCM');
  if (wav.readUInt16LE(22) !== 1 || wav.readUInt32LE(24) !== SAMPLE_RATE) throw new Error(`not mono at ${SAMPLE_RATE} Hz`);
  if (wav.readUInt32LE(4) !== wav.length - 8 || wav.readUInt32LE(40) !== bytes) throw new Error('length in the header is wrong');
  return Float64Array.from({ length: bytes / 2 }, (_, i) => wav.readInt16LE(HEADER_BYTES + 2 * i) / 32768);
}

export const fromDb = (db: number): number => 10 ** (db / 20);
export const toDb = (amplitude: number): number => 20 * Math.log10(Math.max(amplitude, 1e-9));
export const samplesIn = (ms: number): number => Math.round((ms * SAMPLE_RATE) / 1000);

/** Highest sample, dBFS. */
export function peakDb(samples: Float64Array): number {
  return toDb(samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0));
}

/** RMS of each whole frame of `ms` milliseconds, as amplitude. */
function frameRms(samples: Float64Array, ms: number): number[] {
  const size = samplesIn(ms);
  return Array.from({ length: Math.floor(samples.length / size) }, (_, frame) =>
    rms(samples.subarray(frame * size, (frame + 1) * size)));
}

function rms(samples: Float64Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** RMS of the parts that sound (20 ms frames within 25 dB of the loudest), dBFS: pauses between words do not count. */
export function activeLevelDb(samples: Float64Array): number {
  const frames = frameRms(samples, 20);
  const floor = Math.max(...frames) * fromDb(-25);
  const active = frames.filter((frame) => frame >= floor);
  return toDb(Math.sqrt(active.reduce((sum, frame) => sum + frame * frame, 0) / active.length));
}

const AUDIBLE_DB = -45;
export const FRAME_MS = 5;

/** For each 5 ms: is it loud enough to be heard on a telephone (-45 dBFS)? */
export function audibleFrames(samples: Float64Array): boolean[] {
  return frameRms(samples, FRAME_MS).map((frame) => frame >= fromDb(AUDIBLE_DB));
}

/** Milliseconds at either end in which nothing is heard, in steps of 5. */
export function silenceMs(samples: Float64Array): { readonly leading: number; readonly trailing: number } {
  const audible = audibleFrames(samples);
  const first = audible.indexOf(true);
  if (first < 0) return { leading: audible.length * FRAME_MS, trailing: audible.length * FRAME_MS };
  return { leading: first * FRAME_MS, trailing: (audible.length - 1 - audible.lastIndexOf(true)) * FRAME_MS };
}
