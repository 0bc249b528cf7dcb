/** An encoder with what brings frames of any rate to its own. */
import type { AudioFormat } from './api.ts';
import type { AudioEncoder, EncodedFrame } from './codec.ts';
import { createEncoder, encodingKey } from './codecs.ts';
import { FRAMES_PER_SECOND } from './mixer.ts';
import { opusSilence } from './opus-codec.ts';
import type { OpusLibrary } from './opus-codec.ts';
import { Resampler } from './resampler.ts';


export class FrameEncoder {
  /** Of the frames it takes, Hz. */
  readonly rate: number;
  readonly #encoder: AudioEncoder;
  readonly #resampler: Resampler | undefined;
  readonly #resampled: Int16Array;

  constructor(format: AudioFormat, rate: number, library: OpusLibrary | undefined) {
    this.rate = rate;
    this.#encoder = createEncoder(format, rate, library);
    const isSame = this.#encoder.rate === rate;
    this.#resampler = isSame ? undefined : new Resampler(rate, this.#encoder.rate, 'frames');
    this.#resampled = new Int16Array(isSame ? 0 : this.#encoder.rate / FRAMES_PER_SECOND);
  }

  encode(frame: Int16Array): EncodedFrame {
    if (this.#resampler === undefined) return this.#encoder.encode(frame);
    this.#resampler.push(frame, this.#resampled);
    return this.#encoder.encode(this.#resampled);
  }

  /** Goes on where `other`, of the same format and rate, is: who followed `other` can follow this one from here on. */
  continueFrom(other: FrameEncoder): void {
    this.#encoder.continueFrom(other.#encoder);
    if (other.#resampler !== undefined) this.#resampler?.copyFrom(other.#resampler);
  }

  close(): void {
    this.#encoder.close();
  }
}

/** A stream of frames encoded once for all who are sent exactly that. */
export class SharedEncoder {
  readonly key: string;
  readonly encoder: FrameEncoder;
  #tick = -1;
  #encoded: EncodedFrame = [];

  constructor(format: AudioFormat, rate: number, library: OpusLibrary | undefined) {
    this.key = encodingKey(format);
    this.encoder = new FrameEncoder(format, rate, library);
  }

  /** `frame`, the one of `tick`, encoded: once a tick, whoever asks. */
  encode(frame: Int16Array, tick: number): EncodedFrame {
    if (this.#tick !== tick) {
      this.#encoded = this.encoder.encode(frame);
      this.#tick = tick;
    }
    return this.#encoded;
  }

  close(): void {
    this.encoder.close();
  }
}

const silences = new Map<string, EncodedFrame>();
/** Frames of silence after which an encoder has settled. */
const SETTLED = 25;

/**
 * What silence is in `format`: a frame that may be sent over and over. A decoder that comes from something else settles on it within a
 * few ms.
 */
export function encodedSilence(format: AudioFormat): EncodedFrame {
  if (format.codec === 'OPUS') return opusSilence(format);
  const key = encodingKey(format);
  const known = silences.get(key);
  if (known !== undefined) return known;
  const encoder = createEncoder(format, format.clockRate, undefined);
  const frame = new Int16Array(encoder.rate / FRAMES_PER_SECOND);
  for (let i = 1; i < SETTLED; i++) encoder.encode(frame);
  const made = encoder.encode(frame);
  silences.set(key, made);
  return made;
}
