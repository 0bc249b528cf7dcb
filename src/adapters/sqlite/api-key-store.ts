import type { Selectable } from 'kysely';
import type { Result } from '../../lib/result.ts';
import type { ApiKey, ApiKeyStore } from '../../ports/api-keys.ts';
import type { Page, PageQuery } from '../../ports/page.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { TrailOf } from '../../ports/trail.ts';
import { numberAfter, pageOf } from './paging.ts';
import { Refused, storeProblem } from './problems.ts';
import type { Tables } from './schema.ts';
import type { Transactions } from './transactions.ts';

export class SqliteApiKeyStore implements ApiKeyStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  list({ after, limit }: PageQuery): Promise<Result<Page<ApiKey>, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const rows = await db.selectFrom('api_keys').selectAll().where('seq', '>', numberAfter(after) ?? 0).orderBy('seq').limit(limit + 1).execute();
      return pageOf(rows, limit, (row) => [row.seq], keyOf);
    });
  }

  add(key: Omit<ApiKey, 'lastUsedAt'>, hash: string, trail: TrailOf<[added: ApiKey]>): Promise<Result<ApiKey, StoreProblem>> {
    return this.#transactions.writeBeside(async (db, leave) => {
      const { id, name, prefix, scopes, createdBy, createdAt, expiresAt } = key;
      const row = await db
        .insertInto('api_keys')
        .values({ id, name, hash, prefix, scopes: JSON.stringify(scopes), created_by: createdBy, created_at: createdAt, expires_at: expiresAt ?? null })
        .returningAll()
        .executeTakeFirstOrThrow();
      const added = keyOf(row);
      await leave(trail(added));
      return added;
    });
  }

  byHash(hash: string, now: number): Promise<Result<ApiKey | undefined, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const row = await db.selectFrom('api_keys').selectAll().where('hash', '=', hash).executeTakeFirst();
      return row === undefined || (row.expires_at !== null && row.expires_at <= now) ? undefined : keyOf(row);
    });
  }

  touch(id: string, at: number): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      await db.updateTable('api_keys').set({ last_used_at: at }).where('id', '=', id).execute();
    });
  }

  remove(id: string, trail: TrailOf<[removed: ApiKey]>): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db, leave) => {
      const row = await db.deleteFrom('api_keys').where('id', '=', id).returningAll().executeTakeFirst();
      if (row === undefined) throw new Refused(storeProblem('api_key_unknown', 'there is no such API key'));
      await leave(trail(keyOf(row)));
    });
  }
}

function keyOf(row: Selectable<Tables['api_keys']>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: JSON.parse(row.scopes) as readonly string[],
    createdBy: row.created_by,
    createdAt: row.created_at,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  };
}
