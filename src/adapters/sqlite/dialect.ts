import type { Database, Statement } from 'better-sqlite3';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
  type SqliteDatabase,
  type SqliteDialectConfig,
  type TransactionSettings,
} from 'kysely';

/**
 * Kysely over one better-sqlite3 connection. SQLite itself rolls back on a full disk or an I/O error
 * (https://www.sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"); Kysely's own ROLLBACK would then
 * fail and hide the error that matters.
 */
export function sqliteDialect(database: Database): SqliteDialect {
  return new Dialect(database);
}

class Dialect extends SqliteDialect {
  readonly #database: Database;

  constructor(database: Database) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): Driver {
    return new OnceRollingBack({ database: new PreparedOnce(this.#database) }, this.#database);
  }

  override createAdapter(): DialectAdapter {
    return new WholeMigrations();
  }
}

/** SQLite undoes changes of tables like any other: a crash in the middle of an upgrade leaves the database as it was. */
class WholeMigrations extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Most texts are fixed; those that list values differ by their number. */
const MAX_STATEMENTS = 300;

/** Preparing a statement costs as much as carrying it out, and each call has about ten. SQLite itself prepares one anew after a change of tables. */
class PreparedOnce implements SqliteDatabase {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#database.close();
  }
}

class OnceRollingBack extends SqliteDriver {
  readonly #database: Database;

  constructor(config: SqliteDialectConfig, database: Database) {
    super(config);
    this.#database = database;
  }

  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    // What is read before it is written must stay true until then, also when another process writes
    // (https://www.sqlite.org/lang_transaction.html, "Deferred, Immediate, and Exclusive Transactions").
    await connection.executeQuery(CompiledQuery.raw(settings?.accessMode === 'read only' ? 'begin' : 'begin immediate'));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}
