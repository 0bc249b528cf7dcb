import { Temporal } from 'temporal-polyfill';
import type { Schedule } from '../domain/schedule.ts';

/** What an invitation tells, for one recipient and nobody above him. */
export interface Invitation {
  readonly room: string;
  /** Name of a member; absent for whoever gets it. */
  readonly recipient?: string;
  readonly accessUrl: string;
  /** Whether the address asks who one is. */
  readonly signIn: 'needed' | 'not_needed';
  readonly sipUri?: string;
  readonly phone?: { readonly number: string; readonly room: string; readonly dialString: string };
  readonly pin?: string;
  readonly schedule?: Schedule;
  /** Of the occurrence it is for, milliseconds since the epoch; an end of null is open. */
  readonly occurrence?: { readonly start: number; readonly end: number | null };
}

type Line = readonly [label: string, text: string, link?: string];

export function invitationText(invitation: Invitation): string {
  const lines = linesOf(invitation);
  const width = Math.max(...lines.map(([label]) => label.length)) + 1;
  return [...greeting(invitation), '', ...lines.map(([label, text]) => `${`${label}:`.padEnd(width)} ${text}`), ''].join('\n');
}

/** A whole page; everything that comes from people is escaped. */
export function invitationHtml(invitation: Invitation): string {
  const rows = linesOf(invitation).map(([label, text, link]) => {
    const shown = link === undefined ? escapeHtml(text) : `<a href="${escapeHtml(link)}">${escapeHtml(text)}</a>`;
    return `<tr><th align="left">${escapeHtml(label)}</th><td>${shown}</td></tr>`;
  });
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>${escapeHtml(oneLine(invitation.room))}</title></head>`,
    '<body>',
    ...greeting(invitation).map((line) => `<p>${escapeHtml(line)}</p>`),
    '<table>',
    ...rows,
    '</table>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function greeting({ room, recipient }: Invitation): readonly string[] {
  return [...(recipient === undefined ? [] : [`Hello ${oneLine(recipient)},`]), `${recipient === undefined ? 'You' : 'you'} are invited to the conference "${oneLine(room)}".`];
}

function linesOf({ accessUrl, signIn, sipUri, phone, pin, schedule, occurrence }: Invitation): readonly Line[] {
  const keyed = pin === undefined ? '' : `, then the PIN ${pin} and #`;
  return [
    ...(schedule === undefined || occurrence === undefined ? [] : [['When', whenText(schedule, occurrence)] as const]),
    ['Link', signIn === 'needed' ? `${accessUrl} (sign in with your own account)` : accessUrl, accessUrl],
    ...(sipUri === undefined ? [] : [['SIP', sipUri, sipUri] as const]),
    ...(phone === undefined ? [] : [['Phone', `${phone.number}, then ${phone.room} and #${keyed}`] as const, ['One tap', phone.dialString, `tel:${phone.dialString.replaceAll('#', '%23')}`] as const]),
    ...(pin === undefined ? [] : [['PIN', pin] as const]),
  ];
}

function whenText({ timeZone, rrule }: Schedule, { start, end }: NonNullable<Invitation['occurrence']>): string {
  const local = (at: number): Temporal.ZonedDateTime => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  const minutes = (at: number): string => local(at).toPlainDateTime().toString({ smallestUnit: 'minute' }).replace('T', ' ');
  const until = end === null ? '' : ` to ${local(start).toPlainDate().equals(local(end).toPlainDate()) ? minutes(end).slice('2026-12-01 '.length) : minutes(end)}`;
  return `${minutes(start)}${until} (${timeZone})${rrule === undefined ? '' : `, repeated: ${rrule}`}`;
}

/** A line break in a name would begin a line of its own. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
