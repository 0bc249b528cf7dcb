import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { AdmissionRule, EntryRole } from '../../domain/policy.ts';
import type { Result } from '../../lib/result.ts';
import type { CdrCall, CdrCallQuery, CdrConference, CdrConferenceQuery } from '../../ports/cdr.ts';
import type { Page } from '../../ports/page.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import { containing, pageOf, timeAfter } from './paging.ts';
import type { Tables } from './schema.ts';
import type { Transactions } from './transactions.ts';

export const readCall = (transactions: Transactions, id: string): Promise<Result<CdrCall | undefined, StoreProblem>> =>
  transactions.read(async (db) => {
    const row = await db.selectFrom('cdr_calls').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : callOf(row);
  });

export const listCalls = (transactions: Transactions, query: CdrCallQuery): Promise<Result<Page<CdrCall>, StoreProblem>> =>
  transactions.read(async (db) => {
    const { limit, conference, caller } = query;
    let rows = db.selectFrom('cdr_calls').selectAll().where(chosen(query)).orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit + 1);
    if (conference !== undefined) rows = rows.where('conference_id', '=', conference);
    if (caller !== undefined) rows = rows.where(sql<boolean>`caller like ${containing(caller)} escape '\\'`);
    return pageOf(await rows.execute(), limit, (row) => [row.started_at, row.id], callOf);
  });

export const listConferences = (transactions: Transactions, query: CdrConferenceQuery): Promise<Result<Page<CdrConference>, StoreProblem>> =>
  transactions.read(async (db) => {
    const rows = db.selectFrom('cdr_conferences').selectAll().where(chosen(query)).orderBy('started_at', 'desc').orderBy('id', 'desc').limit(query.limit + 1);
    return pageOf(await rows.execute(), query.limit, (row) => [row.started_at, row.id], conferenceOf);
  });

export const pruneRecords = (transactions: Transactions, before: number, limit: number): Promise<Result<number, StoreProblem>> =>
  transactions.writeBeside(async (db) => {
    const dropped: number[] = [];
    for (const table of ['cdr_calls', 'cdr_conferences'] as const) {
      const old = db.selectFrom(table).select('id').where('ended_at', '<', before).orderBy('ended_at').limit(limit);
      dropped.push(Number((await db.deleteFrom(table).where('id', 'in', old).executeTakeFirst()).numDeletedRows));
    }
    return Math.max(...dropped);
  });

/** Both tables are filtered and gone through alike. */
function chosen({ after, room, from, to, state }: CdrConferenceQuery): RawBuilder<boolean> {
  const last = timeAfter(after);
  const conditions = [
    sql`true`,
    ...(last === undefined ? [] : [sql`(started_at, id) < (${last.at}, ${last.id})`]),
    ...(room === undefined ? [] : [sql`room_id = ${room}`]),
    ...(from === undefined ? [] : [sql`started_at >= ${from}`]),
    ...(to === undefined ? [] : [sql`started_at < ${to}`]),
    ...(state === undefined ? [] : [state === 'open' ? sql`ended_at is null` : sql`ended_at is not null`]),
  ];
  return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

function callOf(row: Selectable<Tables['cdr_calls']>): CdrCall {
  return {
    id: row.id,
    protocol: row.protocol as CdrCall['protocol'],
    callId: row.call_id,
    caller: row.caller,
    alias: row.alias,
    startedAt: row.started_at,
    ...(row.room_id === null ? {} : { roomId: row.room_id }),
    ...(row.conference_id === null ? {} : { conferenceId: row.conference_id }),
    ...(row.role === null ? {} : { role: row.role as EntryRole }),
    ...(row.rule === null ? {} : { rule: row.rule as AdmissionRule }),
    ...(row.answered_at === null ? {} : { answeredAt: row.answered_at }),
    ...(row.joined_at === null ? {} : { joinedAt: row.joined_at }),
    ...(row.ended_at === null ? {} : { end: { at: row.ended_at, reason: row.end_reason ?? '', cause: row.end_cause ?? '', fault: row.end_fault ?? '' } }),
  };
}

function conferenceOf(row: Selectable<Tables['cdr_conferences']>): CdrConference {
  return {
    id: row.id,
    roomId: row.room_id,
    startedAt: row.started_at,
    ...(row.ended_at === null ? {} : { end: { at: row.ended_at, reason: row.end_reason ?? '' } }),
    ...(row.peak_participants === null ? {} : { peakParticipants: row.peak_participants }),
  };
}
