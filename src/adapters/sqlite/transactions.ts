import type { Kysely, Transaction } from 'kysely';
import type { RoomEvent } from '../../domain/events.ts';
import type { Result } from '../../lib/result.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import type { StoredEvent } from '../../ports/events.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { Trail } from '../../ports/trail.ts';
import type { Connection } from './database.ts';
import { attempt } from './problems.ts';
import type { Tables } from './schema.ts';

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** Writes the trail of a change in the transaction of the change. */
export type Leave = (trail: Trail) => Promise<void>;

/** Every read and write of the stores goes through here: one transaction each, whose outcome is a value. */
export class Transactions {
  readonly #db: Db;
  readonly #connection: Connection;
  readonly #listeners = new Set<() => void>();
  #changesOfRooms = 0;

  constructor(db: Db, connection: Connection) {
    this.#db = db;
    this.#connection = connection;
  }

  /** Differs when any room does: of what a read begun here would see. Undefined while a transaction is open, which may see an older state. */
  roomsVersion(): string | undefined {
    try {
      return this.#connection.isInTransaction() ? undefined : this.#version();
    } catch {
      // The read that follows says what is wrong.
      return undefined;
    }
  }

  /** As `read`, with the version of the rooms it saw. */
  readRooms<T>(work: (db: Tx) => Promise<T>): Promise<Result<{ readonly value: T; readonly version: string }, StoreProblem>> {
    return this.read(async (db) => ({ value: await work(db), version: this.#version() }));
  }

  /** Several queries that see one state of the database. */
  read<T>(work: (db: Tx) => Promise<T>): Promise<Result<T, StoreProblem>> {
    return attempt(() => this.#db.transaction().setAccessMode('read only').execute(work));
  }

  /** Changes that may be of rooms, their members or their owners. */
  write<T>(work: (db: Tx, leave: Leave) => Promise<T>): Promise<Result<T, StoreProblem>> {
    return this.writeBeside(async (db, leave) => {
      const outcome = await work(db, leave);
      // Before the commit: nobody sees the new rooms under the old version.
      this.#changesOfRooms += 1;
      return outcome;
    });
  }

  /** Changes of nothing that belongs to a room: what is remembered of rooms stays good. */
  async writeBeside<T>(work: (db: Tx, leave: Leave) => Promise<T>): Promise<Result<T, StoreProblem>> {
    let appended = 0;
    const written = await attempt(() =>
      this.#db.transaction().execute((db) =>
        work(db, async ({ audit, events }) => {
          if (audit !== undefined) await addAudit(db, audit);
          appended += (await appendEvents(db, events)).length;
        }),
      ),
    );
    if (written.ok && appended > 0) for (const listener of this.#listeners) listener();
    return written;
  }

  /** Events of no other change. */
  async append(events: readonly RoomEvent[]): Promise<Result<readonly StoredEvent[], StoreProblem>> {
    const written = await attempt(() => this.#db.transaction().execute((db) => appendEvents(db, events)));
    if (written.ok && events.length > 0) for (const listener of this.#listeners) listener();
    return written;
  }

  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #version(): string {
    return `${this.#changesOfRooms} ${this.#connection.changesByOthers()}`;
  }
}

async function addAudit(db: Tx, { at, actor, from, action, object, before, after }: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({ at, actor, from_address: from, action, object, before: before === undefined ? null : JSON.stringify(before), after: after === undefined ? null : JSON.stringify(after) })
    .execute();
}

async function appendEvents(db: Tx, events: readonly RoomEvent[]): Promise<readonly StoredEvent[]> {
  const stored: StoredEvent[] = [];
  for (const event of events) {
    const seq = event.roomId === undefined ? undefined : await nextSeq(db, event.roomId);
    const { id } = await db
      .insertInto('events')
      .values({ room_id: event.roomId ?? null, seq: seq ?? null, at: event.at, type: event.type, call_id: event.callId ?? null, data: JSON.stringify(event.data) })
      .returning('id')
      .executeTakeFirstOrThrow();
    stored.push({ id, ...(seq === undefined ? {} : { seq }), event });
  }
  return stored;
}

async function nextSeq(db: Tx, room: string): Promise<number> {
  const { last } = await db
    .insertInto('event_sequences')
    .values({ room_id: room, last: 1 })
    .onConflict((conflict) => conflict.column('room_id').doUpdateSet((eb) => ({ last: eb('event_sequences.last', '+', 1) })))
    .returning('last')
    .executeTakeFirstOrThrow();
  return last;
}
