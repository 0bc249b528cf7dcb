import type { Order } from '../domain/conference-commands.ts';
import { conferenceStep, initialConference, type CallId, type ConferenceEffect, type ConferenceEvent, type ConferenceFact, type ConferenceState, type Participant } from '../domain/conference.ts';
import type { Refusal } from '../domain/control.ts';
import type { RoomEvent } from '../domain/events.ts';
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
import { eventOf } from './room-events.ts';

/** What the conference asks of a leg: the effects that concern one call. */
export type LegOrder = Extract<ConferenceEffect, { do: 'join' | 'lobby' | 'end' | 'mute' | 'gain' | 'deaf' }> | { readonly do: 'tell'; readonly prompts: readonly Prompt[] };

/** A call as the conference sees it. */
export interface ConferenceLeg {
  readonly id: CallId;
  /** Settles when it was carried out, as far as that takes time. */
  order(order: LegOrder): Promise<void>;
}

export interface ConferenceActorOptions {
  readonly room: Room;
  readonly policy: Policy;
  readonly media: MediaPort;
  readonly cdr: CdrRecorder;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly newId: () => string;
  /** What happened, as it happens. */
  readonly onEvent: (event: RoomEvent) => void;
  /** Carries out what the rules have allowed and a conference does not do itself. */
  readonly perform: (effect: Extract<ConferenceEffect, { do: 'perform' }>) => Promise<'done' | Refusal>;
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
  /** Who is there or was a moment ago, for what is told about them. */
  readonly #known = new Map<CallId, Participant>();
  /** Commands to be answered. */
  readonly #requests = new Map<string, (outcome: 'done' | Refusal) => void>();
  /** What the effects of the present command have set going. */
  #underWay: Promise<void>[] = [];
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
    const participant = this.#machine.state.participants.get(leg.id);
    if (participant !== undefined) this.#known.set(leg.id, participant);
  }

  /** The leg is gone, or on its way out: it hears its goodbye alone. */
  left(call: CallId): void {
    if (!this.#legs.delete(call)) return;
    this.#machine.post({ type: 'left', call });
  }

  /** Settles when it took effect in the mixer, or was refused. */
  command(order: Omit<Order, 'request'>): Promise<'done' | Refusal> {
    return new Promise((resolve) => {
      const request = this.#options.newId();
      this.#requests.set(request, resolve);
      this.#underWay = [];
      this.#machine.post({ type: 'command', ...order, request });
    });
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
      case 'gain':
      case 'deaf':
        this.#order(effect.call, effect);
        return;
      case 'end':
        this.#ended.set(effect.call, effect.reason);
        this.#order(effect.call, effect);
        return;
      case 'perform':
        void this.#options.perform(effect).then((outcome) => this.#answer(effect.request, outcome)).catch((error: unknown) => this.#defect(error, 'perform'));
        return;
      case 'answer': {
        const { request, outcome } = effect;
        void Promise.all(this.#underWay.splice(0)).then(() => this.#answer(request, outcome)).catch(() => this.#answer(request, 'failed'));
        return;
      }
      case 'tell':
        if (effect.to === 'room') this.#announce(effect.prompts);
        else void this.#legs.get(effect.to.call)?.order({ do: 'tell', prompts: effect.prompts });
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
        for (const request of [...this.#requests.keys()]) this.#answer(request, 'done');
        this.#options.onIdle();
        return;
      case 'emit':
        this.#log.info({ ...effect.event, type: undefined, fact: effect.event.type }, `conference: ${effect.event.type}`);
        this.#tell(effect.event);
        this.#note(effect.event);
        return;
      default:
        unreachable(effect);
    }
  }

  #order(call: CallId, order: LegOrder): void {
    const carriedOut = this.#legs.get(call)?.order(order);
    if (carriedOut !== undefined && this.#requests.size > 0) this.#underWay.push(carriedOut);
  }

  #answer(request: string | undefined, outcome: 'done' | Refusal): void {
    if (request === undefined) return;
    this.#requests.get(request)?.(outcome);
    this.#requests.delete(request);
  }

  #tell(fact: ConferenceFact): void {
    const { state } = this.#machine;
    for (const participant of state.participants.values()) this.#known.set(participant.call, participant);
    this.#options.onEvent(
      eventOf(fact, {
        at: this.#options.scheduler.now(),
        state,
        participant: (call) => state.participants.get(call) ?? this.#known.get(call),
        reasonOf: (call) => this.#ended.get(call) ?? 'caller_hung_up',
      }),
    );
    if (fact.type === 'left') this.#known.delete(fact.call);
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
    for (const leg of [...this.#legs.values()]) void leg.order({ do: 'end', call: leg.id, reason: 'server_error', goodbye: goodbyeOf('server_error') });
  }
}
