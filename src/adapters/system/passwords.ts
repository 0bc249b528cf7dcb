import { hash, verify } from '@node-rs/argon2';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Passwords, PasswordsBusy } from '../../ports/passwords.ts';

/** RFC 9106 §4 lets the memory fit the machine: 19 MiB, 2 passes, 1 lane take about 30 ms. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Of those that wait; each stands for a request with a deadline. */
const mostWaiting = 64;

const busy: PasswordsBusy = { code: 'passwords_busy', message: 'too many passwords are being checked', advice: 'try again in a few seconds' };

/** Argon2id on the thread pool of Node, `atOnce` at a time: logins must not take the threads and memory calls need. */
export function createPasswords(atOnce: number): Passwords {
  /** Of no password: what unknown users are checked against. Made with the first of all checks, whoever it is about. */
  let nobody: Promise<string> | undefined;
  const waiting: (() => void)[] = [];
  let working = 0;

  const bounded = async <T>(work: () => Promise<T>): Promise<Result<T, PasswordsBusy>> => {
    if (working >= atOnce) {
      if (waiting.length >= mostWaiting) return err(busy);
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else working += 1;
    try {
      return ok(await work());
    } finally {
      const next = waiting.shift();
      // The place passes on to who waited first.
      if (next === undefined) working -= 1;
      else next();
    }
  };

  return {
    hash: (password) => bounded(() => hash(password, cost)),
    verify: async (stored, password) => {
      nobody ??= hash(crypto.randomUUID(), cost);
      const against = stored ?? (await nobody);
      const right = await bounded(() => verify(against, password));
      return right.ok ? ok(right.value && stored !== undefined ? 'right' : 'wrong') : right;
    },
  };
}
