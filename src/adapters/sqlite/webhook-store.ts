import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { RoomEvent } from '../../domain/events.ts';
import type { Result } from '../../lib/result.ts';
import type { Page, PageQuery } from '../../ports/page.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { TrailOf } from '../../ports/trail.ts';
import type { DeadLetter, Webhook, WebhookProgress, WebhookSettings, WebhookStore } from '../../ports/webhooks.ts';
import { newestEvent } from './event-store.ts';
import { numberAfter, pageOf } from './paging.ts';
import { changedMeanwhile, Refused, storeProblem } from './problems.ts';
import type { Tables } from './schema.ts';
import type { Sealer } from './sealer.ts';
import type { Transactions, Tx } from './transactions.ts';

export class SqliteWebhookStore implements WebhookStore {
  readonly #transactions: Transactions;
  readonly #sealer: Sealer;
  readonly #now: () => number;

  constructor(transactions: Transactions, sealer: Sealer, now: () => number) {
    this.#transactions = transactions;
    this.#sealer = sealer;
    this.#now = now;
  }

  all(): Promise<Result<readonly Webhook[], StoreProblem>> {
    return this.#transactions.read(async (db) => (await db.selectFrom('webhooks').selectAll().orderBy('seq').execute()).map(webhookOf));
  }

  byId(id: string): Promise<Result<Webhook | undefined, StoreProblem>> {
    return this.#transactions.read((db) => find(db, id));
  }

  add(settings: WebhookSettings, secret: string, trail: TrailOf<[added: Webhook]>): Promise<Result<Webhook, StoreProblem>> {
    return this.#transactions.writeBeside(async (db, leave) => {
      const id = randomUUID();
      const row = await db
        .insertInto('webhooks')
        .values({ id, ...columnsOf(settings), secret_sealed: this.#sealer.seal(secret, id), cursor: await newestEvent(db), created_at: this.#now() })
        .returningAll()
        .executeTakeFirstOrThrow();
      const added = webhookOf(row);
      await leave(trail(added));
      return added;
    });
  }

  change(id: string, version: number | undefined, { settings, secret }: { readonly settings?: WebhookSettings; readonly secret?: string }, trail: TrailOf<[after: Webhook, before: Webhook]>): Promise<Result<Webhook, StoreProblem>> {
    return this.#transactions.writeBeside(async (db, leave) => {
      const before = await find(db, id);
      if (before === undefined) throw new Refused(unknownWebhook);
      if (version !== undefined && version !== before.version) throw new Refused(changedMeanwhile);
      const row = await db
        .updateTable('webhooks')
        .set({ ...(settings === undefined ? {} : columnsOf(settings)), ...(secret === undefined ? {} : { secret_sealed: this.#sealer.seal(secret, id) }), version: before.version + 1 })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      const after = webhookOf(row);
      await leave(trail(after, before));
      return after;
    });
  }

  remove(id: string, trail: TrailOf<[removed: Webhook]>): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db, leave) => {
      const removed = await find(db, id);
      if (removed === undefined) throw new Refused(unknownWebhook);
      await db.deleteFrom('webhooks').where('id', '=', id).execute();
      await leave(trail(removed));
    });
  }

  secret(id: string): Promise<Result<string | undefined, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const row = await db.selectFrom('webhooks').select('secret_sealed').where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : this.#sealer.open(row.secret_sealed, id);
    });
  }

  progress(id: string, { cursor, failures, nextAttemptAt }: WebhookProgress, dead: readonly DeadLetter[]): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const { numUpdatedRows } = await db.updateTable('webhooks').set({ cursor, failures, next_attempt_at: nextAttemptAt ?? null }).where('id', '=', id).executeTakeFirst();
      if (numUpdatedRows === 0n) return;
      for (const letter of dead) {
        const columns = { at: letter.at, problem: letter.problem };
        await db
          .insertInto('webhook_dead_letters')
          .values({ webhook_id: id, event_id: letter.id, seq: letter.seq ?? null, event: JSON.stringify(letter.event), ...columns })
          .onConflict((conflict) => conflict.columns(['webhook_id', 'event_id']).doUpdateSet(columns))
          .execute();
      }
    });
  }

  deadLetters(id: string, { after, limit }: PageQuery): Promise<Result<Page<DeadLetter>, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const rows = await db
        .selectFrom('webhook_dead_letters')
        .selectAll()
        .where('webhook_id', '=', id)
        .where('event_id', '>', numberAfter(after) ?? 0)
        .orderBy('event_id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.event_id], letterOf);
    });
  }

  dropDeadLetters(id: string, events?: readonly number[]): Promise<Result<number, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const dropped = db.deleteFrom('webhook_dead_letters').where('webhook_id', '=', id);
      return Number((await (events === undefined ? dropped : dropped.where('event_id', 'in', events)).executeTakeFirst()).numDeletedRows);
    });
  }

  prune(before: number, limit: number): Promise<Result<number, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const old = db.selectFrom('webhook_dead_letters').select(['webhook_id', 'event_id']).where('at', '<', before).limit(limit).$asTuple('webhook_id', 'event_id');
      return Number((await db.deleteFrom('webhook_dead_letters').where((eb) => eb(eb.refTuple('webhook_id', 'event_id'), 'in', old)).executeTakeFirst()).numDeletedRows);
    });
  }
}

const unknownWebhook = storeProblem('webhook_unknown', 'there is no such webhook');

async function find(db: Tx, id: string): Promise<Webhook | undefined> {
  const row = await db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : webhookOf(row);
}

function columnsOf({ url, events, rooms, state }: WebhookSettings) {
  return { url, events: events === undefined ? null : JSON.stringify(events), rooms: rooms === undefined ? null : JSON.stringify(rooms), state };
}

function webhookOf(row: Selectable<Tables['webhooks']>): Webhook {
  return {
    id: row.id,
    url: row.url,
    ...(row.events === null ? {} : { events: JSON.parse(row.events) as readonly string[] }),
    ...(row.rooms === null ? {} : { rooms: JSON.parse(row.rooms) as readonly string[] }),
    state: row.state,
    cursor: row.cursor,
    failures: row.failures,
    ...(row.next_attempt_at === null ? {} : { nextAttemptAt: row.next_attempt_at }),
    createdAt: row.created_at,
    version: row.version,
  };
}

function letterOf(row: Selectable<Tables['webhook_dead_letters']>): DeadLetter {
  return { id: row.event_id, ...(row.seq === null ? {} : { seq: row.seq }), event: JSON.parse(row.event) as RoomEvent, at: row.at, problem: row.problem };
}
