/**
 * The settings the rules take as an argument, and what they need to know of a room.
 * All times are milliseconds. Built by `config/` and the room store; frozen.
 */
import type { CommandName } from './command-name.ts';
import type { Member } from './member.ts';
import type { RolePermissions } from './permissions.ts';
import type { RoomRuleOverrides } from './room-rules.ts';
import type { Schedule } from './schedule.ts';

export interface Policy {
  readonly pin: PinPolicy;
  readonly lobby: LobbyPolicy;
  readonly ending: EndingPolicy;
  readonly keypad: KeypadPolicy;
}

/** policy.md section 2, "At the PIN prompt". */
export interface PinPolicy {
  readonly minLength: number;
  readonly maxLength: number;
  /** Wrong entries until the call is ended. */
  readonly attempts: number;
  /** Without a first digit for so long: prompt again; so long again: silence. */
  readonly firstDigitMs: number;
  /** Without a further digit for so long: what was keyed is submitted. */
  readonly interDigitMs: number;
  /** The whole PIN screen; then as silence. */
  readonly screenMs: number;
}

/** Of the lobby. A time of 0 means never. */
export interface LobbyPolicy {
  readonly firstPromptMs: number;
  readonly repeatPromptMs: number;
  /** The longest wait for a host, and behind a lock. */
  readonly waitingForHostMs: number;
  readonly lockedOutMs: number;
}

/** policy.md section 5. A time of 0 turns the rule off, except `guestsOnlyMs`, where 0 cuts at once. */
export interface EndingPolicy {
  readonly guestsOnlyMs: number;
  /** Spoken so long before the cut (besides at the start and just before), longest first. */
  readonly guestsOnlyWarningsMs: readonly number[];
  readonly loneParticipantMs: number;
  readonly noMediaMs: number;
  readonly longestConnectionMs: number;
  /** Spoken so long before the longest connection is cut. */
  readonly longestConnectionWarningMs: number;
  readonly lockReleaseMs: number;
}

/** policy.md section 7. A code as keyed after its `*`, e.g. `94`, to what it does. `9` and `93` stay unassigned. */
export type KeypadTable = Readonly<Record<string, CommandName>>;

export interface KeypadPolicy {
  readonly table: KeypadTable;
  /** So long without a digit drops a code begun. */
  readonly codeTimeoutMs: number;
}

/** What the rules read of a room; `Room` of the store has it all. */
export interface RoomRules {
  readonly id: string;
  readonly name: string;
  /** Language of its prompts, e.g. `en`. */
  readonly language: string;
  readonly hasHostPin: boolean;
  readonly hasGuestPin: boolean;
  /** Digits of the longest PIN of this room, 0 without a PIN. */
  readonly longestPin: number;
  readonly pinHostControls: 'none' | 'full';
  /** Most legs in the conference (the lobby does not count); absent: no limit. */
  readonly participantLimit?: number;
  readonly muteGuestsOnJoin: boolean;
  readonly mediaEncryption: MediaEncryption;
  /** Whether the anonymous ways in of each role are enabled (OV-05). */
  readonly anonymous: { readonly moderator: boolean; readonly speaker: boolean };
  readonly rolePermissions: RolePermissions;
  readonly rules: RoomRuleOverrides;
  readonly members: readonly Member[];
  readonly memberReuse: 'flag' | 'refuse';
  /** Name of a user. */
  readonly owner?: string;
  readonly schedule?: Schedule;
}

/** Whether the media of a call is enciphered on its way. */
export type MediaProtection = 'encrypted' | 'clear';

/** What a room asks of its callers' media. */
export type MediaEncryption = 'optional' | 'required';

export type EntryRole = 'host' | 'guest';

/** The rule of policy.md section 1 that made a decision, in table order. */
export type AdmissionRule =
  | 'unknown_alias' // row 1
  | 'source_blocked' // row 1, abuse protection; outside the same as an unknown alias
  | 'encryption_required' // after row 1: the room takes encrypted media only
  | 'not_started_yet' // row 2: before the early entry of a scheduled room
  | 'has_ended' // row 2: after the window
  | 'dialled_with_role' // row 3: a role given with the request
  | 'dialled_no_host_pin' // row 3, PX-33
  | 'dialled_owner' // row 3, PX-34: registered with us as the owner or an administrator
  | 'dialled_guest' // row 3, PX-35
  | 'owner' // row 4, PX-05
  | 'administrator' // row 4, PX-06
  | 'member_identity' // row 5, OV-08
  | 'member_credential' // row 6: the link of a member, or his PIN in the call
  | 'member_in_use' // OV-38: a second use at a time, refused
  | 'moderator_link' // row 6
  | 'speaker_link' // row 6
  | 'guest_pin_remembered' // row 6, PX-14
  | 'no_pins' // row 7
  | 'host_pin_only_open' // row 8
  | 'host_pin_only_closed' // row 9: the call is asked
  | 'host_pin_only_no_pin' // row 9: `#` alone or silence
  | 'both_pins' // row 10: the call is asked
  | 'way_disabled' // the anonymous way of rows 7 and 8 is disabled: the call is asked as in row 10
  | 'member_pin'
  | 'host_pin'
  | 'guest_pin'
  | 'wrong_pin'
  | 'moved' // by somebody with full control of both rooms, past the PINs
  | 'opened_while_asked'; // row 9, opened before a digit was keyed

/**
 * How somebody came to be host: decides the column of section 3. `identity`: owner or administrator, proven, who alone may
 * exceed the limit.
 */
export type HostBy = 'no_pins' | 'pin' | 'claimed' | 'dialled' | 'promoted' | 'link' | 'member' | 'identity';
