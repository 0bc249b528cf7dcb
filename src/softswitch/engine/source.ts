/** An audio source as frames of 20 ms: files, silence and tones behind one interface. */
import { unreachable } from '../../lib/result.ts';
import type { AudioSource } from './api.ts';
import type { AudioFile, AudioFiles, FileFault } from './audio-files.ts';
import { clamp16 } from './mixer.ts';

const SAMPLES_PER_MS = 8;

/** `pending`: not there yet, ask again at the next tick. `audio`: the frame was filled, its rest with silence when the source ended in it. */
export type ReadOutcome = 'audio' | 'pending' | 'done' | FileFault;

export interface SourceReader {
  read(frame: Int16Array): ReadOutcome;
  /** Samples heard so far. */
  readonly samples: number;
  /** Where in the source that is; for a file its position, at 8 kHz. */
  readonly offset: number;
}

export function openSource(source: AudioSource, files: AudioFiles): SourceReader {
  switch (source.kind) {
    case 'file':
      return new FileReader(files.open(source.path), source.offsetSamples ?? 0, 10 ** ((source.gainDb ?? 0) / 20));
    case 'silence':
      return new Generator(source.ms < 0 ? Infinity : source.ms * SAMPLES_PER_MS, () => 0);
    case 'tone': {
      const on = source.onMs * SAMPLES_PER_MS;
      const period = (source.onMs + source.offMs) * SAMPLES_PER_MS;
      const sample = toneSample(source.hz, on);
      return new Generator(source.loops < 0 ? Infinity : period * source.loops, (position) => sample(position % period));
    }
    default:
      return unreachable(source);
  }
}

class FileReader implements SourceReader {
  readonly #file: AudioFile;
  readonly #gain: number;
  readonly #from: number;
  #position: number;

  constructor(file: AudioFile, from: number, gain: number) {
    this.#file = file;
    this.#from = Math.max(Math.floor(from), 0);
    this.#position = this.#from;
    this.#gain = gain;
  }

  get samples(): number {
    return this.#position - this.#from;
  }

  get offset(): number {
    return this.#position;
  }

  read(frame: Int16Array): ReadOutcome {
    const { pcm, fault } = this.#file;
    if (fault !== undefined) return fault;
    if (pcm === undefined) return 'pending';
    const count = Math.max(Math.min(pcm.ready - this.#position, frame.length), 0);
    if (count < frame.length && !pcm.complete) return 'pending';
    if (count === 0) return 'done';
    for (let i = 0; i < count; i++) frame[i] = clamp16((pcm.samples[this.#position + i] ?? 0) * this.#gain);
    frame.fill(0, count);
    this.#position += count;
    return 'audio';
  }
}

class Generator implements SourceReader {
  readonly #length: number;
  readonly #sample: (position: number) => number;
  samples = 0;

  constructor(length: number, sample: (position: number) => number) {
    this.#length = length;
    this.#sample = sample;
  }

  get offset(): number {
    return this.samples;
  }

  read(frame: Int16Array): ReadOutcome {
    const count = Math.min(this.#length - this.samples, frame.length);
    if (count <= 0) return 'done';
    for (let i = 0; i < count; i++) frame[i] = this.#sample(this.samples + i);
    frame.fill(0, count);
    this.samples += count;
    return 'audio';
  }
}

/** -12 dBFS, so that two together do not clip. */
const TONE_AMPLITUDE = 8192;
/** 5 ms of raised cosine at both ends: a tone cut hard clicks. */
const RAMP = 40;

function toneSample(hz: readonly number[], length: number): (position: number) => number {
  const steps = hz.map((frequency) => (2 * Math.PI * frequency) / 8000);
  return (position) => {
    if (position >= length) return 0;
    const edge = Math.min(position + 1, length - position, RAMP) / RAMP;
    const ramp = 0.5 - 0.5 * Math.cos(Math.PI * edge);
    return clamp16(steps.reduce((sum, step) => sum + Math.sin(step * position), 0) * TONE_AMPLITUDE * ramp);
  };
}
