import { Type, type Static, type TObject } from 'typebox';
import type { ControlCommand, ControlType } from '../../domain/commands.ts';
import { needOf } from '../../domain/control.ts';
import type { Control } from '../../manage/control.ts';
import type { CommandOutcome } from '../../ports/live.ts';
import { answered } from '../errors.ts';
import { route, type Answer, type Need, type Route } from '../route.ts';
import { participantParams, roomParams } from './live.ts';

export interface LiveCommandRoutesOptions {
  readonly control: Control;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What the table of needs is asked by: announcements and messages need more to all than to one. */
type Asked = Parameters<typeof needOf>[0];
type Simple = { readonly type: Exclude<ControlType, 'announce' | 'message'> };
const one = { call: '' } as const;

interface Command<Params extends TObject, Body extends TObject> {
  /** After `/rooms/:id/`. */
  readonly path: string;
  readonly asked: Asked;
  readonly summary: string;
  readonly params: Params;
  readonly body: Body;
  readonly make: (params: Static<Params>, body: Static<Body>) => ControlCommand;
  readonly errors?: readonly string[];
}

const nothing = Type.Object({}, { additionalProperties: false });
const textSchema = Type.String({ minLength: 1, maxLength: 1_000 });
const announcement = Type.Object(
  { text: Type.Optional(textSchema), file: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$', description: 'relative to the folder of announcements' })) },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 },
);
const message = Type.Object({ text: textSchema }, { additionalProperties: false });
const target = Type.Object(
  {
    uri: Type.String({ minLength: 1, maxLength: 256 }),
    name: Type.Optional(Type.String({ maxLength: 128 })),
    role: Type.Enum(['moderator', 'speaker']),
    dtmf: Type.Optional(Type.String({ maxLength: 64, pattern: '^[0-9A-D*#,]+$', description: 'keyed after the answer; `,` waits for 2 s' })),
    keepAlive: Type.Optional(Type.Enum(['always', 'ifMultiple', 'never'], { default: 'always' })),
    redial: Type.Optional(Type.Enum(['none', 'ladder'], { default: 'none' })),
  },
  { additionalProperties: false },
);
const seconds = Type.Object({ seconds: Type.Integer({ minimum: 60, maximum: 86_400 }) }, { additionalProperties: false });
const layout = Type.Object({ layout: Type.String({ minLength: 1, maxLength: 64 }) }, { additionalProperties: false });

type RoomWide = 'lock' | 'unlock' | 'muteGuests' | 'unmuteGuests' | 'muteAll' | 'unmuteAll' | 'endForAll' | 'recordStart' | 'recordStop' | 'recordPause' | 'recordResume';

/** Of the whole room, and without anything to say beyond that. */
const roomCommand = (path: string, type: RoomWide, summary: string) =>
  command({ path: `conference/${path}`, asked: { type }, summary, params: roomParams, body: nothing, make: () => ({ type }) });

/** To one participant, likewise. */
const personCommand = (path: string, type: 'mute' | 'unmute' | 'kick' | 'admit' | 'refuse' | 'promote' | 'demote' | 'transferHost' | 'lowerHand' | 'thumbnail', summary: string) =>
  toOne(path, { type }, summary, nothing, (call) => ({ type, target: call }));

const toRoom = <Body extends TObject>(path: string, asked: Asked, summary: string, body: Body, make: (body: Static<Body>) => ControlCommand) =>
  command({ path: `conference/${path}`, asked, summary, params: roomParams, body, make: (_params, given) => make(given) });

const toOne = <Body extends TObject>(path: string, asked: Asked, summary: string, body: Body, make: (call: string, body: Static<Body>) => ControlCommand) =>
  command({ path: `participants/:call/${path}`, asked, summary, params: participantParams, body, make: ({ call }, given) => make(call, given), errors: ['target_unknown', 'target_elsewhere'] });

type Made = (options: LiveCommandRoutesOptions) => Route;

/** The level and the permission a route needs are those of `domain/control.ts`: one table for REST and keypad. */
function command<Params extends TObject, Body extends TObject>({ path, asked, summary, params, body, make, errors }: Command<Params, Body>): Made {
  return ({ control, now }) =>
    route({
      method: 'POST',
      url: `/api/v1/rooms/:id/${path}`,
      needs: roomNeed(asked),
      area: 'live',
      summary,
      params,
      body,
      answers: { 200: Type.Object({ call: Type.Optional(Type.String()), recording: Type.Optional(Type.String()) }), 204: null },
      errors: [...(errors ?? []), 'not_now', 'value_invalid', 'command_failed', ...(ofVideo.has(asked.type) ? ['no_video', 'encryption_required'] : [])],
      handle: async ({ actor, room, from, params: given, body: said }) => answered(await control.command({ actor, from, at: now() }, room, make(given, said)), shown),
    });
}

const ofVideo: ReadonlySet<ControlType> = new Set(['layout', 'participantLayout', 'allowLayoutControl', 'aspect', 'camera', 'thumbnail']);

function roomNeed(asked: Asked): Extract<Need, { readonly room: string }> {
  const { level, permission } = needOf(asked);
  return { room: level === 'keypad' ? 'full' : level, ...(permission === 'anyone' ? {} : { permission }) };
}

function shown(outcome: CommandOutcome): Answer {
  switch (outcome.kind) {
    case 'done':
      return { status: 204 };
    case 'dialling':
      return { status: 200, body: { call: outcome.call } };
    case 'recording':
      return { status: 200, body: { recording: outcome.recording } };
  }
}

const simple = (type: Simple['type']): Simple => ({ type });

const commands: readonly Made[] = [
  roomCommand('lock', 'lock', 'Lock the conference: who comes waits until admitted (PXD-21)'),
  roomCommand('unlock', 'unlock', 'Unlock the conference; who waited for it goes in'),
  roomCommand('mute-guests', 'muteGuests', 'Mute all guests, those to come included'),
  roomCommand('unmute-guests', 'unmuteGuests', 'Unmute the guests'),
  roomCommand('mute-all', 'muteAll', 'Mute everybody'),
  roomCommand('unmute-all', 'unmuteAll', 'Unmute everybody the host muted'),
  roomCommand('end', 'endForAll', 'End the conference for all, its lobby included (CO-14)'),
  roomCommand('record/start', 'recordStart', 'Start a recording; answers its id'),
  roomCommand('record/stop', 'recordStop', 'End the recording'),
  roomCommand('record/pause', 'recordPause', 'Pause the recording'),
  roomCommand('record/resume', 'recordResume', 'Go on with the recording'),
  toRoom('extend', simple('extend'), 'Put the end off (CO-15)', seconds, (body) => ({ type: 'extend', seconds: body.seconds })),
  toRoom('dial', simple('dial'), 'Call somebody into the conference; answers the call (CO-13)', target, (body) => ({ type: 'dial', to: { keepAlive: 'always', redial: 'none', ...body } })),
  toRoom('announce', { type: 'announce', to: 'room' }, 'Say a text, or play a file, to all', announcement, (body) => ({ type: 'announce', to: 'room', ...body })),
  toRoom('message', { type: 'message', to: 'room' }, 'Send a text message to all (CO-16)', message, ({ text }) => ({ type: 'message', to: 'room', text })),
  toRoom('layout', simple('layout'), 'Layout of the conference (CO-17); there is no video yet', layout, (body) => ({ type: 'layout', layout: body.layout })),
  personCommand('mute', 'mute', 'Mute a participant (CO-26)'),
  personCommand('unmute', 'unmute', 'Take the mute of the host and of the room away (CO-26)'),
  personCommand('lower-hand', 'lowerHand', 'Lower his hand'),
  personCommand('kick', 'kick', 'Disconnect a participant (CO-12)'),
  personCommand('admit', 'admit', 'Let in who waits for the lock (PXD-21)'),
  personCommand('refuse', 'refuse', 'Send away who waits'),
  personCommand('promote', 'promote', 'Make a moderator'),
  personCommand('demote', 'demote', 'Take a promotion back (OVD-09)'),
  personCommand('transfer-host', 'transferHost', 'Make him the host in place of others'),
  personCommand('thumbnail', 'thumbnail', 'Picture of a participant (CO-21, never where encryption is required: CO-24); there is no video yet'),
  toOne('gain', simple('setGain'), 'How loud he is heard (CO-34)', Type.Object({ decibels: Type.Number({ minimum: -12, maximum: 12 }) }, { additionalProperties: false }), (call, { decibels }) => ({ type: 'setGain', target: call, decibels })),
  toOne('deaf', simple('setDeaf'), 'Whether he hears the conference', Type.Object({ deaf: Type.Boolean() }, { additionalProperties: false }), (call, { deaf }) => ({ type: 'setDeaf', target: call, deaf })),
  toOne('move', simple('move'), 'Move him to another room; a move that fails puts him back (N-19)', Type.Object({ room: Type.String({ minLength: 1, maxLength: 128 }) }, { additionalProperties: false }), (call, { room }) => ({ type: 'move', target: call, room })),
  toOne('rename', simple('rename'), 'Give him another name', Type.Object({ name: Type.String({ minLength: 1, maxLength: 50 }) }, { additionalProperties: false }), (call, { name }) => ({ type: 'rename', target: call, name })),
  toOne('important', simple('important'), 'The important participant: one of a conference at most (CO-27)', Type.Object({ on: Type.Boolean() }, { additionalProperties: false }), (call, { on }) => ({ type: 'important', target: call, on })),
  toOne('announce', { type: 'announce', to: one }, 'Say a text, or play a file, to him alone', announcement, (call, body) => ({ type: 'announce', to: { call }, ...body })),
  toOne('message', { type: 'message', to: one }, 'Send him a text message (CO-36)', message, (call, { text }) => ({ type: 'message', to: { call }, text })),
  toOne('layout', simple('participantLayout'), 'Layout he is sent (CO-29, CO-30); there is no video yet', layout, (call, body) => ({ type: 'participantLayout', target: call, layout: body.layout })),
  toOne('layout-control', simple('allowLayoutControl'), 'Whether he may change his layout (CO-28); there is no video yet', Type.Object({ allowed: Type.Boolean() }, { additionalProperties: false }), (call, { allowed }) => ({ type: 'allowLayoutControl', target: call, allowed })),
  toOne('aspect', simple('aspect'), 'Wide or standard pictures (CO-31); there is no video yet', Type.Object({ aspect: Type.Enum(['wide', 'standard']) }, { additionalProperties: false }), (call, { aspect }) => ({ type: 'aspect', target: call, aspect })),
  toOne('camera', simple('camera'), 'Move his camera (CO-32); there is no video yet', Type.Object({ move: Type.Enum(['left', 'right', 'up', 'down', 'in', 'out']) }, { additionalProperties: false }), (call, { move }) => ({ type: 'camera', target: call, move })),
];

/** What people do to a running conference: each answers when it took effect. */
export const liveCommandRoutes = (options: LiveCommandRoutesOptions): readonly Route[] => commands.map((made) => made(options));
