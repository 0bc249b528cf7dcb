import type { RoomRole } from '../domain/permissions.ts';
import { roomWarnings, type Room, type RoomSettings } from '../domain/room.ts';
import { occurrences } from '../domain/schedule.ts';
import type { RoomSummary } from '../ports/rooms.ts';
import { linkView, roomUrl, sipUriOf, type LinkView, type Places } from './addresses.ts';
import { timeText } from './audit.ts';
import type { MemberView } from './member-view.ts';
import { occurrenceView, scheduleView, type OccurrenceView, type ScheduleView } from './schedule-view.ts';

/** How much of a room is shown: as the privilege gives (policy.md section 4), or what a member of it sees. */
export type Shown = 'all' | 'detail' | 'streaming' | 'names' | 'member';

type Way = { readonly enabled: boolean } & Partial<LinkView>;

/** A room as it is shown; what is not for who asks is left out. Never a hash or a host PIN. */
export interface RoomView {
  readonly id: string;
  readonly name: string;
  readonly visibility: Shown;
  /** Whether somebody is there, and how many, lobby included. */
  readonly state?: 'idle' | 'active';
  readonly participantCount?: number;
  readonly schedule?: ScheduleView | null;
  /** The running or next occurrence of a scheduled room. */
  readonly occurrence?: OccurrenceView | null;
  readonly aliases?: readonly string[];
  readonly language?: string;
  readonly accessUrl?: string;
  readonly sipUri?: string;
  readonly muteGuestsOnJoin?: boolean;
  readonly participantLimit?: number | null;
  readonly mediaEncryption?: RoomSettings['mediaEncryption'];
  readonly pinHostControls?: RoomSettings['pinHostControls'];
  readonly anonymous?: Readonly<Record<RoomRole, Way>>;
  readonly access?: { readonly url: string; readonly anonymous: Readonly<Record<RoomRole, { readonly enabled: boolean; readonly url?: string }>> };
  readonly owner?: string | null;
  readonly rolePermissions?: RoomSettings['rolePermissions'];
  readonly rules?: RoomSettings['rules'];
  readonly memberReuse?: RoomSettings['memberReuse'];
  readonly preconfigured?: RoomSettings['preconfigured'];
  readonly memberCount?: number;
  readonly hasHostPin?: boolean;
  readonly hasGuestPin?: boolean;
  /** PX-03. */
  readonly warnings?: readonly string[];
  readonly createdAt?: string;
  readonly version?: number;
  /** The own membership of who asks. */
  readonly member?: MemberView;
}

export interface RoomFacts {
  readonly places: Places;
  readonly now: number;
  /** How many are in it. */
  readonly present: number;
  /** Tokens, for who may give them away. */
  readonly links?: Readonly<Record<RoomRole, string>>;
  readonly member?: MemberView;
}

export function roomView(room: Room | RoomSummary, shown: Shown, facts: RoomFacts): RoomView {
  const named = { id: room.id, name: room.name, visibility: shown };
  switch (shown) {
    case 'names':
    case 'streaming':
      return named;
    case 'detail':
      return { ...named, ...timesOf(room, facts) };
    case 'member':
      return { ...named, ...timesOf(room, facts), ...addressesOf(room, facts), language: room.language, ...(facts.member === undefined ? {} : { member: facts.member }) };
    case 'all':
      return { ...named, ...timesOf(room, facts), ...addressesOf(room, facts), ...settingsOf(room, facts) };
  }
}

function timesOf({ schedule }: Pick<Room, 'schedule'>, { present, now }: RoomFacts): Pick<RoomView, 'state' | 'participantCount' | 'schedule' | 'occurrence'> {
  const [occurrence] = schedule === undefined ? [] : occurrences(schedule, now, Infinity, 1);
  return {
    state: present > 0 ? 'active' : 'idle',
    participantCount: present,
    schedule: schedule === undefined ? null : scheduleView(schedule),
    occurrence: occurrence === undefined ? null : occurrenceView(occurrence),
  };
}

function addressesOf(room: Pick<Room, 'id' | 'aliases'>, { places }: RoomFacts): Pick<RoomView, 'aliases' | 'accessUrl' | 'sipUri'> {
  const sipUri = sipUriOf(places, room);
  return { aliases: room.aliases, accessUrl: roomUrl(places, room.id), ...(sipUri === undefined ? {} : { sipUri }) };
}

function settingsOf(room: Room | RoomSummary, { places, links }: RoomFacts): Partial<RoomView> {
  const way = (role: RoomRole): Way => ({ enabled: room.anonymous[role].enabled, ...(links === undefined ? {} : linkView(places, room, links[role])) });
  const anonymous = { moderator: way('moderator'), speaker: way('speaker') };
  const newer = ({ enabled, accessUrl }: Way): { readonly enabled: boolean; readonly url?: string } => ({ enabled, ...(accessUrl === undefined ? {} : { url: accessUrl }) });
  return {
    language: room.language,
    muteGuestsOnJoin: room.muteGuestsOnJoin,
    participantLimit: room.participantLimit ?? null,
    mediaEncryption: room.mediaEncryption,
    pinHostControls: room.pinHostControls,
    anonymous,
    access: { url: roomUrl(places, room.id), anonymous: { moderator: newer(anonymous.moderator), speaker: newer(anonymous.speaker) } },
    owner: room.owner ?? null,
    rolePermissions: room.rolePermissions,
    rules: room.rules,
    memberReuse: room.memberReuse,
    preconfigured: room.preconfigured,
    memberCount: 'members' in room ? room.members.length : room.memberCount,
    hasHostPin: room.pins.host !== undefined,
    hasGuestPin: room.pins.guest !== undefined,
    warnings: roomWarnings(room),
    createdAt: timeText(room.createdAt),
    version: room.version,
  };
}
