import type { Selectable } from 'kysely';
import type { Result } from '../../lib/result.ts';
import type { AuditEntry, AuditQuery, AuditRecord, AuditStore } from '../../ports/audit.ts';
import type { Page } from '../../ports/page.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import { numberAfter, pageOf } from './paging.ts';
import type { Tables } from './schema.ts';
import type { Transactions } from './transactions.ts';

export class SqliteAuditStore implements AuditStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  add(entry: AuditEntry): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside((_, leave) => leave({ audit: entry, events: [] }));
  }

  list({ after, limit, actor, action, object, from, to }: AuditQuery): Promise<Result<Page<AuditRecord>, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const seq = numberAfter(after);
      let query = db.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(limit + 1);
      if (seq !== undefined) query = query.where('seq', '<', seq);
      if (actor !== undefined) query = query.where('actor', '=', actor);
      if (action !== undefined) query = query.where('action', '=', action);
      if (object !== undefined) query = query.where('object', '=', object);
      if (from !== undefined) query = query.where('at', '>=', from);
      if (to !== undefined) query = query.where('at', '<', to);
      return pageOf(await query.execute(), limit, (row) => [row.seq], recordOf);
    });
  }

  prune(before: number, limit: number): Promise<Result<number, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const old = db.selectFrom('audit').select('seq').where('at', '<', before).orderBy('at').limit(limit);
      return Number((await db.deleteFrom('audit').where('seq', 'in', old).executeTakeFirst()).numDeletedRows);
    });
  }
}

function recordOf(row: Selectable<Tables['audit']>): AuditRecord {
  return {
    seq: row.seq,
    at: row.at,
    actor: row.actor,
    from: row.from_address,
    action: row.action,
    object: row.object,
    ...(row.before === null ? {} : { before: JSON.parse(row.before) as unknown }),
    ...(row.after === null ? {} : { after: JSON.parse(row.after) as unknown }),
  };
}
