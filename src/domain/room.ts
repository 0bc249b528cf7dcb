import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Pin } from './pin-format.ts';
import type { MediaEncryption, RoomRules } from './policy.ts';

export type RoomId = string;

/** The two PINs a room itself has. Member PINs come with members. */
export type PinRole = 'host' | 'guest';

/** A PIN as the store gives it back: a keyed hash to compare with, and its length, because the longest PIN ends an entry at once. */
export interface StoredPin {
  readonly hash: string;
  readonly length: number;
}

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
}

export interface Room extends RoomSettings {
  readonly id: RoomId;
  readonly pins: { readonly [role in PinRole]?: StoredPin };
}

export type RoomProblemCode = 'name_invalid' | 'alias_missing' | 'alias_invalid' | 'alias_repeated' | 'alias_reserved' | 'language_invalid' | 'limit_invalid';

/** Names may be said aloud and shown on small displays (OpenVidu bounds them alike). */
const nameLength = 50;
const aliasShape = /^[a-z0-9+][a-z0-9._+@-]{0,127}$/;
const languageShape = /^[a-z]{2,3}(-[A-Z]{2})?$/;
/** More legs than this are more than one machine mixes. */
export const largestParticipantLimit = 10_000;

/** People dial names in any case; a room is found in all of them. */
export const normaliseAlias = (alias: string): string => alias.trim().toLowerCase();

/** Checks what is about to be written, all rules at once. `reserved`: aliases that lead to the attendant. */
export function validateRoom(settings: RoomSettings, reserved: readonly string[]): Result<RoomSettings, readonly Problem<RoomProblemCode>[]> {
  const problems: Problem<RoomProblemCode>[] = [];
  const aliases = settings.aliases.map(normaliseAlias);
  const name = settings.name.trim();
  if (name === '' || name.length > nameLength) {
    problems.push({ code: 'name_invalid', message: 'the name of the room is empty or too long', advice: `give 1 to ${nameLength} characters` });
  }
  if (aliases.length === 0) problems.push({ code: 'alias_missing', message: 'a room without an alias cannot be dialled', advice: 'give at least one alias' });
  aliases.forEach((alias, index) => {
    const said = JSON.stringify(alias);
    if (!aliasShape.test(alias)) {
      problems.push({ code: 'alias_invalid', message: `alias ${said} cannot be dialled`, advice: 'use up to 128 letters, digits and . _ + @ -, beginning with a letter, a digit or +' });
    } else if (aliases.indexOf(alias) !== index) {
      problems.push({ code: 'alias_repeated', message: `alias ${said} is given twice`, advice: 'give it once' });
    } else if (reserved.map(normaliseAlias).includes(alias)) {
      problems.push({ code: 'alias_reserved', message: `alias ${said} leads to the attendant`, advice: 'choose another, or change attendant.aliases' });
    }
  });
  if (!languageShape.test(settings.language)) {
    problems.push({ code: 'language_invalid', message: `${JSON.stringify(settings.language)} is not a language tag`, advice: 'give a tag such as en, de or pt-BR' });
  }
  const limit = settings.participantLimit;
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= largestParticipantLimit)) {
    problems.push({ code: 'limit_invalid', message: 'the participant limit is out of range', advice: `give a whole number from 1 to ${largestParticipantLimit}` });
  }
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
    longestPin: Math.max(host?.length ?? 0, guest?.length ?? 0),
    pinHostControls: room.pinHostControls,
    ...(room.participantLimit === undefined ? {} : { participantLimit: room.participantLimit }),
    muteGuestsOnJoin: room.muteGuestsOnJoin,
    mediaEncryption: room.mediaEncryption,
    anonymous: { moderator: room.anonymous.moderator.enabled, speaker: room.anonymous.speaker.enabled },
  };
}
