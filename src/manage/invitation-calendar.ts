import ical, { ICalCalendarMethod } from 'ical-generator';
import { Temporal } from 'temporal-polyfill';
import type { Schedule } from '../domain/schedule.ts';
import { invitationText, oneLine, type Invitation } from './invitation-text.ts';
import { timeZoneComponent } from './time-zone.ts';

export interface CalendarEntry {
  readonly invitation: Invitation;
  readonly schedule: Schedule;
  /** The same for all versions of the event. */
  readonly uid: string;
  /** Grows with each change. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** iCalendar (RFC 5545): the whole series, in its time zone, so that it stays at its hour when daylight saving begins or ends. */
export function invitationCalendar({ invitation, schedule, uid, sequence, now }: CalendarEntry): string {
  const { timeZone, durationMs, rrule } = schedule;
  const start = Temporal.PlainDateTime.from(schedule.start).toZonedDateTime(timeZone);
  const calendar = ical({ prodId: { company: 'Vestibule', product: 'Vestibule', language: 'EN' }, method: ICalCalendarMethod.PUBLISH });
  calendar.timezone({ name: timeZone, generator: () => timeZoneComponent(timeZone, start.epochMilliseconds) });
  calendar.createEvent({
    id: uid,
    sequence,
    start,
    ...(durationMs === null ? {} : { end: start.add({ milliseconds: durationMs }) }),
    timezone: timeZone,
    summary: oneLine(invitation.room),
    description: invitationText(invitation),
    location: invitation.accessUrl,
    url: invitation.accessUrl,
    ...(rrule === undefined ? {} : { repeating: `RRULE:${rrule}` }),
  });
  // RFC 5545 §3.8.7.2: in UTC, which the library leaves out for an event with a zone.
  return calendar.toString().replace(/^DTSTAMP:.*$/m, `DTSTAMP:${Temporal.Instant.fromEpochMilliseconds(now).toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')}`).concat('\r\n');
}
