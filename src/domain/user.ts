import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Ha1 } from './digest.ts';
import type { Privilege } from './privilege.ts';

/** Somebody who may log in, or has an address of record of ours, or both: `name` is its user part and the user name of its digest. */
export interface User {
  readonly name: string;
  readonly display: string;
  readonly privilege: Privilege;
  /** Absent: no telephone registers. `realm`: the one the HA1 was made for; in another one no secret fits. */
  readonly sip?: { readonly realm: string; readonly ha1: Ha1 };
  /** Whether somebody logs in as this user; the hash itself stays in the store. */
  readonly hasPassword: boolean;
  /** Until then nothing but that can be done. */
  readonly mustChangePassword: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Counts its changes. */
  readonly version: number;
}

/** OV-20: it cannot be deleted, nor lose its privilege. */
export const rootUser = 'admin';

/** Made for its telephone alone. */
export const newUser = (given: Pick<User, 'name' | 'display'> & Partial<User>, now: number): User => ({ privilege: 'room_member', hasPassword: false, mustChangePassword: false, createdAt: now, version: 1, ...given });

const longestDisplay = 128;
const secretLength = { least: 8, most: 128, generated: 20 } as const;
/** None that is easily taken for another. */
const secretAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

export const normaliseUserName = (name: string): string => name.trim().toLowerCase();

export function validateUser(name: string, display: string): Result<Pick<User, 'name' | 'display'>, readonly Problem[]> {
  const problems: Problem[] = [];
  const valid = { name: normaliseUserName(name), display: display.trim() };
  if (!/^[a-z0-9][a-z0-9._+-]{0,63}$/.test(valid.name)) {
    problems.push({ code: 'user_name_invalid', message: 'this cannot be the name of a user', advice: 'use 1 to 64 letters, digits, dots, plus signs, dashes and underscores, beginning with a letter or digit' });
  }
  if (valid.display.length > longestDisplay || /\p{Cc}/u.test(valid.display)) {
    problems.push({ code: 'user_display_invalid', message: 'this cannot be shown as a name', advice: `use one line of at most ${longestDisplay} characters` });
  }
  return problems.length === 0 ? ok(valid) : err(problems);
}

/** The problem names the rule, never the secret. */
export function checkSecret(secret: string): Result<void, Problem> {
  const { least, most } = secretLength;
  if (secret.length >= least && secret.length <= most && !/\p{Cc}/u.test(secret)) return ok(undefined);
  return err({ code: 'secret_unfit', message: 'the SIP secret is too short, too long or more than one line', advice: `give ${least} to ${most} characters, or let one be generated` });
}

/** About 99 bits, to be typed into a telephone. */
export function generateSecret(randomBelow: (below: number) => number): string {
  return Array.from({ length: secretLength.generated }, () => secretAlphabet.charAt(randomBelow(secretAlphabet.length))).join('');
}
