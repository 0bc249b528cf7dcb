import type { IvrEffect } from '../domain/ivr.ts';
import type { KeypadEffect } from '../domain/keypad.ts';
import type { LegEffect } from '../domain/leg.ts';
import type { Pin } from '../domain/pin-format.ts';
import type { Scheduler } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import type { LegMedia } from '../ports/media.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { ConferenceActor, LegOrder } from './conference-actor.ts';
import type { LegVoice } from './leg-voice.ts';
import { execute, type KeypadOrder } from './live-control.ts';
import type { SessionEffect, SessionEvent } from './session-step.ts';

/** What an answered call does through its session. */
export interface CallHost {
  readonly id: string;
  readonly scheduler: Scheduler;
  readonly rooms: RoomStore;
  readonly conference: ConferenceActor | undefined;
  post(event: SessionEvent): void;
  startTimer(name: string, ms: number, event: SessionEvent): void;
  cancelTimer(name: string): void;
  checkAttendantPin(entry: Pin): boolean;
  checkNumber(number: string): Promise<void>;
  checkPin(entry: Pin): Promise<void>;
  /** A host PIN claimed with was wrong. */
  onWrongPin(): void;
  /** Work whose outcome comes back as an event, or is of no account. */
  inBackground(work: Promise<unknown>): void;
  /** Whether the room still counts on the leg. */
  isInRoom(): boolean;
}

/** A call that has its endpoint: what the rules want of it becomes calls of the ports, and what comes of it events. */
export class AnsweredCall {
  readonly media: LegMedia;
  readonly voice: LegVoice;
  /** The last change of how it is mixed. */
  carriedOut: Promise<void> = Promise.resolve();
  readonly #host: CallHost;

  constructor(media: LegMedia, voice: LegVoice, host: CallHost) {
    this.media = media;
    this.voice = voice;
    this.#host = host;
  }

  run(effect: Exclude<SessionEffect, { part: 'session' }>): void {
    switch (effect.part) {
      case 'ivr':
        this.#runIvr(effect.effect);
        return;
      case 'keypad':
        this.#runKeypad(effect.effect);
        return;
      case 'leg':
        this.#runLeg(effect.effect);
        return;
      case 'room':
        this.#obey(effect.order);
        return;
      default:
        unreachable(effect);
    }
  }

  #runIvr(effect: IvrEffect): void {
    const host = this.#host;
    switch (effect.do) {
      case 'play':
        host.inBackground(this.#ask(effect));
        return;
      case 'stopPlay':
        host.inBackground(this.voice.stop());
        return;
      case 'startTimer':
        host.startTimer(`ivr:${effect.name}`, effect.ms, { type: 'ivr', event: { type: 'timer', name: effect.name } });
        return;
      case 'cancelTimer':
        host.cancelTimer(`ivr:${effect.name}`);
        return;
      case 'checkAttendantPin':
        host.post({ type: 'ivr', event: { type: 'attendantPinChecked', correct: host.checkAttendantPin(effect.entry) } });
        return;
      case 'checkNumber':
        host.inBackground(host.checkNumber(effect.number));
        return;
      case 'checkPin':
        host.inBackground(host.checkPin(effect.entry));
        return;
      case 'finish':
        if (effect.outcome.kind === 'role') host.post({ type: 'admitted', grant: effect.outcome, wrongPins: effect.outcome.wrongPins });
        else host.post({ type: 'end', reason: effect.outcome.reason, goodbye: effect.outcome.goodbye });
        return;
      default:
        unreachable(effect);
    }
  }

  /** A prompt that cannot be played is over, too: the caller is waited for all the same. */
  async #ask({ prompts, onKey }: Extract<IvrEffect, { do: 'play' }>): Promise<void> {
    if ((await this.voice.ask(prompts, onKey)) !== 'stopped') this.#host.post({ type: 'ivr', event: { type: 'promptEnded' } });
  }

  #runKeypad(effect: KeypadEffect): void {
    const host = this.#host;
    switch (effect.do) {
      case 'command':
        if (host.conference !== undefined) host.inBackground(this.#execute(effect.command, host.conference));
        return;
      case 'say':
        host.inBackground(this.voice.tell(effect.prompts).then(() => host.post({ type: 'keypad', event: { type: 'promptEnded' } })));
        return;
      case 'startTimer':
        host.startTimer(`keypad:${effect.name}`, effect.ms, { type: 'keypad', event: { type: 'timer', name: effect.name } });
        return;
      case 'cancelTimer':
        host.cancelTimer(`keypad:${effect.name}`);
        return;
      default:
        unreachable(effect);
    }
  }

  async #execute(command: KeypadOrder, conference: ConferenceActor): Promise<void> {
    if ((await execute(this.#host.id, command, conference, this.#host.rooms)) === 'wrongPin') this.#host.onWrongPin();
  }

  #runLeg(effect: LegEffect): void {
    const host = this.#host;
    switch (effect.do) {
      case 'pollMedia':
        host.inBackground(this.#pollMedia());
        return;
      case 'startTimer':
        host.startTimer(effect.name, effect.ms, { type: 'leg', event: { type: 'timer', name: effect.name, now: host.scheduler.now() + effect.ms } });
        return;
      case 'cancelTimer':
        host.cancelTimer(effect.name);
        return;
      case 'tell':
        host.inBackground(this.voice.tell(effect.prompts));
        return;
      case 'end':
        host.post({ type: 'end', reason: effect.reason, goodbye: effect.goodbye });
        return;
      default:
        unreachable(effect);
    }
  }

  async #pollMedia(): Promise<void> {
    const count = await this.media.packetsReceived();
    if (count !== undefined) this.#host.post({ type: 'leg', event: { type: 'packets', count, now: this.#host.scheduler.now() } });
  }

  #obey(order: LegOrder): void {
    const host = this.#host;
    switch (order.do) {
      case 'join':
        host.inBackground(this.#join(order.muted));
        return;
      case 'lobby':
        this.voice.enterLobby();
        return;
      case 'tell':
        host.inBackground(this.voice.tell(order.prompts));
        return;
      case 'mute':
        this.#carryOut(this.media.setMuted(order.muted));
        return;
      case 'gain':
        this.#carryOut(this.media.setGain(order.decibels));
        return;
      case 'deaf':
        this.#carryOut(this.media.setDeaf(order.deaf));
        return;
      case 'end':
        host.post({ type: 'end', reason: order.reason, goodbye: order.goodbye });
        return;
      default:
        unreachable(order);
    }
  }

  #carryOut(work: Promise<void>): void {
    this.carriedOut = work;
    this.#host.inBackground(work);
  }

  async #join(muted: boolean): Promise<void> {
    const { conference, id } = this.#host;
    if (conference === undefined) return;
    this.voice.leaveLobby();
    const joined = await this.media.join(conference.room.id, muted);
    if (!this.#host.isInRoom()) return;
    if (joined.ok) this.voice.enterConference();
    conference.post(joined.ok ? { type: 'joined', call: id } : { type: 'joinFailed', call: id, reason: 'media_unavailable' });
  }
}
