/**
 * Opus by libopus, compiled to WebAssembly (package `libopus-wasm`, optional): mono, with in-band forward error correction (RFC 7587).
 *
 * Opus encodes at 16 or 48 kHz, whatever is nearer to the audio at hand: at 16 kHz it costs half as much. It decodes at 8, 16 or 48 kHz
 * what the far end's encoder made at any rate, so nothing decoded has to be resampled.
 */
import type * as Libopus from 'libopus-wasm';
import type { StreamDecoder } from '../../protocol/rtp/jitter-buffer.ts';
import type { AudioFormat } from './api.ts';
import type { AudioDecoder, AudioEncoder, EncodedFrame } from './codec.ts';

/** Handles ready to be taken, of each kind; and how many may be, after a crowd that did not stay. */
const SPARES = 4;
const MAX_SPARES = 16;

/** Handles of one kind. The library gives them by promise although it is loaded, and a stream cannot wait: so some are made ahead. */
class Spares<T extends { free(): void }> {
  readonly #make: () => Promise<T>;
  readonly #ready: T[] = [];

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  async fill(): Promise<void> {
    for (let i = 0; i < SPARES; i++) this.#ready.push(await this.#make());
  }

  /** Undefined when more were taken at once than are ready: they are by the next tick. */
  take(): T | undefined {
    this.#make().then(
      (made) => {
        if (this.#ready.length < MAX_SPARES) this.#ready.push(made);
        else made.free();
      },
      // Out of memory: the stream that wanted it stays silent and asks again.
      () => undefined,
    );
    return this.#ready.shift();
  }
}

export interface OpusLibrary {
  readonly encoders: Readonly<Record<OpusRate, Spares<Libopus.OpusEncoderHandle>>>;
  readonly decoders: Readonly<Record<DecoderRate, Spares<Libopus.OpusDecoderHandle>>>;
}

/** The library, ready for use; undefined where it is not installed. */
export async function loadOpus(): Promise<OpusLibrary | undefined> {
  try {
    const { createEncoder, createDecoder, Application, Signal } = await import('libopus-wasm');
    // Only the speech modes of Opus have error correction (RFC 6716 §2.1.7).
    const speech = { channels: 1, application: Application.Voip, signal: Signal.Voice, complexity: COMPLEXITY } as const;
    const encoders = (sampleRate: OpusRate): Spares<Libopus.OpusEncoderHandle> => new Spares(() => createEncoder({ ...speech, sampleRate }));
    const decoders = (sampleRate: DecoderRate): Spares<Libopus.OpusDecoderHandle> => new Spares(() => createDecoder({ channels: 1, sampleRate }));
    const library: OpusLibrary = {
      encoders: { 16_000: encoders(16_000), 48_000: encoders(48_000) },
      decoders: { 8_000: decoders(8_000), 16_000: decoders(16_000), 48_000: decoders(48_000) },
    };
    for (const spares of [...Object.values(library.encoders), ...Object.values(library.decoders)]) await spares.fill();
    return library;
  } catch {
    return undefined;
  }
}

const FRAME_MS = 20;
/** Speech at full quality by rate, bit/s (RFC 7587 §3.1.1: 16 to 20 kbit/s wideband, 28 to 40 fullband), and room for error correction. */
const BITRATES = { 16_000: 28_000, 48_000: 40_000 } as const;
type OpusRate = keyof typeof BITRATES;
type DecoderRate = 8_000 | OpusRate;
/** RFC 7587 §6.1: the least `maxaveragebitrate`; and the most that is sent. */
const MIN_BITRATE = 6000;
const MAX_BITRATE = BITRATES[48_000];
const BITRATE_STEP = 2_000;
/** Three quarters of the quality gain for half of the cost. */
const COMPLEXITY = 3;
/** Loss the encoder prepares for; at 0 it would spend nothing on error correction. */
const EXPECTED_LOSS_PERCENT = 5;
/** What the decoder makes up by itself fades from 20 to 100 ms: it would go on for longer. */
const FULL_MS = 20;
const SILENT_MS = 100;

/** Other rates are resampled. Not 8 kHz: a decoder moved to another narrowband encoder follows it badly. */
const opusRate = (rate: number): OpusRate => (rate <= 16_000 ? 16_000 : 48_000);
const decoderRate = (rate: number): DecoderRate => (rate <= 8_000 ? 8_000 : opusRate(rate));

/** A packet of 10 or 30 ms is made of frames of 10 ms, all others of 20. */
const unitMs = ({ ptime }: AudioFormat): 10 | 20 => (ptime % FRAME_MS === 0 ? 20 : 10);

/** In steps, and no more than is ever used: a far end that asks for another rate again and again does not get an encoder each. */
const maxBitrate = ({ opus }: AudioFormat): number => Math.floor(Math.min(Math.max(opus?.maxAverageBitrate ?? MAX_BITRATE, MIN_BITRATE), MAX_BITRATE) / BITRATE_STEP) * BITRATE_STEP;

/** RFC 6716 §4.3: CELT frames (configurations 31 and 30) with the silence flag, which end what came before and are nothing but silence. */
const SILENCE_20: EncodedFrame = [Uint8Array.of(0xf8, 0xff, 0xfe)];
const SILENCE_10: EncodedFrame = [Uint8Array.of(0xf0, 0xff, 0xfe), Uint8Array.of(0xf0, 0xff, 0xfe)];

export const opusSilence = (format: AudioFormat): EncodedFrame => (unitMs(format) === FRAME_MS ? SILENCE_20 : SILENCE_10);

export const opusKey = (format: AudioFormat): string => `OPUS/${unitMs(format)}/${maxBitrate(format)}/${format.opus?.inbandFec === true ? 'fec' : 'plain'}`;

const NOTHING: EncodedFrame = [];

class OpusStreamEncoder implements AudioEncoder {
  readonly rate: OpusRate;
  readonly #library: OpusLibrary | undefined;
  readonly #format: AudioFormat;
  readonly #unit: number;
  #handle: Libopus.OpusEncoderHandle | undefined;

  constructor(format: AudioFormat, rate: OpusRate, library: OpusLibrary | undefined) {
    this.rate = rate;
    this.#library = library;
    this.#format = format;
    this.#unit = (rate * unitMs(format)) / 1000;
  }

  encode(frame: Int16Array): EncodedFrame {
    this.#handle ??= this.#open();
    const encoder = this.#handle;
    if (encoder === undefined) return NOTHING;
    const options = { frameSize: this.#unit };
    if (this.#unit === frame.length) return [encoder.encode(frame, options)];
    return [encoder.encode(frame.subarray(0, this.#unit), options), encoder.encode(frame.subarray(this.#unit), options)];
  }

  close(): void {
    this.#handle?.free();
    this.#handle = undefined;
  }

  #open(): Libopus.OpusEncoderHandle | undefined {
    const handle = this.#library?.encoders[this.rate].take();
    if (handle === undefined) return undefined;
    const fec = this.#format.opus?.inbandFec === true;
    handle.setBitrate(Math.min(BITRATES[this.rate], maxBitrate(this.#format)));
    handle.setFec(fec);
    handle.setPacketLossPercent(fec ? EXPECTED_LOSS_PERCENT : 0);
    return handle;
  }
}

class OpusStreamDecoder implements AudioDecoder {
  readonly rate: DecoderRate;
  readonly correctsErrors = true;
  readonly #library: OpusLibrary | undefined;
  #handle: Libopus.OpusDecoderHandle | undefined;
  /** Samples made up since the last one decoded. */
  #made: number;

  constructor(rate: DecoderRate, library: OpusLibrary | undefined) {
    this.rate = rate;
    this.#made = this.#samples(SILENT_MS);
    this.#library = library;
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
    this.#handle?.free();
    this.#handle = undefined;
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
      this.#handle ??= this.#library?.decoders[this.rate].take();
      const decoded = this.#handle?.decode(packet, options);
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

export const opusDecoder = (rate: number, library: OpusLibrary | undefined): AudioDecoder => new OpusStreamDecoder(decoderRate(rate), library);
