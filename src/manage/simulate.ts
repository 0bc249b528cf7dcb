import type { SourceStanding } from '../domain/abuse.ts';
import { admit, judgePin, type AdmissionVerdict, type Credential, type Grant } from '../domain/admission.ts';
import { conferenceStep, initialConference, type ConferenceState } from '../domain/conference.ts';
import type { Pin } from '../domain/pin-format.ts';
import { roomRoleOf } from '../domain/member.ts';
import type { MediaProtection, Policy } from '../domain/policy.ts';
import type { EndReason } from '../domain/reasons.ts';
import { normaliseAlias, roomRules, type Room } from '../domain/room.ts';
import { pickRoom } from '../domain/schedule.ts';
import { standingOf } from '../domain/standing.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { AdmissionView, CallerSource } from '../ports/admission.ts';
import type { RoomStore } from '../ports/rooms.ts';
import { timeText } from './audit.ts';

export interface SimulateOptions {
  readonly rooms: Pick<RoomStore, 'byAlias' | 'byToken' | 'identify'>;
  readonly view: AdmissionView;
  readonly policy: Policy;
  readonly attendantAliases: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A call that is not made. */
export interface SupposedCall {
  readonly alias: string;
  readonly source: CallerSource;
  readonly media: MediaProtection;
  /** Of a link. */
  readonly token?: string;
  /** What is keyed at a PIN prompt: digits, or nothing at all. Absent: what the prompt would be is the answer. */
  readonly keyed?: { readonly kind: 'pin'; readonly pin: Pin } | { readonly kind: 'nothing' };
  /** Milliseconds since the epoch; absent: now, in the conference as it is. At another time nobody is thought to be there. */
  readonly at?: number;
}

export interface SupposedDecision {
  readonly stage: 'arrival' | 'pin' | 'place';
  readonly rule: string;
  readonly outcome: string;
}

/** `asked`: at a PIN prompt; `rejected`: before the answer; `ended`: after it. */
export interface Supposition {
  readonly at: string;
  readonly room?: string;
  /** How the conference was taken to be. */
  readonly conference?: { readonly open: boolean; readonly locked: boolean; readonly participants: number };
  readonly decisions: readonly SupposedDecision[];
  readonly result: 'attendant' | 'rejected' | 'ended' | 'asked' | 'lobby' | 'conference';
  readonly reason?: EndReason;
  readonly role?: 'moderator' | 'speaker';
  readonly member?: string;
  readonly waitsFor?: 'start' | 'host' | 'unlock';
  readonly permissions?: readonly string[];
  /** Seconds a stranger waits before the prompt of a room that is guessed at (policy.md section 6). */
  readonly delaySeconds?: number;
}

/** The call as the conference knows it. */
const call = 'supposed';

/** N-02: what would happen to a call, by the very rules a real one meets. Nothing is counted and nothing changes. */
export class Simulator {
  readonly #options: SimulateOptions;

  constructor(options: SimulateOptions) {
    this.#options = options;
  }

  async simulate(supposed: SupposedCall): Promise<Result<Supposition, Problem>> {
    const { rooms, view, attendantAliases, now } = this.#options;
    const at = supposed.at ?? now();
    const alias = normaliseAlias(supposed.alias);
    const identity = supposed.source.identity === undefined ? undefined : view.identityOf(supposed.source.identity);
    if (supposed.source.identity !== undefined && identity === undefined) return err({ code: 'user_unknown', message: 'there is no such user', advice: 'give the name of a user, or leave identity out', field: 'identity' });
    const found = await rooms.byAlias(alias);
    if (!found.ok) return found;
    const isAttendant = attendantAliases.includes(alias);
    const room = isAttendant ? undefined : pickRoom(found.value, at);
    const credential = room === undefined ? ok(undefined) : await this.#credential(supposed.token, room);
    if (!credential.ok) return credential;
    // Guesses of the past say nothing of another time.
    const standing: SourceStanding = supposed.at === undefined ? view.sourceStanding(supposed.source, room) : { kind: 'free' };
    const blocked = standing.kind === 'blocked';
    if (isAttendant) return ok({ at: timeText(at), ...(blocked && identity === undefined ? attendantShut : attendantAsks) });
    const state = room === undefined ? undefined : supposed.at === undefined ? view.conference(room) : initialConference(roomRules(room));
    const verdict = admit({
      room: room && roomRules(room),
      conference: state === undefined ? { open: false, locked: false, members: new Set() } : standingOf(state),
      media: supposed.media,
      now: at,
      source: blocked ? 'blocked' : 'free',
      ...(identity === undefined ? {} : { identity }),
      ...(credential.value === undefined ? {} : { credential: credential.value }),
    });
    const arrival: SupposedDecision = { stage: 'arrival', rule: verdict.rule, outcome: verdict.kind };
    if (room === undefined || state === undefined) return ok({ at: timeText(at), decisions: [arrival], result: 'rejected', ...('reason' in verdict ? { reason: verdict.reason } : {}) });
    const delay = standing.kind === 'slowed' && identity === undefined && verdict.kind === 'askPin' ? { delaySeconds: standing.ms / 1_000 } : {};
    const { open, locked } = standingOf(state);
    const seen = { at: timeText(at), room: room.id, conference: { open, locked, participants: state.participants.size }, ...delay };
    const after = this.#after(verdict, room, state, supposed.keyed, at);
    return ok({ ...seen, ...after, decisions: [arrival, ...after.decisions] });
  }

  /** Row 6, as `call/entrance.ts` asks the store. A remembered guest PIN is known to the running process alone. */
  async #credential(token: string | undefined, room: Room): Promise<Result<Credential | undefined, Problem>> {
    if (token === undefined) return ok(undefined);
    const found = await this.#options.rooms.byToken(token);
    if (!found.ok) return found;
    if (found.value?.room.id !== room.id) return ok({ kind: 'unknown' });
    const { grant } = found.value;
    return ok(grant.kind === 'member' ? grant : { kind: grant.role === 'moderator' ? 'moderatorLink' : 'speakerLink' });
  }

  #after(verdict: AdmissionVerdict, room: Room, state: ConferenceState, keyed: SupposedCall['keyed'], at: number): Omit<Supposition, 'at'> {
    switch (verdict.kind) {
      case 'reject':
        return { decisions: [], result: 'rejected', reason: verdict.reason };
      case 'turnAway':
        return { decisions: [], result: 'ended', reason: verdict.reason };
      case 'admit':
        return this.#placed(verdict, state, at);
      case 'askPin':
        return this.#keyed(verdict.noPin, room, state, keyed, at);
    }
  }

  #keyed(noPin: 'guest' | 'end', room: Room, state: ConferenceState, keyed: SupposedCall['keyed'], at: number): Omit<Supposition, 'at'> {
    if (keyed === undefined) return { decisions: [], result: 'asked' };
    if (keyed.kind === 'nothing') {
      // Rows 9 and 10: `#` alone, or silence.
      if (noPin === 'end') return { decisions: [], result: 'ended', reason: 'pin_timeout' };
      return this.#placed({ rule: 'host_pin_only_no_pin', role: 'guest' }, state, at);
    }
    const verdict = judgePin(this.#options.rooms.identify(room, keyed.pin), roomRules(room), standingOf(state).members);
    if (verdict.kind === 'wrong') return { decisions: [{ stage: 'pin', rule: 'wrong_pin', outcome: 'wrong' }], result: 'asked' };
    if (verdict.kind === 'inUse') return { decisions: [{ stage: 'pin', rule: 'member_in_use', outcome: 'inUse' }], result: 'ended', reason: 'member_in_use' };
    const placed = this.#placed(verdict, state, at);
    return { ...placed, decisions: [{ stage: 'pin', rule: verdict.rule, outcome: 'admit' }, ...placed.decisions] };
  }

  /** Steps (a) to (e): the conference takes the call in, on paper. */
  #placed({ rule, role, member }: Grant, state: ConferenceState, at: number): Omit<Supposition, 'at'> {
    const { state: after, effects } = conferenceStep(state, { type: 'enter', call, name: '', role, rule, wrongPins: 0, ...(member === undefined ? {} : { member }) }, this.#options.policy, at);
    const given = { role: roomRoleOf(role), ...(member === undefined ? {} : { member }) };
    for (const effect of effects) {
      if (effect.do === 'end' && effect.call === call) return { ...given, decisions: [{ stage: 'place', rule: effect.reason, outcome: 'end' }], result: 'ended', reason: effect.reason };
    }
    const participant = after.participants.get(call);
    const permissions = participant === undefined ? {} : { permissions: [...participant.permissions] };
    if (participant?.place === 'lobby') {
      const waitsFor = participant.waitsFor ?? 'host';
      return { ...given, ...permissions, decisions: [{ stage: 'place', rule: placeRules[waitsFor], outcome: 'lobby' }], result: 'lobby', waitsFor };
    }
    return { ...given, ...permissions, decisions: [{ stage: 'place', rule: 'join', outcome: 'join' }], result: 'conference' };
  }
}

const attendantAsks: Omit<Supposition, 'at'> = { decisions: [{ stage: 'arrival', rule: 'attendant', outcome: 'ask' }], result: 'attendant' };
const attendantShut: Omit<Supposition, 'at'> = { decisions: [{ stage: 'arrival', rule: 'source_blocked', outcome: 'reject' }], result: 'rejected', reason: 'source_blocked' };

const placeRules = { start: 'early', host: 'closed', unlock: 'locked' } as const;
