import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { EntryRole, HostBy, RoomRules } from './policy.ts';

/** policy.md section 3: OpenVidu's names, then ours. */
export const allPermissions = [
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

export type Permission = (typeof allPermissions)[number];

export type PermissionSet = ReadonlySet<Permission>;

/** Granted (`true`) or taken (`false`); what is absent stays as it is (OV-43). */
export type PermissionOverrides = { readonly [permission in Permission]?: boolean };

/** The roles as the API and the store name them: an entry role of host, of guest. */
export type RoomRole = 'moderator' | 'speaker';

/** OVD-04. */
export type RolePermissions = Readonly<Record<RoomRole, PermissionOverrides>>;

/** Host by identity, member or moderator link, or promoted. */
const full: PermissionSet = new Set(allPermissions);

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
export function permissionsOf(role: EntryRole, hostBy: HostBy | undefined, room: Pick<RoomRules, 'hasHostPin' | 'pinHostControls' | 'rolePermissions'>): PermissionSet {
  const set = role === 'guest' ? setOfRole('speaker', room.rolePermissions) : hostControls(hostBy, room) === 'full' ? setOfRole('moderator', room.rolePermissions) : pinHostSet(room.rolePermissions);
  // PXD-22: without a host PIN there is nobody else to do it.
  return room.hasHostPin ? set : union(set, ['canAdmit']);
}

/** OVD-03 and OVD-04: what a role has in this room. */
export const setOfRole = (role: RoomRole, rolePermissions: RolePermissions): PermissionSet => withOverrides(role === 'moderator' ? full : basic, rolePermissions[role]);

/** PX-10: what the room grants its moderators is not for who shows nothing but a PIN; what it takes from them, it takes from him too. */
const pinHostSet = ({ moderator }: RolePermissions): PermissionSet => new Set([...basic].filter((permission) => moderator[permission] !== false));

export function withOverrides(set: PermissionSet, overrides: PermissionOverrides): PermissionSet {
  return new Set(allPermissions.filter((permission) => overrides[permission] ?? set.has(permission)));
}

export function union(set: PermissionSet, more: Iterable<Permission>): PermissionSet {
  return new Set([...set, ...more]);
}

/** The second column of section 3: known by nothing but a PIN, or by having come in where there is none, or by having been called. */
const withoutIdentity: ReadonlySet<HostBy> = new Set(['no_pins', 'pin', 'claimed', 'dialled']);

function hostControls(hostBy: HostBy | undefined, room: Pick<RoomRules, 'pinHostControls'>): RoomRules['pinHostControls'] {
  return hostBy === undefined || withoutIdentity.has(hostBy) ? room.pinHostControls : 'full';
}

/** OVD-01, OVD-02: the newer names, and the seed's name each is part of. */
const newerNames: Readonly<Record<string, Permission>> = {
  meetingJoin: 'canJoinMeeting',
  mediaPublishAudio: 'canPublishAudio',
  mediaPublishVideo: 'canPublishVideo',
  mediaShareScreen: 'canShareScreen',
  chatRead: 'canReadChat',
  chatWrite: 'canWriteChat',
  roomShareAccessLinks: 'canShareAccessLinks',
  participantPromote: 'canMakeModerator',
  participantKick: 'canKickParticipants',
  meetingEnd: 'canEndMeeting',
  recordingControl: 'canRecord',
  recordingList: 'canRetrieveRecordings',
  recordingPlay: 'canRetrieveRecordings',
  recordingDownload: 'canRetrieveRecordings',
  recordingDelete: 'canDeleteRecordings',
};

export const permissionAliases: readonly string[] = Object.keys(newerNames);

export type PermissionProblemCode = 'permission_unknown' | 'alias_contradiction';

/** Overrides as they are given, under old names, newer names or both, where they say the same (else `alias_contradiction`). */
export function parseOverrides(given: Readonly<Record<string, boolean>>, field: string): Result<PermissionOverrides, readonly Problem<PermissionProblemCode>[]> {
  const problems: Problem<PermissionProblemCode>[] = [];
  const overrides = new Map<Permission, boolean>();
  for (const [name, granted] of Object.entries(given)) {
    const permission = allPermissions.find((known) => known === name) ?? (Object.hasOwn(newerNames, name) ? newerNames[name] : undefined);
    if (permission === undefined) {
      problems.push({ code: 'permission_unknown', message: `there is no permission ${JSON.stringify(name)}`, advice: `choose from: ${allPermissions.join(', ')}`, field: `${field}.${name}` });
    } else if ((overrides.get(permission) ?? granted) !== granted) {
      problems.push({ code: 'alias_contradiction', message: `${name} contradicts another name of ${permission}`, advice: 'give one of them, or the same value', field: `${field}.${name}` });
    } else {
      overrides.set(permission, granted);
    }
  }
  return problems.length === 0 ? ok(Object.fromEntries(overrides)) : err(problems);
}
