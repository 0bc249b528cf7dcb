import type { RoomEvent } from '../domain/events.ts';
import { ha1Of, type DigestHashes } from '../domain/digest.ts';
import { checkPassword } from '../domain/password.ts';
import { mayCreate, privilegeOfRole, type Privilege, type UserRole } from '../domain/privilege.ts';
import type { Binding } from '../domain/registrar.ts';
import type { Room } from '../domain/room.ts';
import { checkSecret, generateSecret, normaliseUserName, rootUser, validateUser, type User } from '../domain/user.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Page } from '../ports/page.ts';
import type { Passwords } from '../ports/passwords.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { UserChange, UserQuery, UserRemoval, UserStore } from '../ports/users.ts';
import { administers } from './actor.ts';
import { changed, entryOf, type Origin } from './audit.ts';
import { auditView, viewOf, type UserView } from './user-view.ts';

export interface UsersOptions {
  readonly users: UserStore;
  readonly rooms: RoomStore;
  readonly passwords: Passwords;
  /** Of the SIP secrets. */
  readonly realm: string;
  readonly hashes: DigestHashes;
  /** Aliases that lead to the attendant. */
  readonly reservedAliases: readonly string[];
  readonly randomBelow: (below: number) => number;
  /** Where a user is registered. */
  readonly bindingsOf: (name: string) => readonly Binding[];
  /** Told after the change is kept: it counts from the next call on. */
  readonly onChange: (change: UserNews) => void;
}

/** `freed`: rooms that have no owner any more (CO-44). With users their memberships go. */
export type UserNews =
  | { readonly type: 'added' | 'changed'; readonly user: User; readonly freed: readonly Room[] }
  | ({ readonly type: 'removed' } & UserRemoval);

/** OV-17, OV-24..26: OpenVidu's `role` is another name of some privileges. */
export interface PrivilegeGiven {
  readonly privilege?: Privilege | undefined;
  readonly role?: UserRole | undefined;
}

export interface UserToAdd extends PrivilegeGiven {
  readonly name: string;
  readonly display?: string | undefined;
  /** Absent: nobody logs in. */
  readonly password?: string;
  /** Default: whoever was given a password by another has to choose an own one. */
  readonly mustChangePassword?: boolean;
  /** The SIP secret; `generate`d ones are answered once. Default: no telephone. */
  readonly sip?: 'none' | 'generate' | { readonly secret: string };
}

/** `sipSecret`: the one made by this very change, in clear, this once. */
export interface UserAdded {
  readonly user: UserView;
  readonly realm: string;
  readonly sipSecret?: string;
}

export interface UserToChange extends PrivilegeGiven {
  readonly display?: string;
}

type Problems = readonly [Problem, ...Problem[]];

/** Users, as administrators manage them and as they manage themselves. */
export class Users {
  readonly #options: UsersOptions;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  async list(query: UserQuery, now: number): Promise<Result<Page<UserView>, Problems>> {
    const page = await this.#options.users.list(query);
    return page.ok ? ok({ ...page.value, items: page.value.items.map((user) => this.#view(user, now)) }) : err([page.error]);
  }

  async get(name: string, now: number): Promise<Result<UserView, Problems>> {
    const user = await this.#options.users.byName(normaliseUserName(name));
    if (!user.ok) return err([user.error]);
    return user.value === undefined ? err([unknown]) : ok(this.#view(user.value, now));
  }

  async add(origin: Origin, given: UserToAdd): Promise<Result<UserAdded, Problems>> {
    const { users, passwords, realm } = this.#options;
    const valid = validateUser(given.name, given.display ?? '');
    const privilege = privilegeGiven(given);
    const secret = this.#secretOf(given.sip ?? 'none');
    const password = given.password === undefined ? ok(undefined) : checkPassword(given.password, given.name);
    if (!valid.ok || !privilege.ok || !secret.ok || !password.ok) {
      return err(several([...(valid.ok ? [] : valid.error), ...[privilege, secret, password].flatMap((each) => (each.ok ? [] : [each.error]))]));
    }
    const { name, display } = valid.value;
    const free = await this.#nameFree(name);
    if (!free.ok) return free;
    const hash = given.password === undefined ? ok(undefined) : await passwords.hash(given.password);
    if (!hash.ok) return err([hash.error]);
    const sip = secret.value === undefined ? undefined : this.#sip(name, secret.value);
    const user = {
      name,
      display,
      privilege: privilege.value ?? 'room_member',
      mustChangePassword: hash.value !== undefined && (given.mustChangePassword ?? true),
      ...(sip === undefined ? {} : { sip }),
      ...(hash.value === undefined ? {} : { passwordHash: hash.value }),
    };
    const added = await users.add(user, (made) => ({
      audit: entryOf(origin, 'user.add', objectOf(name), { after: auditView(made) }),
      events: [{ type: 'user.created', at: origin.at, data: { user: name } }],
    }));
    if (!added.ok) return err([added.error]);
    this.#options.onChange({ type: 'added', user: added.value, freed: [] });
    return ok({ user: this.#view(added.value, origin.at), realm, ...(given.sip === 'generate' && secret.value !== undefined ? { sipSecret: secret.value } : {}) });
  }

  /** `version`: the one that was read, to change nothing else; absent, the last change wins. */
  async change(origin: Origin, given: string, version: number | undefined, change: UserToChange): Promise<Result<UserView, Problems>> {
    const { users, onChange } = this.#options;
    const name = normaliseUserName(given);
    const privilege = privilegeGiven(change);
    const display = change.display === undefined ? ok(undefined) : validateUser(name, change.display);
    if (!privilege.ok || !display.ok) return err(several([...(display.ok ? [] : display.error), ...(privilege.ok ? [] : [privilege.error])]));
    if (privilege.value !== undefined) {
      if (!administers(origin.actor)) return err([{ code: 'not_permitted', message: 'only an administrator changes a privilege', advice: 'ask one', field: 'privilege' }]);
      if (name === rootUser && privilege.value !== 'administrator') return err([root('the root administrator keeps its privilege')]);
    }
    const wanted: UserChange = {
      ...(display.value === undefined ? {} : { display: display.value.display }),
      ...(privilege.value === undefined ? {} : { privilege: privilege.value, ...(mayCreate(privilege.value) ? {} : { rooms: 'freed' as const }) }),
    };
    let freed: readonly Room[] = [];
    const done = await users.change(name, version, wanted, (after, before, rooms) => {
      freed = rooms;
      const names = (['display', 'privilege'] as const).filter((field) => after[field] !== before[field]);
      return {
        audit: entryOf(origin, 'user.change', objectOf(name), { before: auditView(before), after: auditView(after) }),
        events: [{ type: 'user.changed', at: origin.at, data: { user: name, changed: names } }, ...freedEvents(rooms, origin.at)],
      };
    });
    if (!done.ok) return err([done.error]);
    onChange({ type: 'changed', user: done.value, freed });
    return ok(this.#view(done.value, origin.at));
  }

  /** OV-18: not the root administrator. Those that are not there are passed over; answers the names of those that were. */
  async remove(origin: Origin, given: readonly string[]): Promise<Result<readonly string[], Problems>> {
    const { users, onChange } = this.#options;
    const names = [...new Set(given.map(normaliseUserName))];
    if (names.includes(rootUser)) return err([root('the root administrator cannot be removed')]);
    const done = await users.remove(names, ({ removed, freed, memberships }) => ({
      audit: entryOf(origin, 'user.remove', removed.map(({ name }) => objectOf(name)).join(' '), { before: Object.fromEntries(removed.map((user) => [user.name, auditView(user)])) }),
      events: [
        ...removed.map(({ name }): RoomEvent => ({ type: 'user.removed', at: origin.at, data: { user: name } })),
        ...freedEvents(freed, origin.at),
        ...memberships.map(({ room, member }): RoomEvent => ({ type: 'member.removed', at: origin.at, roomId: room, data: { member: member.id } })),
      ],
    }));
    if (!done.ok) return err([done.error]);
    onChange({ type: 'removed', ...done.value });
    return ok(done.value.removed.map(({ name }) => name));
  }

  /** A password given by somebody else: all logins end, and the user has to choose an own one. */
  async resetPassword(origin: Origin, given: string, password: string, mustChange: boolean): Promise<Result<void, Problems>> {
    const { users, passwords } = this.#options;
    const name = normaliseUserName(given);
    const fit = checkPassword(password, name);
    if (!fit.ok) return err([fit.error]);
    const hash = await passwords.hash(password);
    if (!hash.ok) return err([hash.error]);
    const set = await users.setPassword(name, { hash: hash.value, mustChange }, () => ({
      audit: entryOf(origin, 'user.password', objectOf(name), { after: { password: changed, mustChangePassword: mustChange } }),
      events: [],
    }));
    return set.ok ? ok(undefined) : err([set.error]);
  }

  /** Answers the secret where it was generated: its telephones have to be told. */
  async setSipSecret(origin: Origin, given: string, sip: NonNullable<UserToAdd['sip']>): Promise<Result<UserAdded, Problems>> {
    const { users, realm, onChange } = this.#options;
    const name = normaliseUserName(given);
    const secret = this.#secretOf(sip);
    if (!secret.ok) return err([secret.error]);
    const set = await users.setSip(name, secret.value === undefined ? null : this.#sip(name, secret.value), () => ({
      audit: entryOf(origin, 'user.sip', objectOf(name), { after: { sip: secret.value === undefined ? 'none' : changed } }),
      events: [{ type: 'user.changed', at: origin.at, data: { user: name, changed: ['sip'] } }],
    }));
    if (!set.ok) return err([set.error]);
    onChange({ type: 'changed', user: set.value, freed: [] });
    return ok({ user: this.#view(set.value, origin.at), realm, ...(sip === 'generate' && secret.value !== undefined ? { sipSecret: secret.value } : {}) });
  }

  /** Rooms and the attendant are looked for first when a name is dialled: nobody could call this user. */
  async #nameFree(name: string): Promise<Result<void, Problems>> {
    const { rooms, reservedAliases } = this.#options;
    const room = await rooms.byAlias(name);
    if (!room.ok) return err([room.error]);
    if (room.value.length === 0 && !reservedAliases.some((alias) => alias.toLowerCase() === name)) return ok(undefined);
    return err([{ code: 'alias_taken', message: `a room or the attendant is dialled by ${JSON.stringify(name)}`, advice: 'choose another name', field: 'name' }]);
  }

  #secretOf(sip: NonNullable<UserToAdd['sip']>): Result<string | undefined, Problem> {
    if (sip === 'none') return ok(undefined);
    if (sip === 'generate') return ok(generateSecret(this.#options.randomBelow));
    const fit = checkSecret(sip.secret);
    return fit.ok ? ok(sip.secret) : fit;
  }

  #sip(name: string, secret: string): NonNullable<User['sip']> {
    const { hashes, realm } = this.#options;
    return { realm, ha1: { MD5: ha1Of(hashes, 'MD5', name, realm, secret), 'SHA-256': ha1Of(hashes, 'SHA-256', name, realm, secret) } };
  }

  #view(user: User, now: number): UserView {
    return viewOf(user, this.#options.realm, this.#options.bindingsOf(user.name), now);
  }
}

const unknown: Problem = { code: 'user_unknown', message: 'there is no such user', advice: 'list the users for their names' };
const root = (message: string): Problem => ({ code: 'root_user', message, advice: 'its password can be changed, and its telephone' });
const objectOf = (name: string): string => `user:${name}`;

function privilegeGiven({ privilege, role }: PrivilegeGiven): Result<Privilege | undefined, Problem> {
  if (role === undefined) return ok(privilege);
  const named = privilegeOfRole(role);
  if (privilege !== undefined && privilege !== named) return err({ code: 'alias_contradiction', message: '`role` and `privilege` contradict each other', advice: 'give one of them', field: 'role' });
  return ok(named);
}

const freedEvents = (rooms: readonly Room[], at: number): readonly RoomEvent[] => rooms.map(({ id }) => ({ type: 'room.changed', at, roomId: id, data: { changed: ['owner'], owner: null } }));

/** For a list that is known to hold one at least. */
function several(problems: readonly Problem[]): Problems {
  const [first, ...others] = problems;
  if (first === undefined) throw new Error('a failure without a problem');
  return [first, ...others];
}
