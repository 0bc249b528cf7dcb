import { Type } from 'typebox';
import { invitationFormats, type InvitationFormat, type Invitations } from '../../manage/invitations.ts';
import { answered } from '../errors.ts';
import { route, type Route } from '../route.ts';

export interface InvitationRoutesOptions {
  readonly invitations: Invitations;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const types: Readonly<Record<InvitationFormat, string>> = { text: 'text/plain; charset=utf-8', html: 'text/html; charset=utf-8', ics: 'text/calendar; charset=utf-8; method=PUBLISH' };

export function invitationRoutes({ invitations, now }: InvitationRoutesOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/invitation',
      needs: { room: 'full', permission: 'canShareAccessLinks' },
      area: 'rooms',
      summary: 'An invitation for a role or a member, with link, SIP address, dial string and a PIN no higher than the recipient’s (PX-22)',
      params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }),
      query: Type.Object(
        {
          for: Type.Optional(Type.String({ minLength: 1, maxLength: 64, default: 'speaker', description: '`moderator`, `speaker`, or the id of a member' })),
          format: Type.Optional(Type.Enum([...invitationFormats], { default: 'text', description: '`ics`: iCalendar, of scheduled rooms' })),
        },
        { additionalProperties: false },
      ),
      answers: { 200: Type.String() },
      errors: ['member_unknown', 'link_disabled', 'not_scheduled'],
      handle: async ({ actor, room, query }) => {
        const format = query.format ?? 'text';
        return answered(await invitations.make(actor, room, query.for ?? 'speaker', format, now()), (body) => ({
          status: 200,
          body,
          type: types[format],
          // The text is made for mail; as a page of ours it runs nothing.
          headers: { 'content-security-policy': "default-src 'none'", ...(format === 'ics' ? { 'content-disposition': 'attachment; filename="invitation.ics"' } : {}) },
        }));
      },
    }),
  ];
}
