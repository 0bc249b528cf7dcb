/**
 * What a leg is sent: encoded for it alone, or together with all who hear the same; keys by RFC 4733 or as tones; packed.
 *
 * An encoder with a memory must be followed: a decoder that is moved from one stream to another clicks. So a leg that leaves the shared
 * stream goes on with an encoder in the state of the shared one; and one that joins it first hears the same audio from its own for a
 * while, until both, having encoded the same, are in nearly the same state.
 */
import { KeyPresser, keyPresses } from '../../protocol/dtmf/key-presser.ts';
import { ToneGenerator } from '../../protocol/dtmf/tone-generator.ts';
import type { AudioFormat } from './api.ts';
import type { EncodedFrame } from './codec.ts';
import { FrameEncoder, SharedEncoder, encodedSilence } from './frame-encoder.ts';
import { FRAMES_PER_SECOND, applyGain, volumeGain } from './mixer.ts';
import type { OpusLibrary } from './opus-codec.ts';
import { RtpSender } from './rtp-sender.ts';
import type { RtpSession } from './rtp-session.ts';

/** 100 ms of the same audio: G.722 forgets with time constants of 16 and 32 ms. */
const HANDOVER_TICKS = 5;
const NARROWBAND = 8000;

// One frame is worked on at a time, so all legs share it: 20 ms at 48 kHz.
const scratch = new Int16Array(960);

export class VoiceSender {
  readonly #session: Pick<RtpSession, 'send' | 'advance' | 'timestamp'>;
  readonly #library: OpusLibrary | undefined;
  readonly #sender: RtpSender;
  #format: AudioFormat | undefined;
  #isOpen = false;
  /** The leg's own encoder, and the shared one its decoder follows: one of them, or none after silence. */
  #own: FrameEncoder | undefined;
  #shared: SharedEncoder | undefined;
  /** The tick of the last frame sent of it. */
  #sharedTick = 0;
  #handover = 0;
  readonly #presser = new KeyPresser();
  readonly #tones = new ToneGenerator();
  #eventStart = 0;
  /** Volume step, or muted. */
  #level: number | 'muted' = 0;

  constructor(session: Pick<RtpSession, 'send' | 'advance' | 'timestamp'>, library: OpusLibrary | undefined) {
    this.#session = session;
    this.#library = library;
    this.#sender = new RtpSender(session);
  }

  /** `isOpen`: whether anything is sent at all; time goes on meanwhile. */
  configure(format: AudioFormat, isOpen: boolean): void {
    const before = this.#format;
    this.#format = format;
    this.#isOpen = isOpen;
    this.#sender.configure(format);
    if (before?.codec !== format.codec || before.clockRate !== format.clockRate || before.ptime !== format.ptime) this.#forget();
  }

  setLevel(level: number | 'muted'): void {
    this.#level = level;
  }

  /** A new encoder for frames at `rate`, to be shared by all legs it suits; the caller closes it. Undefined before `configure`. */
  createShared(rate: number): SharedEncoder | undefined {
    return this.#format === undefined ? undefined : new SharedEncoder(this.#format, rate, this.#library);
  }

  press(digits: string, durationMs: number): void {
    const keys = keyPresses(digits, durationMs);
    if (this.#format?.telephoneEvent === undefined) this.#tones.press(keys);
    else this.#presser.press(keys);
  }

  /** Sends a frame that is for this leg alone. Every tick sends something, or pauses. */
  sendFrame(frame: Int16Array, rate: number): void {
    if (this.#level === 'muted') {
      this.sendSilence();
      return;
    }
    if (this.#isHeldUp(rate)) return;
    this.#sendOwn(this.#levelled(frame), rate);
  }

  /** Sends `frame`, the one of `tick`, which others are sent, too. */
  sendShared(shared: SharedEncoder, frame: Int16Array, tick: number): void {
    if (this.#level !== 0) {
      this.sendFrame(frame, shared.rate);
      return;
    }
    if (this.#isHeldUp(shared.rate)) return;
    const encoded = shared.encode(frame, tick);
    if (this.#own !== undefined && this.#handover < HANDOVER_TICKS) {
      this.#handover++;
      this.#push(this.#ownEncoder(shared.rate).encode(frame));
      return;
    }
    this.#dropOwn();
    this.#shared = shared;
    this.#sharedTick = tick;
    this.#push(encoded);
  }

  /** Keeps the way through NATs open, and the far end's jitter buffer running. */
  sendSilence(): void {
    if (this.#isHeldUp(NARROWBAND) || this.#format === undefined) return;
    this.#forget();
    this.#push(encodedSilence(this.#format));
  }

  /** Ticks that never happened: the clock skipped them. */
  skip(ticks: number): void {
    this.#sender.pause(ticks);
  }

  close(): void {
    this.#format = undefined;
    this.#forget();
  }

  /** True when this tick is used up: nothing may be sent, or a key is. */
  #isHeldUp(rate: number): boolean {
    if (!this.#isOpen || this.#format === undefined) {
      this.#sender.pause(1);
      return true;
    }
    if (this.#presser.isBusy && this.#sendEvent(this.#format)) return true;
    if (!this.#tones.isBusy) return false;
    const frame = scratch.subarray(0, rate / FRAMES_PER_SECOND);
    this.#tones.fill(frame, rate);
    this.#sendOwn(frame, rate);
    return true;
  }

  /** RFC 4733 §2.1: events go in the stream of the audio, here in place of it. False in the pause after a key, which has audio. */
  #sendEvent(format: AudioFormat): boolean {
    const tick = this.#presser.tick(format.telephoneEventRate ?? format.clockRate);
    if (tick.send === 'nothing' || format.telephoneEvent === undefined) return false;
    if (tick.startsNow) {
      // Audio that waits for a longer packet is given up, so that the key begins at the present time.
      this.#sender.pause(0);
      this.#eventStart = this.#session.timestamp;
    }
    this.#session.send(format.telephoneEvent, tick.payload, tick.marker, this.#eventStart);
    this.#sender.pause(1);
    return true;
  }

  #levelled(frame: Int16Array): Int16Array {
    if (typeof this.#level !== 'number' || this.#level === 0) return frame;
    const louder = scratch.subarray(0, frame.length);
    louder.set(frame);
    applyGain(louder, volumeGain(this.#level));
    return louder;
  }

  #sendOwn(frame: Int16Array, rate: number): void {
    const encoder = this.#ownEncoder(rate);
    this.#handover = 0;
    this.#push(encoder.encode(frame));
  }

  #ownEncoder(rate: number): FrameEncoder {
    if (this.#own?.rate === rate) return this.#own;
    if (this.#format === undefined) throw new Error('a leg without a format sends nothing');
    const made = new FrameEncoder(this.#format, rate, this.#library);
    if (this.#shared?.rate === rate) this.#shared.leave(made, this.#sharedTick);
    this.#forget();
    this.#own = made;
    return made;
  }

  #push(encoded: EncodedFrame): void {
    this.#sender.push(encoded);
  }

  #dropOwn(): void {
    this.#own?.close();
    this.#own = undefined;
    this.#handover = 0;
  }

  #forget(): void {
    this.#dropOwn();
    this.#shared = undefined;
  }
}
