import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { NumberRule, NumberRuleSettings } from '../../domain/number-rules.ts';
import type { Result } from '../../lib/result.ts';
import type { KeptNumberRule, NumberRuleSecret, NumberRuleStore } from '../../ports/number-rules.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { TrailOf } from '../../ports/trail.ts';
import { changedMeanwhile, Refused, storeProblem } from './problems.ts';
import type { Tables } from './schema.ts';
import type { Sealer } from './sealer.ts';
import type { Transactions, Tx } from './transactions.ts';

type Row = Selectable<Tables['number_rules']>;

export class SqliteNumberRuleStore implements NumberRuleStore {
  readonly #transactions: Transactions;
  readonly #sealer: Sealer;

  constructor(transactions: Transactions, sealer: Sealer) {
    this.#transactions = transactions;
    this.#sealer = sealer;
  }

  all(): Promise<Result<readonly KeptNumberRule[], StoreProblem>> {
    return this.#transactions.read(async (db) => (await db.selectFrom('number_rules').selectAll().orderBy('seq').execute()).map((row) => this.#kept(row)));
  }

  add(settings: NumberRuleSettings, password: NumberRuleSecret, trail: TrailOf<[added: NumberRule]>): Promise<Result<NumberRule, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const id = randomUUID();
      const row = await db
        .insertInto('number_rules')
        .values({ id, settings: JSON.stringify(settings), password_sealed: this.#seal(password ?? null, id) })
        .returningAll()
        .executeTakeFirstOrThrow();
      const added = ruleOf(row);
      await leave(trail(added));
      return added;
    });
  }

  change(id: string, version: number | undefined, settings: NumberRuleSettings, password: NumberRuleSecret, trail: TrailOf<[after: NumberRule, before: NumberRule]>): Promise<Result<NumberRule, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const before = await find(db, id);
      if (version !== undefined && version !== before.version) throw new Refused(changedMeanwhile);
      const row = await db
        .updateTable('number_rules')
        .set({ settings: JSON.stringify(settings), ...(password === undefined ? {} : { password_sealed: this.#seal(password, id) }), version: before.version + 1 })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      const after = ruleOf(row);
      await leave(trail(after, ruleOf(before)));
      return after;
    });
  }

  remove(id: string, trail: TrailOf<[removed: NumberRule]>): Promise<Result<void, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const row = await find(db, id);
      await db.deleteFrom('number_rules').where('id', '=', id).execute();
      await leave(trail(ruleOf(row)));
    });
  }

  #kept(row: Row): KeptNumberRule {
    const sealed = row.password_sealed === null ? undefined : this.#sealer.open(row.password_sealed, row.id);
    return { rule: ruleOf(row), ...(sealed === undefined ? {} : { password: Buffer.from(sealed, 'base64').toString() }) };
  }

  /** The sealer takes no characters beyond Latin-1. */
  #seal(password: string | null, id: string): string | null {
    return password === null ? null : this.#sealer.seal(Buffer.from(password).toString('base64'), id);
  }
}

async function find(db: Tx, id: string): Promise<Row> {
  const row = await db.selectFrom('number_rules').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new Refused(storeProblem('number_rule_unknown', 'there is no such number rule'));
  return row;
}

const ruleOf = (row: Row): NumberRule => ({ ...(JSON.parse(row.settings) as NumberRuleSettings), id: row.id, version: row.version });
