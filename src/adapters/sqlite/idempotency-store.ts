import type { Result } from '../../lib/result.ts';
import type { Claim, IdempotencyStore, IdempotentRequest, StoredAnswer } from '../../ports/idempotency.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { Transactions } from './transactions.ts';

export class SqliteIdempotencyStore implements IdempotencyStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  claim({ actor, key, requestHash }: IdempotentRequest, now: number, expiresAt: number): Promise<Result<Claim, StoreProblem>> {
    return this.#transactions.writeBeside(async (db): Promise<Claim> => {
      await db.deleteFrom('idempotency_keys').where('actor', '=', actor).where('key', '=', key).where('expires_at', '<=', now).execute();
      const known = await db.selectFrom('idempotency_keys').selectAll().where('actor', '=', actor).where('key', '=', key).executeTakeFirst();
      if (known === undefined) {
        await db.insertInto('idempotency_keys').values({ actor, key, request_hash: requestHash, expires_at: expiresAt }).execute();
        return { kind: 'claimed' };
      }
      if (known.request_hash !== requestHash) return { kind: 'mismatch' };
      return known.status === null ? { kind: 'under_way' } : { kind: 'answered', answer: { status: known.status, body: known.body ?? '' } };
    });
  }

  finish({ actor, key }: IdempotentRequest, { status, body }: StoredAnswer): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      await db.updateTable('idempotency_keys').set({ status, body }).where('actor', '=', actor).where('key', '=', key).execute();
    });
  }

  release({ actor, key }: IdempotentRequest): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      await db.deleteFrom('idempotency_keys').where('actor', '=', actor).where('key', '=', key).where('status', 'is', null).execute();
    });
  }

  releaseLeftOpen(): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      await db.deleteFrom('idempotency_keys').where('status', 'is', null).execute();
    });
  }

  prune(now: number, limit: number): Promise<Result<number, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const expired = db.selectFrom('idempotency_keys').select(['actor', 'key']).where('expires_at', '<=', now).orderBy('expires_at').limit(limit).$asTuple('actor', 'key');
      return Number((await db.deleteFrom('idempotency_keys').where((eb) => eb(eb.refTuple('actor', 'key'), 'in', expired)).executeTakeFirst()).numDeletedRows);
    });
  }
}
