/**
 * An audio source as frames of 20 ms: files, silence and tones behind one interface.
 *
 * The length of the frame asked for says at which rate (a multiple of 8 kHz); that may change from frame to frame, as when a leg joins a
 * conference of another rate while it is played to. Positions count at 8 kHz all the same.
 */
import { unreachable } from '../../lib/result.ts';
import type { AudioSource } from './api.ts';
import type { AudioFile, AudioFiles, FileFault } from './audio-files.ts';
import { clamp16, FRAMES_PER_SECOND } from './mixer.ts';

const SAMPLES_PER_MS = 8;
/** Samples of a frame at 8 kHz. */
const FRAME = 160;

/** `pending`: not there yet, ask again at the next tick. `audio`: the frame was filled, its rest with silence when the source ended in it. */
export type ReadOutcome = 'audio' | 'pending' | 'done' | FileFault;

export interface SourceReader {
  read(frame: Int16Array): ReadOutcome;
  /** Goes on at `position`; behind the end the source is done. */
  seek(position: number): void;
  /** Samples heard so far. */
  readonly samples: number;
  /** Where in the source that is; for a file its position. */
  readonly offset: number;
  /** Samples in all; Infinity for a source without an end, 0 while a file is not loaded. */
  readonly length: number;
}

/** `rate` is the one the source will most likely be read at. */
export function openSource(source: AudioSource, files: AudioFiles, rate: number): SourceReader {
  switch (source.kind) {
    case 'file':
      return new FileReader(files, source.path, rate, source.offsetSamples ?? 0, 10 ** ((source.gainDb ?? 0) / 20));
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
  readonly #files: AudioFiles;
  readonly #path: string;
  readonly #gain: number;
  #file: AudioFile;
  #rate: number;
  samples = 0;
  offset: number;

  constructor(files: AudioFiles, path: string, rate: number, from: number, gain: number) {
    this.#files = files;
    this.#path = path;
    this.#rate = rate;
    this.#file = files.open(path, rate);
    this.#gain = gain;
    this.offset = Math.max(Math.floor(from), 0);
  }

  get length(): number {
    return Math.ceil((this.#file.pcm?.samples.length ?? 0) / (this.#rate / 8000));
  }

  seek(position: number): void {
    this.offset = Math.max(Math.floor(position), 0);
  }

  read(frame: Int16Array): ReadOutcome {
    const rate = frame.length * FRAMES_PER_SECOND;
    if (rate !== this.#rate) {
      this.#rate = rate;
      this.#file = this.#files.open(this.#path, rate);
    }
    const { pcm, fault = pcm?.fault } = this.#file;
    if (fault !== undefined) return fault;
    if (pcm === undefined) return 'pending';
    const scale = frame.length / FRAME;
    const from = this.offset * scale;
    const count = Math.max(Math.min(pcm.ready - from, frame.length), 0);
    if (count < frame.length && !pcm.complete) return 'pending';
    if (count === 0) return 'done';
    for (let i = 0; i < count; i++) frame[i] = clamp16((pcm.samples[from + i] ?? 0) * this.#gain);
    frame.fill(0, count);
    const heard = Math.ceil(count / scale);
    this.offset += heard;
    this.samples += heard;
    return 'audio';
  }
}

class Generator implements SourceReader {
  readonly length: number;
  readonly #sample: (position: number) => number;
  samples = 0;
  offset = 0;

  /** `sample` is asked by position, which is not a whole number above 8 kHz. */
  constructor(length: number, sample: (position: number) => number) {
    this.length = length;
    this.#sample = sample;
  }

  seek(position: number): void {
    this.offset = Math.max(Math.floor(position), 0);
  }

  read(frame: Int16Array): ReadOutcome {
    const heard = Math.min(this.length - this.offset, FRAME);
    if (heard <= 0) return 'done';
    const scale = frame.length / FRAME;
    const count = Math.round(heard * scale);
    for (let i = 0; i < count; i++) frame[i] = this.#sample(this.offset + i / scale);
    frame.fill(0, count);
    this.offset += heard;
    this.samples += heard;
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
    let sum = 0;
    for (const step of steps) sum += Math.sin(step * position);
    return clamp16(sum * TONE_AMPLITUDE * ramp);
  };
}
