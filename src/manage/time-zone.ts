import { Temporal } from 'temporal-polyfill';

/** A calendar that repeats an event beyond it asks again by then. */
const years = 10;

/** VTIMEZONE of a zone (RFC 5545 §3.6.5): what is in force at `start`, and each change in the ten years after it. `start`: milliseconds since the epoch. */
export function timeZoneComponent(timeZone: string, start: number): string {
  const first = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone);
  const last = first.add({ years });
  const before = first.getTimeZoneTransition('previous');
  const observances = [before === null ? fixed(first) : observance(before)];
  for (let next = first.getTimeZoneTransition('next'); next !== null && Temporal.ZonedDateTime.compare(next, last) < 0; next = next.getTimeZoneTransition('next')) observances.push(observance(next));
  return ['BEGIN:VTIMEZONE', `TZID:${timeZone}`, ...observances.flat(), 'END:VTIMEZONE'].join('\r\n');
}

function observance(since: Temporal.ZonedDateTime): readonly string[] {
  const from = since.subtract({ nanoseconds: 1 }).offsetNanoseconds;
  const to = since.offsetNanoseconds;
  // Its start is told on the clock that was in force until then.
  const local = since.toInstant().toZonedDateTimeISO('UTC').add({ nanoseconds: from }).toPlainDateTime();
  return component(to > from ? 'DAYLIGHT' : 'STANDARD', local, from, to);
}

const fixed = (at: Temporal.ZonedDateTime): readonly string[] => component('STANDARD', Temporal.PlainDateTime.from('1970-01-01T00:00:00'), at.offsetNanoseconds, at.offsetNanoseconds);

const component = (kind: 'DAYLIGHT' | 'STANDARD', start: Temporal.PlainDateTime, from: number, to: number): readonly string[] => [
  `BEGIN:${kind}`,
  `DTSTART:${start.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')}`,
  `TZOFFSETFROM:${offset(from)}`,
  `TZOFFSETTO:${offset(to)}`,
  `END:${kind}`,
];

/** RFC 5545 §3.3.14. */
function offset(nanoseconds: number): string {
  const seconds = Math.round(Math.abs(nanoseconds) / 1e9);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  return `${nanoseconds < 0 ? '-' : '+'}${parts[0] ?? ''}${parts[1] ?? ''}${parts[2] === '00' ? '' : (parts[2] ?? '')}`;
}
