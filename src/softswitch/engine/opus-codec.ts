/**
 * Opus by libopus, compiled to WebAssembly (package `libopus-wasm`, optional): mono, with in-band forward error correction (RFC 7587).
 *
 * Opus works at the rate of the audio at hand: at 8 or 16 kHz it costs half as much, and nothing is resampled. Its decoder takes what
 * the far end's encoder made at any rate.
 */
import type * as Libopus from 'libopus-wasm';
import type { StreamDecoder } from '../../protocol/rtp/jitter-buffer.ts';
import type { AudioFormat } from './api.ts';
import type { AudioDecoder, AudioEncoder, EncodedFrame } from './codec.ts';

export type OpusLibrary = typeof Libopus;

/** The library, ready for use; undefined where it is not installed. */
export async function loadOpus(): Promise<OpusLibrary | undefined> {
  try {
    const library = await import('libopus-wasm');
    await library.loadLibopus();
    return library;
  } catch {
    return undefined;
  }
}

const FRAME_MS = 20;
/** Speech at full quality by rate, bit/s (RFC 7587 §3.1.1: 16 to 20 kbit/s narrowband, 28 to 40 fullband), and room for error correction. */
const BITRATES = { 8000: 20_000, 16_000: 28_000, 48_000: 40_000 } as const;
type OpusRate = keyof typeof BITRATES;
/** RFC 7587 §6.1: bounds of `maxaveragebitrate`. */
const MIN_BITRATE = 6000;
const MAX_BITRATE = 510_000;
/** Three quarters of the quality gain for half of the cost. */
const COMPLEXITY = 3;
/** Loss the encoder prepares for; at 0 it would spend nothing on error correction. */
const EXPECTED_LOSS_PERCENT = 5;
/** What the decoder makes up by itself fades from 20 to 100 ms: it would go on for longer. */
const FULL_MS = 20;
const SILENT_MS = 100;

/** Other rates are resampled to and from full band. */
const opusRate = (rate: number): OpusRate => (rate === 8000 || rate === 16_000 ? rate : 48_000);

/** A packet of 10 or 30 ms is made of frames of 10 ms, all others of 20. */
const unitMs = ({ ptime }: AudioFormat): 10 | 20 => (ptime % FRAME_MS === 0 ? 20 : 10);

const maxBitrate = ({ opus }: AudioFormat): number => Math.min(Math.max(opus?.maxAverageBitrate ?? MAX_BITRATE, MIN_BITRATE), MAX_BITRATE);

/** RFC 6716 §4.3: CELT frames (configurations 31 and 30) with the silence flag, which end what came before and are nothing but silence. */
const SILENCE_20: EncodedFrame = [Uint8Array.of(0xf8, 0xff, 0xfe)];
const SILENCE_10: EncodedFrame = [Uint8Array.of(0xf0, 0xff, 0xfe), Uint8Array.of(0xf0, 0xff, 0xfe)];

export const opusSilence = (format: AudioFormat): EncodedFrame => (unitMs(format) === FRAME_MS ? SILENCE_20 : SILENCE_10);

export const opusKey = (format: AudioFormat): string => `OPUS/${unitMs(format)}/${maxBitrate(format)}/${format.opus?.inbandFec === true ? 'fec' : 'plain'}`;

/** A handle of the library, which gives it by promise although it is loaded: it is there before the next tick. */
class Handle<T extends { free(): void }> {
  #value: T | undefined;
  #isClosed = false;

  constructor(made: Promise<T> | undefined) {
    made?.then(
      (value) => {
        if (this.#isClosed) value.free();
        else this.#value = value;
      },
      // Out of memory: the stream is silent.
      () => undefined,
    );
  }

  get value(): T | undefined {
    return this.#value;
  }

  close(): void {
    this.#isClosed = true;
    this.#value?.free();
    this.#value = undefined;
  }
}

const NOTHING: EncodedFrame = [];

class OpusStreamEncoder implements AudioEncoder {
  readonly rate: OpusRate;
  readonly #handle: Handle<Libopus.OpusEncoderHandle>;
  readonly #unit: number;

  constructor(format: AudioFormat, rate: OpusRate, library: OpusLibrary | undefined) {
    this.rate = rate;
    this.#unit = (rate * unitMs(format)) / 1000;
    const fec = format.opus?.inbandFec === true;
    this.#handle = new Handle(
      library?.createEncoder({
        sampleRate: rate,
        channels: 1,
        frameSize: this.#unit,
        // Only the speech modes of Opus have error correction (RFC 6716 §2.1.7).
        application: library.Application.Voip,
        signal: library.Signal.Voice,
        bitrate: Math.min(BITRATES[rate], maxBitrate(format)),
        complexity: COMPLEXITY,
        fec,
        packetLossPercent: fec ? EXPECTED_LOSS_PERCENT : 0,
      }),
    );
  }

  encode(frame: Int16Array): EncodedFrame {
    const encoder = this.#handle.value;
    if (encoder === undefined) return NOTHING;
    if (this.#unit === frame.length) return [encoder.encode(frame)];
    return [encoder.encode(frame.subarray(0, this.#unit)), encoder.encode(frame.subarray(this.#unit))];
  }

  /** Its state cannot be copied. A decoder follows a new encoder within a frame or two: the first frames of one rely on nothing before them. */
  continueFrom(): void {
    return;
  }

  close(): void {
    this.#handle.close();
  }
}

class OpusStreamDecoder implements AudioDecoder {
  readonly rate: OpusRate;
  readonly correctsErrors = true;
  readonly #handle: Handle<Libopus.OpusDecoderHandle>;
  /** Samples made up since the last one decoded. */
  #made: number;

  constructor(rate: OpusRate, library: OpusLibrary | undefined) {
    this.rate = rate;
    this.#made = this.#samples(SILENT_MS);
    this.#handle = new Handle(library?.createDecoder({ sampleRate: rate, channels: 1 }));
  }

  decode(payload: Uint8Array, length: number, samples: Int16Array): number {
    const count = this.#run(payload.subarray(0, length), {}, samples);
    if (count > 0) this.#made = 0;
    return count;
  }

  conceal(samples: Int16Array, next?: Parameters<StreamDecoder['conceal']>[1]): 'concealed' | 'silence' {
    if (next !== undefined) {
      const restored = this.#run(next.bytes.subarray(0, next.length), { decodeFec: true, frameSize: samples.length }, samples);
      if (restored === samples.length) {
        this.#made = 0;
        return 'concealed';
      }
    }
    if (this.#made >= this.#samples(SILENT_MS) || this.#run(null, { frameSize: samples.length }, samples) < samples.length) {
      samples.fill(0);
      return 'silence';
    }
    this.#fade(samples);
    return 'concealed';
  }

  close(): void {
    this.#handle.close();
  }

  #samples(ms: number): number {
    return (ms * this.rate) / 1000;
  }

  #fade(samples: Int16Array): void {
    const full = this.#samples(FULL_MS);
    const silent = this.#samples(SILENT_MS);
    for (let i = 0; i < samples.length; i++) {
      const gain = Math.min(Math.max((silent - this.#made++) / (silent - full), 0), 1);
      samples[i] = (samples[i] ?? 0) * gain;
    }
  }

  #run(packet: Uint8Array | null, options: Libopus.DecodeOptions, samples: Int16Array): number {
    try {
      const decoded = this.#handle.value?.decode(packet, options);
      if (decoded === undefined) return 0;
      const count = Math.min(decoded.length, samples.length);
      for (let i = 0; i < count; i++) samples[i] = decoded[i] ?? 0;
      return count;
    } catch {
      // The library throws at what is no Opus, and at gaps that are no whole number of 2.5 ms.
      return 0;
    }
  }
}

export const opusEncoder = (format: AudioFormat, rate: number, library: OpusLibrary | undefined): AudioEncoder => new OpusStreamEncoder(format, opusRate(rate), library);

export const opusDecoder = (rate: number, library: OpusLibrary | undefined): AudioDecoder => new OpusStreamDecoder(opusRate(rate), library);
