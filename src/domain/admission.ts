import type { AdmissionRule, EntryRole, MediaProtection, RoomRules } from './policy.ts';
import type { EndReason } from './reasons.ts';

/** What is known of a call when it arrives, or when the attendant has its room number. */
export interface AdmissionInput {
  /** The room the alias names, if any. */
  readonly room: RoomRules | undefined;
  /** The conference of the room as it is now. */
  readonly conference: { readonly open: boolean; readonly locked: boolean };
  readonly media: MediaProtection;
}

/**
 * The first row of policy.md section 1 that matches.
 * `askPin.noPin` says what `#` alone or silence leads to: `guest` (row 9) or `end` (row 10).
 */
export type AdmissionVerdict =
  | { readonly kind: 'reject'; readonly rule: AdmissionRule; readonly reason: EndReason }
  | { readonly kind: 'askPin'; readonly rule: AdmissionRule; readonly noPin: 'guest' | 'end' }
  | { readonly kind: 'admit'; readonly rule: AdmissionRule; readonly role: EntryRole };

/** Which PIN of the room an entry is, in the order of matching (OV-33): compared by the store, which alone knows them. */
export type PinMatch = { readonly kind: 'member'; readonly id: string } | 'host' | 'guest' | 'none';

/** An entry judged: a disabled PIN is a wrong PIN (OV-05). */
export type PinVerdict = { readonly kind: 'admit'; readonly rule: AdmissionRule; readonly role: EntryRole } | { readonly kind: 'wrong' };

/** A row of the table: its verdict where its condition holds, `undefined` where the next row is to be asked. */
type Row = (room: RoomRules, conference: AdmissionInput['conference']) => AdmissionVerdict | undefined;

/** Where the anonymous way of a row is disabled the caller is asked for a PIN as in row 10 (OV-05). */
const wayDisabled: AdmissionVerdict = { kind: 'askPin', rule: 'way_disabled', noPin: 'end' };

/** Row 7, PX-27. */
const noPins: Row = (room) => {
  if (room.hasHostPin || room.hasGuestPin) return undefined;
  return room.anonymous.moderator ? { kind: 'admit', rule: 'no_pins', role: 'host' } : wayDisabled;
};

/** Row 8, PX-12 and PX-31. */
const hostPinOnlyOpen: Row = (room, conference) => {
  if (room.hasGuestPin || !conference.open || conference.locked) return undefined;
  return room.anonymous.speaker ? { kind: 'admit', rule: 'host_pin_only_open', role: 'guest' } : wayDisabled;
};

/** Row 9, PX-31. */
const hostPinOnlyClosed: Row = (room) => {
  if (room.hasGuestPin) return undefined;
  return room.anonymous.speaker ? { kind: 'askPin', rule: 'host_pin_only_closed', noPin: 'guest' } : wayDisabled;
};

/** Row 10, PX-13. */
const bothPins: AdmissionVerdict = { kind: 'askPin', rule: 'both_pins', noPin: 'end' };

/** In the order of the table, which is the order of judging. */
const rows: readonly Row[] = [noPins, hostPinOnlyOpen, hostPinOnlyClosed];

/** Judges a call: the first row that matches decides, and the verdict names it. */
export function admit({ room, conference, media }: AdmissionInput): AdmissionVerdict {
  if (room === undefined) return { kind: 'reject', rule: 'unknown_alias', reason: 'unknown_alias' }; // row 1
  // Before anything is asked: no PIN is keyed in the clear.
  if (judgeMedia(room, media) === 'encryption_required') return { kind: 'reject', rule: 'encryption_required', reason: 'encryption_required' };
  for (const row of rows) {
    const verdict = row(room, conference);
    if (verdict !== undefined) return verdict;
  }
  return bothPins;
}

/** Judges what a caller offers, at the beginning and in the call (PXD-35). */
export function judgeMedia(room: RoomRules, media: MediaProtection): 'accepted' | 'encryption_required' {
  return room.mediaEncryption === 'required' && media === 'clear' ? 'encryption_required' : 'accepted';
}

/** Judges what was keyed at a PIN prompt, by the PINs and ways in force when it was submitted (PX-16). */
export function judgePin(match: PinMatch, room: RoomRules): PinVerdict {
  // The PINs were removed while the caller was asked: row 7.
  if (!room.hasHostPin && !room.hasGuestPin && room.anonymous.moderator) return { kind: 'admit', rule: 'no_pins', role: 'host' };
  if (match === 'host' && room.anonymous.moderator) return { kind: 'admit', rule: 'host_pin', role: 'host' };
  if (match === 'guest' && room.anonymous.speaker) return { kind: 'admit', rule: 'guest_pin', role: 'guest' };
  return { kind: 'wrong' };
}
