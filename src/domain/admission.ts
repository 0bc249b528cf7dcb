import type { Member } from './member.ts';
import { entryRoleOf } from './member.ts';
import type { AdmissionRule, EntryRole, MediaProtection, RoomRules } from './policy.ts';
import type { Privilege } from './privilege.ts';
import type { EndReason } from './reasons.ts';
import { windowAt } from './schedule.ts';

/** Somebody who has proved to be a user of ours. Caller ID alone is never an identity (CO-04). */
export interface Identity {
  readonly user: string;
  readonly privilege: Privilege;
}

/** What the call brought with it (row 6), as the store knows it. `unknown`: revoked, of another room, or nobody's. */
export type Credential = { readonly kind: 'moderatorLink' | 'speakerLink' | 'rememberedGuestPin' | 'unknown' } | { readonly kind: 'member'; readonly id: string };

/** A leg the conference called. `role`: given with the request by a user with full control. */
export interface Dialled {
  readonly role?: EntryRole;
}

/** What is known of a call when it arrives, or when the attendant has its room number. */
export interface AdmissionInput {
  /** The room the alias names, if any. */
  readonly room: RoomRules | undefined;
  /** The conference of the room as it is at the moment. */
  readonly conference: Standing;
  readonly media: MediaProtection;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Abuse protection (section 6). */
  readonly source: 'free' | 'blocked';
  /** Who calls, or of a leg dialled, who is called. */
  readonly identity?: Identity;
  readonly credential?: Credential;
  readonly dialled?: Dialled;
}

/** How a conference stands, as admission reads it. */
export interface Standing {
  readonly open: boolean;
  readonly locked: boolean;
  /** A scheduled end that was put off. */
  readonly extendedTo?: number;
  /** Members who are in it or wait for it (OV-38). */
  readonly members: ReadonlySet<string>;
}

/** A way in, with the rule that gives it. `member`: his name and permissions count. */
export interface Grant {
  readonly rule: AdmissionRule;
  readonly role: EntryRole;
  readonly member?: string;
}

/**
 * The first row of policy.md section 1 that matches.
 * `reject` is before the answer, `turnAway` after it, with the goodbye of its reason. `askPin.noPin` says what `#` alone or silence
 * leads to: `guest` (row 9) or `end` (row 10). `wrong`: attempts the credential of row 6 has used up.
 */
export type AdmissionVerdict =
  | { readonly kind: 'reject' | 'turnAway'; readonly rule: AdmissionRule; readonly reason: EndReason }
  | { readonly kind: 'askPin'; readonly rule: AdmissionRule; readonly noPin: 'guest' | 'end'; readonly wrong?: number }
  | ({ readonly kind: 'admit'; readonly wrong?: number } & Grant);

/** Which PIN of the room an entry is, in the order of matching (OV-33): compared by the store, which alone knows them. */
export type PinMatch = { readonly kind: 'member'; readonly id: string } | 'host' | 'guest' | 'none';

/** An entry judged: a disabled PIN is a wrong PIN (OV-05). */
export type PinVerdict = ({ readonly kind: 'admit' } & Grant) | { readonly kind: 'inUse' } | { readonly kind: 'wrong' };

/** A row of the table: its verdict where its condition holds, `undefined` where the next row is to be asked. */
type Row = (input: AdmissionInput & { readonly room: RoomRules }) => AdmissionVerdict | undefined;

const admitted = (rule: AdmissionRule, role: EntryRole): AdmissionVerdict => ({ kind: 'admit', rule, role });
const inUse: AdmissionVerdict = { kind: 'turnAway', rule: 'member_in_use', reason: 'member_in_use' };

/** Row 2. Early entry is step (a), in the conference. */
const outsideWindow: Row = ({ room, conference, now }) => {
  if (room.schedule === undefined || (conference.extendedTo ?? 0) > now) return undefined;
  const { kind } = windowAt(room.schedule, now);
  if (kind === 'before') return { kind: 'turnAway', rule: 'not_started_yet', reason: 'not_started_yet' };
  return kind === 'late' ? { kind: 'turnAway', rule: 'has_ended', reason: 'has_ended' } : undefined;
};

/** Owner or administrator, proven (PX-05, PX-06). */
function ownerRule({ owner }: RoomRules, identity: Identity | undefined): 'owner' | 'administrator' | undefined {
  if (identity === undefined) return undefined;
  if (identity.user === owner) return 'owner';
  return identity.privilege === 'administrator' ? 'administrator' : undefined;
}

/** Row 3, PX-32 to PX-35. */
const dialOut: Row = ({ room, identity, dialled }) => {
  if (dialled === undefined) return undefined;
  const owns = ownerRule(room, identity) !== undefined;
  if (dialled.role === 'guest') return admitted('dialled_with_role', roomRole(room, 'guest'));
  if (owns) return admitted('dialled_owner', 'host');
  if (dialled.role !== undefined) return admitted('dialled_with_role', dialled.role);
  return room.hasHostPin ? admitted('dialled_guest', 'guest') : admitted('dialled_no_host_pin', 'host');
};

/** Row 4. */
const ownIdentity: Row = ({ room, identity }) => {
  const rule = ownerRule(room, identity);
  return rule === undefined ? undefined : admitted(rule, 'host');
};

/** Row 5, OV-08. */
const memberIdentity: Row = ({ room, identity }) => {
  const member = room.members.find(({ kind, id }) => kind === 'internal' && id === identity?.user);
  return member === undefined ? undefined : { kind: 'admit', ...memberGrant('member_identity', member, room) };
};

/** Row 6: `undefined` for a credential that is worth nothing. */
const credential: Row = ({ room, conference, credential: given }) => {
  switch (given?.kind) {
    case 'member': {
      const member = room.members.find(({ id }) => id === given.id);
      if (member === undefined) return undefined;
      return isRefusedReuse(member, room, conference) ? inUse : { kind: 'admit', ...memberGrant('member_credential', member, room) };
    }
    case 'moderatorLink':
      return room.anonymous.moderator ? admitted('moderator_link', 'host') : undefined;
    case 'speakerLink':
      return room.anonymous.speaker ? admitted('speaker_link', roomRole(room, 'guest')) : undefined;
    case 'rememberedGuestPin':
      return room.hasGuestPin && room.anonymous.speaker ? admitted('guest_pin_remembered', 'guest') : undefined;
    case 'unknown':
    case undefined:
      return undefined;
  }
};

/** Where the anonymous way of a row is disabled the caller is asked for a PIN as in row 10 (OV-05). */
const wayDisabled: AdmissionVerdict = { kind: 'askPin', rule: 'way_disabled', noPin: 'end' };

/** Row 7, PX-27. */
const noPins: Row = ({ room }) => {
  if (room.hasHostPin || room.hasGuestPin) return undefined;
  return room.anonymous.moderator ? admitted('no_pins', 'host') : wayDisabled;
};

/** Row 8, PX-12 and PX-31. */
const hostPinOnlyOpen: Row = ({ room, conference }) => {
  if (room.hasGuestPin || !conference.open || conference.locked) return undefined;
  return room.anonymous.speaker ? admitted('host_pin_only_open', 'guest') : wayDisabled;
};

/** Row 9, PX-31. */
const hostPinOnlyClosed: Row = ({ room }) => {
  if (room.hasGuestPin) return undefined;
  return room.anonymous.speaker ? { kind: 'askPin', rule: 'host_pin_only_closed', noPin: 'guest' } : wayDisabled;
};

/** Row 10, PX-13. */
const bothPins: AdmissionVerdict = { kind: 'askPin', rule: 'both_pins', noPin: 'end' };

/** In the order of the table, which is the order of judging. */
const byWhoCalls: readonly Row[] = [outsideWindow, dialOut, ownIdentity, memberIdentity, credential];
const anonymously: readonly Row[] = [noPins, hostPinOnlyOpen, hostPinOnlyClosed];

/** Judges a call: the first row that matches decides, and the verdict names it. */
export function admit(input: AdmissionInput): AdmissionVerdict {
  const { room, media, source, identity } = input;
  // Row 1. What others do counts for nobody who is authenticated (N-06); whose own account guesses finds his own rooms only (row 4), where nothing is asked.
  if (source === 'blocked' && (room === undefined || ownerRule(room, identity) === undefined)) return { kind: 'reject', rule: 'source_blocked', reason: 'source_blocked' };
  if (room === undefined) return { kind: 'reject', rule: 'unknown_alias', reason: 'unknown_alias' };
  // Before anything is asked: no PIN is keyed in the clear.
  if (judgeMedia(room, media) === 'encryption_required') return { kind: 'reject', rule: 'encryption_required', reason: 'encryption_required' };
  const known = firstOf(byWhoCalls, { ...input, room });
  if (known !== undefined) return known;
  const verdict = firstOf(anonymously, { ...input, room }) ?? bothPins;
  // A credential that was given and is worth nothing counts as one wrong attempt (row 6); one remembered was not given.
  const worthless = input.credential !== undefined && input.credential.kind !== 'rememberedGuestPin';
  return worthless && (verdict.kind === 'askPin' || verdict.kind === 'admit') ? { ...verdict, wrong: 1 } : verdict;
}

function firstOf(rows: readonly Row[], input: AdmissionInput & { readonly room: RoomRules }): AdmissionVerdict | undefined {
  for (const row of rows) {
    const verdict = row(input);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** PX-27, PX-29: without a host PIN the entry role of everybody is host. */
const roomRole = (room: RoomRules, role: EntryRole): EntryRole => (room.hasHostPin ? role : 'host');

const memberGrant = (rule: AdmissionRule, member: Member, room: RoomRules): Grant => ({ rule, role: roomRole(room, entryRoleOf(member.role)), member: member.id });

/** OV-38: the link and PIN of an external member are for one use at a time. */
export const isReuse = (member: Member, present: ReadonlySet<string>): boolean => member.kind === 'external' && present.has(member.id);

const isRefusedReuse = (member: Member, room: RoomRules, { members }: Pick<Standing, 'members'>): boolean => room.memberReuse === 'refuse' && isReuse(member, members);

/** Judges what a caller offers, at the beginning and in the call (PXD-35). */
export function judgeMedia(room: RoomRules, media: MediaProtection): 'accepted' | 'encryption_required' {
  return room.mediaEncryption === 'required' && media === 'clear' ? 'encryption_required' : 'accepted';
}

/** Judges what was keyed at a PIN prompt, by the PINs and ways in force when it was submitted (PX-16). */
export function judgePin(match: PinMatch, room: RoomRules, present: ReadonlySet<string> = new Set()): PinVerdict {
  if (typeof match === 'object') {
    const member = room.members.find(({ id }) => id === match.id);
    if (member !== undefined) return isRefusedReuse(member, room, { members: present }) ? { kind: 'inUse' } : { kind: 'admit', ...memberGrant('member_pin', member, room) };
  }
  // The PINs were removed while the caller was asked: row 7.
  if (!room.hasHostPin && !room.hasGuestPin && room.anonymous.moderator) return { kind: 'admit', rule: 'no_pins', role: 'host' };
  if (match === 'host' && room.anonymous.moderator) return { kind: 'admit', rule: 'host_pin', role: 'host' };
  if (match === 'guest' && room.anonymous.speaker) return { kind: 'admit', rule: 'guest_pin', role: 'guest' };
  return { kind: 'wrong' };
}
