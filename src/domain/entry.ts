import { effectivePermissions } from './member.ts';
import { permissionsOf, setOfRole, union, type PermissionSet } from './permissions.ts';
import type { AdmissionRule, EntryRole, HostBy, RoomRules } from './policy.ts';

/** What the rule that let somebody in makes of him: how he is host, and what he may do (policy.md section 3). */

/** The rules whose hosts are not host by PIN. Without a host PIN a member or the bearer of a link is host as all are, and keeps its own permissions (section 1). */
const hostByRule: Readonly<Partial<Record<AdmissionRule, HostBy>>> = {
  no_pins: 'no_pins',
  owner: 'identity',
  administrator: 'identity',
  dialled_owner: 'identity',
  dialled_with_role: 'dialled',
  dialled_no_host_pin: 'dialled',
  member_identity: 'member',
  member_credential: 'member',
  member_pin: 'member',
  moderator_link: 'link',
  speaker_link: 'no_pins',
};

export const hostByOf = (rule: AdmissionRule, role: EntryRole): HostBy | undefined => (role === 'guest' ? undefined : (hostByRule[rule] ?? 'pin'));

/** Those whom the conference called. */
export const isDialled = (rule: AdmissionRule): boolean => rule === 'dialled_with_role' || rule === 'dialled_no_host_pin' || rule === 'dialled_owner' || rule === 'dialled_guest';

export function permissionsByRule(rule: AdmissionRule, role: EntryRole, member: string | undefined, room: RoomRules): PermissionSet {
  const membership = room.members.find(({ id }) => id === member);
  const own = membership !== undefined ? effectivePermissions(membership, room) : rule === 'speaker_link' ? setOfRole('speaker', room.rolePermissions) : undefined;
  if (own === undefined) return permissionsOf(role, hostByOf(rule, role), room);
  // PXD-22: without a host PIN there is nobody else to do it.
  return room.hasHostPin ? own : union(own, ['canAdmit']);
}
