import { effectivePermissions, type Member } from '../domain/member.ts';
import { allPermissions, type Permission, type PermissionOverrides } from '../domain/permissions.ts';
import type { Room } from '../domain/room.ts';
import { linkView, roomUrl, sipUriOf, type LinkView, type Places } from './addresses.ts';

export type PermissionTable = Readonly<Record<Permission, boolean>>;

/** A member as OpenVidu Meet shows it (OV-44). */
export interface MemberView extends Partial<LinkView> {
  readonly memberId: string;
  readonly kind: Member['kind'];
  readonly name: string;
  readonly baseRole: Member['role'];
  readonly customPermissions: PermissionOverrides;
  readonly effectivePermissions: PermissionTable;
  readonly hasPin: boolean;
  /** In clear, where who asks may see it. */
  readonly pin?: string;
}

/** What only who manages the room is told. `token`: of its link; `pin`: in clear. */
export interface MemberSecrets {
  readonly token: string | undefined;
  readonly pin: string | undefined;
}

export const permissionTable = (set: ReadonlySet<Permission>): PermissionTable => Object.fromEntries(allPermissions.map((name) => [name, set.has(name)])) as PermissionTable;

export function memberView(room: Pick<Room, 'id' | 'aliases' | 'rolePermissions'>, member: Member, places: Places, secrets: MemberSecrets | undefined): MemberView {
  return {
    memberId: member.id,
    kind: member.kind,
    name: member.name,
    baseRole: member.role,
    customPermissions: member.overrides,
    effectivePermissions: permissionTable(effectivePermissions(member, room)),
    ...linkOf(room, member, places, secrets),
    hasPin: member.pin !== undefined,
    ...(secrets?.pin === undefined ? {} : { pin: secrets.pin }),
  };
}

/** OV-08, OV-38: all internal members have the room's address and prove who they are; each external one has a link of its own. */
function linkOf(room: Pick<Room, 'id' | 'aliases'>, { kind }: Member, places: Places, secrets: MemberSecrets | undefined): Partial<LinkView> {
  if (kind === 'internal') {
    const sipUri = sipUriOf(places, room);
    return { accessUrl: roomUrl(places, room.id), ...(sipUri === undefined ? {} : { sipUri }) };
  }
  return secrets?.token === undefined ? {} : linkView(places, room, secrets.token);
}
