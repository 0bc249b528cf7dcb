import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { occurrences, validateSchedule, windowAt, type Schedule } from '../../../src/domain/schedule.ts';
import { localTime, utcTime } from '../../../src/domain/time-zone.ts';

/** Zones that change their clocks in all ways there are: north, south, half an hour, not at all, in Ramadan, across the date line. */
const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago', 'Asia/Kolkata', 'Africa/Casablanca', 'Pacific/Apia', 'Asia/Kathmandu', 'UTC'] as const;
const day = 86_400_000;
const from2000 = Date.UTC(2000, 0, 1);
const pad = (value: number): string => String(value).padStart(2, '0');

const someOf = <Value>(values: readonly Value[], most: number): fc.Arbitrary<readonly Value[]> => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: most });
const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const part = (name: string, values: fc.Arbitrary<readonly (string | number)[]>): fc.Arbitrary<string> => fc.option(values.map((list) => `${name}=${list.join(',')}`), { nil: '' });
const months = part('BYMONTH', someOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 6));
const monthDays = part('BYMONTHDAY', someOf([1, 2, 10, 15, 28, 29, 30, 31, -1, -2, -15, -31], 5));
const plainDays = part('BYDAY', someOf(weekdays, 5));
const numberedDays = part('BYDAY', someOf([...weekdays, ...weekdays.flatMap((name) => [`1${name}`, `2${name}`, `-1${name}`, `5${name}`])], 4));
/** One kind at a time: of a year's rule with both the library forgets those without a number. */
const eitherDays = fc.oneof(plainDays, part('BYDAY', someOf(weekdays.flatMap((name) => [`1${name}`, `3${name}`, `-1${name}`]), 3)));
const position = fc.constantFrom('', '', 'BYSETPOS=1', 'BYSETPOS=2', 'BYSETPOS=-1');
const weekStart = fc.constantFrom('', 'WKST=SU', 'WKST=MO', 'WKST=WE');
const interval = fc.constantFrom('', 'INTERVAL=2', 'INTERVAL=3', 'INTERVAL=5');
const end = fc.constantFrom('', 'COUNT=1', 'COUNT=7', 'COUNT=30', 'UNTIL=20040301T120000Z');

const rules = fc
  .oneof(
    fc.tuple(fc.constant('FREQ=DAILY'), interval, end, months, monthDays, plainDays),
    fc.tuple(fc.constant('FREQ=WEEKLY'), interval, end, months, plainDays, weekStart),
    fc.tuple(fc.constant('FREQ=MONTHLY'), interval, end, months, monthDays, numberedDays, position),
    fc.tuple(fc.constant('FREQ=YEARLY'), interval, end, months, monthDays, position),
    fc.tuple(fc.constant('FREQ=YEARLY'), interval, end, months, eitherDays, position),
  )
  .map((parts) => parts.filter((each) => each !== '').join(';'))
  // It MUST stand beside another BY part (RFC 5545 §3.3.10).
  .filter((rrule) => !rrule.includes('BYSETPOS') || /BYDAY|BYMONTH/.test(rrule));

const starts = fc.tuple(fc.integer({ min: 0, max: 5 * 366 }), fc.integer({ min: 0, max: 95 })).map(([days, quarters]) => {
  const date = new Date(from2000 + days * day);
  return `${date.toISOString().slice(0, 10)}T${pad(Math.floor(quarters / 4))}:${pad((quarters % 4) * 15)}:00`;
});

const libraryStarts = ({ start, timeZone, rrule = '' }: Schedule, from: number, to: number): readonly number[] => {
  const zoned = (at: number): Temporal.ZonedDateTime => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  const rule = new RRuleTemporal({ rruleString: `RRULE:${rrule}`, dtstart: Temporal.PlainDateTime.from(start).toZonedDateTime(timeZone) });
  return rule.between(zoned(from), zoned(to), true).map(({ epochMilliseconds }) => epochMilliseconds);
};

describe('repetitions beside another implementation', () => {
  it('RFC 5545 §3.3.10: the same occurrences as rrule-temporal finds', () => {
    let compared = 0;
    fc.assert(
      fc.property(starts, fc.constantFrom(...zones), rules, (written, timeZone, rrule) => {
        // From a day that is one of the rule's, which is where the library begins to look too.
        const [first] = attempted(() => libraryStarts({ start: written, timeZone, durationMs: day, rrule }, Date.UTC(1999, 0, 1), Date.UTC(2012, 0, 1)));
        fc.pre(first !== undefined);
        const start = Temporal.Instant.fromEpochMilliseconds(first).toZonedDateTimeISO(timeZone).toPlainDateTime().toString({ smallestUnit: 'second' });
        // A start in a gap of the clock moves the whole series of the library, and not ours (§3.3.5).
        fc.pre(start.slice(11) === written.slice(11));
        const schedule: Schedule = { start, timeZone, durationMs: 60_000, rrule };
        const [from, to] = [first - 1, first + 2 * 366 * day];
        const theirs = attempted(() => libraryStarts(schedule, from, to));
        fc.pre(theirs[0] === first);
        assert.equal(validateSchedule(schedule).ok, true);
        // On a day whose clock leaves that time out ours is an hour later (§3.3.5); of midnight the library makes nothing at all.
        const onTime = (at: number): boolean => iso(localTime(at, timeZone)).slice(11, 19) === start.slice(11);
        const ours = occurrences(schedule, from, to, Infinity).map((each) => each.start);
        assert.deepEqual(ours.filter(onTime).map(iso), theirs.filter((at) => at < to && onTime(at)).map(iso));
        compared++;
      }),
      { numRuns: 300 },
    );
    assert.ok(compared > 100, `only ${compared} rules had occurrences`);
  });

  it('RFC 5545 §3.3.5: a midnight that the clock leaves out is one o’clock, and midnight again the day after', () => {
    const schedule: Schedule = { start: '2000-01-02T00:00:00', timeZone: 'America/Santiago', durationMs: 60_000, rrule: 'FREQ=WEEKLY;BYDAY=SU,MO' };
    const found = occurrences(schedule, Date.UTC(2000, 9, 14), Date.UTC(2000, 9, 17), Infinity).map(({ start }) => iso(start));
    assert.deepEqual(found, ['2000-10-15T04:00:00.000Z', '2000-10-16T03:00:00.000Z']);
  });

  it('RFC 5545 §3.3.5: local time is UTC as Temporal has it, through gaps and doubled hours', () => {
    fc.assert(
      fc.property(fc.integer({ min: from2000 / 1_000, max: Date.UTC(2040, 0, 1) / 1_000 }), fc.constantFrom(...zones), (seconds, timeZone) => {
        const local = new Date(seconds * 1_000).toISOString().slice(0, 19);
        assert.equal(utcTime(seconds * 1_000, timeZone), Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone).epochMilliseconds);
        const zoned = Temporal.Instant.fromEpochMilliseconds(seconds * 1_000).toZonedDateTimeISO(timeZone);
        assert.equal(localTime(seconds * 1_000, timeZone), seconds * 1_000 + zoned.offsetNanoseconds / 1e6);
      }),
      { numRuns: 2_000 },
    );
  });

  it('every quarter of an hour around the changes of the clock', () => {
    for (const [timeZone, date] of [['Europe/Berlin', '2026-03-29'], ['Europe/Berlin', '2026-10-25'], ['Australia/Lord_Howe', '2026-04-05'], ['Australia/Lord_Howe', '2026-10-04'], ['America/Santiago', '2026-09-06'], ['Pacific/Apia', '2011-12-30'], ['Africa/Casablanca', '2026-02-15']] as const) {
      for (let quarter = -96; quarter < 192; quarter++) {
        const local = Date.parse(`${date}T00:00:00Z`) + quarter * 900_000;
        const theirs = Temporal.PlainDateTime.from(new Date(local).toISOString().slice(0, 19)).toZonedDateTime(timeZone).epochMilliseconds;
        assert.equal(iso(utcTime(local, timeZone)), iso(theirs), `${timeZone} ${iso(local)}`);
      }
    }
  });

  it('windowAt names the last occurrence begun and the next of all there are', () => {
    fc.assert(
      fc.property(starts, fc.constantFrom(...zones), rules, fc.integer({ min: 0, max: 1_000 * 96 }), (written, timeZone, rrule, quarter) => {
        const schedule: Schedule = { start: written, timeZone, durationMs: 60_000, rrule, earlyEntryMs: 0 };
        fc.pre(validateSchedule(schedule).ok);
        const first = windowAt(schedule, 0).start ?? 0;
        const now = first + quarter * 900_000;
        const all = occurrences(schedule, first, first + 700 * day, Infinity);
        fc.pre(now < first + 600 * day);
        const window = windowAt(schedule, now);
        const running = all.find((each) => each.start <= now && now < (each.end ?? Infinity));
        const next = all.find((each) => each.start > now);
        if (running !== undefined) assert.deepEqual(window, { kind: 'inside', ...running });
        else if (next !== undefined) assert.deepEqual(window, { kind: 'before', ...next });
        else if (window.kind === 'late') assert.equal(window.start, all.at(-1)?.start);
        else assert.ok(window.start > first + 600 * day);
      }),
      { numRuns: 500 },
    );
  });
});

const iso = (at: number): string => new Date(at).toISOString();

function attempted(work: () => readonly number[]): readonly number[] {
  try {
    return work();
  } catch {
    return [];
  }
}
