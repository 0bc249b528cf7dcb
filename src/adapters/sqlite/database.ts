import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, Migrator } from 'kysely';
import { err, ok, type Result } from '../../lib/result.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import { sqliteDialect } from './dialect.ts';
import { migrations } from './migrations.ts';
import { attempt, problemOf, storeProblem } from './problems.ts';
import type { Tables } from './schema.ts';

export const databasePath = (dataDir: string): string => join(dataDir, 'vestibule.db');

/** What the connection below the queries knows. */
export interface Connection {
  isInTransaction(): boolean;
  /** Differs when a process other than this one has committed (https://www.sqlite.org/pragma.html#pragma_data_version). */
  changesByOthers(): number;
}

export interface OpenDatabase {
  readonly db: Kysely<Tables>;
  readonly connection: Connection;
}

/** Opens the database in this folder, making both when they are not there, and brings its tables up to date. */
export async function openDatabase(dataDir: string, lockWaitMs: number): Promise<Result<OpenDatabase, StoreProblem>> {
  const connected = connect(dataDir, lockWaitMs);
  if (!connected.ok) return connected;
  const { db } = connected.value;
  const migrated = await migrate(db);
  if (migrated.ok) return connected;
  await db.destroy();
  return migrated;
}

export function connectionOf(database: Database.Database): Connection {
  const version = database.prepare<[], number>('pragma data_version').pluck();
  return { isInTransaction: () => database.inTransaction, changesByOthers: () => version.get() ?? 0 };
}

function connect(dataDir: string, lockWaitMs: number): Result<OpenDatabase, StoreProblem> {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = databasePath(dataDir);
    // SQLite would make it readable for all that the umask lets in.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    const database = new Database(path, { timeout: lockWaitMs });
    try {
      // Readers do not wait for a writer in another process. A commit needs no fsync, so it does not hold up the event loop: what was
      // committed is in the system's memory and outlives the process, kill -9 included; after a power cut the last commits may be
      // missing, the database is whole (https://www.sqlite.org/wal.html).
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
      database.pragma('foreign_keys = ON');
    } catch (error) {
      database.close();
      throw error;
    }
    return ok({ db: new Kysely<Tables>({ dialect: sqliteDialect(database) }), connection: connectionOf(database) });
  } catch (error) {
    return err(problemOf(error));
  }
}

async function migrate(db: Kysely<Tables>): Promise<Result<void, StoreProblem>> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const done = await attempt(async () => {
    const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
    if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
    return db.withTables<{ kysely_migration: { name: string } }>().selectFrom('kysely_migration').select('name').execute();
  });
  if (!done.ok) return done;
  const unknown = done.value.find(({ name }) => !(name in migrations));
  if (unknown !== undefined) return err(storeProblem('store_newer', `the database was made by a newer version (it has ${unknown.name})`));
  if (done.value.length === Object.keys(migrations).length) return ok(undefined);
  const { error } = await migrator.migrateToLatest();
  return error === undefined ? ok(undefined) : err(problemOf(error));
}
