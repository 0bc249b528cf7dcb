import type { RoomId } from '../domain/room.ts';
import type { PermissionSet } from '../domain/permissions.ts';
import type { Privilege } from '../domain/privilege.ts';

/** Who asks for something. Every use case and every entry of the audit log has one. */
export type Actor =
  | { readonly kind: 'user'; readonly name: string; readonly privilege: Privilege }
  /** Acts as an administrator within its scopes. */
  | { readonly kind: 'apiKey'; readonly id: string; readonly name: string; readonly scopes: readonly Scope[] }
  /** Somebody a link let in: a member's permissions in that room, or those of the link's role (`member` is `moderator` or `speaker`), nothing elsewhere. */
  | { readonly kind: 'member'; readonly room: RoomId; readonly member: string; readonly permissions: PermissionSet }
  /** The command line on this machine: an administrator. */
  | { readonly kind: 'local' };

/** What a request is about: the tag of its route, and what scopes of API keys are made of. */
export const areas = ['auth', 'apiKeys', 'users', 'rooms', 'live', 'recordings', 'policy', 'events', 'records', 'system'] as const;
export type Area = (typeof areas)[number];

/** Those a key can be made for: a key neither signs in nor makes keys. */
export type ScopedArea = Exclude<Area, 'auth' | 'apiKeys'>;
/** `write` includes `read`. */
export type Scope = `${ScopedArea}:${'read' | 'write'}`;

export const scopes: readonly Scope[] = areas.filter((area) => area !== 'auth' && area !== 'apiKeys').flatMap((area): Scope[] => [`${area}:read`, `${area}:write`]);

/** As told to people and in the audit log: `user:alice`, `apiKey:backup`, `member:<room>/ext-...`, `local`. */
export function actorText(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return `user:${actor.name}`;
    case 'apiKey':
      return `apiKey:${actor.name}`;
    case 'member':
      return `member:${actor.room}/${actor.member}`;
    case 'local':
      return 'local';
  }
}

/** Whether this actor does what an administrator does, a key in its scopes. */
export const administers = (actor: Actor): boolean => privilegeOf(actor) === 'administrator';

/** `room_member`: what a membership gives is judged room by room. */
export function privilegeOf(actor: Actor): Privilege {
  switch (actor.kind) {
    case 'user':
      return actor.privilege;
    case 'apiKey':
    case 'local':
      return 'administrator';
    case 'member':
      return 'room_member';
  }
}
