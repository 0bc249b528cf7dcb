import { isInside, isMuted, isOpen, type Participant, type Turn, type WaitsFor } from './conference-state.ts';
import { isDialled } from './entry.ts';
import type { PromptKey } from './prompts.ts';

/** Who comes in, who waits, and who is let in: policy.md section 1, steps (a) to (e), and "Open and closed". */

/** Gives a participant with a role its place. */
export function findPlace(turn: Turn, participant: Participant): void {
  if (turn.state.schedule?.at === 'early') {
    wait(turn, participant, 'start'); // (a), hosts too
    return;
  }
  const wasOpen = isOpen(turn.state);
  if (!wasOpen && participant.role !== 'host') wait(turn, participant, 'host'); // (b), PX-08
  else if (turn.state.lock === 'locked' && !passesLock(turn, participant)) wait(turn, participant, 'unlock'); // (c), PXD-21
  else letIn(turn, participant);
  // The first host lets in all who wait for one, once each and in order of arrival (PX-04, M-20).
  if (!wasOpen && isOpen(turn.state)) letInWaitersFor(turn, 'host');
}

/** Hosts pass, and whom the conference called. Without a host PIN everybody is host, and only those known by identity pass (PXD-22). */
function passesLock(turn: Turn, { role, hostBy, rule }: Participant): boolean {
  return isDialled(rule) || (turn.state.room.hasHostPin ? role === 'host' : hostBy === 'identity');
}

/** Steps (d) and (e). The first one in opens the room. */
export function letIn(turn: Turn, participant: Participant): void {
  if (isFull(turn) && participant.hostBy !== 'identity') {
    turn.end(participant, 'full');
    return;
  }
  const { room, guests, access } = turn.state;
  const isGuest = participant.role === 'guest';
  const joining: Participant = {
    ...participant,
    place: 'joining',
    since: turn.now,
    muted: { self: participant.muted.self, host: participant.muted.host || (isGuest && guests === 'muted'), policy: isGuest && room.muteGuestsOnJoin },
  };
  if (participant.place === 'lobby') turn.cancelWait(participant.call);
  turn.put({ ...joining, mixer: isMuted(joining) ? 'muted' : 'live' });
  turn.do({ do: 'join', call: joining.call, muted: isMuted(joining) });
  if (access === 'open') return;
  turn.set({ access: 'open' });
  turn.emit({ type: 'opened' });
  turn.do({ do: 'opened' });
}

/** Whether one more leg is too many (d). PXD-25: a limit lowered drops nobody. */
export function isFull(turn: Turn): boolean {
  const limit = turn.state.room.participantLimit;
  return limit !== undefined && turn.count(isInside) >= limit;
}

export function letInWaitersFor(turn: Turn, what: 'host' | 'unlock'): void {
  for (const waiter of waitersFor(turn, what)) letIn(turn, waiter);
}

export function waitersFor(turn: Turn, what: WaitsFor): readonly Participant[] {
  return turn.those(({ place, waitsFor }) => place === 'lobby' && waitsFor === what);
}

/** Nobody is left in the conference: it closes, and closing releases the lock. */
export function close(turn: Turn): void {
  const held = waitersFor(turn, 'unlock');
  turn.set({ access: 'closed', guests: 'free' });
  turn.emit({ type: 'closed' });
  if (turn.state.lock === 'locked') releaseLock(turn);
  for (const waiter of held) {
    // A room without a host PIN has no host to wait for; held while it had none, he is a host himself and opens it.
    if (isOpen(turn.state) || waiter.role === 'host') findPlace(turn, waiter);
    else startWait(turn, { ...waiter, waitsFor: 'host' });
  }
}

export function lock(turn: Turn): void {
  turn.set({ lock: 'locked' });
  turn.startTimer('lockRelease', turn.policy.ending.lockReleaseMs);
  turn.emit({ type: 'locked' });
}

export function unlock(turn: Turn): void {
  releaseLock(turn);
  letInWaitersFor(turn, 'unlock');
}

function releaseLock(turn: Turn): void {
  turn.set({ lock: 'unlocked' });
  turn.cancelTimer('lockRelease');
  turn.emit({ type: 'unlocked' });
}

function wait(turn: Turn, participant: Participant, waitsFor: WaitsFor): void {
  turn.do({ do: 'lobby', call: participant.call, waitsFor });
  startWait(turn, { ...participant, place: 'lobby', waitsFor, since: turn.now });
  if (waitsFor === 'unlock') tellWhoMayAdmit(turn);
}

function startWait(turn: Turn, waiter: Participant & { readonly waitsFor: WaitsFor }): void {
  const { firstPromptMs, waitingForHostMs, lockedOutMs } = turn.policy.lobby;
  turn.put(waiter);
  turn.cancelWait(waiter.call);
  turn.startTimer(`lobbyPrompt:${waiter.call}`, firstPromptMs);
  // The wait for the start ends with the start.
  if (waiter.waitsFor !== 'start') turn.startTimer(`wait:${waiter.call}`, waiter.waitsFor === 'host' ? waitingForHostMs : lockedOutMs);
  turn.emit({ type: 'waiting', call: waiter.call, waitsFor: waiter.waitsFor });
}

/** PXD-21: somebody knocks. Told to those inside who can do something about it. */
function tellWhoMayAdmit(turn: Turn): void {
  const count = waitersFor(turn, 'unlock').length;
  for (const { call } of turn.those(({ place, permissions }) => place === 'conference' && permissions.has('canAdmit'))) {
    turn.do({ do: 'tell', to: { call }, prompts: [{ key: 'knock' }, { key: 'waiting_count', count }] });
  }
}

/** (a): the start was put off, within early entry. */
export function keepWaitingForStart(turn: Turn): void {
  for (const waiter of turn.those(({ place, waitsFor }) => place === 'lobby' && waitsFor !== 'start')) startWait(turn, { ...waiter, waitsFor: 'start' });
}

const waitingPrompts: Readonly<Record<WaitsFor, PromptKey>> = { start: 'waiting_start', host: 'waiting_host', unlock: 'waiting_locked' };

export function repeatWaitingPrompt(turn: Turn, { call, place, waitsFor }: Participant): void {
  if (place !== 'lobby' || waitsFor === undefined) return;
  turn.tell({ call }, waitingPrompts[waitsFor]);
  turn.startTimer(`lobbyPrompt:${call}`, turn.policy.lobby.repeatPromptMs);
}

export function endWait(turn: Turn, waiter: Participant): void {
  if (waiter.place === 'lobby') turn.end(waiter, waiter.waitsFor === 'host' ? 'wait_host_timeout' : 'locked_timeout');
}
