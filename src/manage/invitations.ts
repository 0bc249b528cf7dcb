import type { Member } from '../domain/member.ts';
import type { Room } from '../domain/room.ts';
import { occurrences } from '../domain/schedule.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { MemberStore } from '../ports/members.ts';
import type { LinkRole, RoomStore } from '../ports/rooms.ts';
import type { Actor } from './actor.ts';
import { dialString, linkView, roomUrl, sipUriOf, type LinkView, type Places } from './addresses.ts';
import { invitationCalendar } from './invitation-calendar.ts';
import { invitationHtml, invitationText, type Invitation } from './invitation-text.ts';
import { hasFullControl } from './room-reader.ts';

export const invitationFormats = ['text', 'html', 'ics'] as const;
export type InvitationFormat = (typeof invitationFormats)[number];

export interface InvitationsOptions {
  readonly rooms: Pick<RoomStore, 'links' | 'guestPin'>;
  readonly members: Pick<MemberStore, 'token' | 'pin'>;
  readonly places: Places;
}

/** Invitations to rooms. None holds a PIN of a higher role than its recipient's; a host PIN is in none of them (PX-22). */
export class Invitations {
  readonly #options: InvitationsOptions;

  constructor(options: InvitationsOptions) {
    this.#options = options;
  }

  /** `recipient`: a role or the id of a member. Answers text of the format. `now`: milliseconds since the epoch. */
  async make(actor: Actor, room: Room, recipient: string, format: InvitationFormat, now: number): Promise<Result<string, Problem>> {
    // OV-11: who shares from inside invites speakers.
    if (recipient !== 'speaker' && !hasFullControl(actor, room)) return err({ code: 'not_permitted', message: 'from inside a meeting speakers are invited, whoever invites', advice: 'ask for the invitation of the role speaker', field: 'for' });
    const invitation = recipient === 'moderator' || recipient === 'speaker' ? await this.#forRole(room, recipient, now) : await this.#forMember(room, recipient, now);
    if (!invitation.ok) return invitation;
    switch (format) {
      case 'text':
        return ok(invitationText(invitation.value));
      case 'html':
        return ok(invitationHtml(invitation.value));
      case 'ics':
        if (room.schedule === undefined) return err({ code: 'not_scheduled', message: 'the room is there at any time', advice: 'give it a schedule, or take another format' });
        return ok(invitationCalendar({ invitation: invitation.value, schedule: room.schedule, uid: `${room.id}@vestibule`, sequence: room.version, now }));
    }
  }

  async #forRole(room: Room, role: LinkRole, now: number): Promise<Result<Invitation, Problem>> {
    const { rooms, places } = this.#options;
    if (!room.anonymous[role].enabled) return err({ code: 'link_disabled', message: `the anonymous way in as ${role} is disabled`, advice: 'enable it in the room, or invite members' });
    const tokens = await rooms.links(room.id);
    if (!tokens.ok) return tokens;
    const guestPin = role === 'speaker' ? await rooms.guestPin(room.id) : ok(undefined);
    if (!guestPin.ok) return guestPin;
    const pin = guestPin.value?.reveal();
    // With a host PIN alone `#` lets guests in; a moderator keys a PIN that nobody can repeat to him.
    const keyed = role === 'speaker' && pin === undefined && room.pins.host !== undefined ? '' : pin;
    return ok({ ...this.#whenAndWhere(room, keyed, now), ...linkView(places, room, tokens.value[role]), signIn: 'not_needed', ...(pin === undefined ? {} : { pin }) });
  }

  async #forMember(room: Room, id: string, now: number): Promise<Result<Invitation, Problem>> {
    const { members } = this.#options;
    const member = room.members.find((each) => each.id === id);
    if (member === undefined) return err({ code: 'member_unknown', message: 'the room has no such member', advice: 'give `moderator`, `speaker` or the id of a member', field: 'for' });
    const token = await members.token(room.id, id);
    const stored = await members.pin(room.id, id);
    if (!token.ok) return token;
    if (!stored.ok) return stored;
    const pin = stored.value?.reveal();
    return ok({ ...this.#whenAndWhere(room, pin, now), ...this.#linkOf(room, member, token.value ?? ''), recipient: member.name, signIn: member.kind === 'internal' ? 'needed' : 'not_needed', ...(pin === undefined ? {} : { pin }) });
  }

  /** OV-38, OV-39. */
  #linkOf(room: Room, { kind }: Member, token: string): LinkView {
    const { places } = this.#options;
    if (kind === 'external') return linkView(places, room, token);
    const sipUri = sipUriOf(places, room);
    return { accessUrl: roomUrl(places, room.id), ...(sipUri === undefined ? {} : { sipUri }) };
  }

  #whenAndWhere(room: Room, keyed: string | undefined, now: number): Pick<Invitation, 'room' | 'phone' | 'schedule' | 'occurrence'> {
    const { places } = this.#options;
    const { phoneNumber } = places;
    const dialled = dialString(places, room, keyed);
    const number = room.aliases.find((alias) => /^\d+$/.test(alias));
    const { schedule } = room;
    const [occurrence] = schedule === undefined ? [] : occurrences(schedule, now, Infinity, 1);
    return {
      room: room.name,
      ...(dialled === undefined || phoneNumber === undefined || number === undefined ? {} : { phone: { number: phoneNumber, room: number, dialString: dialled } }),
      ...(schedule === undefined ? {} : { schedule }),
      ...(occurrence === undefined ? {} : { occurrence }),
    };
  }
}
