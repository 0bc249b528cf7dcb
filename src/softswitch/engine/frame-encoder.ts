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
  readonly #isPrimed: boolean;

  constructor(format: AudioFormat, rate: number, library: OpusLibrary | undefined) {
    this.rate = rate;
    this.#encoder = createEncoder(format, rate, library);
    this.#isPrimed = format.codec === 'OPUS';
    const isSame = this.#encoder.rate === rate;
    this.#resampler = isSame ? undefined : new Resampler(rate, this.#encoder.rate, 'frames');
    this.#resampled = new Int16Array(isSame ? 0 : this.#encoder.rate / FRAMES_PER_SECOND);
  }

  /** Whether it has to hear what went before, for lack of a state that can be copied. */
  get isPrimed(): boolean {
    return this.#isPrimed;
  }

  encode(frame: Int16Array): EncodedFrame {
    if (this.#resampler === undefined) return this.#encoder.encode(frame);
    this.#resampler.push(frame, this.#resampled);
    return this.#encoder.encode(this.#resampled);
  }

  /** Goes on where `other`, of the same format and rate, is: who followed `other` can follow this one from here on. */
  continueFrom(other: FrameEncoder): void {
    this.#encoder.continueFrom?.(other.#encoder);
    if (other.#resampler !== undefined) this.#resampler?.copyFrom(other.#resampler);
  }

  close(): void {
    this.#encoder.close();
  }
}

/** A stream of frames encoded once for all who are sent exactly that. */
export class SharedEncoder {
  readonly key: string;
  readonly rate: number;
  readonly #encoder: FrameEncoder;
  /** The encoder as it was before the latest frame, and that frame and the one before. */
  readonly #before: FrameEncoder;
  #latest: Int16Array;
  #earlier: Int16Array;
  #tick = -1;
  #encoded: EncodedFrame = [];

  constructor(format: AudioFormat, rate: number, library: OpusLibrary | undefined) {
    this.key = encodingKey(format);
    this.rate = rate;
    this.#encoder = new FrameEncoder(format, rate, library);
    this.#before = new FrameEncoder(format, rate, library);
    this.#latest = new Int16Array(rate / FRAMES_PER_SECOND);
    this.#earlier = new Int16Array(rate / FRAMES_PER_SECOND);
  }

  /** `frame`, the one of `tick`, encoded: once a tick, whoever asks. */
  encode(frame: Int16Array, tick: number): EncodedFrame {
    if (this.#tick !== tick) {
      this.#before.continueFrom(this.#encoder);
      [this.#latest, this.#earlier] = [this.#earlier, this.#latest];
      this.#latest.set(frame);
      this.#encoded = this.#encoder.encode(frame);
      this.#tick = tick;
    }
    return this.#encoded;
  }

  /**
   * Brings `own`, a new encoder of the same format and rate, to where this one is after the frame of tick `sent`: the last one that
   * was sent to who leaves. Opus cannot be copied; hearing the last frame fills what its encoder holds back, so that nothing is missing.
   */
  leave(own: FrameEncoder, sent: number): void {
    const isAhead = this.#tick > sent;
    own.continueFrom(isAhead ? this.#before : this.#encoder);
    if (own.isPrimed) own.encode(isAhead ? this.#earlier : this.#latest);
  }

  close(): void {
    this.#encoder.close();
    this.#before.close();
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
