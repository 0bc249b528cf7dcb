import type { AdmissionRule, EntryRole, RoomRules } from './policy.ts';
import type { EndReason } from './reasons.ts';

/** What is known of a call when it arrives, or when the attendant has its room number. */
export interface AdmissionInput {
  /** The room the alias names, if any. */
  readonly room: RoomRules | undefined;
  /** The conference of the room as it is now. */
  readonly conference: { readonly open: boolean; readonly locked: boolean };
}

/**
 * The first row of policy.md section 1 that matches.
 * `askPin.noPin` says what `#` alone or silence leads to: `guest` (row 9) or `end` (row 10).
 */
export type AdmissionVerdict =
  | { readonly kind: 'reject'; readonly rule: AdmissionRule; readonly reason: EndReason }
  | { readonly kind: 'askPin'; readonly rule: AdmissionRule; readonly noPin: 'guest' | 'end' }
  | { readonly kind: 'admit'; readonly rule: AdmissionRule; readonly role: EntryRole };

/** Which PIN of the room an entry is: compared by the store, which alone knows them. */
export type PinMatch = 'host' | 'guest' | 'none';

/** An entry judged: a disabled PIN is a wrong PIN (OV-05). */
export type PinVerdict = { readonly kind: 'admit'; readonly rule: AdmissionRule; readonly role: EntryRole } | { readonly kind: 'wrong' };
