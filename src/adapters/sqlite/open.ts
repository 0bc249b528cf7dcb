import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, Migrator } from 'kysely';
import type { Problem } from '../../lib/problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { CdrStore } from '../../ports/cdr.ts';
import type { MetaStore } from '../../ports/meta.ts';
import type { RoomStore } from '../../ports/rooms.ts';
import type { StoreProblem, StoreProblemCode } from '../../ports/store-problem.ts';
import type { UserStore } from '../../ports/users.ts';
import { SqliteCdrStore } from './cdr-store.ts';
import { sqliteDialect } from './dialect.ts';
import { migrations } from './migrations.ts';
import { PinVault } from './pin-vault.ts';
import { attempt, problemOf, storeProblem } from './problems.ts';
import { SqliteRoomStore } from './room-store.ts';
import type { Tables } from './schema.ts';
import { Sealer } from './sealer.ts';
import { loadSecret, type SecretProblemCode } from './secret-file.ts';
import { SqliteUserStore } from './user-store.ts';

export interface StoreOptions {
  /** Made, readable for its owner only, when it is not there. The database is `vestibule.db` in it. */
  readonly dataDir: string;
  readonly secretFile: string;
  /** Milliseconds to wait for a lock of another process. SQLite waits on the event loop, so a process with calls keeps it short. */
  readonly lockWaitMs: number;
}

export interface Stores {
  readonly rooms: RoomStore;
  readonly users: UserStore;
  readonly cdr: CdrStore;
  readonly meta: MetaStore;
  close(): Promise<void>;
}

export type OpenProblem = Problem<StoreProblemCode | SecretProblemCode | 'secret_mismatch'>;

/** Opens the database, making or bringing it up to date, and the key the PINs and digests are kept with. */
export async function openStores(options: StoreOptions): Promise<Result<Stores, OpenProblem>> {
  const opened = openDatabase(options);
  if (!opened.ok) return opened;
  const db = opened.value;
  const ready = await prepare(db, options);
  if (!ready.ok) {
    await db.destroy();
    return ready;
  }
  const { pins, digests } = ready.value;
  return ok({ rooms: new SqliteRoomStore(db, pins), users: new SqliteUserStore(db, digests), cdr: new SqliteCdrStore(db), meta: metaStore(db), close: () => db.destroy() });
}

function openDatabase(options: StoreOptions): Result<Kysely<Tables>, StoreProblem> {
  try {
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
    const path = join(options.dataDir, 'vestibule.db');
    // SQLite would make it readable for all that the umask lets in.
    closeSync(openSync(path, 'a', 0o600));
    const database = new Database(path, { timeout: options.lockWaitMs });
    try {
      // Readers do not wait for a writer in another process; a commit needs no fsync, so it does not hold up the event loop.
      // After a power cut the last commits may be missing, the database is whole (https://www.sqlite.org/wal.html).
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
    } catch (error) {
      database.close();
      throw error;
    }
    return ok(new Kysely<Tables>({ dialect: sqliteDialect(database) }));
  } catch (error) {
    return err(problemOf(error));
  }
}

interface Keepers {
  readonly pins: PinVault;
  readonly digests: Sealer;
}

async function prepare(db: Kysely<Tables>, options: StoreOptions): Promise<Result<Keepers, OpenProblem>> {
  const migrated = await migrate(db);
  if (!migrated.ok) return migrated;
  const meta = metaStore(db);
  const known = await meta.get('keyFingerprint');
  if (!known.ok) return known;
  const secret = loadSecret(options.secretFile, known.value === undefined);
  if (!secret.ok) return secret;
  const vault = new PinVault(secret.value);
  const keepers: Keepers = { pins: vault, digests: new Sealer(secret.value, 'vestibule digest seal') };
  if (known.value === undefined) {
    const kept = await meta.set('keyFingerprint', vault.fingerprint());
    return kept.ok ? ok(keepers) : kept;
  }
  if (known.value === vault.fingerprint()) return ok(keepers);
  return err({
    code: 'secret_mismatch',
    message: `the key in ${JSON.stringify(options.secretFile)} is not the one the PINs of this database were made with`,
    advice: 'restore the right key file, or name it in data.secretFile',
  });
}

async function migrate(db: Kysely<Tables>): Promise<Result<void, StoreProblem>> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const applied = await attempt(() => migrator.getMigrations());
  if (!applied.ok) return applied;
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

function metaStore(db: Kysely<Tables>): MetaStore {
  return {
    get: (key) => attempt(async () => (await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst())?.value),
    set: (key, value) =>
      attempt(async () => {
        await db
          .insertInto('meta')
          .values({ key, value })
          .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
          .execute();
      }),
  };
}
