import { isMuted } from '../domain/conference-state.ts';
import type { SourceStanding } from '../domain/abuse.ts';
import { initialConference, type Audience, type ConferenceState } from '../domain/conference.ts';
import type { Policy } from '../domain/policy.ts';
import type { Prompt } from '../domain/prompts.ts';
import type { EndReason } from '../domain/reasons.ts';
import { roomRules, type Room, type RoomId } from '../domain/room.ts';
import type { Scheduler } from '../lib/machine.ts';
import { err } from '../lib/result.ts';
import type { CallLeg, InboundLeg } from '../ports/call-leg.ts';
import type { OutboundLeg } from '../ports/dial.ts';
import type { Log } from '../ports/log.ts';
import type { KeptCall, KeptConference } from '../ports/live-state.ts';
import type { MediaPort } from '../ports/media.ts';
import type { CallStatus, ParticipantStatus, RoomStatus } from '../ports/status.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { Commander } from '../domain/commands.ts';
import type { ConferenceCommand } from '../domain/conference-commands.ts';
import type { Identity, Standing } from '../domain/admission.ts';
import type { ConferenceEffect } from '../domain/conference.ts';
import type { Refusal } from '../domain/control.ts';
import type { Decision } from '../domain/decision.ts';
import type { RoomEvent } from '../domain/events.ts';
import { standingOf } from '../domain/standing.ts';
import type { AdmissionView, CallerSource } from '../ports/admission.ts';
import { CallSession } from './call-session.ts';
import type { Attendant, CallProgress, SessionOptions } from './session-options.ts';
import { ConferenceActor, type Performed } from './conference-actor.ts';
import { dueTimers, seconds } from './due-timers.ts';
import { Entrance } from './entrance.ts';

export interface RegistryOptions {
  readonly rooms: RoomStore;
  readonly media: MediaPort;
  readonly cdr: CdrRecorder;
  readonly policy: Policy;
  readonly attendant: Attendant;
  readonly language: string;
  /** Most calls at a time. */
  readonly callLimit: number;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly newId: () => string;
  /** A user of ours, by name. */
  readonly identityOf: (user: string) => Identity | undefined;
  /** `abuse.exempt`. */
  readonly isExempt: (address: string) => boolean;
  /** What happens in rooms, as it happens. */
  readonly onEvent: (event: RoomEvent) => void;
  readonly onDecision: (decision: Decision) => void;
  /** Something in a room is no longer as it was. */
  readonly onChanged?: (room: RoomId) => void;
  /** Carries out what the rules of a conference have allowed and it does not do itself. */
  readonly perform: (room: RoomId, effect: Extract<ConferenceEffect, { do: 'perform' }>) => Promise<Performed>;
  readonly onTalking: (call: string, talking: boolean, level: number) => void;
  /** What is said, to be read. */
  readonly textOf: (prompts: readonly Prompt[], language: string) => string;
}

/** How much is going on; all zero when nothing is left of any call. */
export interface LiveCounts {
  readonly calls: number;
  readonly conferences: number;
  readonly timers: number;
}

/** The calls and conferences there are now. */
export class Registry implements AdmissionView {
  readonly #options: RegistryOptions;
  readonly #sessions = new Map<string, CallSession>();
  readonly #conferences = new Map<RoomId, ConferenceActor>();
  #state: 'running' | 'draining' = 'running';
  #whenEmpty: (() => void)[] = [];
  /** What is known of callers, whatever they dial. */
  readonly entrance: Entrance;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.entrance = new Entrance(options);
  }

  get state(): 'running' | 'draining' {
    return this.#state;
  }

  /** A call has come in. */
  arrive(leg: InboundLeg): void {
    const { callLimit, log } = this.#options;
    if (this.#state === 'draining') { this.#turnAway(leg, 'shutdown'); return; }
    if (this.#sessions.size >= callLimit) {
      log.warn({ code: 'too_many_calls', callLimit }, 'a call was turned away: limits.calls is reached');
      this.#turnAway(leg, 'media_unavailable'); return;
    }
    this.#begin(leg);
  }

  /** Calls somebody into a conference, or answers why not. */
  dial(leg: OutboundLeg, onProgress: (progress: CallProgress) => void): 'dialling' | 'not_now' {
    if (this.#state === 'draining' || this.#sessions.size >= this.#options.callLimit) return 'not_now';
    this.#begin(leg, onProgress);
    return 'dialling';
  }

  /** Says something to one call, wherever it is. */
  tell(call: string, prompts: readonly Prompt[]): void {
    void this.#sessions.get(call)?.order({ do: 'tell', prompts });
  }

  /** Sends text to the display of one participant, or of all in the conference or its lobby. `not_supported`: none of them takes any. */
  async message(id: RoomId, to: Audience, text: string): Promise<'done' | Refusal> {
    const there = [...(this.#conferences.get(id)?.state.participants.keys() ?? [])].filter((call) => to === 'room' || to.call === call);
    const sent = await Promise.all(there.flatMap((call) => this.#sessions.get(call) ?? []).map((session) => session.sendText(text)));
    const taken = sent.filter((outcome) => outcome.ok).length;
    this.#options.log.info({ room: id, taken, of: there.length }, 'a message was sent');
    if (taken > 0) return 'done';
    return sent.some((outcome) => !outcome.ok && outcome.error === 'failed') ? 'failed' : 'not_supported';
  }

  /** Who is called into the room, or is in it already. */
  parties(id: RoomId): readonly Pick<CallLeg, 'caller' | 'aliases' | 'identity' | 'dialled'>[] {
    return [...this.#sessions.values()].filter((session) => session.stage !== 'ending' && (session.room?.id === id || session.leg.dialled?.room === id)).map(({ leg }) => leg);
  }

  /** A conference of a former process goes on. */
  resume(kept: KeptConference, room: Room): ConferenceActor {
    return this.#conference(room, kept);
  }

  /** A call of a former process, in its room; whoever asks resumes or cuts it. */
  takeOver(leg: CallLeg, since: number, room: Room): CallSession {
    return this.#session(leg, { takenOver: { since, room } });
  }

  /** All that another process needs to take over a room. */
  keep(id: RoomId): { readonly conference: KeptConference | undefined; readonly calls: readonly KeptCall[] } {
    const conference = this.#conferences.get(id);
    const there = [...(conference?.state.participants.keys() ?? [])];
    return { conference: conference?.keep(), calls: there.flatMap((call) => this.#sessions.get(call)?.keep() ?? []) };
  }

  #begin(leg: CallLeg, onProgress?: (progress: CallProgress) => void): void {
    this.#session(leg, onProgress === undefined ? {} : { onProgress }).start();
  }

  #session(leg: CallLeg, more: Pick<SessionOptions, 'onProgress' | 'takenOver'>): CallSession {
    const { rooms, media, cdr, policy, attendant, language, scheduler, log, onDecision, onTalking } = this.#options;
    const session: CallSession = new CallSession({
      leg,
      rooms,
      media,
      cdr,
      policy,
      attendant,
      language,
      scheduler,
      log,
      conference: (room) => this.#conference(room),
      standing: (room) => this.#standing(room),
      entrance: this.entrance,
      onDecision,
      onTalking,
      ...more,
      onClosed: () => this.#closed(session.id),
    });
    this.#sessions.set(session.id, session);
    return session;
  }

  /** Rooms that somebody is in or waits for. */
  get actors(): readonly ConferenceActor[] {
    return [...this.#conferences.values()];
  }

  actor(id: RoomId): ConferenceActor | undefined {
    return this.#conferences.get(id);
  }

  session(call: string): CallSession | undefined {
    return this.#sessions.get(call);
  }

  roomChanged(room: Room): void {
    this.#conferences.get(room.id)?.roomChanged(room);
    for (const session of this.#sessions.values()) session.roomChanged(room);
  }

  roomRemoved(id: RoomId): void {
    this.#conferences.get(id)?.post({ type: 'roomRemoved' });
    for (const session of this.#sessions.values()) if (session.stage !== 'room' && session.room?.id === id) session.end('room_removed');
  }

  /** Settles when it took effect in the mixer, or was refused; `not_now` where nobody is in the room or its lobby. */
  command(id: RoomId, command: ConferenceCommand, by: Commander): Promise<Performed> {
    return this.#conferences.get(id)?.command({ command, by }) ?? Promise.resolve(err('not_now'));
  }

  /** OV-46: ends the member's legs at once. */
  memberRemoved(id: RoomId, member: string): void {
    this.#conferences.get(id)?.post({ type: 'memberRemoved', member });
  }

  /** The conference of the room as its rules know it; the one that would begin where nobody is there. */
  conference(room: Room): ConferenceState {
    return this.#conferences.get(room.id)?.state ?? initialConference(roomRules(room));
  }

  sourceStanding({ identity, assertedNumber, address }: CallerSource, room: Room | undefined): SourceStanding {
    return this.entrance.standing(this.entrance.sourceOf(identity, assertedNumber, address), room);
  }

  identityOf(user: string): Identity | undefined {
    return this.#options.identityOf(user);
  }

  /** Takes no more calls, says goodbye to all, and settles when the last one is over. */
  drain(): Promise<void> {
    this.#state = 'draining';
    this.endAll('shutdown');
    return this.empty();
  }

  /** Ends all, each with its goodbye. */
  endAll(reason: EndReason): void {
    for (const conference of [...this.#conferences.values()]) conference.post({ type: 'endAll', reason });
    for (const session of [...this.#sessions.values()]) if (session.stage !== 'room') session.end(reason);
  }

  /** Ends all at once, without a word. */
  cutAll(reason: EndReason): void {
    this.#state = 'draining';
    for (const session of [...this.#sessions.values()]) session.cut(reason);
  }

  /** Settles when no call is left. */
  empty(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** A few of the calls that are still there, for the log. */
  sample(most: number): readonly string[] {
    return [...this.#sessions.keys()].slice(0, most);
  }

  counts(): LiveCounts {
    const timers = [...this.#sessions.values(), ...this.#conferences.values()].reduce((sum, actor) => sum + actor.timers.size, 0);
    return { calls: this.#sessions.size, conferences: this.#conferences.size, timers };
  }

  roomStatus(): readonly RoomStatus[] {
    return [...this.#conferences.values()].map((conference) => this.#roomStatus(conference));
  }

  callStatus(): readonly CallStatus[] {
    const now = this.#options.scheduler.now();
    return [...this.#sessions.values()]
      .filter((session) => session.stage !== 'room')
      .map((session) => ({
        id: session.id,
        caller: session.caller,
        alias: session.alias,
        stage: session.stage !== 'ivr' ? session.stage : session.room === undefined ? 'attendant' : 'pin',
        forSeconds: seconds(now - session.since),
        timers: dueTimers(session.timers, now, () => true),
      }));
  }

  #roomStatus(conference: ConferenceActor): RoomStatus {
    const now = this.#options.scheduler.now();
    const { room, state, timers } = conference;
    const participants = [...state.participants.values()].map((participant): ParticipantStatus => {
      const { call, name, role, rule, since } = participant;
      const own = new Map([...timers].filter(([timer]) => timer.endsWith(`:${call}`)));
      return {
        id: call,
        caller: name,
        place: participant.place === 'lobby' ? 'lobby' : 'conference',
        role,
        rule,
        audio: isMuted(participant) ? 'muted' : 'live',
        forSeconds: seconds(now - since),
        timers: [...dueTimers(own, now, () => true), ...dueTimers(this.#sessions.get(call)?.timers ?? new Map(), now, (timer) => timer !== 'mediaPoll')],
      };
    });
    return {
      id: room.id,
      name: room.name,
      aliases: room.aliases,
      state: this.#standing(room).open ? 'open' : 'closed',
      lock: this.#standing(room).locked ? 'locked' : 'unlocked',
      participants: [...participants.filter(({ place }) => place === 'conference'), ...participants.filter(({ place }) => place === 'lobby')],
      timers: dueTimers(timers, now, (timer) => !timer.includes(':')),
    };
  }

  #conference(room: Room, kept?: KeptConference): ConferenceActor {
    const there = this.#conferences.get(room.id);
    if (there !== undefined) return there;
    const { policy, media, cdr, scheduler, log, newId, onEvent, onDecision, perform, textOf } = this.#options;
    const conference: ConferenceActor = new ConferenceActor({
      room,
      ...(kept === undefined ? {} : { kept }),
      onChanged: () => this.#options.onChanged?.(room.id),
      policy,
      media,
      cdr,
      scheduler,
      log,
      newId,
      onEvent,
      onDecision,
      sendText: (prompts) => this.message(room.id, 'room', textOf(prompts, conference.room.language)),
      perform: (effect) => perform(room.id, effect),
      onOpened: () => {
        for (const session of this.#sessions.values()) if (session.room?.id === room.id) session.roomOpened();
      },
      onIdle: () => {
        if (this.#conferences.get(room.id) === conference) this.#conferences.delete(room.id);
        // Nobody is there any more who would want them.
        for (const session of this.#sessions.values()) if (session.leg.dialled?.room === room.id && session.stage === 'arriving') session.end('unattended');
      },
    });
    this.#conferences.set(room.id, conference);
    return conference;
  }

  #standing(room: Room): Standing {
    return standingOf(this.conference(room));
  }

  #turnAway(leg: InboundLeg, reason: EndReason): void {
    this.#options.log.info({ call: leg.id, alias: leg.aliases.at(-1), reason }, 'call turned away');
    leg.listen({ onDigit: () => undefined, onEnded: () => undefined, onOffer: () => Promise.resolve({ ok: false, error: 'refused' }) });
    void leg.end(reason);
  }

  #closed(id: string): void {
    this.#sessions.delete(id);
    if (this.#sessions.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}
