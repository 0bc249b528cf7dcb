/** One call's audio: what the far end says is decoded and put in order, its keys are read, what it is to hear is encoded and packed. */
import { Machine } from '../../lib/machine.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import { initialDtmf, readTelephoneEvent, stepDtmf } from '../../protocol/dtmf/telephone-event.ts';
import type { DtmfEffect, DtmfEvent, DtmfState } from '../../protocol/dtmf/telephone-event.ts';
import { aLaw, decodeG711, encodeG711, muLaw } from '../../protocol/g711/g711.ts';
import type { G711Law } from '../../protocol/g711/g711.ts';
import { FRAME_SAMPLES, JitterBuffer, MAX_PACKET_SAMPLES } from '../../protocol/rtp/jitter-buffer.ts';
import type { TakeOutcome } from '../../protocol/rtp/jitter-buffer.ts';
import type { RtpPacket } from '../../protocol/rtp/packet.ts';
import type { EngineEvent, FarConfiguration, LegId, LegStats } from './api.ts';
import type { AudioFiles } from './audio-files.ts';
import { Player } from './player.ts';
import { Resampler } from './resampler.ts';
import { RtpSender } from './rtp-sender.ts';
import { RtpSession } from './rtp-session.ts';
import type { MediaKind } from './rtp-session.ts';

const RATE = 8000;

/** What a leg needs of the engine. */
export interface LegServices {
  readonly now: () => number;
  readonly scheduler: Scheduler;
  readonly files: AudioFiles;
  readonly emit: (event: EngineEvent) => void;
  readonly onError: (error: unknown) => void;
}

// One packet is worked on at a time, so all legs share these.
const decoded = new Int16Array(MAX_PACKET_SAMPLES);
const narrow = new Int16Array(FRAME_SAMPLES);
const encoded = new Uint8Array(FRAME_SAMPLES);
const silence = new Map<G711Law, Uint8Array>([muLaw, aLaw].map((law) => [law, new Uint8Array(FRAME_SAMPLES).fill(law.silence)]));

export class Leg {
  readonly id: LegId;
  readonly player: Player;
  readonly session: RtpSession;
  readonly #dtmf: Machine<DtmfState, DtmfEvent, DtmfEffect>;
  readonly #services: LegServices;
  readonly #sender: RtpSender;
  #closed = false;
  #law: G711Law = muLaw;
  #sends = false;
  #receives = false;
  /** There while somebody listens: audio nobody hears is not decoded. */
  #jitter: JitterBuffer | undefined;
  #wider: { readonly rate: number; readonly resampler: Resampler } | undefined;
  #narrower: { readonly rate: number; readonly resampler: Resampler } | undefined;
  #concealed = 0;
  #largestJitterBuffer = 0;

  constructor(id: LegId, services: LegServices) {
    this.id = id;
    this.#services = services;
    this.player = new Player(id, services.files, services.emit);
    this.session = new RtpSession(services.now, {
      onMedia: this.#onMedia.bind(this),
      onMediaTimeout: () => {
        services.emit({ type: 'mediaTimeout', leg: id });
      },
    });
    this.#sender = new RtpSender(this.session);
    this.#dtmf = new Machine({ initial: initialDtmf, step: stepDtmf, run: this.#runDtmf.bind(this), onError: services.onError }, services.scheduler);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get stats(): LegStats {
    return {
      ...this.session.stats,
      inLost: this.#concealed,
      inLargestJitterBuffer: Math.max(this.#largestJitterBuffer, this.#jitter?.largestDepth ?? 0),
    };
  }

  /** Legs of one key are sent the same bytes for the same audio. */
  get encodingKey(): string {
    return this.#law === muLaw ? 'PCMU' : 'PCMA';
  }

  /** Turns a stream of frames at `rate` into what legs of this `encodingKey` are sent; the bytes hold until the next frame. */
  createEncoder(rate: number): (frame: Int16Array) => Uint8Array {
    const law = this.#law;
    const resampler = new Resampler(rate, RATE, 'frames');
    const codes = new Uint8Array(FRAME_SAMPLES);
    return (frame) => {
      resampler.push(frame, narrow);
      encodeG711(law, narrow, codes);
      return codes;
    };
  }

  configure(far: FarConfiguration): void {
    const { format, direction } = far;
    this.session.configure(far);
    this.#law = format.codec === 'PCMU' ? muLaw : aLaw;
    this.#sender.configure(format.payloadType, format.ptime);
    this.#sends = direction === 'sendrecv' || direction === 'sendonly';
    this.#receives = direction === 'sendrecv' || direction === 'recvonly';
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.player.stop();
    this.#dtmf.stop();
    this.session.close();
  }

  /** From here on audio is kept for `receive`, from the next packet on. */
  startListening(): void {
    this.#jitter ??= new JitterBuffer();
  }

  stopListening(): void {
    this.#largestJitterBuffer = this.stats.inLargestJitterBuffer;
    this.#jitter = undefined;
  }

  /** What the far end says at the tick of `slot`, at `rate`. */
  receive(slot: number, frame: Int16Array, rate: number): TakeOutcome {
    const outcome = this.#jitter?.take(slot, narrow) ?? 'silence';
    if (outcome === 'concealed') this.#concealed++;
    if (outcome === 'silence') narrow.fill(0);
    if (this.#wider?.rate !== rate) this.#wider = { rate, resampler: new Resampler(RATE, rate, 'frames') };
    this.#wider.resampler.push(narrow, frame);
    return outcome;
  }

  /** Sends a frame at `rate`. */
  sendFrame(frame: Int16Array, rate: number): void {
    if (this.#narrower?.rate !== rate) this.#narrower = { rate, resampler: new Resampler(rate, RATE, 'frames') };
    this.#narrower.resampler.push(frame, narrow);
    encodeG711(this.#law, narrow, encoded);
    this.sendEncoded(encoded);
  }

  /** Sends a frame in this leg's encoding. Every tick sends something, or pauses. */
  sendEncoded(codes: Uint8Array): void {
    if (this.#sends) this.#sender.push(codes);
    else this.#sender.pause(1);
  }

  /** Keeps the way through NATs open, and the far end's jitter buffer running. */
  sendSilence(): void {
    this.sendEncoded(silence.get(this.#law) ?? encoded);
  }

  /** Ticks that never happened: the clock skipped them. */
  skip(ticks: number): void {
    this.#sender.pause(ticks);
  }

  #onMedia(kind: MediaKind, packet: Readonly<RtpPacket>, bytes: Uint8Array, arrivalMs: number): 'taken' | 'discarded' {
    switch (kind) {
      case 'audio':
        return this.#takeAudio(packet, bytes, arrivalMs);
      case 'telephoneEvent':
        return this.#takeTelephoneEvent(packet, bytes);
      case 'comfortNoise':
        return 'taken';
      default:
        return unreachable(kind);
    }
  }

  #takeAudio({ ssrc, timestamp, payloadStart, payloadEnd }: Readonly<RtpPacket>, bytes: Uint8Array, arrivalMs: number): 'taken' | 'discarded' {
    if (payloadEnd - payloadStart > MAX_PACKET_SAMPLES) return 'discarded';
    if (this.#jitter === undefined || !this.#receives) return 'taken';
    const count = decodeG711(this.#law, bytes, payloadStart, payloadEnd, decoded);
    return this.#jitter.put(ssrc, timestamp, arrivalMs, decoded, count) === 'queued' ? 'taken' : 'discarded';
  }

  #takeTelephoneEvent({ ssrc, timestamp, payloadStart, payloadEnd }: Readonly<RtpPacket>, bytes: Uint8Array): 'taken' | 'discarded' {
    const event = readTelephoneEvent(bytes.subarray(payloadStart, payloadEnd));
    if (event === undefined) return 'discarded';
    if (this.#receives) this.#dtmf.post({ type: 'packet', ssrc, timestamp, clockRate: RATE, ...event });
    return 'taken';
  }

  #runDtmf(effect: DtmfEffect, machine: Machine<DtmfState, DtmfEvent, DtmfEffect>): void {
    switch (effect.type) {
      case 'startTimer':
        machine.startTimer('end', effect.ms, { type: 'timeout' });
        return;
      case 'cancelTimer':
        machine.cancelTimer('end');
        return;
      case 'pressed':
        this.player.pressed(effect.digit);
        return;
      case 'digit': {
        const { digit, durationMs, ssrc, timestamp } = effect;
        this.#services.emit({ type: 'dtmf', leg: this.id, source: 'rtp', digit, durationMs, ssrc, timestamp });
        return;
      }
      default:
        unreachable(effect);
    }
  }
}
