import type { Participant, Turn } from './conference-state.ts';
import type { ControlCommand } from './commands.ts';
import type { Refusal } from './control.ts';
import { findPlace, isFull, letIn } from './lobby.ts';
import { changeMute } from './mute.ts';
import { permissionsOf, union } from './permissions.ts';
import type { HostBy } from './policy.ts';

/** Commands to one participant. Each has a reason why not, or none, and what it does. */
export type TargetedCommand = Extract<ControlCommand, { readonly type: 'mute' | 'unmute' | 'kick' | 'admit' | 'refuse' | 'promote' | 'demote' | 'transferHost' | 'lowerHand' | 'setGain' | 'setDeaf' | 'rename' | 'important' }>;

const loudest = 12;
const longestName = 50;

export function whyNotTo(turn: Turn, target: Participant, command: TargetedCommand): Refusal | undefined {
  switch (command.type) {
    case 'admit':
      if (target.place !== 'lobby') return 'target_elsewhere';
      // Those who wait for a host wait on: nobody but a host opens the room (PX-08).
      if (target.waitsFor === 'host') return 'room_closed';
      if (target.waitsFor === 'start') return 'not_now';
      return isFull(turn) && target.hostBy !== 'identity' ? 'full' : undefined;
    case 'refuse':
      return target.place === 'lobby' ? undefined : 'target_elsewhere';
    case 'mute':
    case 'unmute':
    case 'setDeaf':
    case 'important':
    case 'lowerHand':
      return target.place === 'lobby' ? 'target_elsewhere' : undefined;
    case 'setGain':
      if (!Number.isInteger(command.decibels) || Math.abs(command.decibels) > loudest) return 'value_invalid';
      return target.place === 'lobby' ? 'target_elsewhere' : undefined;
    case 'promote':
    case 'transferHost':
      return isPromotable(target) ? undefined : 'role_conflict';
    case 'demote':
      // OVD-09: only what a promotion or `*1` has made can be undone.
      return target.original === undefined ? 'role_conflict' : undefined;
    case 'rename': {
      const name = command.name.trim();
      return name === '' || name.length > longestName || /\p{Cc}/u.test(name) ? 'value_invalid' : undefined;
    }
    case 'kick':
      return undefined;
  }
}

export function performTo(turn: Turn, target: Participant, command: TargetedCommand, by: Participant | undefined): void {
  const { call } = target;
  switch (command.type) {
    case 'mute':
      changeMute(turn, target, { ...target.muted, [causeOf(call, by)]: true });
      turn.tell({ call }, causeOf(call, by) === 'self' ? 'muted' : 'muted_by_host');
      return;
    case 'unmute':
      unmute(turn, target, by);
      return;
    case 'kick':
      turn.end(target, 'kicked');
      return;
    case 'admit':
      letIn(turn, target);
      return;
    case 'refuse':
      turn.end(target, 'refused');
      return;
    case 'promote':
      promote(turn, target);
      return;
    case 'demote':
      demote(turn, target);
      return;
    case 'transferHost':
      promote(turn, target);
      if (by?.original !== undefined) demote(turn, by);
      return;
    case 'lowerHand':
      if (!target.handRaised) return;
      turn.put({ ...target, handRaised: false });
      turn.emit({ type: 'handLowered', call });
      turn.tell({ call }, 'hand_lowered');
      return;
    case 'setGain':
      turn.put({ ...target, gain: command.decibels });
      turn.do({ do: 'gain', call, decibels: command.decibels });
      turn.emit({ type: 'changed', call, gain: command.decibels });
      return;
    case 'setDeaf':
      turn.put({ ...target, deaf: command.deaf });
      turn.do({ do: 'deaf', call, deaf: command.deaf });
      turn.emit({ type: 'changed', call, deaf: command.deaf });
      return;
    case 'rename': {
      const name = command.name.trim();
      turn.put({ ...target, name });
      turn.emit({ type: 'renamed', call, name });
      return;
    }
    case 'important':
      setImportant(turn, target, command.on);
      return;
  }
}

/** N-12: each cause by itself. */
const causeOf = (call: string, by: Participant | undefined): 'self' | 'host' => (by?.call === call ? 'self' : 'host');

/** PXD-23: who muted himself stays muted until he unmutes himself. */
function unmute(turn: Turn, target: Participant, by: Participant | undefined): void {
  const own = causeOf(target.call, by) === 'self';
  // Who may mute others undoes a host's mute of himself, too.
  changeMute(turn, target, { self: own ? false : target.muted.self, host: false, policy: false });
  turn.tell({ call: target.call }, own ? 'unmuted' : 'unmuted_by_host');
}

/** Guests, and hosts who may do no more than they. */
function isPromotable({ role, hostBy, original }: Participant): boolean {
  const lesser: ReadonlySet<HostBy | undefined> = new Set(['no_pins', 'pin', 'claimed', 'dialled']);
  return role === 'guest' || (lesser.has(hostBy) && (original === undefined || hostBy === 'claimed'));
}

/** Role and permissions change live (OVD-09); whoever waits for a host opens the room. */
function promote(turn: Turn, target: Participant): void {
  changeRole(turn, target, 'promoted');
  turn.tell({ call: target.call }, 'host_accepted');
}

/** By promotion or by `*1`. What was there before the first of them is kept, for a demotion. */
export function changeRole(turn: Turn, participant: Participant, hostBy: 'promoted' | 'claimed'): void {
  const { call, permissions, place } = participant;
  const host: Participant = {
    ...participant,
    role: 'host',
    hostBy,
    permissions: union(permissions, permissionsOf('host', hostBy, turn.state.room)),
    original: participant.original ?? roleOf(participant),
  };
  turn.put(host);
  turn.emit({ type: 'roleChanged', call, role: 'host', hostBy });
  if (place === 'lobby') findPlace(turn, host);
  // What mutes all guests does not mute a host.
  else changeMute(turn, host, { ...host.muted, host: false, policy: false });
}

const roleOf = ({ role, hostBy, permissions }: Participant): NonNullable<Participant['original']> => ({ role, permissions, ...(hostBy === undefined ? {} : { hostBy }) });

function demote(turn: Turn, target: Participant): void {
  const { original, ...present } = target;
  if (original === undefined) return;
  const { hostBy, ...before } = { hostBy: undefined, ...original };
  const restored: Participant = hostBy === undefined ? withoutHostBy({ ...present, ...before }) : { ...present, ...before, hostBy };
  turn.put(restored);
  turn.emit({ type: 'roleChanged', call: target.call, role: restored.role, hostBy: restored.hostBy });
  turn.tell({ call: target.call }, 'host_lowered');
  if (restored.role === 'guest' && restored.place !== 'lobby' && turn.state.guests === 'muted') changeMute(turn, restored, { ...restored.muted, host: true });
}

function withoutHostBy(participant: Participant): Participant {
  const { hostBy, ...rest } = participant;
  return hostBy === undefined ? participant : rest;
}

/** CO-27: the one before is it no more. */
function setImportant(turn: Turn, target: Participant, on: boolean): void {
  for (const other of turn.those(({ important, call }) => important && (on || call === target.call))) {
    turn.put({ ...other, important: false });
    turn.emit({ type: 'changed', call: other.call, important: false });
  }
  if (!on) return;
  turn.put({ ...target, important: true });
  turn.emit({ type: 'changed', call: target.call, important: true });
}
