/** One call's audio: the transport, what the far end says, the keys it presses, what it is sent. */
import { unreachable } from '../../lib/result.ts';
import { readTelephoneEvent } from '../../protocol/dtmf/telephone-event.ts';
import type { QuietFrame, TakeOutcome } from '../../protocol/rtp/jitter-buffer.ts';
import type { RtpPacket } from '../../protocol/rtp/packet.ts';
import type { AudioFormat, EngineEvent, FarConfiguration, LegAudio, LegId, LegStats } from './api.ts';
import type { AudioFiles } from './audio-files.ts';
import { encodingKey, wholeRate } from './codecs.ts';
import type { SharedEncoder } from './frame-encoder.ts';
import { KeyListener } from './key-listener.ts';
import type { KeyListenerServices } from './key-listener.ts';
import type { OpusLibrary } from './opus-codec.ts';
import type { MixerLeg } from './mixer-leg.ts';
import { Player } from './player.ts';
import { RtpSession } from './rtp-session.ts';
import type { MediaKind } from './rtp-session.ts';
import { VoiceReceiver } from './voice-receiver.ts';
import { VoiceSender } from './voice-sender.ts';

/** What a leg needs of the engine. */
export interface LegServices extends KeyListenerServices {
  readonly files: AudioFiles;
  readonly opus: OpusLibrary | undefined;
  readonly emit: (event: EngineEvent) => void;
}

export class Leg implements MixerLeg {
  readonly id: LegId;
  readonly player: Player;
  readonly session: RtpSession;
  readonly #keys: KeyListener;
  readonly #receiver: VoiceReceiver;
  readonly #sender: VoiceSender;
  #closed = false;
  #format: AudioFormat | undefined;
  #encodingKey = '';
  /** The frame of the last `receive`, if anything was heard in it. */
  #said: Int16Array | undefined;
  #receives = false;

  constructor(id: LegId, services: LegServices) {
    this.id = id;
    const { emit } = services;
    this.player = new Player(id, services.files, () => this.#said, emit);
    this.session = new RtpSession(services.now, {
      onMedia: this.#onMedia.bind(this),
      onMediaTimeout: () => {
        emit({ type: 'mediaTimeout', leg: id });
      },
    });
    this.#keys = new KeyListener(services, {
      pressed: this.player.pressed.bind(this.player),
      rtp: ({ digit, durationMs, ssrc, timestamp }) => {
        emit({ type: 'dtmf', leg: id, source: 'rtp', digit, durationMs, ssrc, timestamp });
      },
      inband: ({ digit, durationMs }) => {
        emit({ type: 'dtmf', leg: id, source: 'inband', digit, durationMs });
      },
    });
    this.#receiver = new VoiceReceiver(services.opus, this.#keys.onTone.bind(this.#keys));
    this.#sender = new VoiceSender(this.session, services.opus);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get stats(): LegStats {
    return { ...this.session.stats, ...this.#receiver.stats };
  }

  /** Legs of one key are sent the same bytes for the same audio. */
  get encodingKey(): string {
    return this.#encodingKey;
  }

  /** Whether somebody waits for tones: then `receive` must be called every tick. */
  get detectsTones(): boolean {
    return this.#receiver.detectsTones;
  }

  /** The mixing rate that keeps all that its codec can carry, Hz. */
  get wholeRate(): number {
    return this.#format === undefined ? 8000 : wholeRate(this.#format);
  }

  configure(far: FarConfiguration): void {
    const { format, direction } = far;
    this.#format = format;
    this.#encodingKey = encodingKey(format);
    this.#receives = direction === 'sendrecv' || direction === 'recvonly';
    this.session.configure(far);
    this.#receiver.configure(format, this.#receives);
    this.#sender.configure(format, direction === 'sendrecv' || direction === 'sendonly');
  }

  setAudio({ readMuted, writeMuted, readLevel, writeLevel }: LegAudio): void {
    this.#receiver.setLevel(readMuted ? 'muted' : readLevel);
    this.#sender.setLevel(writeMuted ? 'muted' : writeLevel);
  }

  detectTones(on: boolean): void {
    this.#receiver.detectTones(on);
  }

  press(digits: string, durationMs: number): void {
    this.#sender.press(digits, durationMs);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.player.stop();
    this.#keys.close();
    this.#receiver.close();
    this.#sender.close();
    this.session.close();
  }

  /** What the far end says at the tick of `slot`, at `rate`, unless it is as `quiet` as that; audio is kept from the first call on, until `stopListening`. */
  receive(slot: number, frame: Int16Array, rate: number, quiet?: QuietFrame): TakeOutcome {
    const outcome = this.#receiver.receive(slot, frame, rate, this.player.echoes ? undefined : quiet);
    this.#said = outcome === 'silence' || outcome === 'quiet' ? undefined : frame;
    return outcome;
  }

  stopListening(): void {
    this.#said = undefined;
    this.#receiver.stopListening();
  }

  /** A new encoder for frames at `rate`, to be shared by the legs of this `encodingKey`; the caller closes it. Undefined before `configure`. */
  createShared(rate: number): SharedEncoder | undefined {
    return this.#sender.createShared(rate);
  }

  /** Sends a frame at `rate` that is for this leg alone. */
  sendFrame(frame: Int16Array, rate: number): void {
    this.#sender.sendFrame(frame, rate);
  }

  /** Sends `frame`, the one of `tick`, which others are sent, too; `shared` is of this leg's `encodingKey`. */
  sendShared(shared: SharedEncoder, frame: Int16Array, tick: number): void {
    this.#sender.sendShared(shared, frame, tick);
  }

  sendSilence(): void {
    this.#sender.sendSilence();
  }

  /** Ticks that never happened: the clock skipped them. */
  skip(ticks: number): void {
    this.#sender.skip(ticks);
  }

  #onMedia(kind: MediaKind, packet: Readonly<RtpPacket>, bytes: Uint8Array, arrivalMs: number): 'taken' | 'discarded' {
    switch (kind) {
      case 'audio':
        return this.#receiver.takeAudio(packet, bytes, arrivalMs);
      case 'telephoneEvent':
        return this.#takeTelephoneEvent(packet, bytes);
      case 'comfortNoise':
        return this.#receiver.takeComfortNoise(packet, bytes);
      default:
        return unreachable(kind);
    }
  }

  #takeTelephoneEvent({ ssrc, timestamp, payloadStart, payloadEnd }: Readonly<RtpPacket>, bytes: Uint8Array): 'taken' | 'discarded' {
    const event = readTelephoneEvent(bytes.subarray(payloadStart, payloadEnd));
    if (event === undefined || this.#format === undefined) return 'discarded';
    if (this.#receives) this.#keys.onPacket({ ssrc, timestamp, clockRate: this.#format.telephoneEventRate ?? this.#format.clockRate, ...event });
    return 'taken';
  }
}
