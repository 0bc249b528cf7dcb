import type { StoreProblem, StoreProblemCode } from '../../ports/store-problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';

const advice: Readonly<Record<StoreProblemCode, string>> = {
  store_full: 'free some space where data.dir is; nothing of this change was kept, calls go on',
  store_locked: 'another program has the database open for writing (a backup, a database browser); close it and try again',
  store_corrupt: 'stop the process, keep the damaged file for repair and restore vestibule.db from a backup',
  store_unwritable: 'make data.dir and the files in it readable and writable for the user this process runs as',
  store_newer: 'run the version of the program that made it, or a later one',
  store_failed: 'this is a defect: report it with the log',
  alias_taken: 'choose another alias, or remove the room that has it',
  room_unknown: 'see `room list` for the rooms there are',
  user_exists: 'choose another name, or remove that user first',
  user_unknown: 'see `user list` for the users there are',
};

export const storeProblem = (code: StoreProblemCode, message: string): StoreProblem => ({ code, message, advice: advice[code] });

export const unknownRoom = storeProblem('room_unknown', 'there is no such room');

/** SQLite's result code of a failed operation (https://www.sqlite.org/rescode.html) or the system's; extended codes begin with the primary one. */
export function problemOf(error: unknown): StoreProblem {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  // Only fixed words and the code go into the message: SQLite's own text may quote values.
  const message = (what: string): string => `${what}${code === '' ? '' : ` [${code}]`}`;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') return storeProblem('store_full', message('the disk is full'));
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return storeProblem('store_locked', message('the database is locked'));
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return storeProblem('store_corrupt', message('the database is damaged'));
  if (code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === 'SQLITE_CONSTRAINT_UNIQUE') return storeProblem('alias_taken', 'another room has this alias');
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return unknownRoom;
  if (/^SQLITE_(READONLY|CANTOPEN|IOERR|PERM|AUTH)/.test(code) || /^E(ACCES|PERM|ROFS|IO|NOENT|NOTDIR|ISDIR|EXIST|LOOP|NAMETOOLONG)$/.test(code)) {
    return storeProblem('store_unwritable', message('the database cannot be read or written'));
  }
  return storeProblem('store_failed', message('the database failed in an unexpected way'));
}

/** Runs a query: what SQLite throws becomes a problem, whatever it is. */
export async function attempt<T>(query: () => Promise<T>): Promise<Result<T, StoreProblem>> {
  try {
    return ok(await query());
  } catch (error) {
    return err(problemOf(error));
  }
}
