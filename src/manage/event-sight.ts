import type { RoomEventType } from '../domain/events.ts';
import { effectivePermissions } from '../domain/member.ts';
import { controlLevel, mayCreate, reaches } from '../domain/privilege.ts';
import type { RoomId } from '../domain/room.ts';
import type { StoredEvent } from '../ports/events.ts';
import type { RoomStore } from '../ports/rooms.ts';
import { administers, privilegeOf, type Actor } from './actor.ts';

/** `conference`: what goes on in it, as who sees its participants sees it. */
export type RoomSight = 'all' | 'conference' | 'none';

const mostRemembered = 1_000;

/**
 * Which events somebody is told (policy.md section 4): those with at least limited control of every room all but users', owners
 * those of their rooms, members who may mute others (who see the participants) what goes on in the conference.
 */
export class EventSight {
  readonly #actor: Actor;
  readonly #rooms: Pick<RoomStore, 'byId'>;
  readonly #known = new Map<RoomId, RoomSight>();

  constructor(actor: Actor, rooms: Pick<RoomStore, 'byId'>) {
    this.#actor = actor;
    this.#rooms = rooms;
  }

  async visible(events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
    const seen: StoredEvent[] = [];
    for (const stored of events) if (await this.#sees(stored)) seen.push(stored);
    return seen;
  }

  async of(room: RoomId): Promise<RoomSight> {
    if (this.#seesEverything()) return 'all';
    const known = this.#known.get(room);
    if (known !== undefined) return known;
    const sight = await this.#judge(room);
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(room, sight);
    return sight;
  }

  /** Whether the rights of who watches are others after these: he shows again who he is. */
  isAffected(events: readonly StoredEvent[]): boolean {
    const actor = this.#actor;
    return events.some(({ event }) => {
      if (actor.kind === 'user') return (event.type === 'user.changed' || event.type === 'user.removed') && event.data.user === actor.name;
      if (actor.kind !== 'member' || event.roomId !== actor.room) return false;
      return event.type === 'room.removed' || event.type === 'room.changed' || ((event.type === 'member.changed' || event.type === 'member.removed') && event.data.member === actor.member);
    });
  }

  async #sees({ event }: StoredEvent): Promise<boolean> {
    const { type, roomId } = event;
    if (type.startsWith('user.')) return administers(this.#actor);
    if (this.#seesEverything()) return true;
    if (roomId === undefined) return false;
    // Who has known the room may learn that it is gone.
    if (type === 'room.changed' || type.startsWith('member.')) this.#known.delete(roomId);
    const sight = await this.of(roomId);
    return sight === 'all' || (sight === 'conference' && isOfConference(type));
  }

  #seesEverything(): boolean {
    return reaches(controlLevel(privilegeOf(this.#actor), 'others'), 'limited');
  }

  async #judge(id: RoomId): Promise<RoomSight> {
    const actor = this.#actor;
    if (actor.kind === 'member') return actor.room === id && actor.permissions.has('canMuteOthers') ? 'conference' : 'none';
    const found = await this.#rooms.byId(id);
    if (!found.ok || found.value === undefined || actor.kind !== 'user') return 'none';
    const { owner, members } = found.value;
    if (owner === actor.name && mayCreate(actor.privilege)) return 'all';
    const member = members.find(({ kind, id: name }) => kind === 'internal' && name === actor.name);
    return member !== undefined && effectivePermissions(member, found.value).has('canMuteOthers') ? 'conference' : 'none';
  }
}

const isOfConference = (type: RoomEventType): boolean => /^(conference|participant|recording|dial|schedule|command)\./.test(type);
