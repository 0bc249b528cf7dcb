import type { Decision } from '../../domain/decision.ts';
import type { Result } from '../../lib/result.ts';
import type { DecisionStore } from '../../ports/decisions.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { Transactions } from './transactions.ts';

export class SqliteDecisionStore implements DecisionStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  add(decisions: readonly Decision[]): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      for (const { callId, at, stage, rule, outcome, inputs } of decisions) {
        await db.insertInto('decisions').values({ call_id: callId, at, stage, rule, outcome, inputs: JSON.stringify(inputs) }).execute();
      }
    });
  }

  ofCall(call: string): Promise<Result<readonly Decision[], StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const rows = await db.selectFrom('decisions').selectAll().where('call_id', '=', call).orderBy('seq').execute();
      return rows.map(({ call_id, at, stage, rule, outcome, inputs }) => ({
        callId: call_id,
        at,
        stage: stage as Decision['stage'],
        rule: rule as Decision['rule'],
        outcome,
        inputs: JSON.parse(inputs) as Decision['inputs'],
      }));
    });
  }

  prune(before: number, limit: number): Promise<Result<number, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const old = db.selectFrom('decisions').select('seq').where('at', '<', before).orderBy('at').limit(limit);
      return Number((await db.deleteFrom('decisions').where('seq', 'in', old).executeTakeFirst()).numDeletedRows);
    });
  }
}
