import { Type } from 'typebox';
import { err, type Result } from '../../lib/result.ts';
import type { Members } from '../../manage/members.ts';
import { answered, failure, type Failure } from '../errors.ts';
import { pageAnswer, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { route, type Answer, type Route } from '../route.ts';
import { effects, memberSchema, permissionOverrides } from './room-schemas.ts';

export interface MemberRoutesOptions {
  readonly members: Members;
  readonly pageSize: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const closed = { additionalProperties: false } as const;
const inRoom = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const named = Type.Object({ ...inRoom.properties, member: Type.String({ minLength: 1, maxLength: 64 }) });
const role = Type.Enum(['moderator', 'speaker'], { description: `What the permissions begin with (OV-42). ${effects.entries}` });
const pin = Type.Union([Type.String({ pattern: '^[0-9]{1,20}$' }), Type.Literal('generate'), Type.Null()], { description: `External members always have one; internal ones if it is asked for. ${effects.pins}` });
const name = (description: string) => Type.String({ minLength: 1, maxLength: 50, description });
const linkSchema = Type.Object({ accessUrl: Type.String(), sipUri: Type.Optional(Type.String()) });
const pinErrors = ['pin_not_digits', 'pin_too_short', 'pin_too_long', 'pins_equal', 'member_pin_needed'] as const;
const permissionErrors = ['permission_unknown', 'alias_contradiction'] as const;

export function memberRoutes({ members, pageSize, now }: MemberRoutesOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/members',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'List the members, in order of adding; links and PINs are shown one by one (OV-45)',
      params: inRoom,
      query: Type.Object(pageQuery(pageSize), closed),
      answers: { 200: pageSchema(memberSchema) },
      errors: ['cursor_invalid'],
      handle: async ({ room, query }) => {
        const page = await members.list(room, pageOf(query, pageSize));
        return page.ok ? pageAnswer(page.value, query.fields, memberSchema) : answered(page, () => ({ status: 200 }));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/rooms/:id/members',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Add a member: a user, or somebody with a name (OV-36, OV-41)',
      params: inRoom,
      body: Type.Object(
        {
          userId: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'of an internal member' })),
          name: Type.Optional(name('of an external member')),
          baseRole: role,
          customPermissions: Type.Optional(permissionOverrides),
          pin: Type.Optional(pin),
        },
        closed,
      ),
      answers: { 201: memberSchema },
      errors: ['member_internal_or_external', 'member_name_invalid', 'member_exists', 'members_too_many', 'user_unknown', ...permissionErrors, ...pinErrors],
      idempotent: true,
      handle: async ({ actor, room, body, from }) =>
        answered(await members.add({ actor, from, at: now() }, room.id, body), (member) => ({ status: 201, body: member, headers: { location: `/api/v1/rooms/${room.id}/members/${encodeURIComponent(member.memberId)}` } })),
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/rooms/:id/members',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Remove several members; their calls end at once (OV-46)',
      params: inRoom,
      query: Type.Object({ ids: Type.String({ minLength: 1, maxLength: 8_192, description: 'separated by commas' }) }, closed),
      answers: { 200: Type.Object({ removed: Type.Array(Type.String()), unknown: Type.Array(Type.String()) }) },
      handle: async ({ actor, room, query, from }) => {
        const ids = [...new Set(query.ids.split(',').map((id) => id.trim()).filter((id) => id !== ''))];
        return answered(await members.remove({ actor, from, at: now() }, room.id, ids), (removed) => ({ status: 200, body: { removed, unknown: ids.filter((id) => !removed.includes(id)) } }));
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/members/:member',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'A member, with its access URL and permissions (OV-44)',
      params: named,
      answers: { 200: memberSchema },
      errors: ['member_unknown'],
      handle: async ({ actor, room, params }) => answered(await members.get(actor, room, params.member), (member) => ({ status: 200, body: member })),
    }),
    route({
      method: 'PATCH',
      url: '/api/v1/rooms/:id/members/:member',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Change a member; who is inside keeps what he came in with',
      params: named,
      body: Type.Object(
        { name: Type.Optional(name(effects.entries)), baseRole: Type.Optional(role), customPermissions: Type.Optional(permissionOverrides), pin: Type.Optional(pin) },
        { ...closed, minProperties: 1 },
      ),
      answers: { 200: memberSchema },
      errors: ['member_unknown', 'member_name_invalid', ...permissionErrors, ...pinErrors],
      handle: async ({ actor, room, params, body, from }) => answered(await members.change({ actor, from, at: now() }, room.id, params.member, body), (member) => ({ status: 200, body: member })),
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/rooms/:id/members/:member',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Remove a member; its calls end at once (OV-46)',
      params: named,
      answers: { 204: null },
      errors: ['member_unknown'],
      handle: async ({ actor, room, params, from }): Promise<Result<Answer, Failure>> => {
        const removed = await members.remove({ actor, from, at: now() }, room.id, [params.member]);
        if (removed.ok && removed.value.length === 0) return err(failure({ code: 'member_unknown', message: 'the room has no such member', advice: 'list the members of the room' }));
        return answered(removed, () => ({ status: 204 }));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/rooms/:id/members/:member/renew',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Give an external member another link; the old one is worth nothing',
      params: named,
      answers: { 200: linkSchema },
      errors: ['member_unknown', 'member_internal'],
      handle: async ({ actor, room, params, from }) => answered(await members.renewLink({ actor, from, at: now() }, room, params.member), (link) => ({ status: 200, body: link })),
    }),
  ];
}
