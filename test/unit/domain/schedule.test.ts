import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { occurrences, overlap, pickRoom, validateSchedule, windowAt, type Schedule } from '../../../src/domain/schedule.ts';
import { hour, minute } from './fixtures.ts';

const day = 24 * hour;
const at = (text: string): number => Date.parse(text);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString().slice(0, 16));

/** 1 December 2026 is a Tuesday; Berlin is an hour before UTC. */
const once: Schedule = { start: '2026-12-01T10:00:00', timeZone: 'Europe/Berlin', durationMs: hour };
const weekly: Schedule = { ...once, rrule: 'FREQ=WEEKLY' };

describe('windowAt (policy section 1 row 2)', () => {
  const cases: readonly (readonly [string, Schedule, string, string])[] = [
    ['eleven minutes before: before', once, '2026-12-01T08:49:00Z', 'before 2026-12-01T09:00'],
    ['ten minutes before: early', once, '2026-12-01T08:50:00Z', 'early 2026-12-01T09:00'],
    ['at the start: inside', once, '2026-12-01T09:00:00Z', 'inside 2026-12-01T09:00'],
    ['a moment before the end: inside', once, '2026-12-01T09:59:59Z', 'inside 2026-12-01T09:00'],
    ['at the end: late', once, '2026-12-01T10:00:00Z', 'late 2026-12-01T09:00'],
    ['early entry of its own', { ...once, earlyEntryMs: 30 * minute }, '2026-12-01T08:30:00Z', 'early 2026-12-01T09:00'],
    ['no early entry', { ...once, earlyEntryMs: 0 }, '2026-12-01T08:59:59Z', 'before 2026-12-01T09:00'],
    ['without an end: inside for ever', { ...once, durationMs: null }, '2027-12-01T09:00:00Z', 'inside 2026-12-01T09:00'],
    ['between two occurrences: before the next', weekly, '2026-12-02T09:00:00Z', 'before 2026-12-08T09:00'],
    ['in the third occurrence', weekly, '2026-12-15T09:30:00Z', 'inside 2026-12-15T09:00'],
    ['COUNT: after the last', { ...once, rrule: 'FREQ=WEEKLY;COUNT=2' }, '2026-12-08T10:00:00Z', 'late 2026-12-08T09:00'],
    ['UNTIL, inclusive', { ...once, rrule: 'FREQ=DAILY;UNTIL=20261203T090000Z' }, '2026-12-03T09:30:00Z', 'inside 2026-12-03T09:00'],
    ['UNTIL: after it', { ...once, rrule: 'FREQ=DAILY;UNTIL=20261203T090000Z' }, '2026-12-04T09:00:00Z', 'late 2026-12-03T09:00'],
    ['UNTIL, a day: all of it by the clock of the zone', { ...once, rrule: 'FREQ=DAILY;UNTIL=20261203' }, '2026-12-03T09:30:00Z', 'inside 2026-12-03T09:00'],
    ['UNTIL, a local time', { ...once, rrule: 'FREQ=DAILY;UNTIL=20261203T095959' }, '2026-12-03T09:30:00Z', 'late 2026-12-02T09:00'],
    ['leap days: the next one in years', { ...once, start: '2028-02-29T10:00:00', rrule: 'FREQ=YEARLY' }, '2029-01-01T00:00:00Z', 'before 2032-02-29T09:00'],
    ['days with and without a number in a year (RFC 5545 §3.3.10)', { ...once, start: '2027-01-01T10:00:00', rrule: 'FREQ=YEARLY;BYDAY=MO,1FR' }, '2027-01-08T12:00:00Z', 'before 2027-01-11T09:00'],
    ['every other week on two days', { ...once, rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH' }, '2026-12-04T09:00:00Z', 'before 2026-12-15T09:00'],
    ['the last working day of the month', { ...once, start: '2026-11-30T10:00:00', rrule: 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1' }, '2026-12-02T09:00:00Z', 'before 2026-12-31T09:00'],
  ];
  for (const [name, schedule, now, expected] of cases) {
    it(name, () => {
      const window = windowAt(schedule, at(now));
      assert.equal(`${window.kind} ${iso(window.start) ?? '-'}`, expected);
    });
  }

  it('daylight saving: ten o\'clock stays ten o\'clock in both directions', () => {
    const starts = (start: string) => occurrences({ ...once, start, rrule: 'FREQ=WEEKLY;COUNT=3' }, at(`${start}Z`) - day, at(`${start}Z`) + 30 * day, 9).map((each) => iso(each.start));
    assert.deepEqual(starts('2026-10-20T10:00:00'), ['2026-10-20T08:00', '2026-10-27T09:00', '2026-11-03T09:00']);
    assert.deepEqual(starts('2027-03-23T10:00:00'), ['2027-03-23T09:00', '2027-03-30T08:00', '2027-04-06T08:00']);
  });

  it('RFC 5545 §3.3.5: an hour that one day leaves out is kept on the others', () => {
    const nightly: Schedule = { ...once, start: '2027-03-28T02:30:00', rrule: 'FREQ=DAILY;COUNT=2' };
    assert.deepEqual(occurrences(nightly, 0, at('2028-01-01T00:00:00Z'), 9), []);
    assert.deepEqual(occurrences(nightly, at('2027-03-01T00:00:00Z'), at('2028-01-01T00:00:00Z'), 9).map((each) => iso(each.start)), ['2027-03-28T01:30', '2027-03-29T00:30']);
  });

  it('an hour there is not, when daylight saving begins: an hour later by the clock; an hour there is twice: the first', () => {
    assert.equal(iso(windowAt({ ...once, start: '2027-03-28T02:30:00' }, 0).start), '2027-03-28T01:30');
    assert.equal(iso(windowAt({ ...once, start: '2026-10-25T02:30:00' }, 0).start), '2026-10-25T00:30');
  });
});

describe('validateSchedule', () => {
  const refused: readonly (readonly [string, Partial<Schedule>, string])[] = [
    ['a start with an offset', { start: '2026-12-01T10:00:00+01:00' }, 'schedule_start_invalid'],
    ['a day there is not', { start: '2026-02-30T10:00:00' }, 'schedule_start_invalid'],
    ['an hour there is not', { start: '2026-12-01T24:00:00' }, 'schedule_start_invalid'],
    ['a year nobody knows the clocks of', { start: '1582-10-15T10:00:00' }, 'schedule_start_invalid'],
    ['a zone there is not', { timeZone: 'Europe/Atlantis' }, 'time_zone_unknown'],
    ['an offset for a zone', { timeZone: '+01:00' }, 'time_zone_unknown'],
    ['a duration of 0', { durationMs: 0 }, 'schedule_duration_invalid'],
    ['a duration of more than a week', { durationMs: 8 * day }, 'schedule_duration_invalid'],
    ['an early entry of two days', { earlyEntryMs: 2 * day }, 'early_entry_invalid'],
    ...['FREQ=SECONDLY', 'FREQ=MINUTELY', 'FREQ=HOURLY', 'FREQ=DAILY;BYHOUR=1,2,3', 'FREQ=DAILY;BYSECOND=1', 'FREQ=DAILY;COUNT=121', 'FREQ=DAILY;COUNT=0', 'FREQ=DAILY;INTERVAL=1000', 'FREQ=DAILY;COUNT=2;UNTIL=20270101', 'FREQ=DAILY;FREQ=WEEKLY', 'FREQ=WEEKLY;BYDAY=XX', 'FREQ=WEEKLY;BYDAY=MO', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=WEEKLY;BYDAY=1TU', 'FREQ=DAILY;BYDAY=-1TU', 'FREQ=WEEKLY;BYMONTHDAY=1', 'FREQ=YEARLY;BYSETPOS=1', 'FREQ=MONTHLY;BYMONTHDAY=0', 'FREQ=YEARLY;BYMONTH=13', 'FREQ=DAILY;WKST=XX', 'FREQ=DAILY;UNTIL=20270230', 'FREQ=DAILY;UNTIL=20270101T240000Z', 'FREQ=DAILY;UNTIL=20261130T000000Z', 'INTERVAL=2', 'nonsense', '', `FREQ=DAILY\nDTSTART:20200101`].map((rrule) => [`the rule ${JSON.stringify(rrule)}`, { rrule }, 'schedule_rule_invalid'] as const),
  ];
  for (const [name, change, code] of refused) {
    it(`${name}: ${code}`, () => {
      const result = validateSchedule({ ...once, ...change });
      assert.deepEqual(result.ok ? [] : result.error.map((problem) => problem.code), [code]);
    });
  }

  for (const rrule of ['FREQ=DAILY', 'FREQ=WEEKLY;BYDAY=TU,TH', 'FREQ=MONTHLY;BYDAY=1TU', 'FREQ=MONTHLY;BYMONTHDAY=1', 'FREQ=YEARLY', 'FREQ=DAILY;COUNT=120', 'FREQ=WEEKLY;UNTIL=20270101T000000Z;WKST=MO']) {
    it(`${rrule}: accepted`, () => { assert.deepEqual(validateSchedule({ ...once, rrule }), { ok: true, value: { ...once, rrule } }); });
  }
});

describe('rooms that share an alias (COD-10)', () => {
  const afternoon: Schedule = { ...once, start: '2026-12-01T14:00:00' };
  const now = at('2026-11-01T00:00:00Z');
  const year = 366 * day;
  it('at different times: no overlap; early entry counts', () => {
    assert.equal(overlap(once, afternoon, now, year), false);
    assert.equal(overlap(once, { ...once, start: '2026-12-01T11:10:00' }, now, year), false);
    assert.equal(overlap(once, { ...once, start: '2026-12-01T11:09:00' }, now, year), true);
  });
  it('repeated ones meet one day', () => {
    assert.equal(overlap({ ...once, rrule: 'FREQ=WEEKLY' }, { ...once, start: '2026-12-02T10:00:00', rrule: 'FREQ=WEEKLY' }, now, year), false);
    assert.equal(overlap({ ...once, rrule: 'FREQ=WEEKLY' }, { ...once, start: '2026-12-02T10:00:00', rrule: 'FREQ=MONTHLY;BYMONTHDAY=2' }, now, year), true);
  });
  it('a room that is always there shares with none', () => {
    assert.equal(overlap(undefined, once, now, year), true);
    assert.equal(overlap({ ...once, durationMs: null }, { ...afternoon, rrule: 'FREQ=DAILY' }, now, year), true);
  });
  it('the one meant is the active one, else the next, else the last', () => {
    const rooms = [{ id: 'a', schedule: once }, { id: 'b', schedule: afternoon }];
    const picked = (time: string): string | undefined => pickRoom(rooms, at(time))?.id;
    assert.deepEqual(['2026-11-30T00:00:00Z', '2026-12-01T09:30:00Z', '2026-12-01T10:00:00Z', '2026-12-01T13:30:00Z', '2026-12-02T00:00:00Z'].map(picked), ['a', 'a', 'b', 'b', 'b']);
    assert.equal(pickRoom(rooms.slice(0, 0), 0), undefined);
  });
});
