import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { setOfRole, withOverrides, type PermissionOverrides, type PermissionSet, type RolePermissions, type RoomRole } from './permissions.ts';
import type { StoredPin } from './pin-format.ts';
import type { EntryRole } from './policy.ts';

/** Somebody who belongs to a room (OV-06 to OV-08, OV-41). */
export interface Member {
  /** The name of the user, or `ext-` and 8 characters. */
  readonly id: string;
  readonly kind: 'internal' | 'external';
  readonly name: string;
  readonly role: RoomRole;
  readonly overrides: PermissionOverrides;
  /** External members always have one, internal ones if asked for. */
  readonly pin?: StoredPin;
}

export const mostMembers = 1_000;
const longestName = 50;

export const entryRoleOf = (role: RoomRole): EntryRole => (role === 'moderator' ? 'host' : 'guest');
export const roomRoleOf = (role: EntryRole): RoomRole => (role === 'host' ? 'moderator' : 'speaker');

/** OV-43, OV-44: the role's set in this room, then the member's own grants and denials. */
export const effectivePermissions = (member: Pick<Member, 'role' | 'overrides'>, room: { readonly rolePermissions: RolePermissions }): PermissionSet =>
  withOverrides(setOfRole(member.role, room.rolePermissions), member.overrides);

export type MemberProblemCode = 'member_name_invalid' | 'member_exists' | 'members_too_many';

export function validateMember(member: Member, others: readonly Pick<Member, 'id'>[]): Result<Member, readonly Problem<MemberProblemCode>[]> {
  const problems: Problem<MemberProblemCode>[] = [];
  const name = member.name.trim();
  if (name === '' || name.length > longestName || /\p{Cc}/u.test(name)) {
    problems.push({ code: 'member_name_invalid', message: 'the name of the member is empty, too long or more than one line', advice: `give 1 to ${longestName} characters`, field: 'name' });
  }
  if (others.some(({ id }) => id === member.id)) problems.push({ code: 'member_exists', message: 'this user is a member of the room already', advice: 'change the membership there is', field: 'id' });
  if (others.length >= mostMembers) problems.push({ code: 'members_too_many', message: `the room has ${mostMembers} members`, advice: 'remove some, or give a link to several people' });
  return problems.length === 0 ? ok({ ...member, name }) : err(problems);
}

const idAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const idLength = 8;

/** The store sees to it that it is not taken. */
export const generateMemberId = (randomBelow: (below: number) => number): string => `ext-${Array.from({ length: idLength }, () => idAlphabet.charAt(randomBelow(idAlphabet.length))).join('')}`;
