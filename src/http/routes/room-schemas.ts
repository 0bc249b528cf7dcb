import { Type } from 'typebox';
import { allPermissions, permissionAliases } from '../../domain/permissions.ts';
import { largestParticipantLimit } from '../../domain/room.ts';
import { ruleBounds, type RoomRuleName } from '../../domain/room-rules.ts';

const time = Type.String({ format: 'date-time' });
const flag = Type.Boolean();
const closed = { additionalProperties: false } as const;
const digits = Type.String({ pattern: '^[0-9]{1,20}$' });

/** When a change takes effect (PX-16, PXD-39), in the words of the schema. */
export const effects = {
  now: 'A change takes effect at once, for who is inside too.',
  entries: 'A change counts for who enters later; who is inside or waits keeps what he has.',
  calls: 'A change counts from the next call on.',
  timers: 'A change counts from the next time the rule begins; one that is turned off ends nobody.',
  pins: 'An entry is checked against the PINs in force when it is submitted; roles already given stay. Removing the host PIN lets in who waits for a host.',
  api: 'A change takes effect at once in the API; who is inside a conference keeps his role and permissions.',
} as const;

export const permissionOverrides = Type.Record(Type.String({ pattern: `^(${[...allPermissions, ...permissionAliases].join('|')})$` }), flag, { ...closed, description: 'permissions granted (true) or taken (false); the newer names of OpenVidu Meet are taken too' });

const overrides = (description: string) => Type.Partial(Type.Object({ moderator: permissionOverrides, speaker: permissionOverrides }), { ...closed, description });
const toggles = (description: string) => Type.Partial(Type.Object({ moderator: Type.Object({ enabled: flag }, closed), speaker: Type.Object({ enabled: flag }, closed) }), { ...closed, description });
const rolePermissionsOf = Type.Object({ permissions: permissionOverrides }, closed);

const rule = (name: RoomRuleName) => {
  const { least, most, off } = ruleBounds[name];
  return Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description: `seconds, ${off === true ? '0 for never, or ' : ''}${least} to ${most}; null: as configured` });
};

export const scheduleSchema = Type.Object(
  {
    start: Type.String({ maxLength: 32, description: 'local date and time of the first occurrence: 2026-12-01T10:00:00' }),
    timeZone: Type.String({ maxLength: 64, description: 'IANA name: Europe/Berlin' }),
    duration: Type.Optional(Type.Union([Type.Integer(), Type.Null()], { default: 3600, description: 'seconds, 60 to 604800; null: until somebody ends it' })),
    rrule: Type.Optional(Type.String({ maxLength: 256, description: 'RFC 5545 §3.3.10, without DTSTART: FREQ=WEEKLY;BYDAY=MO' })),
    earlyEntry: Type.Optional(Type.Integer({ default: 600, description: 'seconds before the start from which callers wait instead of being turned away, 0 to 86400' })),
  },
  closed,
);

const dialTarget = Type.Object(
  {
    uri: Type.String({ minLength: 1, maxLength: 256 }),
    name: Type.Optional(Type.String({ maxLength: 128 })),
    role: Type.Optional(Type.Enum(['moderator', 'speaker'], { default: 'speaker' })),
    dtmf: Type.Optional(Type.String({ maxLength: 64, description: 'keyed after the answer; `,` waits for 2 s' })),
    keepAlive: Type.Optional(Type.Enum(['always', 'ifMultiple', 'never'], { default: 'always' })),
    redial: Type.Optional(Type.Enum(['none', 'ladder'], { default: 'none' })),
  },
  closed,
);

const pin = (whose: string) => Type.Union([digits, Type.Literal('generate'), Type.Null()], { description: `PIN of ${whose}: digits, \`generate\`, or null for none` });
export const pinsSchema = Type.Object({ host: Type.Optional(pin('hosts; shown this once')), guest: Type.Optional(pin('guests; needs a host PIN (PX-20)')) }, { ...closed, description: effects.pins });

/** Every setting of a room. */
export const roomFields = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 50, description: `Default: the first alias. ${effects.now}` })),
  language: Type.Optional(Type.String({ maxLength: 8, description: `Of its prompts. What is said to the whole conference changes at once, what is said to a caller from the next call on.` })),
  muteGuestsOnJoin: Type.Optional(Type.Boolean({ description: effects.entries })),
  participantLimit: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: largestParticipantLimit }), Type.Null()], { description: `Most in the conference; null: no limit. ${effects.entries} (PXD-25)` })),
  mediaEncryption: Type.Optional(Type.Enum(['optional', 'required'], { description: effects.calls })),
  pinHostControls: Type.Optional(Type.Enum(['none', 'full'], { description: `What a host by PIN may do to others (PX-10). ${effects.entries}` })),
  anonymous: Type.Optional(toggles(`Whether PINs, links and \`#\` let in as that role (OV-05). ${effects.entries} Who signed in with such a link is signed out at once.`)),
  access: Type.Optional(Type.Object({ anonymous: Type.Optional(toggles('as `anonymous`')) }, { ...closed, description: 'newer name of OpenVidu Meet for `anonymous` (OVD-06)' })),
  owner: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Null()], { description: `Name of a user who may create rooms, or null (CO-41..43). Default: who makes the room. ${effects.api}` })),
  rolePermissions: Type.Optional(overrides(`Permissions of the roles in this room (OVD-04); a role that is given loses the overrides it had. ${effects.api}`)),
  roles: Type.Optional(Type.Partial(Type.Object({ moderator: rolePermissionsOf, speaker: rolePermissionsOf }), { ...closed, description: 'OpenVidu Meet: another way to write `rolePermissions`' })),
  rules: Type.Optional(
    Type.Partial(
      Type.Object({
        guestsOnly: rule('guestsOnly'),
        loneParticipant: rule('loneParticipant'),
        noMedia: rule('noMedia'),
        longestConnection: rule('longestConnection'),
        waitingForHost: rule('waitingForHost'),
        lockedOut: rule('lockedOut'),
      }),
      { ...closed, description: `Rules of this room instead of those configured. ${effects.timers}` },
    ),
  ),
  memberReuse: Type.Optional(Type.Enum(['flag', 'refuse'], { description: `What a second use at a time of an external member's link or PIN leads to (OV-38). ${effects.entries}` })),
  schedule: Type.Optional(Type.Union([scheduleSchema, Type.Null()], { description: `Null: the room is permanent. ${effects.now}` })),
  preconfigured: Type.Optional(Type.Array(dialTarget, { maxItems: 100, description: 'Called each time the conference runs (COD-19). A change counts from the next time on.' })),
  pins: Type.Optional(pinsSchema),
};

export const aliasesField = Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 32, description: `Numbers or names it is dialled by, the first is the main one. ${effects.calls}` });

const shownTarget = Type.Object({ uri: Type.String(), name: Type.Optional(Type.String()), role: Type.String(), dtmf: Type.Optional(Type.String()), keepAlive: Type.String(), redial: Type.String() });
const way = Type.Object({ enabled: flag, accessUrl: Type.Optional(Type.String({ description: 'for who has full control' })), sipUri: Type.Optional(Type.String()) });
const newerWay = Type.Object({ enabled: flag, url: Type.Optional(Type.String()) });
export const occurrenceSchema = Type.Object({ start: time, end: Type.Union([time, Type.Null()]) });

export const permissionsSchema = Type.Object(Object.fromEntries(allPermissions.map((name) => [name, flag])));

export const memberSchema = Type.Object({
  memberId: Type.String({ description: 'name of the user, or ext- and 8 characters' }),
  kind: Type.Enum(['internal', 'external']),
  name: Type.String(),
  baseRole: Type.Enum(['moderator', 'speaker']),
  customPermissions: permissionsSchema,
  effectivePermissions: permissionsSchema,
  accessUrl: Type.Optional(Type.String({ description: 'of an external member its own, for who has full control; of an internal one the address of the room' })),
  sipUri: Type.Optional(Type.String()),
  hasPin: flag,
  pin: Type.Optional(Type.String({ description: 'for who has full control' })),
});

/** What is not for who asks is left out. */
export const roomSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  visibility: Type.Enum(['all', 'detail', 'streaming', 'names', 'member'], { description: 'how much of it is shown to you' }),
  state: Type.Optional(Type.Enum(['idle', 'active'])),
  participantCount: Type.Optional(Type.Integer()),
  schedule: Type.Optional(Type.Union([scheduleSchema, Type.Null()])),
  occurrence: Type.Optional(Type.Union([occurrenceSchema, Type.Null()], { description: 'the running or next one' })),
  aliases: Type.Optional(Type.Array(Type.String())),
  language: Type.Optional(Type.String()),
  accessUrl: Type.Optional(Type.String({ description: 'for its owner and internal members (OV-14)' })),
  sipUri: Type.Optional(Type.String()),
  muteGuestsOnJoin: Type.Optional(flag),
  participantLimit: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  mediaEncryption: Type.Optional(Type.String()),
  pinHostControls: Type.Optional(Type.String()),
  anonymous: Type.Optional(Type.Object({ moderator: way, speaker: way })),
  access: Type.Optional(Type.Object({ url: Type.String(), anonymous: Type.Object({ moderator: newerWay, speaker: newerWay }) }, { description: 'the same under the newer names of OpenVidu Meet' })),
  owner: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  rolePermissions: Type.Optional(Type.Object({ moderator: permissionsSchema, speaker: permissionsSchema })),
  rules: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  memberReuse: Type.Optional(Type.String()),
  preconfigured: Type.Optional(Type.Array(shownTarget)),
  memberCount: Type.Optional(Type.Integer()),
  hasHostPin: Type.Optional(flag),
  hasGuestPin: Type.Optional(flag),
  warnings: Type.Optional(Type.Array(Type.String(), { description: '`no_host_pin`: anybody who dials it is a host (PX-03)' })),
  createdAt: Type.Optional(time),
  version: Type.Optional(Type.Integer()),
  member: Type.Optional(memberSchema),
});

/** `pins`: those generated by this very request. */
export const roomWithPins = Type.Object({ ...roomSchema.properties, pins: Type.Optional(Type.Object({ host: Type.Optional(Type.String()), guest: Type.Optional(Type.String()) }, { description: 'generated by this request; a host PIN is shown this once' })) });

export const roomErrors = [
  'name_invalid',
  'alias_missing',
  'alias_invalid',
  'alias_repeated',
  'alias_reserved',
  'alias_taken',
  'alias_in_use_then',
  'alias_contradiction',
  'language_invalid',
  'language_unknown',
  'limit_invalid',
  'rule_out_of_range',
  'permission_unknown',
  'owner_not_permitted',
  'owner_unknown',
  'owner_unfit',
  'schedule_start_invalid',
  'time_zone_unknown',
  'schedule_duration_invalid',
  'schedule_rule_invalid',
  'early_entry_invalid',
  'preconfigured_too_many',
  'dial_uri_invalid',
  'dial_name_invalid',
  'dial_dtmf_invalid',
  'pin_not_digits',
  'pin_too_short',
  'pin_too_long',
  'guest_pin_needs_host_pin',
  'pins_equal',
] as const;
