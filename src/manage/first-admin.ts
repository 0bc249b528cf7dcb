import { checkPassword } from '../domain/password.ts';
import { generateSecret, rootUser } from '../domain/user.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Passwords } from '../ports/passwords.ts';
import type { UserStore } from '../ports/users.ts';
import { changed, entryOf, type Origin } from './audit.ts';

export interface FirstAdminOptions {
  readonly users: UserStore;
  readonly passwords: Passwords;
  /** `admin.initialPassword`; null: one is generated. */
  readonly initialPassword: string | null;
  readonly randomBelow: (below: number) => number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** `generated` holds the password, to be shown this once. */
export type FirstAdmin = { readonly kind: 'there' } | { readonly kind: 'configured' } | { readonly kind: 'generated'; readonly password: string };

/** OV-18, OV-20..23: somebody has to be able to log in. While somebody is, the configured password is worth nothing. */
export async function ensureFirstAdmin({ users, passwords, initialPassword, randomBelow, now }: FirstAdminOptions): Promise<Result<FirstAdmin, Problem>> {
  const count = await users.countWithPassword();
  if (!count.ok) return count;
  if (count.value > 0) return ok({ kind: 'there' });
  const password = initialPassword ?? generateSecret(randomBelow);
  const fit = checkPassword(password, rootUser);
  if (!fit.ok) return err({ ...fit.error, message: `admin.initialPassword: ${fit.error.message}` });
  const hash = await passwords.hash(password);
  if (!hash.ok) return hash;
  const origin: Origin = { actor: { kind: 'local' }, from: '', at: now };
  const there = await users.byName(rootUser);
  if (!there.ok) return there;
  const made =
    there.value === undefined
      ? await users.add({ name: rootUser, display: 'Administrator', privilege: 'administrator', mustChangePassword: false, passwordHash: hash.value }, () => ({
          audit: entryOf(origin, 'user.add', `user:${rootUser}`, { after: { privilege: 'administrator', password: changed } }),
          events: [{ type: 'user.created', at: now, data: { user: rootUser } }],
        }))
      : await promote();
  if (!made.ok) return made;
  return ok(initialPassword === null ? { kind: 'generated', password } : { kind: 'configured' });

  /** A database made before there were passwords may have a telephone of this name. */
  async function promote(): ReturnType<UserStore['setPassword']> {
    const raised = await users.change(rootUser, undefined, { privilege: 'administrator' }, (after, before) => ({
      audit: entryOf(origin, 'user.change', `user:${rootUser}`, { before: { privilege: before.privilege }, after: { privilege: after.privilege } }),
      events: [{ type: 'user.changed', at: now, data: { user: rootUser, changed: ['privilege'] } }],
    }));
    if (!raised.ok || !hash.ok) return raised;
    return users.setPassword(rootUser, { hash: hash.value, mustChange: false }, () => ({ audit: entryOf(origin, 'user.password', `user:${rootUser}`, { after: { password: changed } }), events: [] }));
  }
}
