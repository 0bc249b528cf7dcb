import type { RoomEvent } from '../domain/events.ts';
import { generateMemberId, validateMember, type Member } from '../domain/member.ts';
import { parseOverrides, type PermissionOverrides, type RoomRole } from '../domain/permissions.ts';
import { generatePin, parsePin, type Pin, type PinBounds } from '../domain/pin-format.ts';
import type { Room, RoomId } from '../domain/room.ts';
import { normaliseUserName } from '../domain/user.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { MemberGiven as StoredMember, MemberStore } from '../ports/members.ts';
import type { Page, PageQuery } from '../ports/page.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { UserStore } from '../ports/users.ts';
import type { Actor } from './actor.ts';
import { linkView, type LinkView, type Places } from './addresses.ts';
import { changed, entryOf, type Origin } from './audit.ts';
import { memberView, type MemberView } from './member-view.ts';
import { failedBy, problemsOf, type Problems } from './problems.ts';
import type { RoomNews } from './room-news.ts';
import type { PinGiven } from './room-pins.ts';
import { hasFullControl } from './room-reader.ts';
import { Turns } from './turns.ts';

export interface MembersOptions {
  readonly rooms: Pick<RoomStore, 'byId' | 'identify'>;
  readonly members: MemberStore;
  readonly users: Pick<UserStore, 'byName'>;
  readonly places: Places;
  readonly pinBounds: PinBounds;
  /** 0..below-1 */
  readonly randomBelow: (below: number) => number;
  readonly onChange: (news: RoomNews) => void;
}

export interface MemberToAdd {
  /** Of an internal member; the other one has a name (OV-36). */
  readonly userId?: string;
  readonly name?: string;
  readonly baseRole: RoomRole;
  readonly customPermissions?: Readonly<Record<string, boolean>>;
  /** Absent: an external member gets a generated one, an internal one none. */
  readonly pin?: PinGiven;
}

/** Absent keeps what is there. */
export interface MemberToChange {
  readonly name?: string;
  readonly baseRole?: RoomRole;
  /** Replaces those there are. */
  readonly customPermissions?: Readonly<Record<string, boolean>>;
  readonly pin?: PinGiven;
}

/** Members of rooms (OV-32 to OV-46). */
export class Members {
  readonly #options: MembersOptions;
  /** A PIN that was free must still be when it is written. */
  readonly #turns = new Turns();

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** Without links and PINs: those are shown one by one. */
  async list(room: Room, query: PageQuery): Promise<Result<Page<MemberView>, Problem>> {
    const { members, places } = this.#options;
    const page = await members.list(room.id, query);
    return page.ok ? ok({ ...page.value, items: page.value.items.map((member) => memberView(room, member, places, undefined)) }) : page;
  }

  /** With link and PIN where the actor has full control of the room. */
  async get(actor: Actor, room: Room, id: string): Promise<Result<MemberView, Problems>> {
    const member = room.members.find((each) => each.id === id);
    if (member === undefined) return err([unknown]);
    return hasFullControl(actor, room) ? this.#shown(room, member) : ok(memberView(room, member, this.#options.places, undefined));
  }

  add(origin: Origin, id: RoomId, given: MemberToAdd): Promise<Result<MemberView, Problems>> {
    return this.#inRoom(id, async (room) => {
      const { members, onChange } = this.#options;
      const identity = await this.#identityOf(given);
      if (!identity.ok) return identity;
      const { kind } = identity.value;
      const overrides = parseOverrides(given.customPermissions ?? {}, 'customPermissions');
      const valid = validateMember({ ...identity.value, role: given.baseRole, overrides: overrides.ok ? overrides.value : {} }, room.members);
      const pin = kind === 'external' && given.pin === null ? err([pinNeeded]) : this.#pinOf(given.pin ?? (kind === 'external' ? 'generate' : undefined), room, undefined);
      if (!overrides.ok || !valid.ok || !pin.ok) return failedBy(problemsOf(overrides, valid, pin)) ?? err([unknown]);
      const added = await members.add(id, { ...withoutPin(valid.value), ...(pin.value == null ? {} : { pin: pin.value }) }, (member) => ({
        audit: entryOf(origin, 'member.add', objectOf(id, member.id), { after: auditView(member) }),
        events: [{ type: 'member.added', at: origin.at, roomId: id, data: { member: member.id, name: member.name, role: member.role } }],
      }));
      if (!added.ok) return err([added.error]);
      onChange({ type: 'changed', room: added.value.room });
      return this.#shown(added.value.room, added.value.member);
    });
  }

  change(origin: Origin, id: RoomId, memberId: string, given: MemberToChange): Promise<Result<MemberView, Problems>> {
    return this.#inRoom(id, async (room) => {
      const { members, onChange } = this.#options;
      const before = room.members.find((each) => each.id === memberId);
      if (before === undefined) return err([unknown]);
      const overrides = given.customPermissions === undefined ? ok(before.overrides) : parseOverrides(given.customPermissions, 'customPermissions');
      const others = room.members.filter((each) => each !== before);
      const valid = validateMember({ ...before, name: given.name ?? before.name, role: given.baseRole ?? before.role, overrides: overrides.ok ? overrides.value : {} }, others);
      const pin = before.kind === 'external' && given.pin === null ? err([pinNeeded]) : this.#pinOf(given.pin, room, before.id);
      if (!overrides.ok || !valid.ok || !pin.ok) return failedBy(problemsOf(overrides, valid, pin)) ?? err([unknown]);
      const done = await members.change(id, { ...withoutPin(valid.value), ...(pin.value === undefined ? {} : { pin: pin.value }) }, (after, was) => ({
        audit: entryOf(origin, 'member.change', objectOf(id, memberId), { before: auditView(was), after: auditView(after, was) }),
        events: changedEvents(id, after, was, origin.at),
      }));
      if (!done.ok) return err([done.error]);
      onChange({ type: 'changed', room: done.value.room });
      return this.#shown(done.value.room, done.value.member);
    });
  }

  /** OV-46: their links and PINs are worth nothing, and their calls end at once. Answers the ids of those that were there. */
  async remove(origin: Origin, id: RoomId, ids: readonly string[]): Promise<Result<readonly string[], Problems>> {
    const { members, onChange } = this.#options;
    let after: Room | undefined;
    const removed = await members.remove(id, ids, (gone, room) => {
      after = room;
      return {
        audit: entryOf(origin, 'member.remove', gone.map((member) => objectOf(id, member.id)).join(' '), { before: Object.fromEntries(gone.map((member) => [member.id, auditView(member)])) }),
        events: gone.map((member): RoomEvent => ({ type: 'member.removed', at: origin.at, roomId: id, data: { member: member.id } })),
      };
    });
    if (!removed.ok) return err([removed.error]);
    if (after !== undefined) for (const { id: member } of removed.value) onChange({ type: 'memberRemoved', room: after, member });
    return ok(removed.value.map((member) => member.id));
  }

  /** The link so far is worth nothing afterwards. */
  async renewLink(origin: Origin, room: Room, memberId: string): Promise<Result<LinkView, Problems>> {
    const { members, places } = this.#options;
    const member = room.members.find((each) => each.id === memberId);
    if (member === undefined) return err([unknown]);
    if (member.kind === 'internal') return err([{ code: 'member_internal', message: 'an internal member has no link of its own', advice: 'it uses the address of the room, and signs in' }]);
    const token = await members.renewToken(room.id, memberId, () => ({
      audit: entryOf(origin, 'member.link', objectOf(room.id, memberId), { after: { link: changed } }),
      events: [{ type: 'member.changed', at: origin.at, roomId: room.id, data: { member: memberId, changed: ['link'] } }],
    }));
    return token.ok ? ok(linkView(places, room, token.value)) : err([token.error]);
  }

  #inRoom(id: RoomId, work: (room: Room) => Promise<Result<MemberView, Problems>>): Promise<Result<MemberView, Problems>> {
    return this.#turns.take(async () => {
      const room = await this.#options.rooms.byId(id);
      if (!room.ok) return err([room.error]);
      return room.value === undefined ? err([{ code: 'room_unknown', message: 'there is no such room', advice: 'list the rooms for their ids' }]) : work(room.value);
    });
  }

  /** OV-36, OV-37: internal, known by a user, or external, known by a name; never both. */
  async #identityOf({ userId, name }: MemberToAdd): Promise<Result<Pick<Member, 'id' | 'kind' | 'name'>, Problems>> {
    if ((userId === undefined) === (name === undefined)) {
      return err([{ code: 'member_internal_or_external', message: 'a member is either a user or somebody with a name', advice: 'give `userId` for an internal member, or `name` for an external one', field: userId === undefined ? 'name' : 'userId' }]);
    }
    if (userId === undefined) return ok({ id: generateMemberId(this.#options.randomBelow), kind: 'external', name: name ?? '' });
    const user = await this.#options.users.byName(normaliseUserName(userId));
    if (!user.ok) return err([user.error]);
    if (user.value === undefined) return err([{ code: 'user_unknown', message: 'there is no such user', advice: 'list the users for their names', field: 'userId' }]);
    return ok({ id: user.value.name, kind: 'internal', name: (user.value.display || user.value.name).slice(0, longestName) });
  }

  /** Differs from all PINs of the room; a generated one is at edit distance 2 at least (N-14). */
  #pinOf(given: PinGiven, room: Room, own: string | undefined): Result<Pin | null | undefined, readonly Problem[]> {
    const { rooms, pinBounds, randomBelow } = this.#options;
    if (given == null) return ok(given);
    const isTaken = (pin: Pin): boolean => {
      const match = rooms.identify(room, pin);
      return match !== 'none' && !(typeof match === 'object' && match.id === own);
    };
    const pin = given === 'generate' ? generatePin(randomBelow, isTaken, pinBounds) : parsePin(given, pinBounds);
    if (!pin.ok) return err([{ ...pin.error, field: 'pin' }]);
    return isTaken(pin.value) ? err([{ code: 'pins_equal', message: 'another PIN of the room is the same', advice: 'give another PIN', field: 'pin' }]) : ok(pin.value);
  }

  async #shown(room: Room, member: Member): Promise<Result<MemberView, Problems>> {
    const { members, places } = this.#options;
    const token = await members.token(room.id, member.id);
    const pin = await members.pin(room.id, member.id);
    if (!token.ok || !pin.ok) return failedBy(problemsOf(token, pin)) ?? err([unknown]);
    return ok(memberView(room, member, places, { token: token.value, pin: pin.value?.reveal() }));
  }
}

/** Of a member; a name shown may be longer. */
const longestName = 50;

const unknown: Problem = { code: 'member_unknown', message: 'the room has no such member', advice: 'list the members of the room' };
const pinNeeded: Problem = { code: 'member_pin_needed', message: 'an external member always has a PIN', advice: 'give another PIN, or let one be generated', field: 'pin' };
const objectOf = (room: RoomId, member: string): string => `member:${room}/${member}`;

function withoutPin({ id, kind, name, role, overrides }: Member): StoredMember {
  return { id, kind, name, role, overrides };
}

function auditView({ name, role, overrides, pin }: Member, before?: Member): { readonly name: string; readonly role: RoomRole; readonly overrides: PermissionOverrides; readonly pin: string } {
  const was = before?.pin?.hash;
  return { name, role, overrides, pin: pin === undefined ? 'none' : was === undefined || was === pin.hash ? 'set' : changed };
}

function changedEvents(room: RoomId, after: Member, before: Member, at: number): readonly RoomEvent[] {
  const [is, was] = [after, before].map(({ name, role, overrides, pin }) => ({ name, role, overrides, pin: pin?.hash }));
  const names = (['name', 'role', 'overrides', 'pin'] as const).filter((field) => JSON.stringify(is?.[field]) !== JSON.stringify(was?.[field]));
  return names.length === 0 ? [] : [{ type: 'member.changed', at, roomId: room, data: { member: after.id, changed: names } }];
}
