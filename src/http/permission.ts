import { effectivePermissions } from '../domain/member.ts';
import { allPrivileges, controlLevel, ownership, reaches, visibility, type Privilege } from '../domain/privilege.ts';
import type { Room } from '../domain/room.ts';
import { unreachable } from '../lib/result.ts';
import { administers, privilegeOf, type Actor, type Area, type Scope } from '../manage/actor.ts';
import type { Need } from './route.ts';

/** `unknown`: the actor may not even learn that it is there. */
export type Verdict = 'allowed' | 'sign_in' | 'not_permitted' | 'unknown';

export interface Asked {
  readonly needs: Need;
  readonly area: Area;
  readonly access: 'read' | 'write';
  /** The user named in the URL, where the route names one. */
  readonly named: string | undefined;
  /** The room named in the URL, where there is one. */
  readonly room: Room | undefined;
}

/** The one check before every route (policy.md section 4). */
export function judge(actor: Actor | undefined, asked: Asked): Verdict {
  const { needs } = asked;
  if (needs === 'public') return 'allowed';
  if (actor === undefined) return 'sign_in';
  if (actor.kind === 'apiKey' && !inScope(actor.scopes, asked)) return 'not_permitted';
  if (needs === 'actor') return 'allowed';
  if (needs === 'account') return actor.kind === 'user' ? 'allowed' : 'not_permitted';
  if (needs === 'self') return administers(actor) || (actor.kind === 'user' && actor.name === asked.named) ? 'allowed' : 'not_permitted';
  if ('privilege' in needs) return atLeast(privilegeOf(actor), needs.privilege) ? 'allowed' : 'not_permitted';
  return judgeRoom(actor, needs, asked.room);
}

/** What an administrator may do is in no scope: neither signing in nor keys. */
function inScope(scopes: readonly Scope[], { area, access }: Asked): boolean {
  if (area === 'auth') return access === 'read';
  if (area === 'apiKeys') return false;
  return scopes.includes(`${area}:write`) || (access === 'read' && scopes.includes(`${area}:read`));
}

function judgeRoom(actor: Actor, needs: Extract<Need, { readonly room: string }>, room: Room | undefined): Verdict {
  if (room === undefined) return 'unknown';
  switch (actor.kind) {
    case 'local':
    case 'apiKey':
      return 'allowed';
    case 'member':
      if (actor.room !== room.id) return 'unknown';
      return needs.permission !== undefined && actor.permissions.has(needs.permission) ? 'allowed' : 'not_permitted';
    case 'user': {
      const whose = ownership(actor.name, room.owner);
      const level = controlLevel(actor.privilege, whose);
      const member = room.members.find(({ kind, id }) => kind === 'internal' && id === actor.name);
      const seen = visibility(actor.privilege, whose);
      if (needs.room === 'seen' ? seen !== 'none' : reaches(level, needs.room)) return 'allowed';
      // OV-44: what membership gives counts wherever the privilege does not reach.
      if (member !== undefined && needs.permission !== undefined && effectivePermissions(member, room).has(needs.permission)) return 'allowed';
      return seen === 'none' && member === undefined ? 'unknown' : 'not_permitted';
    }
    default:
      return unreachable(actor);
  }
}

const atLeast = (has: Privilege, needs: Privilege): boolean => allPrivileges.indexOf(has) <= allPrivileges.indexOf(needs);
