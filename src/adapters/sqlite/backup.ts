import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Problem } from '../../lib/problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { StoreProblemCode } from '../../ports/store-problem.ts';
import { databasePath } from './database.ts';
import { problemOf, storeProblem } from './problems.ts';

export type BackupProblem = Problem<StoreProblemCode | 'backup_exists' | 'database_missing'>;

/** More pages than there are: see below. */
const allPages = 0x7fff_ffff;

/**
 * Copies the database in `dataDir` as it is at one instant to the new file `target`, one file that its owner alone can read, and
 * checks the copy. Needs no pause of the process that uses it. Answers its size in bytes. The key in `data.secretFile` is not in it.
 */
export async function backUp(dataDir: string, target: string, lockWaitMs: number): Promise<Result<number, BackupProblem>> {
  const source = databasePath(dataDir);
  if (!existsSync(source)) return err({ code: 'database_missing', message: `there is no database in ${JSON.stringify(dataDir)}`, advice: 'name the right folder in data.dir' });
  if (existsSync(target)) return err({ code: 'backup_exists', message: `${JSON.stringify(target)} is there already`, advice: 'name a new file: a backup never replaces another' });
  // Under another name until it is whole: what has the name of a backup is one.
  const draft = `${target}.${randomUUID()}`;
  try {
    closeSync(openSync(draft, 'wx', 0o600));
    await copy(source, draft, lockWaitMs);
    const checked = settle(draft);
    if (checked !== 'ok') return err(storeProblem('store_corrupt', 'the copy of the database is damaged'));
    linkSync(draft, target);
    return ok(statSync(target).size);
  } catch (error) {
    return err(problemOf(error));
  } finally {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${draft}${end}`, { force: true });
  }
}

async function copy(source: string, draft: string, lockWaitMs: number): Promise<void> {
  const database = new Database(source, { readonly: true, fileMustExist: true, timeout: lockWaitMs });
  try {
    // In one step: between two, a write of another process would begin it anew (https://www.sqlite.org/backup.html).
    await database.backup(draft, { progress: () => allPages });
  } finally {
    database.close();
  }
}

/** Makes the copy one file, without a journal beside it, and says what SQLite finds when it reads all of it. */
function settle(draft: string): unknown {
  const database = new Database(draft);
  try {
    database.pragma('journal_mode = DELETE');
    return database.pragma('integrity_check', { simple: true });
  } finally {
    database.close();
  }
}
