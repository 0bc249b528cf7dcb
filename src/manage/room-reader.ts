import { controlLevel, ownership, visibility } from '../domain/privilege.ts';
import { normaliseAlias, type Room, type RoomId } from '../domain/room.ts';
import { occurrences, type Occurrence } from '../domain/schedule.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Page } from '../ports/page.ts';
import type { LinkRole, RoomQuery, RoomStore, RoomSummary } from '../ports/rooms.ts';
import { privilegeOf, type Actor } from './actor.ts';
import type { Places } from './addresses.ts';
import { memberView } from './member-view.ts';
import type { Presence } from './room-news.ts';
import { roomView, type RoomView, type Shown } from './room-view.ts';

export interface RoomReaderOptions {
  readonly rooms: RoomStore;
  readonly places: Places;
  readonly presence: Presence;
}

/** Rooms as each may see them (policy.md section 4, CO-40). */
export class RoomReader {
  readonly #options: RoomReaderOptions;

  constructor(options: RoomReaderOptions) {
    this.#options = options;
  }

  /** `alias`: only the rooms that have it. */
  async list(actor: Actor, query: RoomQuery & { readonly alias?: string }, now: number): Promise<Result<Page<RoomView>, Problem>> {
    const page = await this.#page(actor, query);
    if (!page.ok) return page;
    const present = this.#options.presence();
    const items = page.value.items.flatMap((room) => {
      const shown = shownTo(actor, room);
      return shown === 'none' ? [] : [roomView(room, shown, { places: this.#options.places, now, present: present.get(room.id) ?? 0 })];
    });
    return ok({ ...page.value, items });
  }

  /** With the links where the actor has full control. */
  async show(actor: Actor, room: Room, now: number): Promise<Result<RoomView, Problem>> {
    const shown = shownTo(actor, room);
    if (shown === 'none') return err({ code: 'room_unknown', message: 'there is no such room', advice: 'list the rooms for their ids' });
    const { places } = this.#options;
    const facts = { places, now, present: this.#options.presence().get(room.id) ?? 0 };
    if (shown === 'member') {
      const member = membership(actor, room);
      return ok(roomView(room, shown, { ...facts, ...(member === undefined ? {} : { member: memberView(room, member, places, undefined) }) }));
    }
    const links = hasFullControl(actor, room) ? await this.#links(room.id) : ok(undefined);
    if (!links.ok) return links;
    return ok(roomView(room, shown, { ...facts, ...(links.value === undefined ? {} : { links: links.value }) }));
  }

  /** Milliseconds since the epoch; at most `most`. For who sees when rooms are. */
  occurrences(actor: Actor, room: Room, from: number, to: number, most: number): Result<readonly Occurrence[], Problem> {
    const shown = shownTo(actor, room);
    if (shown === 'none' || shown === 'names' || shown === 'streaming') return err({ code: 'not_permitted', message: 'this is not permitted to you', advice: 'ask an administrator for the privilege it needs' });
    if (room.schedule === undefined) return err({ code: 'not_scheduled', message: 'the room is there at any time', advice: 'give it a schedule' });
    return ok(occurrences(room.schedule, from, to, most));
  }

  async #page(actor: Actor, { alias, ...query }: RoomQuery & { readonly alias?: string }): Promise<Result<Page<RoomSummary | Room>, Problem>> {
    const { rooms } = this.#options;
    if (actor.kind === 'member') {
      const own = await rooms.byId(actor.room);
      return own.ok ? ok({ items: own.value === undefined ? [] : [own.value] }) : own;
    }
    if (alias !== undefined) {
      const sharing = await rooms.byAlias(normaliseAlias(alias));
      return sharing.ok ? ok({ items: sharing.value }) : sharing;
    }
    // Others' rooms are none to who sees only those it is a member of.
    const onlyMember = actor.kind === 'user' && visibility(actor.privilege, 'others') === 'none';
    return rooms.list(onlyMember ? { ...query, member: actor.name } : query);
  }

  #links(id: RoomId): Promise<Result<Readonly<Record<LinkRole, string>>, Problem>> {
    return this.#options.rooms.links(id);
  }
}

/** In a list members are not told: a user who sees nothing else is asked for by its memberships there. */
function shownTo(actor: Actor, room: Room | RoomSummary): Shown | 'none' {
  if (actor.kind === 'member') return actor.room === room.id ? 'member' : 'none';
  if (actor.kind !== 'user') return 'all';
  const seen = visibility(actor.privilege, ownership(actor.name, room.owner));
  if (seen === 'all') return seen;
  if ('members' in room) return membership(actor, room) === undefined ? seen : 'member';
  return seen === 'none' ? 'member' : seen;
}

export const membership = (actor: Actor, room: Room): Room['members'][number] | undefined =>
  actor.kind === 'member' ? room.members.find(({ id }) => id === actor.member) : actor.kind === 'user' ? room.members.find(({ kind, id }) => kind === 'internal' && id === actor.name) : undefined;

export const hasFullControl = (actor: Actor, room: Pick<Room, 'owner'>): boolean =>
  actor.kind === 'user' ? controlLevel(actor.privilege, ownership(actor.name, room.owner)) === 'full' : actor.kind !== 'member' && privilegeOf(actor) === 'administrator';
