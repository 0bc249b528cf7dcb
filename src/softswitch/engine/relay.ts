/**
 * A leg of one worker in a conference of another. The leg's worker keeps transport, codec, keys, plays and recordings of the leg, and
 * hands over what it says; the conference's worker judges and mixes that as it does with its own, and hands back what is to be heard.
 */
import type { LegId } from './api.ts';
import type { SharedEncoder } from './frame-encoder.ts';
import { FrameReader, FrameWriter, frameRing } from './frame-ring.ts';
import type { Leg } from './leg.ts';
import type { MixerLeg } from './mixer-leg.ts';
import { FRAMES_PER_SECOND } from './mixer.ts';

/** What both workers are told: the rate of the conference, Hz, and a ring each way. */
export interface RelayLink {
  readonly rate: number;
  readonly said: SharedArrayBuffer;
  readonly heard: SharedArrayBuffer;
}

export function newRelayLink(rate: number): RelayLink {
  return { rate, said: frameRing(rate), heard: frameRing(rate) };
}

/** The leg as the conference has it. */
export class RelayedLeg implements MixerLeg {
  readonly id: LegId;
  /** Frames go as they are: it has no encoder. */
  readonly encodingKey = 'frames';
  /** What is played to the leg sounds in its own worker, in place of what comes from here. */
  readonly player = { next: (): boolean => false };
  readonly #said: FrameReader;
  readonly #heard: FrameWriter;

  constructor(id: LegId, { rate, said, heard }: RelayLink, onUnderruns: (ticks: number) => void) {
    this.id = id;
    this.#said = new FrameReader(said, rate, onUnderruns);
    this.#heard = new FrameWriter(heard, rate);
  }

  receive(_slot: number, frame: Int16Array): 'audio' | 'silence' {
    return this.#said.take(frame);
  }

  sendFrame(frame: Int16Array): void {
    this.#heard.write(frame);
  }

  sendSilence(): void {
    this.#heard.write(undefined);
  }

  createShared(): undefined {
    return undefined;
  }

  sendShared(_shared: SharedEncoder, frame: Int16Array): void {
    this.sendFrame(frame);
  }

  stopListening(): void {
    // Its own worker does.
  }
}

/** The leg's own worker's part. */
export class LentLeg {
  readonly #leg: Leg;
  readonly #rate: number;
  readonly #said: FrameWriter;
  readonly #heard: FrameReader;
  readonly #saidFrame: Int16Array;
  readonly #heardFrame: Int16Array;

  constructor(leg: Leg, { rate, said, heard }: RelayLink, onUnderruns: (ticks: number) => void) {
    this.#leg = leg;
    this.#rate = rate;
    this.#said = new FrameWriter(said, rate);
    this.#heard = new FrameReader(heard, rate, onUnderruns);
    this.#saidFrame = new Int16Array(rate / FRAMES_PER_SECOND);
    this.#heardFrame = new Int16Array(rate / FRAMES_PER_SECOND);
  }

  get rate(): number {
    return this.#rate;
  }

  /** One tick; answers what the leg said and what it was sent, to be used before the next. */
  tick(slot: number): { readonly said: Int16Array; readonly sent: Int16Array } {
    const [said, sent] = [this.#saidFrame, this.#heardFrame];
    const isSilent = this.#leg.receive(slot, said, this.#rate) === 'silence';
    this.#said.write(isSilent ? undefined : said);
    // A frame a tick is taken, heard or not: it must not wait until the play is over.
    const heard = this.#heard.take(sent);
    if (this.#leg.player.next(sent)) this.#leg.sendFrame(sent, this.#rate);
    else if (heard === 'audio') this.#leg.sendFrame(sent, this.#rate);
    else this.#leg.sendSilence();
    return { said, sent };
  }

  /** The leg is its worker's again. */
  end(): void {
    this.#leg.stopListening();
  }
}
