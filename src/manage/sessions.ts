import { AuthFailures, type FailureRules } from '../domain/auth-failures.ts';
import { effectivePermissions } from '../domain/member.ts';
import { checkPassword } from '../domain/password.ts';
import { setOfRole } from '../domain/permissions.ts';
import { normaliseUserName, type User } from '../domain/user.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { AuditStore } from '../ports/audit.ts';
import type { Log } from '../ports/log.ts';
import type { Passwords } from '../ports/passwords.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Token, TokenStore, TokenSubject } from '../ports/tokens.ts';
import type { UserStore } from '../ports/users.ts';
import type { Actor } from './actor.ts';
import { changed, entryOf } from './audit.ts';

export interface SessionsOptions {
  readonly users: UserStore;
  readonly rooms: RoomStore;
  readonly tokens: TokenStore;
  readonly audit: AuditStore;
  readonly passwords: Passwords;
  readonly secrets: Secrets;
  /** Milliseconds. */
  readonly lifetimes: { readonly access: number; readonly refresh: number };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
}

/** Where a login comes from. */
export interface Client {
  readonly from: string;
  readonly userAgent: string;
}

/** The tokens in clear, this once. Times are milliseconds since the epoch. */
export interface Session {
  readonly user: User;
  readonly access: string;
  readonly accessExpiresAt: number;
  readonly refresh: string;
  readonly refreshExpiresAt: number;
}

export interface SignedIn {
  readonly actor: Actor;
  /** Of the login the token came of. */
  readonly family: string;
  readonly password: 'fine' | 'must_change';
}

/** Wrong passwords: of one account from one source, and of all accounts from it. Somebody elsewhere is never kept out by them. */
const accountRules: FailureRules = { free: 5, firstWaitMs: 1_000, longestWaitMs: 600_000, forgetMs: 900_000, mostSources: 10_000 };
const sourceRules: FailureRules = { ...accountRules, free: 30 };
const longestUserAgent = 256;

const wrong: Problem = { code: 'credentials_wrong', message: 'the name or the password is wrong', advice: 'try again, or have an administrator set a new password' };
const gone: Problem = { code: 'token_invalid', message: 'the token is unknown, used up or has expired', advice: 'log in again' };
/** Seconds to wait. */
export type Throttled = Problem<'too_many_attempts'> & { readonly seconds: number };

/** Logins of people, and what their tokens stand for. Only hashes of tokens are kept. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #ofAccounts = new AuthFailures(accountRules);
  readonly #ofSources = new AuthFailures(sourceRules);

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** An unknown name takes as long as a wrong password, and is answered alike. */
  async login(given: { readonly name: string; readonly password: string }, client: Client): Promise<Result<Session, Problem | Throttled>> {
    const { users, audit, now } = this.#options;
    const name = normaliseUserName(given.name);
    const judged = await this.#judge(name, given.password, client);
    if (!judged.ok) return judged;
    const user = await users.byName(name);
    if (!user.ok) return user;
    if (user.value === undefined) return err(wrong);
    const session = await this.#open(user.value, client);
    if (!session.ok) return session;
    const actor: Actor = { kind: 'user', name, privilege: user.value.privilege };
    const noted = await audit.add(entryOf({ actor, from: client.from, at: now() }, 'session.open', `user:${name}`));
    return noted.ok ? session : noted;
  }

  /** A refresh token counts once: one that comes again was stolen, from us or from its owner, and its whole login ends. */
  async refresh(token: string, client: Client): Promise<Result<Session, Problem>> {
    const { tokens, users, secrets, now, log } = this.#options;
    const made = { access: secrets.token(), refresh: secrets.token() };
    let used: Token | undefined;
    const rotated = await tokens.rotate(
      secrets.hash(token),
      (before) => {
        used = before;
        return this.#tokens(made, before.subject, before.family, client);
      },
      now(),
    );
    if (!rotated.ok) return rotated;
    if (rotated.value === 'reused') log.warn({ code: 'refresh_reused', from: client.from }, 'a refresh token came a second time: its login was ended');
    if (rotated.value !== 'rotated' || used?.subject.kind !== 'user') return err(gone);
    const user = await users.byName(used.subject.name);
    if (!user.ok) return user;
    return user.value === undefined ? err(gone) : ok(this.#session(user.value, made));
  }

  async logout(family: string): Promise<Result<void, Problem>> {
    return this.#options.tokens.endFamily(family);
  }

  /** Whom an access token stands for at this moment: privileges and permissions are those in force. */
  async authenticate(token: string): Promise<Result<SignedIn, Problem>> {
    const { tokens, secrets, now } = this.#options;
    const found = await tokens.find(secrets.hash(token), now());
    if (!found.ok) return found;
    if (found.value?.use !== 'access') return err(gone);
    const { subject, family } = found.value;
    if (subject.kind !== 'user') return this.#guest(subject, family);
    const user = await this.#options.users.byName(subject.name);
    if (!user.ok) return user;
    if (user.value === undefined) return err(gone);
    const { name, privilege, mustChangePassword } = user.value;
    return ok({ actor: { kind: 'user', name, privilege }, family, password: mustChangePassword ? 'must_change' : 'fine' });
  }

  /** A person's own: the old one is asked for, and all other logins end. */
  async changePassword(name: string, given: { readonly old: string; readonly password: string }, family: string, client: Client): Promise<Result<void, Problem | Throttled>> {
    const { users, passwords, now } = this.#options;
    const judged = await this.#judge(name, given.old, client);
    if (!judged.ok) return judged.error.code === 'credentials_wrong' ? err({ code: 'old_password_wrong', message: 'the old password is wrong', advice: 'try again', field: 'old' }) : judged;
    const fit = checkPassword(given.password, name);
    if (!fit.ok) return fit;
    if (given.password === given.old) return err({ code: 'password_unfit', message: 'the new password is the old one', advice: 'choose another', field: 'password' });
    const hash = await passwords.hash(given.password);
    if (!hash.ok) return hash;
    const set = await users.setPassword(name, { hash: hash.value, mustChange: false, except: family }, (user) => ({
      audit: entryOf({ actor: { kind: 'user', name, privilege: user.privilege }, from: client.from, at: now() }, 'user.password', `user:${name}`, { after: { password: changed } }),
      events: [],
    }));
    return set.ok ? ok(undefined) : set;
  }

  async #judge(name: string, password: string, { from }: Client): Promise<Result<void, Problem | Throttled>> {
    const { users, passwords, now, log } = this.#options;
    const account = JSON.stringify([from, name]);
    const before = this.#wait(account, from);
    if (before !== undefined) return err(before);
    const hash = await users.passwordHash(name);
    if (!hash.ok) return hash;
    const verified = await passwords.verify(hash.value, password);
    if (!verified.ok) return verified;
    // Others of the same source may have failed meanwhile: a burst of guesses learns no more than one after the other would.
    const meanwhile = this.#wait(account, from);
    if (meanwhile !== undefined) return err(meanwhile);
    if (verified.value === 'right') {
      this.#ofAccounts.succeeded(account);
      return ok(undefined);
    }
    this.#ofAccounts.failed(account, now());
    this.#ofSources.failed(from, now());
    // A name that is not there may be a password in the wrong field.
    log.info({ code: 'login_failed', from, ...(hash.value === undefined ? {} : { user: name }) }, 'a login failed');
    return err(wrong);
  }

  #wait(account: string, from: string): Throttled | undefined {
    const now = this.#options.now();
    const waits = [this.#ofAccounts.standing(account, now), this.#ofSources.standing(from, now)].map((standing) => (standing.kind === 'waiting' ? standing.leftMs : 0));
    const seconds = Math.ceil(Math.max(...waits) / 1_000);
    return seconds === 0 ? undefined : { code: 'too_many_attempts', message: 'too many wrong passwords came from this address', advice: `wait ${seconds} s`, seconds };
  }

  async #open(user: User, client: Client): Promise<Result<Session, Problem>> {
    const { tokens, secrets } = this.#options;
    const made = { access: secrets.token(), refresh: secrets.token() };
    const added = await tokens.add(this.#tokens(made, { kind: 'user', name: user.name }, secrets.token(), client));
    return added.ok ? ok(this.#session(user, made)) : added;
  }

  #tokens(made: { readonly access: string; readonly refresh: string }, subject: TokenSubject, family: string, { from, userAgent }: Client): readonly Token[] {
    const { secrets, lifetimes, now } = this.#options;
    const createdAt = now();
    return (['access', 'refresh'] as const).map((use) => ({
      hash: secrets.hash(made[use]),
      use,
      subject,
      family,
      createdAt,
      expiresAt: createdAt + lifetimes[use],
      from,
      userAgent: userAgent.slice(0, longestUserAgent),
    }));
  }

  #session(user: User, made: { readonly access: string; readonly refresh: string }): Session {
    const { lifetimes, now } = this.#options;
    return { user, ...made, accessExpiresAt: now() + lifetimes.access, refreshExpiresAt: now() + lifetimes.refresh };
  }

  async #guest(subject: Exclude<TokenSubject, { readonly kind: 'user' }>, family: string): Promise<Result<SignedIn, Problem>> {
    const found = await this.#options.rooms.byId(subject.room);
    if (!found.ok) return found;
    const room = found.value;
    if (room === undefined) return err(gone);
    if (subject.kind === 'link') {
      // OV-05: a link that is disabled lets nobody in.
      if (!room.anonymous[subject.role].enabled) return err(gone);
      return ok({ actor: { kind: 'member', room: room.id, member: subject.role, permissions: setOfRole(subject.role, room.rolePermissions) }, family, password: 'fine' });
    }
    const member = room.members.find(({ id }) => id === subject.member);
    if (member === undefined) return err(gone);
    return ok({ actor: { kind: 'member', room: room.id, member: member.id, permissions: effectivePermissions(member, room) }, family, password: 'fine' });
  }
}
