import type { Participant, Turn } from './conference-state.ts';
import { findPlace, keepWaitingForStart, waitersFor } from './lobby.ts';
import { windowAt } from './schedule.ts';
import { say, type Prompt } from './prompts.ts';

/** A scheduled room while somebody is there: the start its lobby waits for, and its end (policy.md section 1 step (a), section 5). */

/** Times are milliseconds since the epoch; `warnings`: still to come, as times before the end. */
export type Running =
  | { readonly at: 'early'; readonly start: number }
  | { readonly at: 'running'; readonly start: number; readonly end: number | null; readonly warnings: readonly Warning[]; readonly notice: 'none' | 'announced'; readonly extended: 'no' | 'yes' }
  /** The room was put off while somebody was in it: they stay. */
  | { readonly at: 'outside' };

interface Warning {
  readonly beforeMs: number;
  /** Text is for who can show it; voice is told to the room. */
  readonly by: 'text' | 'voice' | 'both';
}

const minute = 60_000;
/** "At the end": long enough for the words, so that the cut is on time. */
const justBeforeMs = 5_000;

/** COD-17: the longer the conference, the earlier the first warning. */
const ladder: readonly (Warning & { readonly fromMs: number })[] = [
  { beforeMs: 10 * minute, by: 'text', fromMs: 60 * minute },
  { beforeMs: 5 * minute, by: 'text', fromMs: 10 * minute },
  { beforeMs: 2 * minute, by: 'voice', fromMs: 5 * minute },
  { beforeMs: minute, by: 'text', fromMs: 0 },
  { beforeMs: justBeforeMs, by: 'both', fromMs: 0 },
];

/** Takes up the schedule of the room as it is: when the first one comes, and when it was changed. */
export function followSchedule(turn: Turn): void {
  const { room, schedule: before } = turn.state;
  cancelAll(turn);
  if (room.schedule === undefined) {
    turn.set({ schedule: undefined });
    judgeLobby(turn);
    return;
  }
  const window = windowAt(room.schedule, turn.now);
  switch (window.kind) {
    case 'early':
      turn.set({ schedule: { at: 'early', start: window.start } });
      turn.startTimer('start', Math.max(window.start - turn.now, 1));
      keepWaitingForStart(turn);
      return;
    case 'inside':
      run(turn, window.start, window.end, before?.at === 'running' ? 'no' : 'yes');
      return;
    case 'late':
      if (before === undefined) turn.set({ schedule: { at: 'outside' } });
      else endSchedule(turn);
      return;
    case 'before':
      turn.set({ schedule: { at: 'outside' } });
      // Put off beyond early entry: as row 2 has it.
      for (const waiter of waitersFor(turn, 'start')) turn.end(waiter, 'not_started_yet');
      return;
  }
}

function run(turn: Turn, start: number, end: number | null, first: 'yes' | 'no'): void {
  turn.set({ schedule: { at: 'running', start, end, warnings: [], notice: 'none', extended: 'no' } });
  if (first === 'yes') turn.emit({ type: 'scheduleStarted', start, end });
  if (end !== null) setEnd(turn, start, end, 'no');
  judgeLobby(turn);
}

function setEnd(turn: Turn, start: number, end: number, extended: 'no' | 'yes'): void {
  const left = end - turn.now;
  const warnings = ladder.filter(({ beforeMs, fromMs }) => end - start >= fromMs && beforeMs < left);
  turn.set({ schedule: { at: 'running', start, end, warnings, notice: 'none', extended } });
  turn.startTimer('scheduleEnd', Math.max(left, 1));
  startNextWarning(turn);
}

function startNextWarning(turn: Turn): void {
  const { schedule } = turn.state;
  if (schedule?.at !== 'running' || schedule.end === null) return;
  const [next] = schedule.warnings;
  if (next !== undefined) turn.startTimer('scheduleWarning', Math.max(schedule.end - next.beforeMs - turn.now, 1));
}

/** The start has come: the lobby is judged by the rules in force, and the wait for a host counts from here. */
function judgeLobby(turn: Turn): void {
  for (const { call } of waitersFor(turn, 'start')) {
    const waiter: Participant | undefined = turn.state.participants.get(call);
    if (waiter !== undefined) findPlace(turn, waiter);
  }
}

export function warnOfEnd(turn: Turn): void {
  const { schedule } = turn.state;
  if (schedule?.at !== 'running' || schedule.end === null) return;
  const [due, ...warnings] = schedule.warnings;
  if (due === undefined) return;
  turn.set({ schedule: { ...schedule, warnings, notice: 'announced' } });
  turn.emit({ type: 'ending', rule: 'schedule', endsAt: schedule.end, state: 'announced' });
  const prompts: readonly Prompt[] = due.beforeMs === justBeforeMs ? say('about_to_end') : [{ key: 'ends_in', count: due.beforeMs / minute }];
  if (due.by !== 'text') turn.do({ do: 'tell', to: 'room', prompts });
  if (due.by !== 'voice') turn.do({ do: 'text', prompts });
  startNextWarning(turn);
}

/** The lobby, too. */
export function endSchedule(turn: Turn): void {
  cancelAll(turn);
  turn.set({ schedule: { at: 'outside' } });
  turn.emit({ type: 'scheduleEnded', end: turn.now });
  for (const participant of turn.those(() => true)) turn.end(participant, 'schedule_ended');
}

/** Whether there is an end to put off. */
export const hasScheduledEnd = (turn: Turn): boolean => turn.state.schedule?.at === 'running' && turn.state.schedule.end !== null;

export const isEndAnnounced = (turn: Turn): boolean => turn.state.schedule?.at === 'running' && turn.state.schedule.notice === 'announced';

export function extendSchedule(turn: Turn, ms: number): void {
  const { schedule } = turn.state;
  if (schedule?.at !== 'running' || schedule.end === null) return;
  cancelAll(turn);
  const end = schedule.end + ms;
  setEnd(turn, schedule.start, end, 'yes');
  turn.emit({ type: 'extended', rule: 'schedule', endsAt: end });
}

/** Until when a conference goes on that was to end before; for who still comes (row 2). */
export const extendedTo = (schedule: Running | undefined): number | undefined => (schedule?.at === 'running' && schedule.extended === 'yes' ? (schedule.end ?? undefined) : undefined);

function cancelAll(turn: Turn): void {
  for (const name of ['start', 'scheduleWarning', 'scheduleEnd'] as const) turn.cancelTimer(name);
}
