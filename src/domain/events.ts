import type { CallId } from './conference-state.ts';
import type { ControlType } from './commands.ts';
import type { Refusal } from './control.ts';
import type { AdmissionRule, EntryRole, HostBy } from './policy.ts';
import type { EndReason } from './reasons.ts';
import type { RoomId } from './room.ts';

interface Muted {
  readonly self: boolean;
  readonly host: boolean;
  readonly policy: boolean;
}

interface Nothing {
  readonly [name: string]: never;
}

/** What each event tells beside where and when. Never a PIN, a token or another secret. */
export interface RoomEventData {
  readonly 'room.created': { readonly name: string; readonly aliases: readonly string[]; readonly owner: string | null };
  /** `changed`: names of the fields. */
  readonly 'room.changed': { readonly changed: readonly string[]; readonly owner?: string | null };
  readonly 'room.removed': { readonly name: string };
  readonly 'member.added': { readonly member: string; readonly name: string; readonly role: 'moderator' | 'speaker' };
  readonly 'member.changed': { readonly member: string; readonly changed: readonly string[] };
  readonly 'member.removed': { readonly member: string };
  readonly 'conference.opened': Nothing;
  readonly 'conference.closed': Nothing;
  readonly 'conference.locked': Nothing;
  readonly 'conference.unlocked': Nothing;
  /** `endsAt`: milliseconds since the epoch. */
  readonly 'conference.ending': { readonly rule: 'guests_only' | 'lone' | 'schedule'; readonly endsAt: number; readonly state: 'announced' | 'cancelled' };
  readonly 'conference.extended': { readonly rule: 'lone' | 'schedule'; readonly endsAt: number };
  readonly 'participant.waiting': { readonly name: string; readonly role: EntryRole; readonly waitsFor: 'start' | 'host' | 'unlock' };
  readonly 'participant.joined': { readonly name: string; readonly role: EntryRole; readonly rule: AdmissionRule; readonly member?: string; readonly reused?: true };
  readonly 'participant.left': { readonly name: string; readonly reason: EndReason };
  readonly 'participant.roleChanged': { readonly role: EntryRole; readonly hostBy: HostBy | null };
  readonly 'participant.muteChanged': { readonly muted: Muted };
  readonly 'participant.handRaised': Nothing;
  readonly 'participant.handLowered': Nothing;
  readonly 'participant.renamed': { readonly name: string };
  readonly 'participant.moved': { readonly to: RoomId; readonly outcome: 'moved' | 'returned' };
  /** Live only, never stored. */
  readonly 'participant.talking': { readonly talking: boolean };
  readonly 'participant.changed': { readonly gain?: number; readonly deaf?: boolean; readonly important?: boolean };
  readonly 'command.refused': { readonly command: ControlType; readonly why: Refusal; readonly by: string };
  readonly 'call.arrived': { readonly caller: string; readonly alias: string };
  readonly 'call.refused': { readonly reason: EndReason };
  readonly 'call.ended': { readonly reason: EndReason };
  readonly 'recording.started': { readonly recording: string };
  readonly 'recording.stopped': { readonly recording: string };
  readonly 'recording.paused': { readonly recording: string };
  readonly 'recording.resumed': { readonly recording: string };
  readonly 'dial.started': { readonly to: string };
  readonly 'dial.ringing': { readonly to: string };
  readonly 'dial.answered': { readonly to: string };
  readonly 'dial.failed': { readonly to: string; readonly reason: EndReason };
  readonly 'user.created': { readonly user: string };
  readonly 'user.changed': { readonly user: string; readonly changed: readonly string[] };
  readonly 'user.removed': { readonly user: string };
  readonly 'schedule.started': { readonly start: number; readonly end: number | null };
  readonly 'schedule.ended': { readonly end: number };
}

export type RoomEventType = keyof RoomEventData;

/** What happened, for event stream, webhooks and outbox. `at`: milliseconds since the epoch. */
export type RoomEvent = {
  readonly [Type in RoomEventType]: { readonly type: Type; readonly at: number; readonly roomId?: RoomId; readonly callId?: CallId; readonly data: RoomEventData[Type] };
}[RoomEventType];

/** Every type there is; `live`: told to who listens at the moment, and not kept. */
const kinds: Readonly<Record<RoomEventType, 'kept' | 'live'>> = {
  'room.created': 'kept',
  'room.changed': 'kept',
  'room.removed': 'kept',
  'member.added': 'kept',
  'member.changed': 'kept',
  'member.removed': 'kept',
  'conference.opened': 'kept',
  'conference.closed': 'kept',
  'conference.locked': 'kept',
  'conference.unlocked': 'kept',
  'conference.ending': 'kept',
  'conference.extended': 'kept',
  'participant.waiting': 'kept',
  'participant.joined': 'kept',
  'participant.left': 'kept',
  'participant.roleChanged': 'kept',
  'participant.muteChanged': 'kept',
  'participant.handRaised': 'kept',
  'participant.handLowered': 'kept',
  'participant.renamed': 'kept',
  'participant.moved': 'kept',
  'participant.talking': 'live',
  'participant.changed': 'kept',
  'command.refused': 'kept',
  'call.arrived': 'kept',
  'call.refused': 'kept',
  'call.ended': 'kept',
  'recording.started': 'kept',
  'recording.stopped': 'kept',
  'recording.paused': 'kept',
  'recording.resumed': 'kept',
  'dial.started': 'kept',
  'dial.ringing': 'kept',
  'dial.answered': 'kept',
  'dial.failed': 'kept',
  'user.created': 'kept',
  'user.changed': 'kept',
  'user.removed': 'kept',
  'schedule.started': 'kept',
  'schedule.ended': 'kept',
};

export const roomEventTypes: readonly string[] = Object.keys(kinds);

/** Told to who listens at the moment, and not kept. */
export const isLiveOnly = ({ type }: { readonly type: RoomEventType }): boolean => kinds[type] === 'live';
