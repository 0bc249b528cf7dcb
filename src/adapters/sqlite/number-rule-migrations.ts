import type { Kysely, Migration } from 'kysely';

/** The table of what may be dialled beyond rooms and users. */
export const numberRuleMigrations: Readonly<Record<string, Migration>> = {
  '015-number-rules': { up: numberRules },
};

async function numberRules(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('number_rules')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('settings', 'text', (column) => column.notNull())
    .addColumn('password_sealed', 'text')
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
}
