import type { EntryRole, HostBy, RoomRules } from './policy.ts';

/** policy.md section 3: OpenVidu's names, then ours. */
const everyPermission = [
  'canJoinMeeting',
  'canPublishAudio',
  'canPublishVideo',
  'canShareScreen',
  'canReadChat',
  'canWriteChat',
  'canShareAccessLinks',
  'canMakeModerator',
  'canKickParticipants',
  'canEndMeeting',
  'canRecord',
  'canRetrieveRecordings',
  'canDeleteRecordings',
  'canMuteOthers',
  'canLock',
  'canAdmit',
  'canInvite',
  'canChangeLayout',
] as const;

export type Permission = (typeof everyPermission)[number];

export type PermissionSet = ReadonlySet<Permission>;

/** Host by identity, member or moderator link, or promoted. */
const full: PermissionSet = new Set(everyPermission);

/** Guests, and hosts known by nothing but a PIN (PX-10). */
const basic: PermissionSet = new Set([
  'canJoinMeeting',
  'canPublishAudio',
  'canPublishVideo',
  'canShareScreen',
  'canReadChat',
  'canWriteChat',
  'canRetrieveRecordings',
]);

/** The set of policy.md section 3 for a role in this room. `hostBy` is how a host came to be one. */
export function permissionsOf(role: EntryRole, hostBy: HostBy | undefined, room: RoomRules): PermissionSet {
  const set = role === 'host' && hostControls(hostBy, room) === 'full' ? full : basic;
  // PXD-22: without a host PIN there is nobody else to do it.
  return room.hasHostPin ? set : union(set, ['canAdmit']);
}

export function union(set: PermissionSet, more: Iterable<Permission>): PermissionSet {
  return new Set([...set, ...more]);
}

function hostControls(hostBy: HostBy | undefined, room: RoomRules): RoomRules['pinHostControls'] {
  return hostBy === 'identity' || hostBy === 'promoted' ? 'full' : room.pinHostControls;
}
