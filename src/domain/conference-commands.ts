import { unreachable } from '../lib/result.ts';
import type { CommandName } from './command-name.ts';
import type { Commander, ControlCommand } from './commands.ts';
import { isMuted, isOpen, type Participant, type RequestId, type ServiceCommand, type Turn } from './conference-state.ts';
import { mayAsk, mayControl, type Controller, type Refusal } from './control.ts';
import { extendLone } from './ending.ts';
import { codesOf } from './keypad.ts';
import { isFull, letIn, lock, unlock, waitersFor } from './lobby.ts';
import { changeMute } from './mute.ts';
import { performTo, whyNotTo, type TargetedCommand } from './participant-commands.ts';
import { say, spokenCode, type PromptKey } from './prompts.ts';
import { extendSchedule, hasScheduledEnd, isEndAnnounced } from './schedule-end.ts';

/** What people do to a conference (policy.md sections 3, 4 and 7), whether keyed or sent. */
export type ConferenceCommand = Exclude<ControlCommand, { readonly type: 'claimHost' }>;

/** A command, who gives it, and the request to be answered. */
export interface Order {
  readonly by: Commander;
  readonly command: ConferenceCommand;
  readonly request?: RequestId;
}

/** By `*0`. */
const extensionMs = 900_000;
const extensionBounds = { least: 60, most: 86_400 } as const;

/** What is said to who keyed a command. */
const spokenRefusal: Readonly<Record<Refusal, PromptKey>> = {
  not_permitted: 'refused_not_permitted',
  not_now: 'refused_not_now',
  muted_by_host: 'muted_by_host',
  room_closed: 'refused_not_now',
  full: 'refused_not_now',
  nobody_waiting: 'nobody_waiting',
  target_unknown: 'refused_not_now',
  target_elsewhere: 'refused_not_now',
  role_conflict: 'refused_not_now',
  encryption_required: 'refused_not_now',
  no_video: 'refused_not_now',
  value_invalid: 'refused_not_now',
  no_speech: 'refused_not_now',
  storage_full: 'refused_not_now',
  not_supported: 'refused_not_now',
  failed: 'refused_not_now',
};

/** What `*0` says before a code. A layout is not among them as long as there is no picture. */
const helpLines: Readonly<Partial<Record<CommandName, PromptKey>>> = {
  claimHost: 'help_claim_host',
  toggleHand: 'help_hand',
  count: 'help_count',
  toggleMuteSelf: 'help_mute',
  toggleMuteGuests: 'help_mute_guests',
  toggleLock: 'help_lock',
  admitNext: 'help_admit',
  refuseNext: 'help_refuse',
  endForAll: 'help_end',
};

/** Carries a command out, or says why not: to who keyed it by voice, to who sent it by an answer. */
export function runCommand(turn: Turn, order: Order): void {
  const { by, command, request } = order;
  const giver = by.kind === 'participant' ? turn.state.participants.get(by.call) : undefined;
  // Keyed by somebody who has gone meanwhile.
  if (by.kind === 'participant' && giver === undefined && request === undefined) return;
  const why = refusal(turn, by, giver, command);
  if (why !== undefined) {
    if (request === undefined && giver !== undefined) turn.tell({ call: giver.call }, spokenRefusal[why]);
    turn.emit({ type: 'refusedCommand', ...(giver === undefined ? {} : { call: giver.call }), by, command: command.type, why });
  } else if (isService(command)) {
    turn.do({ do: 'perform', command, by, request });
    return;
  } else {
    perform(turn, giver, command);
  }
  if (request !== undefined) turn.do({ do: 'answer', request, outcome: why ?? 'done' });
}

const isService = (command: ConferenceCommand): command is ServiceCommand => ['move', 'dial', 'announce', 'message', 'recordStart', 'recordStop', 'recordPause', 'recordResume'].includes(command.type);

/** Permission first, then whether there is anything to do it with. */
function refusal(turn: Turn, by: Commander, giver: Participant | undefined, command: ConferenceCommand): Refusal | undefined {
  const { state } = turn;
  if (by.kind === 'participant' && giver === undefined) return 'target_unknown';
  // Those who wait for a host wait on: nobody but a host opens the room (PX-08).
  if (by.kind === 'participant' && (command.type === 'admitNext' || command.type === 'refuseNext') && !isOpen(state)) return 'room_closed';
  // Section 3: everybody may mute and unmute themselves, and lower their hand.
  if (giver !== undefined && giver.place === 'conference' && (command.type === 'mute' || command.type === 'unmute' || command.type === 'lowerHand') && command.target === giver.call) {
    return command.type === 'unmute' ? heldMute(giver) : undefined;
  }
  const verdict = mayControl(controllerOf(by, giver), command, state.room);
  if (verdict.kind === 'refused') return verdict.why;
  if ('target' in command) {
    const target = state.participants.get(command.target);
    if (target === undefined) return 'target_unknown';
    return isTargeted(command) ? whyNotTo(turn, target, command) : target.place === 'conference' ? undefined : 'target_elsewhere';
  }
  switch (command.type) {
    case 'toggleMuteSelf':
      return giver === undefined ? 'not_now' : heldMute(giver);
    case 'admitNext':
      if (waitersFor(turn, 'unlock').length === 0) return 'nobody_waiting';
      return isFull(turn) ? 'full' : undefined;
    case 'lock':
      // Closing releases the lock: a room nobody is in has none.
      return state.access === 'open' ? undefined : 'not_now';
    case 'refuseNext':
      return waitersFor(turn, 'unlock').length === 0 ? 'nobody_waiting' : undefined;
    case 'announce':
    case 'message':
      return command.to === 'room' || state.participants.has(command.to.call) ? undefined : 'target_unknown';
    case 'extend':
      if (!Number.isInteger(command.seconds) || command.seconds < extensionBounds.least || command.seconds > extensionBounds.most) return 'value_invalid';
      return hasScheduledEnd(turn) || state.lone === 'announced' ? undefined : 'not_now';
    default:
      return undefined;
  }
}

const controllerOf = (by: Commander, giver: Participant | undefined): Controller => {
  if (by.kind !== 'participant') return by;
  return { kind: 'participant', place: giver?.place ?? 'lobby', permissions: giver?.permissions ?? new Set() };
};

/** N-12: not silently; and only who may mute others undoes it himself. */
const heldMute = ({ muted, permissions }: Participant): Refusal | undefined => (muted.host && !permissions.has('canMuteOthers') ? 'muted_by_host' : undefined);

const isTargeted = (command: ConferenceCommand): command is TargetedCommand => 'target' in command && command.type !== 'move' && !['participantLayout', 'allowLayoutControl', 'aspect', 'camera', 'thumbnail'].includes(command.type);

function perform(turn: Turn, giver: Participant | undefined, command: Exclude<ConferenceCommand, ServiceCommand>): void {
  if (isTargeted(command)) {
    const target = turn.state.participants.get(command.target);
    if (target !== undefined) performTo(turn, target, command, giver);
    return;
  }
  switch (command.type) {
    case 'muteGuests':
    case 'unmuteGuests':
      muteGuests(turn, giver, command.type === 'muteGuests');
      return;
    case 'muteAll':
    case 'unmuteAll':
      muteAll(turn, giver, command.type === 'muteAll');
      return;
    case 'lock':
    case 'unlock':
      setLock(turn, giver, command.type);
      return;
    case 'endForAll':
      for (const participant of turn.those(() => true)) turn.end(participant, 'host_ended');
      return;
    case 'extend':
      extend(turn, command.seconds * 1_000);
      return;
    case 'admitNext':
      for (const next of waitersFor(turn, 'unlock').slice(0, 1)) letIn(turn, next);
      tellGiver(turn, giver, 'caller_admitted');
      return;
    case 'refuseNext':
      for (const next of waitersFor(turn, 'unlock').slice(0, 1)) turn.end(next, 'refused');
      tellGiver(turn, giver, 'caller_refused');
      return;
    case 'help':
    case 'toggleHand':
    case 'count':
    case 'toggleMuteSelf':
    case 'toggleMuteGuests':
    case 'toggleLock':
      if (giver !== undefined) performOwn(turn, giver, command.type);
      return;
    // Of pictures: refused before.
    case 'nextLayout':
    case 'layout':
    case 'participantLayout':
    case 'allowLayoutControl':
    case 'aspect':
    case 'camera':
    case 'thumbnail':
      return;
    default:
      unreachable(command);
  }
}

/** What somebody keys for himself. */
function performOwn(turn: Turn, by: Participant, type: 'help' | 'toggleHand' | 'count' | 'toggleMuteSelf' | 'toggleMuteGuests' | 'toggleLock'): void {
  switch (type) {
    case 'help':
      // Alone in the conference: the announced end is his own, whatever his permissions.
      if (turn.state.lone === 'announced' && by.place === 'conference') extendLone(turn, by);
      else if (isEndAnnounced(turn) && by.permissions.has('canEndMeeting')) {
        extendSchedule(turn, extensionMs);
        turn.tell({ call: by.call }, 'extended');
      } else help(turn, by);
      return;
    case 'toggleHand':
      toggleHand(turn, by);
      return;
    case 'count':
      turn.do({ do: 'tell', to: { call: by.call }, prompts: [{ key: 'count', count: turn.count(({ place }) => place === 'conference') }] });
      return;
    case 'toggleMuteSelf':
      toggleMuteSelf(turn, by);
      return;
    case 'toggleMuteGuests':
      muteGuests(turn, by, turn.state.guests === 'free');
      return;
    case 'toggleLock':
      setLock(turn, by, turn.state.lock === 'unlocked' ? 'lock' : 'unlock');
      return;
    default:
      unreachable(type);
  }
}

function tellGiver(turn: Turn, giver: Participant | undefined, key: PromptKey): void {
  if (giver !== undefined) turn.tell({ call: giver.call }, key);
}

/** What happened is told to the room, and to who did it in other words. */
function tellAll(turn: Turn, giver: Participant | undefined, toGiver: PromptKey, toOthers: PromptKey): void {
  tellGiver(turn, giver, toGiver);
  turn.tellOthers(giver?.call, toOthers);
}

function setLock(turn: Turn, giver: Participant | undefined, to: 'lock' | 'unlock'): void {
  if ((turn.state.lock === 'locked') === (to === 'lock')) return;
  if (to === 'lock') lock(turn);
  else unlock(turn);
  if (to === 'lock') tellAll(turn, giver, 'locked', 'is_locked');
  else tellAll(turn, giver, 'unlocked', 'is_unlocked');
}

function extend(turn: Turn, ms: number): void {
  const [alone] = turn.those(({ place }) => place === 'conference');
  if (hasScheduledEnd(turn)) {
    extendSchedule(turn, ms);
    turn.tell('room', 'extended');
  } else if (alone !== undefined) {
    extendLone(turn, alone);
  }
}

function help(turn: Turn, by: Participant): void {
  const lines = codesOf(turn.policy.keypad.table).flatMap(([code, action]) => {
    const line = helpLines[action];
    const offered = action === 'claimHost' ? by.role === 'guest' && turn.state.room.hasHostPin : mayAsk({ kind: 'participant', ...by }, { type: action }).kind === 'allowed';
    return line !== undefined && offered ? [...say(line), ...spokenCode(code)] : [];
  });
  turn.do({ do: 'tell', to: { call: by.call }, prompts: [...say('help_start'), ...lines] });
}

function toggleHand(turn: Turn, by: Participant): void {
  const handRaised = !by.handRaised;
  turn.put({ ...by, handRaised });
  turn.emit({ type: handRaised ? 'handRaised' : 'handLowered', call: by.call });
  turn.tell({ call: by.call }, handRaised ? 'hand_raised' : 'hand_lowered');
  if (!handRaised) return;
  for (const host of turn.those(({ place, role, call }) => place === 'conference' && role === 'host' && call !== by.call)) turn.tell({ call: host.call }, 'hand_raised_host');
}

/** Whatever muted him, he is unmuted: the host's mute was refused before, or he may undo it. */
function toggleMuteSelf(turn: Turn, by: Participant): void {
  const muted = isMuted(by) ? { self: false, host: false, policy: false } : { self: true, host: false, policy: false };
  changeMute(turn, by, muted);
  turn.tell({ call: by.call }, muted.self ? 'muted' : 'unmuted');
}

/** Those who come later start as the others are; who muted himself stays muted. */
function muteGuests(turn: Turn, giver: Participant | undefined, mute: boolean): void {
  turn.set({ guests: mute ? 'muted' : 'free' });
  for (const guest of turn.those(({ place, role }) => place !== 'lobby' && role === 'guest')) muteByHost(turn, guest, mute);
  if (mute) tellAll(turn, giver, 'guests_muted', 'guests_muted_room');
  else tellAll(turn, giver, 'guests_unmuted', 'guests_unmuted_room');
}

/** All but who gives the command, the hosts too; each is told for himself. */
function muteAll(turn: Turn, giver: Participant | undefined, mute: boolean): void {
  turn.set({ guests: mute ? 'muted' : 'free' });
  for (const other of turn.those(({ place, call }) => place !== 'lobby' && call !== giver?.call)) {
    muteByHost(turn, other, mute);
    turn.tell({ call: other.call }, mute ? 'muted_by_host' : 'unmuted_by_host');
  }
}

const muteByHost = (turn: Turn, participant: Participant, mute: boolean): void => changeMute(turn, participant, { self: participant.muted.self, host: mute, policy: mute && participant.muted.policy });
