import type { Database } from 'better-sqlite3';
import { SqliteDialect, SqliteDriver, type DatabaseConnection, type Driver, type SqliteDialectConfig } from 'kysely';

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
    return new OnceRollingBack({ database: this.#database }, this.#database);
  }
}

class OnceRollingBack extends SqliteDriver {
  readonly #database: Database;

  constructor(config: SqliteDialectConfig, database: Database) {
    super(config);
    this.#database = database;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}
