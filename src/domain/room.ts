import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { validateDialTarget, type DialProblemCode, type DialTarget } from './dial.ts';
import type { Member } from './member.ts';
import type { RolePermissions } from './permissions.ts';
import type { Pin, StoredPin } from './pin-format.ts';
import type { MediaEncryption, RoomRules } from './policy.ts';
import { checkRules, type RoomRuleOverrides } from './room-rules.ts';
import { validateSchedule, type Schedule, type ScheduleProblemCode } from './schedule.ts';

export type { StoredPin } from './pin-format.ts';

export type RoomId = string;

/** The two PINs a room itself has; its members have their own. */
export type PinRole = 'host' | 'guest';

/** What is told about a room, apart from its PINs. */
export interface RoomSettings {
  readonly name: string;
  /** Numbers, URIs or H.323 ids it is dialled by, normalised; the first is the main one. */
  readonly aliases: readonly string[];
  /** Language of the prompts, as the folder under the prompts is called: `en`, `de`, `pt-BR`. */
  readonly language: string;
  readonly muteGuestsOnJoin: boolean;
  /** Most legs in the conference at a time (the lobby does not count); absent: no limit of its own. */
  readonly participantLimit?: number;
  /** PXD-35: `required` turns away who does not encrypt. */
  readonly mediaEncryption: MediaEncryption;
  /** PX-10: what a host who came in by PIN may do; `full` gives the permissions of a host by identity. */
  readonly pinHostControls: RoomRules['pinHostControls'];
  /** OV-05: whether the anonymous ways in (PINs, `#`, no PIN at all) give that role. */
  readonly anonymous: { readonly moderator: { readonly enabled: boolean }; readonly speaker: { readonly enabled: boolean } };
  /** Name of a user; absent: nobody (CO-44). */
  readonly owner?: string;
  /** OVD-04. */
  readonly rolePermissions: RolePermissions;
  readonly rules: RoomRuleOverrides;
  /** OV-38: what a second use of an external member's link or PIN at a time leads to. */
  readonly memberReuse: 'flag' | 'refuse';
  /** Absent: the room is there at any time. */
  readonly schedule?: Schedule;
  /** Called each time the conference runs (COD-19). */
  readonly preconfigured: readonly DialTarget[];
}

export interface Room extends RoomSettings {
  readonly id: RoomId;
  readonly pins: { readonly [role in PinRole]?: StoredPin };
  /** Counts its changes. */
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly members: readonly Member[];
}

/** What is not said of a room to be made. */
const defaults = {
  language: 'en',
  muteGuestsOnJoin: false,
  mediaEncryption: 'optional',
  pinHostControls: 'none',
  anonymous: { moderator: { enabled: true }, speaker: { enabled: true } },
  rolePermissions: { moderator: {}, speaker: {} },
  rules: {},
  memberReuse: 'flag',
  preconfigured: [],
} as const satisfies Partial<RoomSettings>;

export const newRoomSettings = (given: Partial<RoomSettings> & Pick<RoomSettings, 'name' | 'aliases'>): RoomSettings => ({ ...defaults, ...given });

export type RoomProblemCode =
  | 'name_invalid'
  | 'alias_missing'
  | 'alias_invalid'
  | 'alias_repeated'
  | 'alias_reserved'
  | 'language_invalid'
  | 'limit_invalid'
  | 'rule_out_of_range'
  | 'preconfigured_too_many'
  | DialProblemCode
  | ScheduleProblemCode;

/** Names may be said aloud and shown on small displays (OpenVidu bounds them alike). */
const nameLength = 50;
const aliasShape = /^[a-z0-9+][a-z0-9._+@-]{0,127}$/;
const languageShape = /^[a-z]{2,3}(-[A-Z]{2})?$/;
const mostPreconfigured = 100;
/** More legs than this are more than one machine mixes. */
export const largestParticipantLimit = 10_000;

/** People dial names in any case; a room is found in all of them. */
export const normaliseAlias = (alias: string): string => alias.trim().toLowerCase();

/** Checks what is about to be written, all rules at once. `reserved`: aliases that lead to the attendant; `longestConnection`: of the configuration, in seconds. */
export function validateRoom(settings: RoomSettings, reserved: readonly string[], longestConnection = 0): Result<RoomSettings, readonly Problem<RoomProblemCode>[]> {
  const problems: Problem<RoomProblemCode>[] = [];
  const aliases = settings.aliases.map(normaliseAlias);
  const name = settings.name.trim();
  if (name === '' || name.length > nameLength || /\p{Cc}/u.test(name)) {
    problems.push({ code: 'name_invalid', message: 'the name of the room is empty, too long or more than one line', advice: `give 1 to ${nameLength} characters`, field: 'name' });
  }
  if (aliases.length === 0) problems.push({ code: 'alias_missing', message: 'a room without an alias cannot be dialled', advice: 'give at least one alias', field: 'aliases' });
  aliases.forEach((alias, index) => {
    const said = JSON.stringify(alias);
    const field = `aliases[${index}]`;
    if (!aliasShape.test(alias)) {
      problems.push({ code: 'alias_invalid', message: `alias ${said} cannot be dialled`, advice: 'use up to 128 letters, digits and . _ + @ -, beginning with a letter, a digit or +', field });
    } else if (aliases.indexOf(alias) !== index) {
      problems.push({ code: 'alias_repeated', message: `alias ${said} is given twice`, advice: 'give it once', field });
    } else if (reserved.map(normaliseAlias).includes(alias)) {
      problems.push({ code: 'alias_reserved', message: `alias ${said} leads to the attendant`, advice: 'choose another, or change attendant.aliases', field });
    }
  });
  if (!languageShape.test(settings.language)) {
    problems.push({ code: 'language_invalid', message: `${JSON.stringify(settings.language)} is not a language tag`, advice: 'give a tag such as en, de or pt-BR', field: 'language' });
  }
  const limit = settings.participantLimit;
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= largestParticipantLimit)) {
    problems.push({ code: 'limit_invalid', message: 'the participant limit is out of range', advice: `give a whole number from 1 to ${largestParticipantLimit}`, field: 'participantLimit' });
  }
  const rules = checkRules(settings.rules, longestConnection);
  if (!rules.ok) problems.push(...rules.error);
  const schedule = settings.schedule === undefined ? ok(undefined) : validateSchedule(settings.schedule);
  if (!schedule.ok) problems.push(...schedule.error);
  if (settings.preconfigured.length > mostPreconfigured) {
    problems.push({ code: 'preconfigured_too_many', message: 'too many participants are to be called', advice: `give at most ${mostPreconfigured}`, field: 'preconfigured' });
  }
  settings.preconfigured.forEach((target, index) => {
    const valid = validateDialTarget(target, `preconfigured[${index}]`);
    if (!valid.ok) problems.push(...valid.error);
  });
  return problems.length > 0 ? err(problems) : ok({ ...settings, name, aliases });
}

/** One of a room's PINs as it will be after a write: none, a new one, or the stored one (which can only be asked "are you this?"). */
export type PinSlot = { readonly kind: 'none' } | { readonly kind: 'new'; readonly pin: Pin } | { readonly kind: 'kept'; readonly is: (pin: Pin) => boolean };

export type PinRuleCode = 'guest_pin_needs_host_pin' | 'pins_equal';

/** The rules between the PINs of one room (PX-20; policy section 2), whichever of them a write changes. */
export function checkPins(host: PinSlot, guest: PinSlot): Result<void, Problem<PinRuleCode>> {
  if (guest.kind !== 'none' && host.kind === 'none') {
    return err({ code: 'guest_pin_needs_host_pin', message: 'a guest PIN needs a host PIN', advice: 'set a host PIN too, or remove the guest PIN' });
  }
  if (sameDigits(host, guest)) return err({ code: 'pins_equal', message: 'host PIN and guest PIN are the same', advice: 'give two different PINs' });
  return ok(undefined);
}

function sameDigits(a: PinSlot, b: PinSlot): boolean {
  if (a.kind === 'new' && b.kind === 'new') return a.pin.reveal() === b.pin.reveal();
  if (a.kind === 'kept' && b.kind === 'new') return a.is(b.pin);
  if (a.kind === 'new' && b.kind === 'kept') return b.is(a.pin);
  return false;
}

/** Legal but worth saying: PX-03, a room anybody can enter and open. */
export function roomWarnings(room: { readonly pins: Room['pins'] }): readonly 'no_host_pin'[] {
  return room.pins.host === undefined ? ['no_host_pin'] : [];
}

/** What the rules read of a room. */
export function roomRules(room: Room): RoomRules {
  const { host, guest } = room.pins;
  return {
    id: room.id,
    name: room.name,
    language: room.language,
    hasHostPin: host !== undefined,
    hasGuestPin: guest !== undefined,
    longestPin: Math.max(host?.length ?? 0, guest?.length ?? 0, ...room.members.map(({ pin }) => pin?.length ?? 0)),
    pinHostControls: room.pinHostControls,
    ...(room.participantLimit === undefined ? {} : { participantLimit: room.participantLimit }),
    muteGuestsOnJoin: room.muteGuestsOnJoin,
    mediaEncryption: room.mediaEncryption,
    anonymous: { moderator: room.anonymous.moderator.enabled, speaker: room.anonymous.speaker.enabled },
    rolePermissions: room.rolePermissions,
    rules: room.rules,
    members: room.members,
    memberReuse: room.memberReuse,
    ...(room.owner === undefined ? {} : { owner: room.owner }),
    ...(room.schedule === undefined ? {} : { schedule: room.schedule }),
  };
}
