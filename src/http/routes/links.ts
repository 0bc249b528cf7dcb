import { Type } from 'typebox';
import { err, ok } from '../../lib/result.ts';
import { timeText } from '../../manage/audit.ts';
import type { Links } from '../../manage/links.ts';
import type { MemberSessions } from '../../manage/member-sessions.ts';
import { answered, failure, notSignedIn } from '../errors.ts';
import { route, type Route } from '../route.ts';
import { sourceOf } from '../source.ts';
import { permissionsSchema } from './room-schemas.ts';

export interface LinkRoutesOptions {
  readonly links: Links;
  readonly memberSessions: MemberSessions;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const closed = { additionalProperties: false } as const;
const inRoom = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const role = Type.Enum(['moderator', 'speaker']);
const linkSchema = Type.Object({ enabled: Type.Boolean(), accessUrl: Type.String(), sipUri: Type.Optional(Type.String({ description: 'lets in without a PIN' })) });
const longestToken = 128;

export function linkRoutes({ links, memberSessions, now }: LinkRoutesOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/links',
      needs: { room: 'full', permission: 'canShareAccessLinks' },
      area: 'rooms',
      summary: 'The anonymous links; who shares from inside gets the speakers’ one (OV-09 to OV-11)',
      params: inRoom,
      answers: { 200: Type.Object({ anonymous: Type.Object({ moderator: Type.Optional(linkSchema), speaker: linkSchema }) }) },
      handle: async ({ actor, room }) => answered(await links.show(actor, room), (shown) => ({ status: 200, body: shown })),
    }),
    route({
      method: 'POST',
      url: '/api/v1/rooms/:id/links/:role/renew',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Make another link for a role; the old one is worth nothing. Enable and disable them by `anonymous` of the room',
      params: Type.Object({ ...inRoom.properties, role }),
      answers: { 200: linkSchema },
      handle: async ({ actor, room, params, from }) => answered(await links.renew({ actor, from, at: now() }, room, params.role), (link) => ({ status: 200, body: link })),
    }),
    route({
      method: 'POST',
      url: '/api/v1/member-session',
      needs: 'public',
      area: 'auth',
      summary: 'Exchange the token of a link for an access token with the permissions of the link (OV-35)',
      body: Type.Object({ token: Type.String({ minLength: 1, maxLength: longestToken }) }, closed),
      answers: {
        200: Type.Object({
          accessToken: Type.String({ description: 'for `Authorization: Bearer`' }),
          expiresAt: Type.String({ format: 'date-time' }),
          room: Type.Object({ id: Type.String(), name: Type.String() }),
          member: Type.Optional(Type.Object({ memberId: Type.String(), name: Type.String() })),
          role,
          permissions: permissionsSchema,
        }),
      },
      errors: ['link_invalid'],
      handle: async ({ body, from, header }) => {
        const session = await memberSessions.open(body.token, { from: sourceOf(from), userAgent: header('user-agent') ?? '' });
        if (!session.ok) return err(session.error.code === 'link_invalid' ? notSignedIn(session.error) : failure(session.error));
        return ok({ status: 200, body: { ...session.value, expiresAt: timeText(session.value.expiresAt) } });
      },
    }),
  ];
}
