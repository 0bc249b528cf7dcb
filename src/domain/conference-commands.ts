import { unreachable } from '../lib/result.ts';
import type { CommandName } from './command-name.ts';
import type { KeypadCommand } from './commands.ts';
import { isMuted, isOpen, type Participant, type Turn } from './conference-state.ts';
import { mayAsk, type Refusal } from './control.ts';
import { extendLone } from './ending.ts';
import { codesOf } from './keypad.ts';
import { isFull, letIn, lock, unlock, waitersFor } from './lobby.ts';
import { say, spokenCode, type PromptKey } from './prompts.ts';

/** What people do to a conference, policy.md section 7. A command refused is answered with a spoken reason. */
export type ConferenceCommand = KeypadCommand;

const spokenRefusal: Readonly<Record<Refusal, PromptKey>> = {
  not_permitted: 'refused_not_permitted',
  not_now: 'refused_not_now',
  muted_by_host: 'muted_by_host',
  room_closed: 'refused_not_now',
  full: 'refused_not_now',
  nobody_waiting: 'nobody_waiting',
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

export function runCommand(turn: Turn, by: Participant, command: ConferenceCommand): void {
  const why = refusal(turn, by, command);
  if (why === undefined) perform(turn, by, command);
  else turn.refuse(by.call, command.type, why, spokenRefusal[why]);
}

function refusal(turn: Turn, by: Participant, { type }: ConferenceCommand): Refusal | undefined {
  const verdict = mayAsk({ kind: 'participant', ...by }, { type });
  // Those who wait for a host wait on: nobody but a host opens the room (PX-08).
  if ((type === 'admitNext' || type === 'refuseNext') && !isOpen(turn.state)) return 'room_closed';
  if (verdict.kind === 'refused') return verdict.why;
  switch (type) {
    case 'toggleMuteSelf':
      // N-12: not silently; and only who may mute others undoes it himself.
      return by.muted.host && !by.permissions.has('canMuteOthers') ? 'muted_by_host' : undefined;
    case 'nextLayout':
      return 'not_now';
    case 'admitNext':
      if (waitersFor(turn, 'unlock').length === 0) return 'nobody_waiting';
      return isFull(turn) ? 'full' : undefined;
    case 'refuseNext':
      return waitersFor(turn, 'unlock').length === 0 ? 'nobody_waiting' : undefined;
    case 'help':
    case 'toggleHand':
    case 'count':
    case 'toggleMuteGuests':
    case 'toggleLock':
    case 'endForAll':
      return undefined;
    default:
      return unreachable(type);
  }
}

function perform(turn: Turn, by: Participant, { type }: ConferenceCommand): void {
  const self = { call: by.call };
  switch (type) {
    case 'help':
      // Alone in the conference: the announced end is his own, whatever his permissions.
      if (turn.state.lone === 'announced' && by.place === 'conference') extendLone(turn, by);
      else help(turn, by);
      return;
    case 'toggleHand':
      toggleHand(turn, by);
      return;
    case 'count':
      turn.do({ do: 'tell', to: self, prompts: [{ key: 'count', count: turn.count(({ place }) => place === 'conference') }] });
      return;
    case 'toggleMuteSelf':
      toggleMuteSelf(turn, by);
      return;
    case 'toggleMuteGuests':
      toggleMuteGuests(turn, by);
      return;
    case 'toggleLock':
      if (turn.state.lock === 'unlocked') {
        lock(turn);
        turn.tell(self, 'locked');
        turn.tellOthers(by.call, 'is_locked');
      } else {
        unlock(turn);
        turn.tell(self, 'unlocked');
        turn.tellOthers(by.call, 'is_unlocked');
      }
      return;
    case 'admitNext':
      for (const next of waitersFor(turn, 'unlock').slice(0, 1)) letIn(turn, next);
      turn.tell(self, 'caller_admitted');
      return;
    case 'refuseNext':
      for (const next of waitersFor(turn, 'unlock').slice(0, 1)) turn.end(next, 'refused');
      turn.tell(self, 'caller_refused');
      return;
    case 'endForAll':
      for (const participant of turn.those(() => true)) turn.end(participant, 'host_ended');
      return;
    case 'nextLayout':
      return;
    default:
      unreachable(type);
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
function toggleMuteGuests(turn: Turn, by: Participant): void {
  const mute = turn.state.guests === 'free';
  turn.set({ guests: mute ? 'muted' : 'free' });
  for (const guest of turn.those(({ place, role }) => place !== 'lobby' && role === 'guest')) {
    changeMute(turn, guest, { self: guest.muted.self, host: mute, policy: mute && guest.muted.policy });
  }
  turn.tell({ call: by.call }, mute ? 'guests_muted' : 'guests_unmuted');
  turn.tellOthers(by.call, mute ? 'guests_muted_room' : 'guests_unmuted_room');
}

export function changeMute(turn: Turn, participant: Participant, muted: Participant['muted']): void {
  const before = participant.muted;
  if (before.self === muted.self && before.host === muted.host && before.policy === muted.policy) return;
  turn.syncMute({ ...participant, muted });
  turn.emit({ type: 'muteChanged', call: participant.call, muted });
}
