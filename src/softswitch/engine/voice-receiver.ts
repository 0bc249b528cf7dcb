/** What a leg says: packets are put in order, decoded when their turn comes, brought to the rate wanted, listened to for tones. */
import { ComfortNoise, readComfortNoise } from '../../protocol/comfort-noise/comfort-noise.ts';
import { ToneDetector } from '../../protocol/dtmf/tone-detector.ts';
import type { ToneEvent } from '../../protocol/dtmf/tone-detector.ts';
import { JitterBuffer } from '../../protocol/rtp/jitter-buffer.ts';
import type { QuietFrame, TakeOutcome } from '../../protocol/rtp/jitter-buffer.ts';
import type { RtpPacket } from '../../protocol/rtp/packet.ts';
import type { AudioFormat } from './api.ts';
import type { AudioDecoder } from './codec.ts';
import { createDecoder, payloadDuration } from './codecs.ts';
import { FRAMES_PER_SECOND, applyGain, volumeGain } from './mixer.ts';
import type { OpusLibrary } from './opus-codec.ts';
import { Resampler } from './resampler.ts';


/** One frame is worked on at a time, so all decoders of one rate share theirs. */
const frames = new Map<number, Int16Array>();

function frameOf(rate: number): Int16Array {
  const frame = frames.get(rate) ?? new Int16Array(rate / FRAMES_PER_SECOND);
  frames.set(rate, frame);
  return frame;
}

/** Decodes for somebody who listens at `rate`. */
interface Listening {
  readonly rate: number;
  readonly decoder: AudioDecoder;
  readonly jitter: JitterBuffer;
  readonly resampler: Resampler | undefined;
}

export class VoiceReceiver {
  readonly #library: OpusLibrary | undefined;
  readonly #onTone: (event: ToneEvent) => void;
  #format: AudioFormat | undefined;
  #isOpen = false;
  /** There while somebody listens: audio nobody hears is not decoded. */
  #listening: Listening | undefined;
  /** The last frame was silent, and so is what the resampler remembers. */
  #isSilent = true;
  #noise: ComfortNoise | undefined;
  #detectsTones = false;
  #detector: { readonly rate: number; readonly detector: ToneDetector } | undefined;
  #level: number | 'muted' = 0;
  #concealed = 0;
  #largest = 0;

  constructor(library: OpusLibrary | undefined, onTone: (event: ToneEvent) => void) {
    this.#library = library;
    this.#onTone = onTone;
  }

  /** Frames made up because packets were missing, and the largest number of frames that waited at once. */
  get stats(): { readonly inLost: number; readonly inLargestJitterBuffer: number } {
    return { inLost: this.#concealed, inLargestJitterBuffer: Math.max(this.#largest, this.#listening?.jitter.largestDepth ?? 0) };
  }

  get detectsTones(): boolean {
    return this.#detectsTones;
  }

  /** `isOpen`: whether what arrives is heard at all. */
  configure(format: AudioFormat, isOpen: boolean): void {
    const before = this.#format;
    this.#format = format;
    this.#isOpen = isOpen;
    if (before?.codec !== format.codec || before.clockRate !== format.clockRate) this.stopListening();
  }

  detectTones(on: boolean): void {
    this.#detectsTones = on;
    if (!on) this.#detector = undefined;
  }

  setLevel(level: number | 'muted'): void {
    this.#level = level;
  }

  takeAudio({ ssrc, timestamp, payloadStart, payloadEnd }: Readonly<RtpPacket>, bytes: Uint8Array, arrivalMs: number): 'taken' | 'discarded' {
    if (this.#format === undefined) return 'discarded';
    const duration = payloadDuration(this.#format, bytes, payloadStart, payloadEnd);
    if (duration === 0) return 'discarded';
    if (this.#listening === undefined || !this.#isOpen) return 'taken';
    this.#noise = undefined;
    return this.#listening.jitter.put(ssrc, timestamp, duration, arrivalMs, bytes, payloadStart, payloadEnd) === 'queued' ? 'taken' : 'discarded';
  }

  /** RFC 3389 §4: the far end says nothing until its next audio; what it sounds like meanwhile. */
  takeComfortNoise({ ssrc, payloadStart, payloadEnd }: Readonly<RtpPacket>, bytes: Uint8Array): 'taken' | 'discarded' {
    const description = readComfortNoise(bytes, payloadStart, payloadEnd);
    if (description === undefined) return 'discarded';
    if (this.#listening === undefined || !this.#isOpen) return 'taken';
    this.#noise ??= new ComfortNoise(ssrc);
    this.#noise.describe(description);
    return 'taken';
  }

  /** What the far end says at the tick of `slot`, at `rate`, unless that is as `quiet` as the listener can do without. The first call begins to listen. */
  receive(slot: number, frame: Int16Array, rate: number, quiet?: QuietFrame): TakeOutcome {
    const listening = this.#listeningAt(rate);
    if (listening === undefined) {
      frame.fill(0);
      return 'silence';
    }
    const { decoder, jitter, resampler } = listening;
    const decoded = resampler === undefined ? frame : frameOf(decoder.rate);
    const taken = jitter.take(slot, decoded, this.#detectsTones || this.#level !== 0 ? undefined : quiet);
    if (taken === 'quiet') {
      this.#keepQuiet(decoded, frame, resampler);
      return taken;
    }
    if (taken === 'concealed') this.#concealed++;
    if (taken === 'silence') this.#noise?.fill(decoded);
    if (this.#detectsTones) this.#detect(decoded, decoder.rate);
    const outcome = this.#level === 'muted' ? 'silence' : taken === 'silence' && this.#noise !== undefined ? 'audio' : taken;
    this.#deliver(decoded, frame, resampler, outcome);
    return outcome;
  }

  stopListening(): void {
    if (this.#listening === undefined) return;
    this.#largest = this.stats.inLargestJitterBuffer;
    this.#listening.decoder.close();
    this.#listening = undefined;
    this.#noise = undefined;
    this.#isSilent = true;
  }

  close(): void {
    this.stopListening();
    this.#format = undefined;
  }

  #listeningAt(rate: number): Listening | undefined {
    if (this.#format === undefined || this.#listening?.rate === rate) return this.#listening;
    this.stopListening();
    const decoder = createDecoder(this.#format, rate, this.#library);
    const jitter = new JitterBuffer(this.#format.clockRate, decoder);
    this.#listening = { rate, decoder, jitter, resampler: decoder.rate === rate ? undefined : new Resampler(decoder.rate, rate, 'frames') };
    return this.#listening;
  }

  /** The listener goes without this frame; the resampler goes on from silence. */
  #keepQuiet(decoded: Int16Array, frame: Int16Array, resampler: Resampler | undefined): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    if (resampler === undefined) return;
    decoded.fill(0);
    resampler.push(decoded, frame);
  }

  #deliver(decoded: Int16Array, frame: Int16Array, resampler: Resampler | undefined, outcome: TakeOutcome): void {
    if (outcome === 'silence') decoded.fill(0);
    if (resampler !== undefined) {
      if (outcome === 'silence' && this.#isSilent) frame.fill(0);
      else resampler.push(decoded, frame);
    }
    this.#isSilent = outcome === 'silence';
    if (typeof this.#level === 'number' && this.#level !== 0) applyGain(frame, volumeGain(this.#level));
  }

  #detect(decoded: Int16Array, rate: number): void {
    if (this.#detector?.rate !== rate) this.#detector = { rate, detector: new ToneDetector(rate) };
    for (const event of this.#detector.detector.listen(decoded)) this.#onTone(event);
  }
}
