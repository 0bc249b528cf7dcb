/** Passwords of people, kept as argon2id hashes. Implemented by `adapters/system/passwords`. */
import type { Problem } from '../lib/problem.ts';
import type { Result } from '../lib/result.ts';

/** Too many are being hashed already: nothing was judged. */
export type PasswordsBusy = Problem<'passwords_busy'>;

export interface Passwords {
  /** The hash with its parameters, as text (PHC string format). */
  hash(password: string): Promise<Result<string, PasswordsBusy>>;
  /** Without a hash the same work is done and the answer is `wrong`: the time taken does not tell whether there is a password. */
  verify(hash: string | undefined, password: string): Promise<Result<'right' | 'wrong', PasswordsBusy>>;
}
