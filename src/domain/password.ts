import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** Length counts, not the kinds of characters (NIST SP 800-63B §3.1.1). */
export const passwordLength = { least: 8, most: 128 } as const;

/** `name`: of the user. The problem names the rule, never the password. */
export function checkPassword(password: string, name: string): Result<void, Problem<'password_unfit'>> {
  const { least, most } = passwordLength;
  const unfit = (message: string): Result<never, Problem<'password_unfit'>> => err({ code: 'password_unfit', message, advice: `give ${least} to ${most} characters`, field: 'password' });
  if (password.length < least) return unfit('the password is too short');
  if (password.length > most) return unfit('the password is too long');
  return password.toLowerCase() === name.toLowerCase() ? unfit('the password is the name of the user') : ok(undefined);
}
