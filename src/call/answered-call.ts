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
import { execute } from './live-control.ts';
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
  attendantPinIs(entry: Pin): boolean;
  checkNumber(number: string): Promise<void>;
  checkPin(entry: Pin): Promise<void>;
  /** Work whose outcome comes back as an event, or is of no account. */
  inBackground(work: Promise<unknown>): void;
  /** Whether the room still counts on the leg. */
  isInRoom(): boolean;
}

/** A call that has its endpoint: what the rules want of it becomes calls of the ports, and what comes of it events. */
export class AnsweredCall {
  readonly media: LegMedia;
  readonly voice: LegVoice;
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
        host.post({ type: 'ivr', event: { type: 'attendantPinChecked', correct: host.attendantPinIs(effect.entry) } });
        return;
      case 'checkNumber':
        host.inBackground(host.checkNumber(effect.number));
        return;
      case 'checkPin':
        host.inBackground(host.checkPin(effect.entry));
        return;
      case 'finish':
        if (effect.outcome.kind === 'role') host.post({ ...effect.outcome, type: 'admitted' });
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
        if (host.conference !== undefined) host.inBackground(execute(host.id, effect.command, host.conference, host.rooms));
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
        host.inBackground(this.media.setMuted(order.muted));
        return;
      case 'end':
        host.post({ type: 'end', reason: order.reason, goodbye: order.goodbye });
        return;
      default:
        unreachable(order);
    }
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
