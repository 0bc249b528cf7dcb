import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** When a scheduled room runs. */
export interface Schedule {
  /** Local date and time of the first occurrence, without offset: `2026-12-01T10:00:00`. */
  readonly start: string;
  /** IANA name, e.g. `Europe/Berlin`: an hour of the clock stays that hour when daylight saving begins or ends. */
  readonly timeZone: string;
  /** Milliseconds; null: until somebody ends it, or the next occurrence. */
  readonly durationMs: number | null;
  /** RFC 5545 §3.3.10, without DTSTART; absent: once. */
  readonly rrule?: string;
  /** So long before the start callers wait instead of being turned away; absent: the default of 10 min. */
  readonly earlyEntryMs?: number;
}

/** Milliseconds since the epoch; an `end` of null is open. */
export interface Occurrence {
  readonly start: number;
  readonly end: number | null;
}

/**
 * Where an instant lies: `inside` an occurrence; `early`, so near the next one that callers wait for it; `before` the next one;
 * `late`, after the last one. The occurrence meant is told; a rule without any has none.
 */
export type Window = ({ readonly kind: 'before' | 'early' | 'inside' } & Occurrence) | { readonly kind: 'late'; readonly start: number | null; readonly end: number | null };

const minute = 60_000;
const day = 24 * 60 * minute;

/** COD-16. */
export const defaultDurationMs = 60 * minute;
export const defaultEarlyEntryMs = 10 * minute;
const longestDurationMs = 7 * day;
const longestEarlyEntryMs = day;
/** "First run counts" (COD-15). What is counted is enumerated for each question. */
const mostCounted = 120;
const longestRule = 256;
/** How far it is looked ahead: with one occurrence a day at most, a bound of their number too. */
const longestLook = 2 * 366 * day;
/** Bounds of the library's search; what the grammar below allows stays within, or has no occurrence worth waiting for. */
const search = { maxIterations: 1_000, maxCandidateEvaluations: 10_000 } as const;

/** Parts that say on which days; the time of the day is that of the start. What multiplies occurrences within a day is left out. */
const rulePart = /^(?:FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)|INTERVAL=[1-9]\d{0,2}|COUNT=[1-9]\d{0,2}|UNTIL=\d{8}(?:T\d{6}Z?)?|BYDAY=[+-]?\d?[A-Z]{2}(?:,[+-]?\d?[A-Z]{2}){0,6}|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2}){0,30}|BYMONTH=\d{1,2}(?:,\d{1,2}){0,11}|BYSETPOS=-?\d{1,2}|WKST=[A-Z]{2})$/;

export type ScheduleProblemCode = 'schedule_start_invalid' | 'time_zone_unknown' | 'schedule_duration_invalid' | 'schedule_rule_invalid' | 'early_entry_invalid';

export function validateSchedule(schedule: Schedule): Result<Schedule, readonly Problem<ScheduleProblemCode>[]> {
  const { durationMs, earlyEntryMs, rrule } = schedule;
  const problems: Problem<ScheduleProblemCode>[] = [];
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(schedule.start) || !succeeds(() => Temporal.PlainDateTime.from(schedule.start, { overflow: 'reject' }))) {
    problems.push({ code: 'schedule_start_invalid', message: 'this is not a local date and time', advice: 'write it as 2026-12-01T10:00:00, without an offset', field: 'schedule.start' });
  }
  // Not an offset: daylight saving is to be known.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(schedule.timeZone) || !succeeds(() => Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(schedule.timeZone))) {
    problems.push({ code: 'time_zone_unknown', message: 'there is no such time zone', advice: 'give an IANA name such as Europe/Berlin', field: 'schedule.timeZone' });
  }
  if (durationMs !== null && !(Number.isInteger(durationMs) && durationMs >= minute && durationMs <= longestDurationMs)) {
    problems.push({ code: 'schedule_duration_invalid', message: 'the duration is out of range', advice: 'give 60 s to 7 days, or none', field: 'schedule.duration' });
  }
  if (earlyEntryMs !== undefined && !(Number.isInteger(earlyEntryMs) && earlyEntryMs >= 0 && earlyEntryMs <= longestEarlyEntryMs)) {
    problems.push({ code: 'early_entry_invalid', message: 'the early entry is out of range', advice: 'give 0 s to 1 day', field: 'schedule.earlyEntry' });
  }
  if (problems.length === 0 && rrule !== undefined) {
    const why = problemOfRule(schedule, rrule);
    if (why !== undefined) problems.push({ code: 'schedule_rule_invalid', message: why, advice: 'use FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, and INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST', field: 'schedule.rrule' });
  }
  return problems.length === 0 ? ok(schedule) : err(problems);
}

function problemOfRule(schedule: Schedule, rrule: string): string | undefined {
  const parts = rrule.split(';');
  const names = parts.map((part) => part.slice(0, part.indexOf('=')));
  if (rrule.length > longestRule || !parts.every((part) => rulePart.test(part)) || new Set(names).size < names.length || !names.includes('FREQ')) return 'the repetition cannot be read, or has a part that is not taken';
  if (names.includes('COUNT') && names.includes('UNTIL')) return 'the repetition has both COUNT and UNTIL';
  const count = Number(parts.find((part) => part.startsWith('COUNT='))?.slice('COUNT='.length) ?? 1);
  if (count > mostCounted) return `the repetition counts more than ${mostCounted} occurrences`;
  const start = startOf(schedule);
  const first = attempted(() => ruleOf(schedule, rrule).next(zoned(start - 1, schedule), false));
  // RFC 5545 §3.8.5.3: with a start that is no occurrence it is not defined what recurs.
  return first?.epochMilliseconds === start ? undefined : 'the start is none of the days of the repetition';
}

/** The occurrence that counts at an instant. */
export function windowAt(schedule: Schedule, now: number): Window {
  const { earlyEntryMs = defaultEarlyEntryMs } = schedule;
  const last = lastAt(schedule, now);
  if (last !== undefined && (last.end === null || now < last.end)) return { kind: 'inside', ...last };
  const next = nextAfter(schedule, now);
  if (next !== undefined) return { kind: now >= next.start - earlyEntryMs ? 'early' : 'before', ...next };
  return { kind: 'late', start: last?.start ?? null, end: last?.end ?? null };
}

/** Those that touch the time from `from` to before `to` and within two years, at most `most`. */
export function occurrences(schedule: Schedule, from: number, to: number, most: number): readonly Occurrence[] {
  const running = lastAt(schedule, from);
  const first = running !== undefined && (running.end === null || running.end > from) ? [running] : [];
  return [...first, ...startsBetween(schedule, from, Math.min(to, from + longestLook)).map((start) => occurrence(schedule, start))].slice(0, most);
}

/** COD-10: whether two rooms are ever active at once, early entry included, before `from + horizon`. A room without a schedule always is. */
export const overlap = (a: Schedule | undefined, b: Schedule | undefined, from: number, horizon: number): boolean => a === undefined || b === undefined || clash(a, b, from, horizon) !== undefined;

/** The first occurrence of `a` during which `b` is active too, early entry included, before `from + horizon`. */
export function clash(a: Schedule, b: Schedule, from: number, horizon: number): Occurrence | undefined {
  const [ofA, ofB] = [active(a, from, from + horizon), active(b, from, from + horizon)];
  let [i, j] = [0, 0];
  for (;;) {
    const [one, other] = [ofA[i], ofB[j]];
    if (one === undefined || other === undefined) return undefined;
    if (one.until <= other.since) i++;
    else if (other.until <= one.since) j++;
    else return one.occurrence;
  }
}

interface Span {
  readonly occurrence: Occurrence;
  readonly since: number;
  readonly until: number;
}

function active(schedule: Schedule, from: number, to: number): readonly Span[] {
  const { earlyEntryMs = defaultEarlyEntryMs } = schedule;
  return occurrences(schedule, from, to, Infinity).map((each) => ({ occurrence: each, since: each.start - earlyEntryMs, until: each.end ?? Infinity }));
}

/** Which of the rooms that share an alias a caller means: the one that is active, else the next, else the last. Undefined: there is none. */
export function pickRoom<Each extends { readonly schedule?: Schedule }>(rooms: readonly Each[], now: number): Each | undefined {
  const [only] = rooms;
  if (rooms.length <= 1 || only === undefined) return only;
  const ranks = { inside: 0, early: 1, before: 2, late: 3 } as const;
  const ranked = rooms.map((room) => {
    const window: Window = room.schedule === undefined ? { kind: 'inside', start: 0, end: null } : windowAt(room.schedule, now);
    const distance = window.kind === 'late' ? -(window.start ?? 0) : window.start;
    return { room, rank: ranks[window.kind], distance };
  });
  return ranked.reduce((best, each) => (each.rank < best.rank || (each.rank === best.rank && each.distance < best.distance) ? each : best)).room;
}

/** The last occurrence that has begun. */
function lastAt(schedule: Schedule, now: number): Occurrence | undefined {
  const first = startOf(schedule);
  if (now < first) return undefined;
  if (schedule.rrule === undefined) return occurrence(schedule, first);
  const { rrule } = schedule;
  const found = attempted(() => ruleOf(schedule, rrule).previous(zoned(now, schedule), true));
  return occurrence(schedule, found?.epochMilliseconds ?? first);
}

function nextAfter(schedule: Schedule, now: number): Occurrence | undefined {
  const first = startOf(schedule);
  if (now < first) return occurrence(schedule, first);
  if (schedule.rrule === undefined) return undefined;
  const { rrule } = schedule;
  const found = attempted(() => ruleOf(schedule, rrule).next(zoned(now, schedule), false));
  return found === undefined ? undefined : occurrence(schedule, found.epochMilliseconds);
}

/** After `from`, before `to`. */
function startsBetween(schedule: Schedule, from: number, to: number): readonly number[] {
  const { rrule } = schedule;
  const starts = rrule === undefined ? [startOf(schedule)] : attempted(() => ruleOf(schedule, rrule).between(zoned(from, schedule), zoned(to, schedule), false).map(({ epochMilliseconds }) => epochMilliseconds));
  return (starts ?? []).filter((start) => start > from && start < to);
}

const occurrence = ({ durationMs }: Schedule, start: number): Occurrence => ({ start, end: durationMs === null ? null : start + durationMs });

const zoned = (at: number, { timeZone }: Schedule): Temporal.ZonedDateTime => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);

/** An hour that is left out when daylight saving begins counts from the hour before (RFC 5545 §3.3.5). */
const startOf = ({ start, timeZone }: Schedule): number => Temporal.PlainDateTime.from(start).toZonedDateTime(timeZone).epochMilliseconds;

const ruleOf = (schedule: Schedule, rrule: string): RRuleTemporal => new RRuleTemporal({ rruleString: `RRULE:${rrule}`, dtstart: Temporal.PlainDateTime.from(schedule.start).toZonedDateTime(schedule.timeZone), cache: false, ...search });

/** The library throws on what it cannot read, and where its search is over without a find. */
function attempted<T>(work: () => T | null): T | undefined {
  try {
    return work() ?? undefined;
  } catch {
    return undefined;
  }
}

const succeeds = (work: () => unknown): boolean => attempted(() => [work()]) !== undefined;
