import type { Selectable } from 'kysely';
import type { Result } from '../../lib/result.ts';
import type { Page } from '../../ports/page.ts';
import type { Recording, RecordingQuery, RecordingStore } from '../../ports/recordings.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { TrailOf } from '../../ports/trail.ts';
import { numberAfter, pageOf } from './paging.ts';
import { Refused, storeProblem } from './problems.ts';
import type { Tables } from './schema.ts';
import type { Transactions } from './transactions.ts';

export class SqliteRecordingStore implements RecordingStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  byId(id: string): Promise<Result<Recording | undefined, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const row = await db.selectFrom('recordings').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : recordingOf(row);
    });
  }

  list({ after, limit, room, state }: RecordingQuery): Promise<Result<Page<Recording>, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const seq = numberAfter(after);
      let query = db.selectFrom('recordings').selectAll().orderBy('seq', 'desc').limit(limit + 1);
      if (seq !== undefined) query = query.where('seq', '<', seq);
      if (room !== undefined) query = query.where('room_id', '=', room);
      if (state !== undefined) query = query.where('state', '=', state);
      return pageOf(await query.execute(), limit, (row) => [row.seq], recordingOf);
    });
  }

  endedBefore(before: number, limit: number): Promise<Result<readonly Recording[], StoreProblem>> {
    return this.#transactions.read(async (db) => (await db.selectFrom('recordings').selectAll().where('ended_at', '<', before).orderBy('ended_at').limit(limit).execute()).map(recordingOf));
  }

  totalBytes(): Promise<Result<number, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const row = await db.selectFrom('recordings').select((eb) => eb.fn.sum<number | null>('bytes').as('total')).executeTakeFirst();
      return row?.total ?? 0;
    });
  }

  add(recording: Recording, trail: TrailOf<[added: Recording]>): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db, leave) => {
      const { id, roomId, conferenceId, startedAt, endedAt, bytes, path, state } = recording;
      await db.insertInto('recordings').values({ id, room_id: roomId, conference_id: conferenceId, started_at: startedAt, ended_at: endedAt ?? null, bytes, path, state }).execute();
      await leave(trail(recording));
    });
  }

  change(id: string, { endedAt, bytes, state }: Partial<Pick<Recording, 'endedAt' | 'bytes' | 'state'>>, trail: TrailOf<[after: Recording]>): Promise<Result<Recording, StoreProblem>> {
    return this.#transactions.writeBeside(async (db, leave) => {
      const columns = { ...(endedAt === undefined ? {} : { ended_at: endedAt }), ...(bytes === undefined ? {} : { bytes }), ...(state === undefined ? {} : { state }) };
      if (Object.keys(columns).length > 0) await db.updateTable('recordings').set(columns).where('id', '=', id).execute();
      const row = await db.selectFrom('recordings').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) throw new Refused(storeProblem('recording_unknown', 'there is no such recording'));
      const after = recordingOf(row);
      await leave(trail(after));
      return after;
    });
  }

  remove(ids: readonly string[], trail: TrailOf<[removed: readonly Recording[]]>): Promise<Result<readonly Recording[], StoreProblem>> {
    return this.#transactions.writeBeside(async (db, leave) => {
      const removed = ids.length === 0 ? [] : (await db.deleteFrom('recordings').where('id', 'in', ids).returningAll().execute()).map(recordingOf);
      if (removed.length > 0) await leave(trail(removed));
      return removed;
    });
  }
}

function recordingOf(row: Selectable<Tables['recordings']>): Recording {
  return {
    id: row.id,
    roomId: row.room_id,
    conferenceId: row.conference_id,
    startedAt: row.started_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    bytes: row.bytes,
    path: row.path,
    state: row.state,
  };
}
