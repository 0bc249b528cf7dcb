import type { Prompt } from './prompts.ts';
import type { PinMatch } from './admission.ts';
import type { Pin } from './pin-format.ts';
import type { AdmissionRule, EntryRole, PinPolicy, RoomRules } from './policy.ts';
import type { EndReason } from './reasons.ts';

/**
 * What a caller goes through between the answer and having a role: the attendant (its PIN, the room number) and the
 * PIN of the room. Digits keyed at any moment count (type-ahead): those keyed while an entry is being checked are kept.
 */
export type IvrTimer = 'firstDigit' | 'interDigit' | 'screen';

export type IvrEvent =
  /** The call is answered at the attendant. */
  | { readonly type: 'startAttendant'; readonly asksPin: boolean; readonly longestNumber: number }
  /** The room is known and asks for a PIN (verdict `askPin`). */
  | { readonly type: 'startPin'; readonly room: RoomRules; readonly rule: AdmissionRule; readonly noPin: 'guest' | 'end' }
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'promptEnded' }
  | { readonly type: 'timer'; readonly name: IvrTimer }
  /** The answers to the `check` effects. */
  | { readonly type: 'attendantPinChecked'; readonly correct: boolean }
  | { readonly type: 'numberChecked'; readonly found: boolean }
  | { readonly type: 'pinChecked'; readonly match: PinMatch; readonly room: RoomRules }
  /** The room opened, was locked, or changed its PINs while the caller is asked. */
  | { readonly type: 'roomOpened' };

export type IvrEffect =
  /** Plays prompts, replacing what plays; `promptEnded` follows when they are over, not when they are stopped. */
  | { readonly do: 'play'; readonly prompts: readonly Prompt[] }
  | { readonly do: 'stopPlay' }
  | { readonly do: 'startTimer'; readonly name: IvrTimer; readonly ms: number }
  | { readonly do: 'cancelTimer'; readonly name: IvrTimer }
  | { readonly do: 'checkAttendantPin'; readonly entry: Pin }
  /** The room number keyed; `numberChecked` answers, then on `found` a `startPin` or the end of the IVR follows from outside. */
  | { readonly do: 'checkNumber'; readonly number: string }
  | { readonly do: 'checkPin'; readonly entry: Pin }
  | { readonly do: 'finish'; readonly outcome: IvrOutcome };

export type IvrOutcome =
  | { readonly kind: 'role'; readonly role: EntryRole; readonly rule: AdmissionRule }
  /** Ends the call; `goodbye` is played in full first. */
  | { readonly kind: 'end'; readonly reason: EndReason; readonly goodbye: readonly Prompt[] };

export interface IvrPolicy {
  readonly pin: PinPolicy;
}
