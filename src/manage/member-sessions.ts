import { effectivePermissions } from '../domain/member.ts';
import { setOfRole, type RoomRole } from '../domain/permissions.ts';
import type { Room } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { LinkGrant, RoomStore } from '../ports/rooms.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { TokenStore } from '../ports/tokens.ts';
import { permissionTable, type PermissionTable } from './member-view.ts';

export interface MemberSessionsOptions {
  readonly rooms: Pick<RoomStore, 'byToken'>;
  readonly tokens: Pick<TokenStore, 'add'>;
  readonly secrets: Secrets;
  /** Milliseconds. */
  readonly lifetimeMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** `accessToken`: in clear, this once. */
export interface MemberSession {
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly room: { readonly id: string; readonly name: string };
  /** Absent for an anonymous link. */
  readonly member?: { readonly memberId: string; readonly name: string };
  readonly role: RoomRole;
  readonly permissions: PermissionTable;
}

const invalid: Problem = { code: 'link_invalid', message: 'this link is unknown, disabled or revoked', advice: 'ask who invited you for another one' };
const longestUserAgent = 256;

/** Who comes by a link, with the permissions it gives and no others. */
export class MemberSessions {
  readonly #options: MemberSessionsOptions;

  constructor(options: MemberSessionsOptions) {
    this.#options = options;
  }

  async open(token: string, client: { readonly from: string; readonly userAgent: string }): Promise<Result<MemberSession, Problem>> {
    const { rooms, tokens, secrets, lifetimeMs, now } = this.#options;
    const found = await rooms.byToken(token);
    if (!found.ok) return found;
    const granted = found.value === undefined ? undefined : grantedBy(found.value.room, found.value.grant);
    if (found.value === undefined || granted === undefined) return err(invalid);
    const { room, grant } = found.value;
    const createdAt = now();
    const access = secrets.token();
    const kept = await tokens.add([
      {
        hash: secrets.hash(access),
        use: 'access',
        subject: grant.kind === 'member' ? { kind: 'member', room: room.id, member: grant.id } : { kind: 'link', room: room.id, role: grant.role },
        family: secrets.token(),
        createdAt,
        expiresAt: createdAt + lifetimeMs,
        from: client.from,
        userAgent: client.userAgent.slice(0, longestUserAgent),
      },
    ]);
    return kept.ok ? ok({ accessToken: access, expiresAt: createdAt + lifetimeMs, room: { id: room.id, name: room.name }, ...granted }) : kept;
  }
}

/** Undefined: the way is disabled (OV-05), or the member has to sign in (OV-39). */
function grantedBy(room: Room, grant: LinkGrant): Pick<MemberSession, 'member' | 'role' | 'permissions'> | undefined {
  if (grant.kind === 'anonymous') {
    const { role } = grant;
    return room.anonymous[role].enabled ? { role, permissions: permissionTable(setOfRole(role, room.rolePermissions)) } : undefined;
  }
  const member = room.members.find(({ id }) => id === grant.id);
  if (member?.kind !== 'external') return undefined;
  return { member: { memberId: member.id, name: member.name }, role: member.role, permissions: permissionTable(effectivePermissions(member, room)) };
}
