import { defaultDurationMs, defaultEarlyEntryMs, type Occurrence, type Schedule } from '../domain/schedule.ts';
import { timeText } from './audit.ts';

/** A schedule as the API writes it: durations in seconds. */
export interface ScheduleGiven {
  /** Local date and time of the first occurrence. */
  readonly start: string;
  readonly timeZone: string;
  /** Null: until somebody ends it. Absent: an hour (COD-16). */
  readonly duration?: number | null;
  /** RFC 5545 §3.3.10, without DTSTART. */
  readonly rrule?: string;
  /** Absent: 10 min. */
  readonly earlyEntry?: number;
}

export type ScheduleView = ScheduleGiven & Required<Pick<ScheduleGiven, 'duration' | 'earlyEntry'>>;

export function scheduleOf({ start, timeZone, duration, rrule, earlyEntry }: ScheduleGiven): Schedule {
  return {
    start,
    timeZone,
    durationMs: duration === undefined ? defaultDurationMs : duration === null ? null : duration * 1_000,
    ...(rrule === undefined ? {} : { rrule }),
    ...(earlyEntry === undefined ? {} : { earlyEntryMs: earlyEntry * 1_000 }),
  };
}

export function scheduleView({ start, timeZone, durationMs, rrule, earlyEntryMs = defaultEarlyEntryMs }: Schedule): ScheduleView {
  return { start, timeZone, duration: durationMs === null ? null : durationMs / 1_000, ...(rrule === undefined ? {} : { rrule }), earlyEntry: earlyEntryMs / 1_000 };
}

/** RFC 3339; an end of null is open. */
export interface OccurrenceView {
  readonly start: string;
  readonly end: string | null;
}

export const occurrenceView = ({ start, end }: Occurrence): OccurrenceView => ({ start: timeText(start), end: end === null ? null : timeText(end) });
