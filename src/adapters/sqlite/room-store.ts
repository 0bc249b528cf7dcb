import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { PinMatch } from '../../domain/admission.ts';
import type { Pin } from '../../domain/pin-format.ts';
import type { PinRole, Room, RoomId, RoomSettings } from '../../domain/room.ts';
import { ok, type Result } from '../../lib/result.ts';
import type { Page } from '../../ports/page.ts';
import type { LinkGrant, LinkRole, PinChange, RoomChange, RoomQuery, RoomStore, RoomSummary } from '../../ports/rooms.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { TrailOf } from '../../ports/trail.ts';
import { linkOwner, type LinkVault } from './link-vault.ts';
import { containing, numberAfter, pageOf } from './paging.ts';
import type { PinVault } from './pin-vault.ts';
import { changedMeanwhile, Refused, storeProblem, unknownRoom, unknownUser } from './problems.ts';
import { RoomMemory } from './room-memory.ts';
import { columnsOf, readRoom, readRooms, summarise } from './room-rows.ts';
import type { Transactions, Tx } from './transactions.ts';

export interface RoomStoreOptions {
  readonly pins: PinVault;
  readonly links: LinkVault;
  /** Whether two rooms are never active at once, and may share an alias. */
  readonly neverTogether: (one: RoomSettings, other: RoomSettings) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const pinRoles: readonly PinRole[] = ['host', 'guest'];
const linkRoles: readonly LinkRole[] = ['moderator', 'speaker'];

export class SqliteRoomStore implements RoomStore {
  readonly #transactions: Transactions;
  readonly #options: RoomStoreOptions;
  readonly #memory = new RoomMemory();

  constructor(transactions: Transactions, options: RoomStoreOptions) {
    this.#transactions = transactions;
    this.#options = options;
  }

  async byId(id: RoomId): Promise<Result<Room | undefined, StoreProblem>> {
    const found = await this.#remembered(`id ${id}`, (db) => readRooms(db, [id]));
    return found.ok ? ok(found.value[0]) : found;
  }

  byAlias(alias: string): Promise<Result<readonly Room[], StoreProblem>> {
    const wanted = alias.trim().toLowerCase();
    return this.#remembered(`alias ${wanted}`, async (db) => {
      const found = await db.selectFrom('room_aliases').select('room_id').where('alias', '=', wanted).execute();
      return readRooms(db, found.map(({ room_id }) => room_id));
    });
  }

  byToken(token: string): Promise<Result<{ readonly room: Room; readonly grant: LinkGrant } | undefined, StoreProblem>> {
    const hash = this.#options.links.hash(token);
    return this.#transactions.read(async (db) => {
      const link = await db.selectFrom('room_links').select(['room_id', 'role']).where('hash', '=', hash).executeTakeFirst();
      const member = await db.selectFrom('members').select(['room_id', 'id']).where('token_hash', '=', hash).executeTakeFirst();
      const grant: LinkGrant | undefined = link !== undefined ? { kind: 'anonymous', role: link.role } : member !== undefined ? { kind: 'member', id: member.id } : undefined;
      const room = await readRoom(db, link?.room_id ?? member?.room_id ?? '');
      return room === undefined || grant === undefined ? undefined : { room, grant };
    });
  }

  list({ after, limit, owner, member, name }: RoomQuery): Promise<Result<Page<RoomSummary>, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const seq = numberAfter(after);
      let query = db.selectFrom('rooms').selectAll().orderBy('seq').limit(limit + 1);
      if (seq !== undefined) query = query.where('seq', '>', seq);
      if (owner !== undefined) query = query.where('owner', '=', owner);
      if (member !== undefined) query = query.where('id', 'in', (eb) => eb.selectFrom('members').select('room_id').where('user_name', '=', member));
      if (name !== undefined) query = query.where(sql<boolean>`name like ${containing(name)} escape '\\'`);
      const rows = await query.execute();
      const page = pageOf(rows, limit, (row) => [row.seq], (row) => row);
      return { ...page, items: await summarise(db, page.items) };
    });
  }

  add(settings: RoomSettings, pins: PinChange, trail: TrailOf<[added: Room]>): Promise<Result<Room, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const id = randomUUID();
      await this.#checkSettings(db, id, settings);
      await db
        .insertInto('rooms')
        .values({ id, ...columnsOf(settings), version: 1, created_at: this.#options.now() })
        .execute();
      await writeAliases(db, id, settings.aliases);
      await this.#writePins(db, id, pins);
      await this.#makeLinks(db, id);
      const added = await mustRead(db, id);
      await leave(trail(added));
      return added;
    });
  }

  change(id: RoomId, version: number | undefined, { settings, pins }: RoomChange, trail: TrailOf<[after: Room, before: Room]>): Promise<Result<Room, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const before = await mustRead(db, id);
      if (version !== undefined && version !== before.version) throw new Refused(changedMeanwhile);
      if (settings !== undefined) {
        await this.#checkSettings(db, id, settings);
        await db.deleteFrom('room_aliases').where('room_id', '=', id).execute();
        await writeAliases(db, id, settings.aliases);
      }
      await db
        .updateTable('rooms')
        .set({ ...(settings === undefined ? {} : columnsOf(settings)), version: before.version + 1 })
        .where('id', '=', id)
        .execute();
      await this.#writePins(db, id, pins ?? {});
      const after = await mustRead(db, id);
      await leave(trail(after, before));
      return after;
    });
  }

  remove(ids: readonly RoomId[], trail: TrailOf<[removed: readonly Room[]]>): Promise<Result<readonly Room[], StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const removed = await readRooms(db, ids);
      if (removed.length === 0) return removed;
      await db.deleteFrom('rooms').where('id', 'in', removed.map(({ id }) => id)).execute();
      await leave(trail(removed));
      return removed;
    });
  }

  guestPin(id: RoomId): Promise<Result<Pin | undefined, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const row = await db.selectFrom('room_pins').select('sealed').where('room_id', '=', id).where('role', '=', 'guest').executeTakeFirst();
      return row?.sealed == null ? undefined : this.#options.pins.open(id, 'guest', row.sealed);
    });
  }

  identify(room: Room, pin: Pin): PinMatch {
    // All are compared, whatever the first ones say: the time taken tells nothing.
    const [host, guest, ...members] = this.#options.pins.matches([room.pins.host?.hash, room.pins.guest?.hash, ...room.members.map((member) => member.pin?.hash)], room.id, pin);
    const member = room.members[members.indexOf(true)];
    if (member !== undefined) return { kind: 'member', id: member.id };
    if (host === true) return 'host';
    return guest === true ? 'guest' : 'none';
  }

  links(id: RoomId): Promise<Result<Readonly<Record<LinkRole, string>>, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const rows = await db.selectFrom('room_links').selectAll().where('room_id', '=', id).execute();
      const tokenOf = (role: LinkRole): string => {
        const row = rows.find((each) => each.role === role);
        if (row === undefined) throw new Refused(unknownRoom);
        return this.#options.links.open(row.sealed, linkOwner(id, role));
      };
      return { moderator: tokenOf('moderator'), speaker: tokenOf('speaker') };
    });
  }

  renewLink(id: RoomId, role: LinkRole, trail: TrailOf<[room: Room]>): Promise<Result<string, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const room = await mustRead(db, id);
      const { token, hash, sealed } = this.#options.links.make(linkOwner(id, role));
      await db.updateTable('room_links').set({ hash, sealed }).where('room_id', '=', id).where('role', '=', role).execute();
      await db.deleteFrom('tokens').where('room_id', '=', id).where('link_role', '=', role).execute();
      await leave(trail(room));
      return token;
    });
  }

  /** For rooms made before rooms had links. To be called when the database is opened. */
  makeMissingLinks(): Promise<Result<void, StoreProblem>> {
    return this.#transactions.write(async (db) => {
      const without = await db.selectFrom('rooms').select('id').where('id', 'not in', (eb) => eb.selectFrom('room_links').select('room_id')).execute();
      for (const { id } of without) await this.#makeLinks(db, id);
    });
  }

  /** Calls read the same rooms over and over: a room that has not changed since is not read again. */
  async #remembered(key: string, work: (db: Tx) => Promise<readonly Room[]>): Promise<Result<readonly Room[], StoreProblem>> {
    const version = this.#transactions.roomsVersion();
    const known = version === undefined ? undefined : this.#memory.get(version, key);
    if (known !== undefined) return ok(known);
    const read = await this.#transactions.readRooms(work);
    if (!read.ok) return read;
    this.#memory.set(read.value.version, key, read.value.value);
    return ok(read.value.value);
  }

  async #makeLinks(db: Tx, id: RoomId): Promise<void> {
    for (const role of linkRoles) {
      const { hash, sealed } = this.#options.links.make(linkOwner(id, role));
      await db.insertInto('room_links').values({ room_id: id, role, hash, sealed }).execute();
    }
  }

  async #checkSettings(db: Tx, id: RoomId, settings: RoomSettings): Promise<void> {
    if (settings.owner !== undefined && (await db.selectFrom('users').select('name').where('name', '=', settings.owner).executeTakeFirst()) === undefined) throw new Refused(unknownUser);
    const sharing = await db.selectFrom('room_aliases').select('room_id').distinct().where('alias', 'in', settings.aliases).where('room_id', '!=', id).execute();
    const others = await readRooms(db, sharing.map(({ room_id }) => room_id));
    // COD-10: an alias leads to one room at any time.
    if (!others.every((other) => this.#options.neverTogether(settings, other))) throw new Refused(storeProblem('alias_taken', 'another room has this alias'));
  }

  async #writePins(db: Tx, id: RoomId, change: PinChange): Promise<void> {
    const { pins } = this.#options;
    for (const role of pinRoles) if (change[role] !== undefined) await db.deleteFrom('room_pins').where('room_id', '=', id).where('role', '=', role).execute();
    for (const role of pinRoles) {
      const pin = change[role];
      if (pin == null) continue;
      const hash = pins.hash(id, pin);
      await refuseTakenPin(db, id, hash);
      // A host PIN is shown once and never repeated, so nothing of it is kept that could be opened.
      await db.insertInto('room_pins').values({ room_id: id, role, hash, length: pin.length, sealed: role === 'guest' ? pins.seal(id, role, pin) : null }).execute();
    }
  }
}

async function mustRead(db: Tx, id: RoomId): Promise<Room> {
  const room = await readRoom(db, id);
  if (room === undefined) throw new Refused(unknownRoom);
  return room;
}

async function writeAliases(db: Tx, id: RoomId, aliases: readonly string[]): Promise<void> {
  if (aliases.length === 0) return;
  await db
    .insertInto('room_aliases')
    .values(aliases.map((alias, position) => ({ alias, room_id: id, position })))
    .execute();
}

/** Policy section 2: host, guest and member PINs of one room all differ. What the caller checked may have changed since. */
export async function refuseTakenPin(db: Tx, room: RoomId, hash: string): Promise<void> {
  const ofRoom = await db.selectFrom('room_pins').select('role').where('room_id', '=', room).where('hash', '=', hash).executeTakeFirst();
  const ofMember = await db.selectFrom('members').select('id').where('room_id', '=', room).where('pin_hash', '=', hash).executeTakeFirst();
  if (ofRoom !== undefined || ofMember !== undefined) throw new Refused(storeProblem('pins_equal', 'another PIN of the room is the same'));
}
