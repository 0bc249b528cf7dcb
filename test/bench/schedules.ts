/** What schedules cost a call and a change of a room: `node build/test/bench/schedules.js [--json]`. Goals: see `goals`. */
import { clash, validateSchedule, windowAt, type Schedule } from '../../src/domain/schedule.ts';
import { round, spread, type Spread } from './figures.ts';

const hour = 3_600_000;
const year = 366 * 24 * hour;
const now = Date.UTC(2026, 10, 22);
const daily: Schedule = { start: '2024-12-01T10:00:00', timeZone: 'Europe/Berlin', durationMs: hour, rrule: 'FREQ=DAILY' };
const rules = [
  ['FREQ=DAILY', daily.start],
  ['FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU', daily.start],
  ['FREQ=MONTHLY;BYDAY=SU;BYSETPOS=1', daily.start],
  ['FREQ=YEARLY', daily.start],
  ['FREQ=DAILY;COUNT=120', '2026-10-01T10:00:00'],
  ['FREQ=YEARLY;BYDAY=1SU;COUNT=120', '2024-01-07T10:00:00'],
] as const;
const hostile = ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=DAILY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=29;BYDAY=SA', 'FREQ=YEARLY;INTERVAL=999;BYMONTHDAY=31;BYMONTH=4', 'FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=5MO;BYSETPOS=99;COUNT=120', `FREQ=DAILY;${'BYDAY=MO,'.repeat(10_000)}`];
/** Taken, but with next to no occurrence. */
const sparse: Schedule = { start: '1972-02-29T10:00:00', timeZone: 'Europe/Berlin', durationMs: hour, rrule: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU;COUNT=120' };
/** Milliseconds of processor each takes on average. */
const goals: Readonly<Record<string, number>> = { windowAt: 0.1, clash: 10, refused: 2 };

/** `cpu`: what is left when others have the machine. */
interface Row {
  readonly what: string;
  readonly ms: Spread;
  readonly cpu: number;
}

function timed(what: string, times: number, work: () => unknown): Row {
  work();
  const taken: number[] = [];
  const before = process.cpuUsage();
  for (let n = 0; n < times; n++) {
    const begun = process.hrtime.bigint();
    work();
    taken.push(Number(process.hrtime.bigint() - begun) / 1e3);
  }
  const { user, system } = process.cpuUsage(before);
  const { n, p50, p95, p99, max } = spread(taken);
  return { what, ms: { n, p50: p50 / 1e3, p95: p95 / 1e3, p99: p99 / 1e3, max: max / 1e3 }, cpu: (user + system) / times / 1e3 };
}

const rows = [
  ...hostile.map((rrule) => timed(`refused ${rrule.slice(0, 60)}`, 500, () => validateSchedule({ ...daily, rrule }))),
  ...rules.map(([rrule, start]) => timed(`windowAt ${rrule}`, 2_000, () => windowAt({ ...daily, start, rrule }, now))),
  timed('next to none: windowAt', 200, () => windowAt(sparse, now)),
  timed('clash of two daily rooms, a year', 100, () => clash(daily, { ...daily, start: '2024-12-01T14:00:00' }, now, year)),
  timed('clash of daily rooms of two zones, a year', 100, () => clash(daily, { ...daily, start: '2024-12-01T20:00:00', timeZone: 'America/New_York' }, now, year)),
];
if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
else for (const { what, ms, cpu } of rows) console.log(`${what.padEnd(72)} processor ${round(cpu, 4)} ms; p50 ${round(ms.p50, 4)} ms, p99 ${round(ms.p99, 4)} ms, max ${round(ms.max, 3)} ms (${ms.n})`);
const slow = rows.filter(({ what, cpu }) => cpu > (goals[what.split(' ')[0] ?? ''] ?? Infinity));
if (slow.length > 0) {
  console.error(`slower than the goal: ${slow.map(({ what }) => what).join(', ')}`);
  process.exitCode = 1;
}
