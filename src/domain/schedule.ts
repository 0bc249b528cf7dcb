import { dayNumber, type CivilDate } from './civil-date.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { daysBetween, isDate, lastDay, parseRecurrence, recursOn, type Recurrence } from './recurrence.ts';
import { isTimeZone, localTime, utcTime } from './time-zone.ts';

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
/** How far it is looked ahead: with one occurrence a day at most, a bound of their number too. */
const longestLook = 2 * 366 * day;
/** What is known of local time before and after is little. */
const years = { first: 1970, last: 2199 } as const;

export type ScheduleProblemCode = 'schedule_start_invalid' | 'time_zone_unknown' | 'schedule_duration_invalid' | 'schedule_rule_invalid' | 'early_entry_invalid';

export function validateSchedule(schedule: Schedule): Result<Schedule, readonly Problem<ScheduleProblemCode>[]> {
  const { durationMs, earlyEntryMs, rrule } = schedule;
  const problems: Problem<ScheduleProblemCode>[] = [];
  const start = parseStart(schedule.start);
  if (start === undefined) {
    problems.push({ code: 'schedule_start_invalid', message: 'this is not a local date and time', advice: `write it as 2026-12-01T10:00:00, without an offset, from ${years.first} to ${years.last}`, field: 'schedule.start' });
  }
  if (!isTimeZone(schedule.timeZone)) {
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

/** Read from the text alone: it costs the same whatever the rule. */
function problemOfRule(schedule: Schedule, rrule: string): string | undefined {
  const { day: first = 0 } = parseStart(schedule.start) ?? {};
  const rule = parseRecurrence(rrule, first);
  if ('problem' in rule) return rule.problem;
  if (!recursOn(rule, first)) return 'the start is none of the days of the repetition';
  const { start, until } = planOf(schedule);
  return until < start ? 'the repetition is over before the start' : undefined;
}

/** The occurrence that counts at an instant. */
export function windowAt(schedule: Schedule, now: number): Window {
  const { earlyEntryMs = defaultEarlyEntryMs } = schedule;
  const plan = planOf(schedule);
  const last = occurrence(schedule, lastStart(plan, now));
  if (last !== undefined && (last.end === null || now < last.end)) return { kind: 'inside', ...last };
  const [next] = startsAfter(plan, now, Infinity);
  if (next !== undefined) return { kind: now >= next - earlyEntryMs ? 'early' : 'before', ...occurrence(schedule, next) };
  return { kind: 'late', start: last?.start ?? null, end: last?.end ?? null };
}

/** Those that touch the time from `from` to before `to` and within two years, at most `most`. */
export function occurrences(schedule: Schedule, from: number, to: number, most: number): readonly Occurrence[] {
  const plan = planOf(schedule);
  const until = Math.min(to, from + longestLook);
  const running = occurrence(schedule, lastStart(plan, from));
  const found = running !== undefined && (running.end === null || running.end > from) ? [running] : [];
  for (const start of startsAfter(plan, from, dayOf(until, plan))) {
    if (start >= until || found.length >= most) break;
    found.push(occurrence(schedule, start));
  }
  return found.slice(0, most);
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

/** A schedule as it is reckoned with. */
interface Plan {
  readonly timeZone: string;
  /** Of the first occurrence, as it is written. */
  readonly first: LocalTime;
  /** The same, and the last instant of the repetition: milliseconds since the epoch. */
  readonly start: number;
  readonly until: number;
  /** Absent: once. */
  readonly rule?: Recurrence;
}

/** `day`: as in `civil-date.ts`; `time`: milliseconds from midnight, by the clock. */
interface LocalTime {
  readonly day: number;
  readonly time: number;
}

function parseStart(text: string): LocalTime | undefined {
  const digits = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?$/.exec(text)?.slice(1) ?? [];
  const [year = 0, month = 0, monthDay = 0, hour = 0, minutes = 0, seconds = 0] = digits.map((each: string | undefined) => Number(each ?? 0));
  const date: CivilDate = { year, month, day: monthDay };
  if (year < years.first || year > years.last || !isDate(date) || hour > 23 || minutes > 59 || seconds > 59) return undefined;
  return { day: dayNumber(date), time: (hour * 60 + minutes) * minute + seconds * 1_000 };
}

/** Of a schedule that is valid. */
function planOf({ start, timeZone, rrule }: Schedule): Plan {
  const first = parseStart(start) ?? { day: 0, time: 0 };
  const once = { timeZone, first, start: utcTime(first.day * day + first.time, timeZone), until: Infinity };
  const rule = rrule === undefined ? undefined : parseRecurrence(rrule, first.day);
  if (rule === undefined || 'problem' in rule) return once;
  const { until } = rule;
  return { ...once, rule, ...(until === undefined ? {} : { until: until.clock === 'utc' ? until.ms : utcTime(until.ms, timeZone) }) };
}

const dayOf = (at: number, { timeZone }: Plan): number => Math.floor(localTime(at, timeZone) / day);

/** An hour of the clock stays that hour, whatever the offset of the day. */
const startOn = ({ first, timeZone }: Plan, each: number): number => utcTime(each * day + first.time, timeZone);

/** Of the last occurrence that has begun. */
function lastStart(plan: Plan, now: number): number | undefined {
  const { rule, first, start, until } = plan;
  if (now < start) return undefined;
  if (rule === undefined) return start;
  const latest = Math.min(now, until);
  for (let each = lastDay(rule, first.day, dayOf(latest, plan)); each !== undefined; each = lastDay(rule, first.day, each - 1)) {
    const begun = startOn(plan, each);
    if (begun <= latest) return begun;
  }
  return start;
}

/** In order; `to`: the last day. The next one is looked for within bounds of its own. */
function* startsAfter(plan: Plan, from: number, to: number): Generator<number, undefined> {
  const { rule, first, start, until } = plan;
  if (rule === undefined) {
    if (start > from) yield start;
    return;
  }
  // The day before, too: a time left out by daylight saving may come on the next one.
  for (const each of daysBetween(rule, first.day, dayOf(from, plan) - 1, to)) {
    const next = startOn(plan, each);
    if (next > until) return;
    if (next > from) yield next;
  }
}

function occurrence(schedule: Schedule, start: number): Occurrence;
function occurrence(schedule: Schedule, start: number | undefined): Occurrence | undefined;
function occurrence({ durationMs }: Schedule, start: number | undefined): Occurrence | undefined {
  return start === undefined ? undefined : { start, end: durationMs === null ? null : start + durationMs };
}
