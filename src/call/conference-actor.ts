import { conferenceStep, initialConference, type CallId, type ConferenceEffect, type ConferenceEvent, type ConferenceFact, type ConferenceState } from '../domain/conference.ts';
import type { Policy } from '../domain/policy.ts';
import type { Prompt } from '../domain/prompts.ts';
import { goodbyeOf, type EndReason } from '../domain/reasons.ts';
import { roomRules, type Room } from '../domain/room.ts';
import { errorText } from '../lib/attempt.ts';
import { Machine, type Scheduler } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import type { Log } from '../ports/log.ts';
import type { MediaPort } from '../ports/media.ts';
import type { CdrRecorder } from '../ports/cdr.ts';

/** What the conference asks of a leg: the effects that concern one call. */
export type LegOrder = Extract<ConferenceEffect, { do: 'join' | 'lobby' | 'end' | 'mute' }> | { readonly do: 'tell'; readonly prompts: readonly Prompt[] };

/** A call as the conference sees it. */
export interface ConferenceLeg {
  readonly id: CallId;
  order(order: LegOrder): void;
}

export interface ConferenceActorOptions {
  readonly room: Room;
  readonly policy: Policy;
  readonly media: MediaPort;
  readonly cdr: CdrRecorder;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly newId: () => string;
  /** The room opened: callers at its PIN prompt may go in. */
  readonly onOpened: () => void;
  /** Nobody is in it or waits for it any more. */
  readonly onIdle: () => void;
}

/** One room while somebody is in it or waits: runs the rules of `domain/conference.ts` and does what they say. */
export class ConferenceActor {
  readonly #options: ConferenceActorOptions;
  readonly #machine: Machine<ConferenceState, ConferenceEvent, ConferenceEffect>;
  readonly #legs = new Map<CallId, ConferenceLeg>();
  readonly #log: Log;
  /** What is said to the room is said in the order told. */
  #announcing: Promise<void> = Promise.resolve();
  /** The conference record in progress: from the first in the mixer to the last. */
  #record: { readonly id: string; peak: number; readonly inside: Set<CallId> } | undefined;
  /** Those told to end, and why; who left by himself is not among them. */
  readonly #ended = new Map<CallId, EndReason>();
  #room: Room;

  constructor(options: ConferenceActorOptions) {
    this.#options = options;
    this.#room = options.room;
    this.#log = options.log.child({ room: options.room.id });
    this.#machine = new Machine(
      {
        initial: initialConference(roomRules(options.room)),
        step: (state, event) => conferenceStep(state, event, options.policy, options.scheduler.now()),
        run: (effect) => this.#run(effect),
        onError: (error, event) => this.#defect(error, event.type),
      },
      options.scheduler,
    );
  }

  get room(): Room {
    return this.#room;
  }

  get state(): ConferenceState {
    return this.#machine.state;
  }

  /** Timers and when they are due, ms since the epoch. */
  get timers(): ReadonlyMap<string, number> {
    return this.#machine.pendingTimers();
  }

  post(event: ConferenceEvent): void {
    this.#machine.post(event);
  }

  enter(leg: ConferenceLeg, event: Omit<Extract<ConferenceEvent, { type: 'enter' }>, 'type' | 'call'>): void {
    this.#legs.set(leg.id, leg);
    this.#machine.post({ type: 'enter', call: leg.id, ...event });
  }

  /** The leg is gone, or on its way out: it hears its goodbye alone. */
  left(call: CallId): void {
    if (!this.#legs.delete(call)) return;
    this.#machine.post({ type: 'left', call });
  }

  roomChanged(room: Room): void {
    this.#room = room;
    this.#machine.post({ type: 'roomChanged', room: roomRules(room) });
  }

  #run(effect: ConferenceEffect): void {
    switch (effect.do) {
      case 'join':
      case 'lobby':
      case 'mute':
        this.#legs.get(effect.call)?.order(effect);
        return;
      case 'end':
        this.#ended.set(effect.call, effect.reason);
        this.#legs.get(effect.call)?.order(effect);
        return;
      case 'tell':
        if (effect.to === 'room') this.#announce(effect.prompts);
        else this.#legs.get(effect.to.call)?.order({ do: 'tell', prompts: effect.prompts });
        return;
      case 'startTimer':
        this.#machine.startTimer(effect.name, effect.ms, { type: 'timer', name: effect.name });
        return;
      case 'cancelTimer':
        this.#machine.cancelTimer(effect.name);
        return;
      case 'opened':
        this.#options.onOpened();
        return;
      case 'idle':
        this.#machine.stop();
        this.#options.onIdle();
        return;
      case 'emit':
        this.#log.info({ ...effect.event, type: undefined, fact: effect.event.type }, `conference: ${effect.event.type}`);
        this.#note(effect.event);
        return;
      default:
        unreachable(effect);
    }
  }

  #announce(prompts: readonly Prompt[]): void {
    this.#announcing = this.#announcing.then(() => this.#options.media.announce(this.#room.id, prompts, this.#room.language)).catch((error: unknown) => this.#defect(error, 'announce'));
  }

  /** Folds what happened into call and conference records. */
  #note(fact: ConferenceFact): void {
    const { cdr, scheduler, newId } = this.#options;
    if (fact.type === 'joined') {
      if (this.#record === undefined) {
        this.#record = { id: newId(), peak: 0, inside: new Set() };
        cdr.record({ type: 'conferenceOpened', id: this.#record.id, roomId: this.#room.id, at: scheduler.now() });
      }
      this.#record.inside.add(fact.call);
      this.#record.peak = Math.max(this.#record.peak, this.#record.inside.size);
      cdr.record({ type: 'callJoined', id: fact.call, at: scheduler.now(), conferenceId: this.#record.id });
    } else if (fact.type === 'left') {
      const reason = this.#ended.get(fact.call) ?? 'emptied';
      this.#ended.delete(fact.call);
      if (this.#record?.inside.delete(fact.call) !== true || this.#record.inside.size > 0) return;
      cdr.record({ type: 'conferenceClosed', id: this.#record.id, at: scheduler.now(), reason, peakParticipants: this.#record.peak });
      this.#record = undefined;
    }
  }

  /** A bug in a rule must not leave people in a room that no rule governs. */
  #defect(error: unknown, at: string): void {
    this.#log.error({ code: 'conference_defect', at, problem: errorText(error), stack: error instanceof Error ? error.stack : undefined }, 'the conference failed; it is ended');
    for (const leg of [...this.#legs.values()]) leg.order({ do: 'end', call: leg.id, reason: 'server_error', goodbye: goodbyeOf('server_error') });
  }
}
