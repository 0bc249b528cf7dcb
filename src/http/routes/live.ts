import { Type } from 'typebox';
import { allPermissions } from '../../domain/permissions.ts';
import { ok } from '../../lib/result.ts';
import type { Conferences } from '../../manage/conferences.ts';
import { answered } from '../errors.ts';
import { route, type Route } from '../route.ts';

const time = Type.String({ format: 'date-time' });
export const roomParams = Type.Object({ id: Type.String({ maxLength: 128 }) });
export const participantParams = Type.Object({ id: Type.String({ maxLength: 128 }), call: Type.String({ maxLength: 256 }) });
const timerSchema = Type.Object({ name: Type.String(), participant: Type.Optional(Type.String({ description: 'call it is about; absent: the conference' })), dueInSeconds: Type.Integer(), dueAt: time });
const optionalText = Type.Optional(Type.String());
const optionalCount = Type.Optional(Type.Number());

const conferenceSchema = Type.Object({
  room: Type.String(),
  conference: Type.Optional(Type.String({ description: 'id of its record, once somebody is in it' })),
  state: Type.Enum(['idle', 'closed', 'open'], { description: '`idle`: nobody is there' }),
  lock: Type.Enum(['locked', 'unlocked']),
  guestsMuted: Type.Boolean(),
  recording: Type.Enum(['off', 'on', 'paused']),
  participantCount: Type.Integer(),
  waitingCount: Type.Integer({ description: 'in the lobby' }),
});

export const participantSchema = Type.Object({
  call: Type.String(),
  name: Type.String(),
  role: Type.Enum(['moderator', 'speaker']),
  hostBy: Type.Optional(Type.String({ description: 'how a moderator came to be one' })),
  promoted: Type.Boolean({ description: 'can be demoted (OVD-09)' }),
  rule: Type.String({ description: 'the admission rule that let him in' }),
  member: optionalText,
  permissions: Type.Array(Type.Enum([...allPermissions])),
  place: Type.Enum(['lobby', 'joining', 'conference']),
  waitsFor: Type.Optional(Type.Enum(['start', 'host', 'unlock'])),
  since: time,
  muted: Type.Object({ self: Type.Boolean(), host: Type.Boolean(), policy: Type.Boolean() }, { description: 'causes; he is heard when there is none (N-12)' }),
  handRaised: Type.Boolean(),
  gain: Type.Number({ description: 'decibels' }),
  deaf: Type.Boolean(),
  important: Type.Boolean(),
  protocol: Type.Enum(['sip', 'h323']),
  direction: Type.Enum(['in', 'out']),
  alias: Type.String({ description: 'what was dialled' }),
  held: Type.Boolean(),
});

const detailsSchema = Type.Object({
  uri: Type.String(),
  userAgent: optionalText,
  source: Type.Object({ address: Type.String(), port: Type.Integer(), transport: Type.String() }),
  protocolId: Type.String({ description: 'Call-ID, or its likeness in H.323' }),
  codec: optionalText,
  encrypted: Type.Boolean(),
  dtmf: Type.Array(Type.Enum(['rtp', 'inband', 'info', 'h245']), { description: 'how its keys have come so far' }),
});

const statisticsSchema = Type.Object(
  {
    packetsReceived: Type.Integer(),
    packetsLost: optionalCount,
    packetsSent: optionalCount,
    bytesReceived: optionalCount,
    bytesSent: optionalCount,
    jitterMs: optionalCount,
    roundTripMs: optionalCount,
  },
  { description: 'counts since the call began; absent is what the media server does not say' },
);

/** CO-19, CO-20: limited control sees who is there; of those inside, who may mute others. */
const limited = { room: 'limited', permission: 'canMuteOthers' } as const;

/** What goes on in a room. Commands: `live-commands.ts`. */
export function liveRoutes({ conferences }: { readonly conferences: Conferences }): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/conference',
      needs: { room: 'seen', permission: 'canJoinMeeting' },
      area: 'live',
      summary: 'What state the conference of the room is in, and how many are there',
      params: roomParams,
      answers: { 200: conferenceSchema },
      handle: ({ actor, room }) => Promise.resolve(answered(conferences.conference(actor, room), (body) => ({ status: 200, body }))),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/participants',
      needs: limited,
      area: 'live',
      summary: 'Who is in the conference and its lobby, in order of arrival (CO-19, CO-20)',
      params: roomParams,
      answers: { 200: Type.Object({ items: Type.Array(participantSchema) }) },
      handle: ({ room }) => Promise.resolve(ok({ status: 200, body: { items: conferences.participants(room) } })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/participants/:call',
      needs: limited,
      area: 'live',
      summary: 'A participant',
      params: participantParams,
      answers: { 200: participantSchema },
      errors: ['target_unknown'],
      handle: ({ room, params }) => Promise.resolve(answered(conferences.participant(room, params.call), (body) => ({ status: 200, body }))),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/participants/:call/endpoint',
      needs: { room: 'limited' },
      area: 'live',
      summary: 'What is known of the far end (CO-38)',
      params: participantParams,
      answers: { 200: detailsSchema },
      errors: ['target_unknown'],
      handle: ({ room, params }) => Promise.resolve(answered(conferences.details(room, params.call), (body) => ({ status: 200, body }))),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/participants/:call/statistics',
      needs: { room: 'limited' },
      area: 'live',
      summary: 'Media sent and received so far (CO-37)',
      params: participantParams,
      answers: { 200: statisticsSchema },
      errors: ['target_unknown'],
      handle: async ({ room, params }) => answered(await conferences.statistics(room, params.call), (body) => ({ status: 200, body })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/timers',
      needs: { room: 'limited' },
      area: 'live',
      summary: 'What will happen in the room and when, the next first',
      params: roomParams,
      answers: { 200: Type.Object({ items: Type.Array(timerSchema) }) },
      handle: ({ room }) => Promise.resolve(ok({ status: 200, body: { items: conferences.timers(room) } })),
    }),
  ];
}
