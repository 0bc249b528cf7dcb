import type { Selectable } from 'kysely';
import type { RoomEvent } from '../../domain/events.ts';
import type { RoomId } from '../../domain/room.ts';
import type { Result } from '../../lib/result.ts';
import type { EventQuery, EventsToKeep, EventStore, StoredEvent } from '../../ports/events.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { Tables } from './schema.ts';
import type { Transactions, Tx } from './transactions.ts';

export class SqliteEventStore implements EventStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  append(events: readonly RoomEvent[]): Promise<Result<readonly StoredEvent[], StoreProblem>> {
    return this.#transactions.append(events);
  }

  after(id: number, { room, types, limit }: EventQuery): Promise<Result<readonly StoredEvent[], StoreProblem>> {
    return this.#transactions.read(async (db) => {
      let query = db.selectFrom('events').selectAll().where('id', '>', id).orderBy('id').limit(limit);
      if (room !== undefined) query = query.where('room_id', '=', room);
      if (types !== undefined) query = query.where('type', 'in', types);
      return (await query.execute()).map(storedOf);
    });
  }

  afterInRoom(room: RoomId, seq: number, limit: number): Promise<Result<readonly StoredEvent[], StoreProblem>> {
    return this.#transactions.read(async (db) => (await db.selectFrom('events').selectAll().where('room_id', '=', room).where('seq', '>', seq).orderBy('seq').limit(limit).execute()).map(storedOf));
  }

  range(): Promise<Result<{ readonly oldest: number; readonly newest: number }, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const oldest = await db.selectFrom('events').select((eb) => eb.fn.min('id').as('id')).executeTakeFirst();
      return { oldest: oldest?.id ?? 0, newest: await newestEvent(db) };
    });
  }

  prune({ since, most, mostUndelivered }: EventsToKeep, limit: number): Promise<Result<number, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const newest = await newestEvent(db);
      const delivered = (await db.selectFrom('webhooks').select((eb) => eb.fn.min<number | null>('cursor').as('cursor')).executeTakeFirst())?.cursor ?? newest;
      const oldest = await db.selectFrom('events').select(['id', 'at']).orderBy('id').limit(limit).execute();
      const mayGo = ({ id, at }: { readonly id: number; readonly at: number }): boolean => id <= newest - mostUndelivered || (id <= delivered && (at < since || id <= newest - most));
      // Only from the beginning: a clock that went back leaves no gap.
      const kept = oldest.find((event) => !mayGo(event));
      const last = kept === undefined ? oldest.at(-1)?.id : kept.id - 1;
      const dropped = last === undefined ? 0 : Number((await db.deleteFrom('events').where('id', '<=', last).executeTakeFirst()).numDeletedRows);
      if (dropped < limit) await dropSequences(db, limit);
      return dropped;
    });
  }

  onAppended(listener: () => void): () => void {
    return this.#transactions.onAppended(listener);
  }
}

/** The numbers of rooms that are gone with all their events. */
async function dropSequences(db: Tx, limit: number): Promise<void> {
  const unused = db
    .selectFrom('event_sequences')
    .select('room_id')
    .where((eb) => eb.not(eb.exists(eb.selectFrom('rooms').select('rooms.id').whereRef('rooms.id', '=', 'event_sequences.room_id'))))
    .where((eb) => eb.not(eb.exists(eb.selectFrom('events').select('events.id').whereRef('events.room_id', '=', 'event_sequences.room_id'))))
    .limit(limit);
  await db.deleteFrom('event_sequences').where('room_id', 'in', unused).execute();
}

/** Id of the newest event there ever was: numbers go on after the last was dropped. */
export async function newestEvent(db: Tx): Promise<number> {
  const row = await db.withTables<{ sqlite_sequence: { name: string; seq: number } }>().selectFrom('sqlite_sequence').select('seq').where('name', '=', 'events').executeTakeFirst();
  return row?.seq ?? 0;
}

function storedOf(row: Selectable<Tables['events']>): StoredEvent {
  const event = {
    type: row.type,
    at: row.at,
    ...(row.room_id === null ? {} : { roomId: row.room_id }),
    ...(row.call_id === null ? {} : { callId: row.call_id }),
    data: JSON.parse(row.data) as unknown,
  };
  return { id: row.id, ...(row.seq === null ? {} : { seq: row.seq }), event: event as RoomEvent };
}
