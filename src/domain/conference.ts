import { unreachable } from '../lib/result.ts';
import type { Step } from '../lib/machine.ts';
import { runCommand, type Order } from './conference-commands.ts';
import { isInside, isMuted, isOpen, Turn, type CallId, type ConferenceEffect, type ConferenceState, type ConferenceTimer, type Kept, type Participant } from './conference-state.ts';
import type { KeepAlive } from './dial.ts';
import { cutGuests, loneTimer, warnGuests, watchGuestsOnly, watchLone, watchUnattended } from './ending.ts';
import { hostByOf, permissionsByRule } from './entry.ts';
import { close, endWait, findPlace, letInWaitersFor, repeatWaitingPrompt, unlock } from './lobby.ts';
import { changeRole } from './participant-commands.ts';
import { union } from './permissions.ts';
import type { AdmissionRule, EntryRole, Policy, RoomRules } from './policy.ts';
import { say, type PromptKey } from './prompts.ts';
import type { EndReason } from './reasons.ts';
import { policyWith } from './room-rules.ts';
import { endSchedule, followSchedule, warnOfEnd } from './schedule-end.ts';

/**
 * One room while somebody is in it or waits for it: who is in the conference, who is in the lobby, open or closed, locked or
 * not, who is muted and why, and everything that ends people (policy.md section 1 after the table, sections 5 and 7).
 */
export type { Audience, CallId, ConferenceEffect, ConferenceFact, ConferenceState, ConferenceTimer, Kept, Participant } from './conference-state.ts';
export { isMuted, isOpen } from './conference-state.ts';

export type ConferenceEvent =
  /** A call has a role (from admission or IVR). */
  | {
      readonly type: 'enter';
      readonly call: CallId;
      readonly name: string;
      readonly role: EntryRole;
      readonly rule: AdmissionRule;
      readonly wrongPins: number;
      /** Whose membership it is by. */
      readonly member?: string;
      readonly keepAlive?: KeepAlive;
      readonly kept?: Kept;
    }
  /** The mixer took the leg, or did not. */
  | { readonly type: 'joined'; readonly call: CallId }
  | { readonly type: 'joinFailed'; readonly call: CallId; readonly reason: EndReason }
  /** The leg is gone (hung up, ended, lost); also sent after our own `end`. */
  | { readonly type: 'left'; readonly call: CallId }
  | ({ readonly type: 'command' } & Order)
  /** `*1` with the entry already compared (the PIN itself does not come here). */
  | { readonly type: 'hostClaimed'; readonly call: CallId; readonly match: 'host' | 'none' }
  | { readonly type: 'timer'; readonly name: ConferenceTimer }
  /** The room was changed, or removed. */
  | { readonly type: 'roomChanged'; readonly room: RoomRules }
  | { readonly type: 'roomRemoved' }
  /** OV-46. */
  | { readonly type: 'memberRemoved'; readonly member: string }
  /** Everybody is to be told goodbye and ended (drain, media server lost). */
  | { readonly type: 'endAll'; readonly reason: EndReason };

export function initialConference(room: RoomRules): ConferenceState {
  return {
    room,
    access: 'closed',
    lock: 'unlocked',
    guests: 'free',
    participants: new Map(),
    leaving: new Set(),
    guestsOnly: undefined,
    lone: 'off',
    schedule: undefined,
    existence: 'exists',
  };
}

/** `now`: milliseconds since the epoch. */
export function conferenceStep(state: ConferenceState, event: ConferenceEvent, policy: Policy, now: number): Step<ConferenceState, ConferenceEffect> {
  // Rules changed with the room count from here on.
  const { rules } = event.type === 'roomChanged' ? event.room : state.room;
  const turn = new Turn(state, policyWith(policy, rules), now);
  handle(turn, event);
  watchUnattended(turn);
  if (turn.state.access === 'open' && turn.count(isInside) === 0) close(turn);
  watchGuestsOnly(turn);
  // The guests-only end may be at once, and leave nobody.
  if (turn.state.access === 'open' && turn.count(isInside) === 0) close(turn);
  watchLone(turn);
  if (isOccupied(state) && !isOccupied(turn.state)) turn.do({ do: 'idle' });
  return { state: turn.state, effects: turn.effects };
}

const isOccupied = ({ participants, leaving }: ConferenceState): boolean => participants.size + leaving.size > 0;

function handle(turn: Turn, event: ConferenceEvent): void {
  switch (event.type) {
    case 'enter':
      enter(turn, event);
      return;
    case 'joined':
      whoever(turn, event.call, joined);
      return;
    case 'joinFailed':
      whoever(turn, event.call, (turn, participant) => {
        if (participant.place === 'joining') turn.end(participant, event.reason);
      });
      return;
    case 'left':
      left(turn, event.call);
      return;
    case 'command':
      runCommand(turn, event);
      return;
    case 'hostClaimed':
      whoever(turn, event.call, (turn, participant) => hostClaimed(turn, participant, event.match));
      return;
    case 'timer':
      timer(turn, event.name);
      return;
    case 'roomChanged':
      roomChanged(turn, event.room);
      return;
    case 'roomRemoved':
      turn.set({ existence: 'removed' });
      endAll(turn, 'room_removed');
      return;
    case 'memberRemoved':
      for (const participant of turn.those(({ member }) => member === event.member)) turn.end(participant, 'member_removed');
      return;
    case 'endAll':
      endAll(turn, event.reason);
      return;
    default:
      unreachable(event);
  }
}

/** Events about a call that has gone meanwhile are nobody's. */
function whoever(turn: Turn, call: CallId, what: (turn: Turn, participant: Participant) => void): void {
  const participant = turn.state.participants.get(call);
  if (participant !== undefined) what(turn, participant);
}

function enter(turn: Turn, { call, name, role, rule, wrongPins, member, keepAlive, kept }: Extract<ConferenceEvent, { type: 'enter' }>): void {
  const { room, participants, leaving, existence } = turn.state;
  if (participants.has(call) || leaving.has(call)) return;
  const hostBy = hostByOf(rule, role);
  const participant: Participant = {
    call,
    name,
    role,
    ...(hostBy === undefined ? {} : { hostBy }),
    rule,
    permissions: permissionsByRule(rule, role, member, room),
    ...(member === undefined ? {} : { member }),
    ...(keepAlive === undefined ? {} : { keepAlive }),
    place: 'joining',
    since: turn.now,
    muted: { self: false, host: false, policy: false },
    mixer: 'live',
    handRaised: false,
    gain: 0,
    deaf: false,
    important: false,
    wrongPins,
    ...kept,
  };
  if (existence === 'removed') {
    turn.end(participant, 'room_removed');
    return;
  }
  if (turn.state.schedule === undefined && room.schedule !== undefined) followSchedule(turn);
  findPlace(turn, participant);
}

function joined(turn: Turn, participant: Participant): void {
  if (participant.place !== 'joining') return;
  const { call, muted } = participant;
  turn.syncMute({ ...participant, place: 'conference' });
  turn.emit({ type: 'joined', call });
  if (participant.gain !== 0) turn.do({ do: 'gain', call, decibels: participant.gain });
  if (participant.deaf) turn.do({ do: 'deaf', call, deaf: true });
  turn.tell({ call }, welcome(turn, participant), ...(muted.host ? (['muted_by_host'] as const) : isMuted(participant) ? (['muted'] as const) : []));
}

function welcome(turn: Turn, { waitsFor }: Participant): PromptKey {
  if (waitsFor !== undefined) return 'admitted';
  return turn.count(isInside) === 1 ? 'first_alone' : 'entered';
}

function left(turn: Turn, call: CallId): void {
  const participant = turn.state.participants.get(call);
  if (participant !== undefined) turn.remove(participant);
  else if (!turn.state.leaving.has(call)) return;
  const leaving = new Set(turn.state.leaving);
  leaving.delete(call);
  turn.set({ leaving });
  turn.emit({ type: 'left', call });
}

/** `*1`: changes the entry role; the permissions become those of a PIN host plus what he already had. */
function hostClaimed(turn: Turn, participant: Participant, match: 'host' | 'none'): void {
  const { call, role } = participant;
  const { room } = turn.state;
  if (role === 'host') {
    turn.tell({ call }, 'host_already');
    return;
  }
  // OV-05: a disabled PIN is a wrong PIN.
  if (match !== 'host' || !room.anonymous.moderator) {
    const wrongPins = participant.wrongPins + 1;
    turn.put({ ...participant, wrongPins });
    if (wrongPins >= turn.policy.pin.attempts) turn.end(participant, 'pin_failed');
    else turn.tell({ call }, 'host_refused');
    return;
  }
  turn.tell({ call }, 'host_accepted');
  changeRole(turn, participant, 'claimed');
}

/** Roles already given stay (PX-16), and nobody present is dropped (PXD-25). */
function roomChanged(turn: Turn, room: RoomRules): void {
  const wasOpen = isOpen(turn.state);
  const before = turn.state.room.schedule;
  turn.set({ room });
  if (JSON.stringify(before) !== JSON.stringify(room.schedule) && turn.state.participants.size > 0) followSchedule(turn);
  if (room.hasHostPin) return;
  // PXD-22: without a host PIN everybody inside may admit.
  for (const participant of turn.those(() => true)) turn.put({ ...participant, permissions: union(participant.permissions, ['canAdmit']) });
  if (wasOpen) return;
  // Removing the host PIN opens the room: who waits for a host, or is asked, comes in as he is.
  letInWaitersFor(turn, 'host');
  if (turn.state.access === 'closed') turn.do({ do: 'opened' });
}

function endAll(turn: Turn, reason: EndReason): void {
  for (const participant of turn.those(() => true)) turn.end(participant, reason);
}

function timer(turn: Turn, name: ConferenceTimer): void {
  switch (name) {
    case 'guestsOnly':
      cutGuests(turn);
      return;
    case 'guestsOnlyWarning':
      warnGuests(turn);
      return;
    case 'lone':
      loneTimer(turn);
      return;
    case 'start':
      followSchedule(turn);
      return;
    case 'scheduleWarning':
      warnOfEnd(turn);
      return;
    case 'scheduleEnd':
      endSchedule(turn);
      return;
    case 'lockRelease':
      if (turn.state.lock === 'unlocked') return;
      unlock(turn);
      turn.do({ do: 'tell', to: 'room', prompts: say('is_unlocked') });
      return;
    default: {
      const call = name.slice(name.indexOf(':') + 1);
      whoever(turn, call, name.startsWith('wait:') ? endWait : repeatWaitingPrompt);
    }
  }
}
