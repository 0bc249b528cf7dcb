import type { Participant, Turn } from './conference-state.ts';
import { codeOf } from './keypad.ts';
import { say, spokenCode, type Prompt } from './prompts.ts';

/** The ends of whole conferences, policy.md section 5: only guests left, and a lone participant. */

/** "Just before the cut": long enough for the words, so that the cut itself is on time (PX-37). */
const justBeforeMs = 5_000;
/** Long enough to hear the announcement and press `*0`. */
const loneNoticeMs = 15_000;

const isHost = ({ role }: Participant): boolean => role === 'host';
const isIn = ({ place }: Participant): boolean => place === 'conference';
const isJoining = ({ place }: Participant): boolean => place === 'joining';

const wholeMinutes = (ms: number): number => Math.floor(ms / 60_000);

/**
 * Starts or cancels the guests-only end. A host on his way in neither starts nor cancels it: he may fail to join.
 */
export function watchGuestsOnly(turn: Turn): void {
  const { room, guestsOnly } = turn.state;
  const hostsIn = turn.count((participant) => isIn(participant) && isHost(participant));
  if (guestsOnly === undefined) {
    const hostsComing = turn.count((participant) => isJoining(participant) && isHost(participant));
    if (room.hasHostPin && hostsIn + hostsComing === 0 && turn.count(isIn) > 0) startGuestsOnly(turn);
  } else if (turn.count((participant) => isIn(participant) || isJoining(participant)) === 0) {
    stopGuestsOnly(turn);
  } else if (hostsIn > 0) {
    cancelGuestsOnly(turn, guestsOnly.cutAt);
    turn.tell('room', 'guests_only_cancelled');
  } else if (!room.hasHostPin) {
    cancelGuestsOnly(turn, guestsOnly.cutAt);
    turn.tell('room', 'end_cancelled');
  }
}

function startGuestsOnly(turn: Turn): void {
  const { guestsOnlyMs, guestsOnlyWarningsMs } = turn.policy.ending;
  const warnings = [...guestsOnlyWarningsMs, justBeforeMs].filter((before) => before < guestsOnlyMs && before >= justBeforeMs);
  turn.set({ guestsOnly: { cutAt: turn.now + guestsOnlyMs, warnings } });
  if (guestsOnlyMs === 0) {
    cutGuests(turn);
    return;
  }
  turn.emit({ type: 'ending', rule: 'guests_only', endsAt: turn.now + guestsOnlyMs, state: 'announced' });
  turn.do({ do: 'tell', to: 'room', prompts: [{ key: 'guests_only', count: wholeMinutes(guestsOnlyMs) }] });
  turn.startTimer('guestsOnly', guestsOnlyMs);
  startNextWarning(turn);
}

function startNextWarning(turn: Turn): void {
  const { guestsOnly } = turn.state;
  const before = guestsOnly?.warnings[0];
  if (guestsOnly !== undefined && before !== undefined) turn.startTimer('guestsOnlyWarning', Math.max(guestsOnly.cutAt - turn.now - before, 1));
}

/** The next rung of the ladder is due. */
export function warnGuests(turn: Turn): void {
  const { guestsOnly } = turn.state;
  const [before, ...warnings] = guestsOnly?.warnings ?? [];
  if (guestsOnly === undefined || before === undefined) return;
  const prompts: readonly Prompt[] = before === justBeforeMs ? say('about_to_end', 'goodbye') : [{ key: 'ends_in', count: wholeMinutes(before) }];
  turn.do({ do: 'tell', to: 'room', prompts });
  turn.set({ guestsOnly: { ...guestsOnly, warnings } });
  startNextWarning(turn);
}

function cancelGuestsOnly(turn: Turn, endsAt: number): void {
  stopGuestsOnly(turn);
  turn.emit({ type: 'ending', rule: 'guests_only', endsAt, state: 'cancelled' });
}

function stopGuestsOnly(turn: Turn): void {
  turn.set({ guestsOnly: undefined });
  turn.cancelTimer('guestsOnlyWarning');
  turn.cancelTimer('guestsOnly');
}

/** PX-37. Those held by a lock go on waiting. */
export function cutGuests(turn: Turn): void {
  if (turn.state.guestsOnly === undefined) return;
  stopGuestsOnly(turn);
  // They were told goodbye just before, unless there was no time for it.
  const told = turn.policy.ending.guestsOnlyMs > justBeforeMs;
  for (const guest of turn.those((participant) => participant.place !== 'lobby' && !isHost(participant))) {
    if (told) turn.end(guest, 'guests_only_timeout', []);
    else turn.end(guest, 'guests_only_timeout');
  }
}

/** Starts or cancels the lone participant's end (PX-39). Somebody on the way in does neither: he may fail to join. */
export function watchLone(turn: Turn): void {
  const { loneParticipantMs } = turn.policy.ending;
  const inside = turn.count(isIn);
  if (turn.state.lone !== 'off') {
    // The room may have turned the rule off meanwhile.
    if (inside === 1 && loneParticipantMs > 0) return;
    turn.set({ lone: 'off' });
    turn.cancelTimer('lone');
  } else if (inside === 1 && turn.count(isJoining) === 0 && loneParticipantMs > 0) {
    startLone(turn);
  }
}

function startLone(turn: Turn): void {
  turn.set({ lone: 'counting' });
  turn.startTimer('lone', Math.max(turn.policy.ending.loneParticipantMs - loneNoticeMs, 1));
}

/** First the announcement, then the cut. */
export function loneTimer(turn: Turn): void {
  const { lone, guestsOnly } = turn.state;
  const [participant] = turn.those(isIn);
  if (lone === 'off' || participant === undefined) return;
  if (lone === 'counting') {
    const code = codeOf(turn.policy.keypad.table, 'help');
    const extend = code === undefined ? [] : [...say('help_extend'), ...spokenCode(code)];
    const noticeMs = Math.min(loneNoticeMs, turn.policy.ending.loneParticipantMs);
    turn.set({ lone: 'announced' });
    turn.emit({ type: 'ending', rule: 'lone', endsAt: turn.now + noticeMs, state: 'announced' });
    turn.do({ do: 'tell', to: { call: participant.call }, prompts: [...say('lone_ending'), ...extend] });
    turn.startTimer('lone', noticeMs);
  } else if (guestsOnly !== undefined && guestsOnly.cutAt <= turn.now) {
    // At the same instant the earlier row of section 5 wins.
    cutGuests(turn);
  } else {
    turn.end(participant, 'lonely_timeout');
  }
}

/** `*0` after the announcement. */
export function extendLone(turn: Turn, participant: Participant): void {
  startLone(turn);
  turn.emit({ type: 'extended', rule: 'lone', endsAt: turn.now + turn.policy.ending.loneParticipantMs });
  turn.tell({ call: participant.call }, 'extended');
}

/** Only legs left that keep no conference up, recorders for one (PXD-27, COD-20). Somebody on the way in may change that. */
export function watchUnattended(turn: Turn): void {
  const inside = turn.those(isIn);
  if (inside.length === 0 || turn.count(isJoining) > 0) return;
  const staying = inside.filter(({ keepAlive }) => keepAlive === undefined || keepAlive === 'always').length;
  const several = inside.filter(({ keepAlive }) => keepAlive === 'ifMultiple').length;
  if (staying > 0 || several > 1) return;
  for (const leg of inside) turn.end(leg, 'unattended');
}
