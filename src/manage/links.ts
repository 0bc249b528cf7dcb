import type { Room } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { ok, type Result } from '../lib/result.ts';
import type { LinkRole, RoomStore } from '../ports/rooms.ts';
import type { Actor } from './actor.ts';
import { linkView, type LinkView, type Places } from './addresses.ts';
import { changed, entryOf, type Origin } from './audit.ts';
import { hasFullControl } from './room-reader.ts';

export interface LinksOptions {
  readonly rooms: RoomStore;
  readonly places: Places;
}

export type LinkShown = { readonly enabled: boolean } & LinkView;
export type LinksShown = { readonly [role in LinkRole]?: LinkShown };

/** The anonymous links of rooms (OV-02 to OV-05). */
export class Links {
  readonly #options: LinksOptions;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** Both for who manages the room; OV-11: who shares from inside gets the speakers' link, whatever his own role. */
  async show(actor: Actor, room: Room): Promise<Result<{ readonly anonymous: LinksShown }, Problem>> {
    const { rooms, places } = this.#options;
    const tokens = await rooms.links(room.id);
    if (!tokens.ok) return tokens;
    const link = (role: LinkRole): LinkShown => ({ enabled: room.anonymous[role].enabled, ...linkView(places, room, tokens.value[role]) });
    return ok({ anonymous: { ...(hasFullControl(actor, room) ? { moderator: link('moderator') } : {}), speaker: link('speaker') } });
  }

  /** The link so far is worth nothing afterwards, and who signed in with it is signed out. */
  async renew(origin: Origin, room: Room, role: LinkRole): Promise<Result<LinkShown, Problem>> {
    const { rooms, places } = this.#options;
    const token = await rooms.renewLink(room.id, role, () => ({
      audit: entryOf(origin, 'room.link', `room:${room.id}`, { after: { [role]: changed } }),
      events: [{ type: 'room.changed', at: origin.at, roomId: room.id, data: { changed: [`${role}Link`] } }],
    }));
    return token.ok ? ok({ enabled: room.anonymous[role].enabled, ...linkView(places, room, token.value) }) : token;
  }
}
