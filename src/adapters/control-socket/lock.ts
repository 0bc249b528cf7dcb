import Database from 'better-sqlite3';

/**
 * Takes the lock at `path` for this process; undefined where another one has it. The operating system lets go of it however the
 * process ends, so it is never stale. Node has no such lock of its own, a database nothing is written to has. Throws where the
 * file cannot be made.
 */
export function takeLock(path: string): { readonly release: () => void } | undefined {
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY') return undefined;
    throw error;
  }
  // The file stays: whoever removed it could remove that of the next one.
  return { release: () => void database.close() };
}
