import { err, ok, type Result } from '../../lib/result.ts';
import type { StoreProblem, StoreProblemCode } from '../../ports/store-problem.ts';

const advice: Readonly<Record<StoreProblemCode, string>> = {
  store_full: 'free some space where data.dir is; nothing of this change was kept, calls go on',
  store_locked: 'another program has the database open for writing (a backup, a database browser); close it and try again',
  store_corrupt: 'stop the process, keep the damaged file for repair and restore vestibule.db from a backup',
  store_unwritable: 'make data.dir and the files in it readable and writable for the user this process runs as',
  store_newer: 'run the version of the program that made it, or a later one',
  store_failed: 'this is a defect: report it with the log',
  alias_taken: 'choose another alias, or remove the room that has it',
  pins_equal: 'give another PIN',
  version_conflict: 'read it again and repeat the change',
  cursor_invalid: 'begin the list anew, or give the cursor of the page before as it was',
  room_unknown: 'see `room list` for the rooms there are',
  room_full_of_members: 'remove some members, or give a link to several people',
  member_exists: 'change the membership there is',
  member_unknown: 'see the members of the room',
  user_exists: 'choose another name, or remove that user first',
  user_unknown: 'see `user list` for the users there are',
  api_key_unknown: 'see the API keys there are',
  webhook_unknown: 'see the webhooks there are',
  recording_unknown: 'see the recordings there are',
  number_rule_unknown: 'see the number rules there are',
};

export const storeProblem = (code: StoreProblemCode, message: string): StoreProblem => ({ code, message, advice: advice[code] });

export const unknownRoom = storeProblem('room_unknown', 'there is no such room');
export const unknownMember = storeProblem('member_unknown', 'the room has no such member');
export const unknownUser = storeProblem('user_unknown', 'there is no such user');
export const changedMeanwhile = storeProblem('version_conflict', 'it was changed by somebody else meanwhile');

/** Ends a transaction for a reason of ours; nothing of it is kept. */
export class Refused extends Error {
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem) {
    super(problem.code);
    this.problem = problem;
  }
}

/** SQLite's result code of a failed operation (https://www.sqlite.org/rescode.html) or the system's; extended codes begin with the primary one. */
export function problemOf(error: unknown): StoreProblem {
  if (error instanceof Refused) return error.problem;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  // Only fixed words and the code go into the message: SQLite's own text may quote values.
  const message = (what: string): string => `${what}${code === '' ? '' : ` [${code}]`}`;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') return storeProblem('store_full', message('the disk is full'));
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return storeProblem('store_locked', message('the database is locked'));
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return storeProblem('store_corrupt', message('the database is damaged'));
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
