import type { Updateable } from 'kysely';
import type { Member } from '../../domain/member.ts';
import type { Pin } from '../../domain/pin-format.ts';
import type { Room, RoomId } from '../../domain/room.ts';
import type { Result } from '../../lib/result.ts';
import type { MemberGiven, MemberStore } from '../../ports/members.ts';
import type { Page, PageQuery } from '../../ports/page.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { TrailOf } from '../../ports/trail.ts';
import { memberOwner, type LinkVault } from './link-vault.ts';
import { numberAfter, pageOf } from './paging.ts';
import { memberHolder, type PinVault } from './pin-vault.ts';
import { Refused, storeProblem, unknownMember, unknownRoom, unknownUser } from './problems.ts';
import { memberOf, readRoom, type MemberRow } from './room-rows.ts';
import { refuseTakenPin } from './room-store.ts';
import type { Tables } from './schema.ts';
import type { Transactions, Tx } from './transactions.ts';

/** A room is read whole on each call: more members would delay it. */
const mostMembers = 1_000;

interface Changed {
  readonly member: Member;
  readonly room: Room;
}

export class SqliteMemberStore implements MemberStore {
  readonly #transactions: Transactions;
  readonly #pins: PinVault;
  readonly #links: LinkVault;

  constructor(transactions: Transactions, pins: PinVault, links: LinkVault) {
    this.#transactions = transactions;
    this.#pins = pins;
    this.#links = links;
  }

  list(room: RoomId, { after, limit }: PageQuery): Promise<Result<Page<Member>, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const seq = numberAfter(after);
      if ((await db.selectFrom('rooms').select('id').where('id', '=', room).executeTakeFirst()) === undefined) throw new Refused(unknownRoom);
      let query = db.selectFrom('members').selectAll().where('room_id', '=', room).orderBy('seq').limit(limit + 1);
      if (seq !== undefined) query = query.where('seq', '>', seq);
      return pageOf(await query.execute(), limit, (row) => [row.seq], memberOf);
    });
  }

  add(room: RoomId, given: MemberGiven, trail: TrailOf<[added: Member, room: Room]>): Promise<Result<Changed, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const { members } = await mustReadRoom(db, room);
      if (members.some(({ id }) => id === given.id)) throw new Refused(storeProblem('member_exists', 'the room has this member already'));
      if (members.length >= mostMembers) throw new Refused(storeProblem('room_full_of_members', `the room has ${mostMembers} members`));
      if (given.kind === 'internal' && (await db.selectFrom('users').select('name').where('name', '=', given.id).executeTakeFirst()) === undefined) throw new Refused(unknownUser);
      const link = this.#links.make(memberOwner(room, given.id));
      const pin = given.pin == null ? noPin : await this.#pinColumns(db, room, given.id, given.pin);
      await db
        .insertInto('members')
        .values({ room_id: room, id: given.id, user_name: given.kind === 'internal' ? given.id : null, ...textsOf(given), ...pin, token_hash: link.hash, token_sealed: link.sealed })
        .execute();
      const added = await mustRead(db, room, given.id);
      await leave(trail(added.member, added.room));
      return added;
    });
  }

  change(room: RoomId, given: MemberGiven, trail: TrailOf<[after: Member, before: Member, room: Room]>): Promise<Result<Changed, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const before = await mustRead(db, room, given.id);
      const set = (columns: Updateable<Tables['members']>) => db.updateTable('members').set(columns).where('room_id', '=', room).where('id', '=', given.id).execute();
      // Its own old PIN is not in the way of the new one.
      if (given.pin !== undefined) await set(noPin);
      await set({ ...textsOf(given), ...(given.pin == null ? {} : await this.#pinColumns(db, room, given.id, given.pin)) });
      const after = await mustRead(db, room, given.id);
      await leave(trail(after.member, before.member, after.room));
      return after;
    });
  }

  remove(room: RoomId, ids: readonly string[], trail: TrailOf<[removed: readonly Member[], room: Room]>): Promise<Result<readonly Member[], StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const removed = (await mustReadRoom(db, room)).members.filter(({ id }) => ids.includes(id));
      if (removed.length === 0) return removed;
      await db.deleteFrom('members').where('room_id', '=', room).where('id', 'in', removed.map(({ id }) => id)).execute();
      await leave(trail(removed, await mustReadRoom(db, room)));
      return removed;
    });
  }

  token(room: RoomId, id: string): Promise<Result<string | undefined, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const row = await findRow(db, room, id);
      return row === undefined ? undefined : this.#links.open(row.token_sealed, memberOwner(room, id));
    });
  }

  pin(room: RoomId, id: string): Promise<Result<Pin | undefined, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const row = await findRow(db, room, id);
      return row?.pin_sealed == null ? undefined : this.#pins.open(room, memberHolder(id), row.pin_sealed);
    });
  }

  renewToken(room: RoomId, id: string, trail: TrailOf<[member: Member, room: Room]>): Promise<Result<string, StoreProblem>> {
    return this.#transactions.write(async (db, leave) => {
      const found = await mustRead(db, room, id);
      const { token, hash, sealed } = this.#links.make(memberOwner(room, id));
      await db.updateTable('members').set({ token_hash: hash, token_sealed: sealed }).where('room_id', '=', room).where('id', '=', id).execute();
      await db.deleteFrom('tokens').where('room_id', '=', room).where('member_id', '=', id).execute();
      await leave(trail(found.member, found.room));
      return token;
    });
  }

  async #pinColumns(db: Tx, room: RoomId, id: string, pin: Pin) {
    const hash = this.#pins.hash(room, pin);
    await refuseTakenPin(db, room, hash);
    return { pin_hash: hash, pin_length: pin.length, pin_sealed: this.#pins.seal(room, memberHolder(id), pin) };
  }
}

const noPin = { pin_hash: null, pin_length: null, pin_sealed: null };

const textsOf = ({ name, role, overrides }: MemberGiven) => ({ name, role, overrides: JSON.stringify(overrides) });

const findRow = (db: Tx, room: RoomId, id: string): Promise<MemberRow | undefined> => db.selectFrom('members').selectAll().where('room_id', '=', room).where('id', '=', id).executeTakeFirst();

async function mustReadRoom(db: Tx, id: RoomId): Promise<Room> {
  const room = await readRoom(db, id);
  if (room === undefined) throw new Refused(unknownRoom);
  return room;
}

async function mustRead(db: Tx, room: RoomId, id: string): Promise<Changed> {
  const found = await mustReadRoom(db, room);
  const member = found.members.find((each) => each.id === id);
  if (member === undefined) throw new Refused(unknownMember);
  return { member, room: found };
}
