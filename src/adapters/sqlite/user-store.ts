import { sql, type Selectable } from 'kysely';
import type { DigestAlgorithm } from '../../domain/digest.ts';
import type { Privilege } from '../../domain/privilege.ts';
import type { Room } from '../../domain/room.ts';
import type { User } from '../../domain/user.ts';
import type { Result } from '../../lib/result.ts';
import type { Page } from '../../ports/page.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { TrailOf } from '../../ports/trail.ts';
import type { UserBindings, UserChange, UserGiven, UserQuery, UserRemoval, UserStore } from '../../ports/users.ts';
import { containing, numberAfter, pageOf } from './paging.ts';
import { changedMeanwhile, Refused, storeProblem, unknownUser } from './problems.ts';
import { memberOf, readRooms } from './room-rows.ts';
import type { Tables } from './schema.ts';
import type { Sealer } from './sealer.ts';
import type { Transactions, Tx } from './transactions.ts';
import { readBindings, writeBindings } from './user-bindings.ts';

type Sip = NonNullable<User['sip']>;
type Row = Selectable<Tables['users']> & { readonly [column in 'realm' | 'ha1_md5' | 'ha1_sha256']: string | null };

export class SqliteUserStore implements UserStore {
  readonly #transactions: Transactions;
  readonly #sealer: Sealer;
  readonly #now: () => number;

  constructor(transactions: Transactions, sealer: Sealer, now: () => number) {
    this.#transactions = transactions;
    this.#sealer = sealer;
    this.#now = now;
  }

  all(): Promise<Result<readonly User[], StoreProblem>> {
    return this.#transactions.read(async (db) => (await select(db).execute()).map((row) => this.#userOf(row)));
  }

  list({ after, limit, privilege, name }: UserQuery): Promise<Result<Page<User>, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const seq = numberAfter(after);
      let query = select(db).limit(limit + 1);
      if (seq !== undefined) query = query.where('seq', '>', seq);
      if (privilege !== undefined) query = query.where('privilege', '=', privilege);
      if (name !== undefined) query = query.where(sql<boolean>`(users.name like ${containing(name)} escape '\\' or users.display like ${containing(name)} escape '\\')`);
      return pageOf(await query.execute(), limit, (row) => [row.seq], (row) => this.#userOf(row));
    });
  }

  byName(name: string): Promise<Result<User | undefined, StoreProblem>> {
    return this.#transactions.read((db) => this.#find(db, name));
  }

  countWithPassword(): Promise<Result<number, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const { users } = await db.selectFrom('users').select((eb) => eb.fn.countAll<number>().as('users')).where('password_hash', 'is not', null).executeTakeFirstOrThrow();
      return users;
    });
  }

  add(given: UserGiven, trail: TrailOf<[added: User]>): Promise<Result<User, StoreProblem>> {
    const { name, display, privilege, sip, mustChangePassword, passwordHash } = given;
    return this.#transactions.write(async (db, leave) => {
      if ((await this.#find(db, name)) !== undefined) throw new Refused(storeProblem('user_exists', 'there is a user of this name'));
      await db
        .insertInto('users')
        .values({ name, display, privilege, password_hash: passwordHash ?? null, must_change_password: Number(mustChangePassword), version: 1, created_at: this.#now() })
        .execute();
      if (sip !== undefined) await this.#writeSip(db, name, sip);
      const added = await this.#mustFind(db, name);
      await leave(trail(added));
      return added;
    });
  }

  change(name: string, version: number | undefined, { display, privilege, rooms }: UserChange, trail: TrailOf<[after: User, before: User, freed: readonly Room[]]>): Promise<Result<User, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const before = await this.#mustFind(db, name);
      if (version !== undefined && version !== before.version) throw new Refused(changedMeanwhile);
      await db
        .updateTable('users')
        .set({ ...(display === undefined ? {} : { display }), ...(privilege === undefined ? {} : { privilege }), version: before.version + 1 })
        .where('name', '=', name)
        .execute();
      const freed = rooms === 'freed' ? await freeRooms(db, [name]) : [];
      const after = await this.#mustFind(db, name);
      await leave(trail(after, before, freed));
      return after;
    });
  }

  remove(names: readonly string[], trail: TrailOf<[removal: UserRemoval]>): Promise<Result<UserRemoval, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const removed = names.length === 0 ? [] : (await select(db).where('users.name', 'in', names).execute()).map((row) => this.#userOf(row));
      if (removed.length === 0) return { removed, freed: [], memberships: [] };
      const there = removed.map(({ name }) => name);
      const memberships = (await db.selectFrom('members').selectAll().where('user_name', 'in', there).orderBy('seq').execute()).map((row) => ({ room: row.room_id, member: memberOf(row) }));
      const owned = await freeRooms(db, there);
      await db.deleteFrom('users').where('name', 'in', there).execute();
      // Read anew: their memberships are gone, too.
      const freed = await readRooms(db, owned.map(({ id }) => id));
      const removal: UserRemoval = { removed, freed, memberships };
      await leave(trail(removal));
      return removal;
    });
  }

  passwordHash(name: string): Promise<Result<string | undefined, StoreProblem>> {
    return this.#transactions.read(async (db) => (await db.selectFrom('users').select('password_hash').where('name', '=', name).executeTakeFirst())?.password_hash ?? undefined);
  }

  setPassword(name: string, { hash, mustChange, except }: { readonly hash: string; readonly mustChange: boolean; readonly except?: string }, trail: TrailOf<[user: User]>): Promise<Result<User, StoreProblem>> {
    return this.#change(name, trail, async (db) => {
      await db.updateTable('users').set({ password_hash: hash, must_change_password: Number(mustChange) }).where('name', '=', name).execute();
      const ended = db.deleteFrom('tokens').where('user_name', '=', name);
      await (except === undefined ? ended : ended.where('family', '!=', except)).execute();
    });
  }

  setSip(name: string, sip: Sip | null, trail: TrailOf<[user: User]>): Promise<Result<User, StoreProblem>> {
    return this.#change(name, trail, async (db) => {
      await db.deleteFrom('user_sip').where('user_name', '=', name).execute();
      if (sip === null) await db.deleteFrom('user_bindings').where('user_name', '=', name).execute();
      else await this.#writeSip(db, name, sip);
    });
  }

  bindings(): Promise<Result<readonly UserBindings[], StoreProblem>> {
    return this.#transactions.read(readBindings);
  }

  writeBindings(changes: readonly UserBindings[]): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside((db) => writeBindings(db, changes));
  }

  #change(name: string, trail: TrailOf<[user: User]>, write: (db: Tx) => Promise<void>): Promise<Result<User, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      await this.#mustFind(db, name);
      await write(db);
      await db.updateTable('users').set((eb) => ({ version: eb('version', '+', 1) })).where('name', '=', name).execute();
      const user = await this.#mustFind(db, name);
      await leave(trail(user));
      return user;
    });
  }

  async #find(db: Tx, name: string): Promise<User | undefined> {
    const row = await select(db).where('users.name', '=', name).executeTakeFirst();
    return row === undefined ? undefined : this.#userOf(row);
  }

  async #mustFind(db: Tx, name: string): Promise<User> {
    const user = await this.#find(db, name);
    if (user === undefined) throw new Refused(unknownUser);
    return user;
  }

  async #writeSip(db: Tx, name: string, { realm, ha1 }: Sip): Promise<void> {
    const seal = (algorithm: DigestAlgorithm): string => this.#sealer.seal(ha1[algorithm], boundTo(name, algorithm));
    await db.insertInto('user_sip').values({ user_name: name, realm, ha1_md5: seal('MD5'), ha1_sha256: seal('SHA-256') }).execute();
  }

  #userOf(row: Row): User {
    return {
      name: row.name,
      display: row.display,
      privilege: row.privilege as Privilege,
      ...this.#sipOf(row),
      hasPassword: row.password_hash !== null,
      mustChangePassword: row.must_change_password !== 0,
      createdAt: row.created_at,
      version: row.version,
    };
  }

  #sipOf({ name, realm, ha1_md5, ha1_sha256 }: Row): Pick<User, 'sip'> {
    if (realm === null) return {};
    // What does not open fits no secret.
    const open = (sealed: string | null, algorithm: DigestAlgorithm): string => this.#sealer.open(sealed ?? '', boundTo(name, algorithm)) ?? '';
    return { sip: { realm, ha1: { MD5: open(ha1_md5, 'MD5'), 'SHA-256': open(ha1_sha256, 'SHA-256') } } };
  }
}

const select = (db: Tx) => db.selectFrom('users').leftJoin('user_sip', 'user_sip.user_name', 'users.name').selectAll('users').select(['realm', 'ha1_md5', 'ha1_sha256']).orderBy('seq');

/** CO-44: their owner is none afterwards. */
async function freeRooms(db: Tx, owners: readonly string[]): Promise<readonly Room[]> {
  const freed = await db.updateTable('rooms').set((eb) => ({ owner: null, version: eb('version', '+', 1) })).where('owner', 'in', owners).returning('id').execute();
  return readRooms(db, freed.map(({ id }) => id));
}

const boundTo = (name: string, algorithm: DigestAlgorithm): string => `${name}\0${algorithm}`;
