import { civilDate, dayNumber, daysInMonth, weekday, type CivilDate } from './civil-date.ts';

/**
 * The days of a repetition (RFC 5545 §3.3.10), as day numbers of `civil-date.ts`. Of the rule those parts that say on which days;
 * the time of the day is that of the start, so that there is one occurrence a day at most.
 */
export interface Recurrence {
  readonly frequency: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
  readonly interval: number;
  readonly count?: number;
  readonly until?: Until;
  readonly weekdays: readonly Weekday[];
  /** Negative: from the end. */
  readonly monthDays: readonly number[];
  readonly months: readonly number[];
  readonly position?: number;
  /** 0: Monday. */
  readonly weekStart: number;
}

/** The last time: an instant of UTC, or of local time. `ms`: since 1 January 1970. */
export interface Until {
  readonly clock: 'utc' | 'local';
  readonly ms: number;
}

/** `nth`: of the month or year; negative: from its end; absent: each. */
interface Weekday {
  readonly day: number;
  readonly nth?: number;
}

const longestRule = 256;
/** "First run counts" (COD-15). */
const mostCounted = 120;
/** Days a rule is looked at for its next occurrence: 29 February on a Saturday comes again within 40 years. */
const longestGap = 50 * 366;

const rulePart = /^(?:FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)|INTERVAL=[1-9]\d{0,2}|COUNT=[1-9]\d{0,2}|UNTIL=\d{8}(?:T\d{6}Z?)?|BYDAY=(?:[+-]?[1-9])?[A-Z]{2}(?:,(?:[+-]?[1-9])?[A-Z]{2}){0,6}|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2}){0,30}|BYMONTH=\d{1,2}(?:,\d{1,2}){0,11}|BYSETPOS=-?[1-9]\d?|WKST=[A-Z]{2})$/;

const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/** A rule for a start on the day `first`, or what is wrong with it. */
export function parseRecurrence(text: string, first: number): Recurrence | { readonly problem: string } {
  const parts = text.length > longestRule ? [] : text.split(';');
  const values = new Map(parts.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
  const frequency = values.get('FREQ');
  if (!parts.every((part) => rulePart.test(part)) || values.size < parts.length || !isFrequency(frequency)) return { problem: 'the repetition cannot be read, or has a part that is not taken' };
  const list = (name: string): readonly string[] => values.get(name)?.split(',') ?? [];
  const given = { weekdays: list('BYDAY').map(parseWeekday), monthDays: list('BYMONTHDAY').map(Number), months: list('BYMONTH').map(Number) };
  const weekStart = weekdays.indexOf(values.get('WKST') ?? 'MO');
  const count = values.get('COUNT');
  const position = values.get('BYSETPOS');
  const until = parseUntil(values.get('UNTIL'));
  const areRead = weekStart >= 0 && given.weekdays.every(({ day }) => day >= 0) && given.monthDays.every((day) => day !== 0 && Math.abs(day) <= 31) && given.months.every((month) => month >= 1 && month <= 12);
  if (!areRead || until === 'invalid') return { problem: 'the repetition names a day or month there is not' };
  if (count !== undefined && until !== undefined) return { problem: 'the repetition has both COUNT and UNTIL' };
  if (Number(count ?? 1) > mostCounted) return { problem: `the repetition counts more than ${mostCounted} occurrences` };
  const isOfMonths = frequency === 'MONTHLY' || frequency === 'YEARLY';
  if (!isOfMonths && given.weekdays.some(({ nth }) => nth !== undefined)) return { problem: 'BYDAY has a number, which needs FREQ of MONTHLY or YEARLY' };
  if (frequency === 'WEEKLY' && given.monthDays.length > 0) return { problem: 'BYMONTHDAY is not for FREQ=WEEKLY' };
  if (position !== undefined && given.weekdays.length + given.monthDays.length + given.months.length === 0) return { problem: 'BYSETPOS needs another BY part' };
  const interval = Number(values.get('INTERVAL') ?? 1);
  return {
    // Every day that is within limits is the same by months, which are gone through faster.
    frequency: frequency === 'DAILY' && interval === 1 && position === undefined ? 'MONTHLY' : frequency,
    interval,
    ...(count === undefined ? {} : { count: Number(count) }),
    ...(until === undefined ? {} : { until }),
    ...(position === undefined ? {} : { position: Number(position) }),
    weekStart,
    ...withDaysOf(first, frequency, given),
  };
}

const isFrequency = (text: string | undefined): text is Recurrence['frequency'] => text === 'DAILY' || text === 'WEEKLY' || text === 'MONTHLY' || text === 'YEARLY';

function parseWeekday(text: string): Weekday {
  const [day, nth] = [weekdays.indexOf(text.slice(-2)), text.slice(0, -2)];
  return nth === '' ? { day } : { day, nth: Number(nth) };
}

/** A day alone is meant with all of its hours. */
function parseUntil(text: string | undefined): Until | undefined | 'invalid' {
  if (text === undefined) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = (/^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z?)?$/.exec(text) ?? []).slice(1).map((digits: string | undefined) => (digits === undefined ? undefined : Number(digits)));
  const date = { year: year ?? 0, month: month ?? 0, day: day ?? 0 };
  if (!isDate(date) || hour > 23 || minute > 59 || second > 59) return 'invalid';
  const time = text.includes('T') ? (hour * 60 + minute) * 60 + second : 86_399;
  return { clock: text.endsWith('Z') ? 'utc' : 'local', ms: (dayNumber(date) * 86_400 + time) * 1_000 };
}

export const isDate = ({ year, month, day }: CivilDate): boolean => month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);

/** What the rule does not say is as at the start. */
function withDaysOf(first: number, frequency: Recurrence['frequency'], given: Pick<Recurrence, 'weekdays' | 'monthDays' | 'months'>): Pick<Recurrence, 'weekdays' | 'monthDays' | 'months'> {
  if (frequency === 'DAILY' || given.weekdays.length + given.monthDays.length > 0) return given;
  if (frequency === 'WEEKLY') return { ...given, weekdays: [{ day: weekday(first) }] };
  const { month, day } = civilDate(first);
  return { ...given, monthDays: [day], months: frequency === 'YEARLY' && given.months.length === 0 ? [month] : given.months };
}

/** Whether the start is an occurrence; RFC 5545 §3.8.5.3: where it is none it is not defined what recurs. */
export const recursOn = (rule: Recurrence, first: number): boolean => daysOfPeriod(rule, first, 0).includes(first);

/** The days from `from` to `to`, both included, in order. */
export function* daysBetween(rule: Recurrence, first: number, from: number, to: number): Generator<number, undefined> {
  // What is counted is counted from the start.
  let left = rule.count ?? Infinity;
  const beginning = rule.count === undefined ? Math.max(from, first) : first;
  let found = beginning;
  for (let period = periodOf(rule, first, beginning); beginOf(rule, first, period) <= Math.min(to, found + longestGap); period++) {
    for (const day of daysOfPeriod(rule, first, period)) {
      if (day > to || left === 0) return;
      if (day < beginning) continue;
      left--;
      found = day;
      if (day >= from) yield day;
    }
  }
}

/** The last day up to `day`, if there is one. */
export function lastDay(rule: Recurrence, first: number, day: number): number | undefined {
  if (rule.count !== undefined) {
    let last: number | undefined;
    for (const each of daysBetween(rule, first, first, day)) last = each;
    return last;
  }
  for (let period = periodOf(rule, first, day); period >= 0; period--) {
    const last = daysOfPeriod(rule, first, period).findLast((each) => each >= first && each <= day);
    if (last !== undefined) return last;
  }
  return undefined;
}

/** Periods are counted from the one the start is in; those the interval leaves out are not. */
function periodOf(rule: Recurrence, first: number, day: number): number {
  return Math.floor((unitOf(rule, day) - unitOf(rule, first)) / rule.interval);
}

function unitOf({ frequency, weekStart }: Recurrence, day: number): number {
  if (frequency === 'DAILY') return day;
  if (frequency === 'WEEKLY') return Math.floor((day + 3 - weekStart) / 7);
  const { year, month } = civilDate(day);
  return frequency === 'MONTHLY' ? year * 12 + month - 1 : year;
}

function beginOf(rule: Recurrence, first: number, period: number): number {
  return beginOfUnit(rule, unitOf(rule, first) + period * rule.interval);
}

function beginOfUnit({ frequency, weekStart }: Recurrence, unit: number): number {
  if (frequency === 'DAILY') return unit;
  if (frequency === 'WEEKLY') return unit * 7 - 3 + weekStart;
  return dayNumber(frequency === 'MONTHLY' ? { year: Math.floor(unit / 12), month: (unit % 12) + 1, day: 1 } : { year: unit, month: 1, day: 1 });
}

/** In order; those before the start, too, because BYSETPOS counts them. */
function daysOfPeriod(rule: Recurrence, first: number, period: number): readonly number[] {
  const unit = unitOf(rule, first) + period * rule.interval;
  const days = matching(rule, beginOfUnit(rule, unit), beginOfUnit(rule, unit + 1));
  if (rule.position === undefined) return days;
  const chosen = days.at(rule.position > 0 ? rule.position - 1 : rule.position);
  return chosen === undefined ? [] : [chosen];
}

/** Month by month, from `begin` to before `end`. */
function matching(rule: Recurrence, begin: number, end: number): readonly number[] {
  const { months, monthDays, weekdays: wanted } = rule;
  const days: number[] = [];
  for (let day = begin; day < end; ) {
    const { year, month, day: monthDay } = civilDate(day);
    const length = daysInMonth(year, month);
    const beforeMonth = day - monthDay;
    const endOfMonth = Math.min(end, beforeMonth + length + 1);
    // A number of BYDAY counts within the month; in a year without BYMONTH within the year (§3.3.10, note 2).
    const whole = rule.frequency === 'YEARLY' && months.length === 0 ? { begin, end } : { begin: beforeMonth + 1, end: beforeMonth + length + 1 };
    if (months.length === 0 || months.includes(month)) {
      for (; day < endOfMonth; day++) {
        const isDay = monthDays.length === 0 || monthDays.includes(day - beforeMonth) || monthDays.includes(day - beforeMonth - length - 1);
        if (isDay && (wanted.length === 0 || isOneOf(wanted, day, whole))) days.push(day);
      }
    }
    day = endOfMonth;
  }
  return days;
}

function isOneOf(wanted: readonly Weekday[], day: number, { begin, end }: { readonly begin: number; readonly end: number }): boolean {
  const name = weekday(day);
  return wanted.some((each) => each.day === name && (each.nth === undefined || each.nth === Math.floor((day - begin) / 7) + 1 || -each.nth === Math.floor((end - 1 - day) / 7) + 1));
}
