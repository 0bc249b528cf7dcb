import type { Order } from '../domain/conference-commands.ts';
import { conferenceStep, initialConference, isOpen, type CallId, type ConferenceEffect, type ConferenceEvent, type ConferenceFact, type ConferenceState, type ConferenceTimer, type Participant } from '../domain/conference.ts';
import { fromSnapshot, snapshotOf } from '../domain/conference-snapshot.ts';
import type { Refusal } from '../domain/control.ts';
import type { Decision } from '../domain/decision.ts';
import type { RoomEvent } from '../domain/events.ts';
import type { Policy } from '../domain/policy.ts';
import type { Prompt } from '../domain/prompts.ts';
import { goodbyeOf, type EndReason } from '../domain/reasons.ts';
import { roomRules, type Room, type RoomId } from '../domain/room.ts';
import { errorText } from '../lib/attempt.ts';
import { Machine, type Scheduler } from '../lib/machine.ts';
import { err, ok, unreachable, type Result } from '../lib/result.ts';
import type { CommandOutcome } from '../ports/live.ts';
import type { Log } from '../ports/log.ts';
import type { KeptConference } from '../ports/live-state.ts';
import type { MediaPort } from '../ports/media.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import { decisionOf } from './conference-decision.ts';
import { eventOf } from './room-events.ts';

/** What the conference asks of a leg: the effects that concern one call. */
export type LegOrder = Extract<ConferenceEffect, { do: 'join' | 'lobby' | 'end' | 'mute' | 'gain' | 'deaf' }> | { readonly do: 'tell'; readonly prompts: readonly Prompt[] };

/** A call as the conference sees it. */
export interface ConferenceLeg {
  readonly id: CallId;
  /** Settles when it was carried out, as far as that takes time. */
  order(order: LegOrder): Promise<void>;
}

/** What came of a command. */
export type Performed = Result<CommandOutcome, Refusal>;

const done: Performed = ok({ kind: 'done' });

export interface ConferenceActorOptions {
  readonly room: Room;
  /** What a former process has left of it. */
  readonly kept?: KeptConference;
  readonly policy: Policy;
  readonly media: MediaPort;
  readonly cdr: CdrRecorder;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly newId: () => string;
  /** What happened, as it happens. */
  readonly onEvent: (event: RoomEvent) => void;
  readonly onDecision: (decision: Decision) => void;
  /** Sends text to all, as far as their telephones show it. */
  readonly sendText: (prompts: readonly Prompt[]) => Promise<unknown>;
  /** Carries out what the rules have allowed and a conference does not do itself. */
  readonly perform: (effect: Extract<ConferenceEffect, { do: 'perform' }>) => Promise<Performed>;
  /** Something is no longer as it was. */
  readonly onChanged: () => void;
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
  readonly #requests = new Map<string, (outcome: Performed) => void>();
  /** What the effects of the present command have set going. */
  #underWay: Promise<void>[] = [];
  /** Those told to end, and why; who left by himself is not among them. */
  readonly #ended = new Map<CallId, EndReason>();
  #room: Room;

  constructor(options: ConferenceActorOptions) {
    this.#options = options;
    const { kept } = options;
    this.#room = options.room;
    this.#log = options.log.child({ room: options.room.id });
    this.#machine = new Machine(
      {
        initial: kept === undefined ? initialConference(roomRules(options.room)) : fromSnapshot(kept.state, roomRules(options.room)),
        step: (state, event) => {
          options.onChanged();
          return conferenceStep(state, event, options.policy, options.scheduler.now());
        },
        run: (effect) => this.#run(effect),
        onError: (error, event) => this.#defect(error, event.type),
      },
      options.scheduler,
    );
    if (kept?.record !== undefined) {
      const inside = kept.state.participants.filter(({ place }) => place === 'conference').map(({ call }) => call);
      this.#record = { ...kept.record, inside: new Set(inside) };
    }
  }

  get room(): Room {
    return this.#room;
  }

  get isOpen(): boolean {
    return isOpen(this.#machine.state);
  }

  get state(): ConferenceState {
    return this.#machine.state;
  }

  /** Of the conference record in progress. */
  get conferenceId(): string | undefined {
    return this.#record?.id;
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

  /** A leg of a former process that is still there. */
  adopt(leg: ConferenceLeg): void {
    this.#legs.set(leg.id, leg);
  }

  /** All legs that are still there are adopted: the others are gone, and what was going to happen happens when it was due. */
  resume(deadlines: Readonly<Record<string, number>>): void {
    const { scheduler } = this.#options;
    for (const participant of this.state.participants.values()) this.#known.set(participant.call, participant);
    for (const [name, due] of Object.entries(deadlines)) {
      const timer = name as ConferenceTimer;
      this.#machine.startTimer(timer, Math.max(due - scheduler.now(), 0), { type: 'timer', name: timer });
    }
    for (const call of this.state.participants.keys()) {
      if (this.#legs.has(call)) continue;
      this.#ended.set(call, 'restart');
      this.#machine.post({ type: 'left', call });
    }
  }

  /** What another process needs to take it over. */
  keep(): KeptConference {
    const record = this.#record;
    return {
      roomId: this.#room.id,
      ...(record === undefined ? {} : { record: { id: record.id, peak: record.peak } }),
      state: snapshotOf(this.state),
      deadlines: Object.fromEntries(this.timers),
    };
  }

  /** The leg is gone, or on its way out: it hears its goodbye alone. */
  left(call: CallId): void {
    if (!this.#legs.delete(call)) return;
    this.#machine.post({ type: 'left', call });
  }

  /** The leg is in another room. */
  movedAway(call: CallId, to: RoomId): void {
    this.#ended.set(call, 'moved');
    this.#tellMove(call, to, 'moved');
    this.left(call);
  }

  /** The leg is here still: the other room did not take it. */
  movedBack(call: CallId, from: RoomId): void {
    this.#tellMove(call, from, 'returned');
  }

  #tellMove(callId: CallId, to: RoomId, outcome: 'moved' | 'returned'): void {
    this.#log.info({ call: callId, to, outcome }, `conference: ${outcome}`);
    this.#options.onEvent({ type: 'participant.moved', at: this.#options.scheduler.now(), roomId: this.#room.id, callId, data: { to, outcome } });
  }

  /** Settles when it took effect in the mixer, or was refused. */
  command(order: Omit<Order, 'request'>): Promise<Performed> {
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
    const decision = decisionOf(effect, this.#machine.state, this.#options.scheduler.now());
    if (decision !== undefined) this.#options.onDecision(decision);
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
        void Promise.all(this.#underWay.splice(0))
          .then(() => this.#answer(request, outcome === 'done' ? done : err(outcome)))
          .catch(() => this.#answer(request, err('failed')));
        return;
      }
      case 'tell':
        if (effect.to === 'room') this.#announce(effect.prompts);
        else void this.#legs.get(effect.to.call)?.order({ do: 'tell', prompts: effect.prompts });
        return;
      case 'text':
        this.#options.sendText(effect.prompts).catch((error: unknown) => this.#log.warn({ code: 'text_failed', problem: errorText(error) }, 'a text was not sent'));
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
        for (const request of [...this.#requests.keys()]) this.#answer(request, done);
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

  #answer(request: string | undefined, outcome: Performed): void {
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
