import type { PinMatch } from '../domain/admission.ts';
import type { Pin } from '../domain/pin-format.ts';
import type { AdmissionRule, EntryRole } from '../domain/policy.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { PinRole, Room, RoomId, RoomSettings } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import type { Result } from '../lib/result.ts';

export type StoreProblemCode =
  /** The disk (or the quota) is full; nothing of the write was kept. */
  | 'store_full'
  /** Another process holds the database. */
  | 'store_locked'
  /** The file is damaged or is not a database of ours. */
  | 'store_corrupt'
  /** No permission, a read-only file system, or an I/O error. */
  | 'store_unwritable'
  /** Made by a newer version. */
  | 'store_newer'
  | 'store_failed'
  | 'alias_taken'
  | 'room_unknown'
  | 'user_exists'
  | 'user_unknown';

export type StoreProblem = Problem<StoreProblemCode>;

/** A change of PINs: absent keeps what is there, `null` removes it. */
export type PinChange = { readonly [role in PinRole]?: Pin | null };

/** Rooms and their PINs. Reads see every change made before them, also by another process. */
export interface RoomStore {
  /** `alias` in any case. */
  byAlias(alias: string): Promise<Result<Room | undefined, StoreProblem>>;
  /** In order of creation. */
  list(): Promise<Result<readonly Room[], StoreProblem>>;
  /** `settings` have been validated. Fails with `alias_taken`; then nothing is written. */
  add(settings: RoomSettings, pins: PinChange): Promise<Result<Room, StoreProblem>>;
  /** `settings` have been validated; its aliases are left as they are. */
  setSettings(id: RoomId, settings: RoomSettings): Promise<Result<Room, StoreProblem>>;
  /** Both PINs change together or not at all (PX-21). The rules between them have been checked. */
  setPins(id: RoomId, change: PinChange): Promise<Result<Room, StoreProblem>>;
  remove(id: RoomId): Promise<Result<void, StoreProblem>>;
  /** The guest PIN in clear, for invitations and the greeting at the start; a host PIN cannot be had back. */
  guestPin(id: RoomId): Promise<Result<Pin | undefined, StoreProblem>>;
  /** Which of the room's PINs this is, in time that does not depend on it. */
  identify(room: Room, pin: Pin): PinMatch;
}

/** What happened, told to the call detail records. Times are milliseconds since the epoch. */
export type CdrRecord =
  | { readonly type: 'callOpened'; readonly id: string; readonly at: number; readonly protocol: 'sip' | 'h323'; readonly callId: string; readonly caller: string; readonly alias: string }
  | { readonly type: 'callAnswered'; readonly id: string; readonly at: number }
  /** The caller was given a role in a room, by the admission rule named. */
  | { readonly type: 'callAdmitted'; readonly id: string; readonly roomId: RoomId; readonly role: EntryRole; readonly rule: AdmissionRule }
  | { readonly type: 'callJoined'; readonly id: string; readonly at: number; readonly conferenceId: string }
  /** Three fields for an end: product reason, wire cause (`SIP 486`, `BYE`), whose fault. */
  | { readonly type: 'callClosed'; readonly id: string; readonly at: number; readonly reason: EndReason; readonly cause: string; readonly fault: string }
  | { readonly type: 'conferenceOpened'; readonly id: string; readonly roomId: RoomId; readonly at: number }
  | { readonly type: 'conferenceClosed'; readonly id: string; readonly at: number; readonly reason: EndReason | 'emptied'; readonly peakParticipants: number };

export interface CdrStore {
  /** Writes all of `records`, in order, or none. A record about a call or conference that was never opened changes nothing. */
  write(records: readonly CdrRecord[]): Promise<Result<void, StoreProblem>>;
  /** Closes what a crash left open, with reason `restart`, at time `at`; answers how many of each. To be called before the first call. */
  closeLeftOpen(at: number): Promise<Result<{ readonly calls: number; readonly conferences: number }, StoreProblem>>;
}

/** Takes records from calls: never fails, never waits. What cannot be written is kept and tried again. */
export interface CdrRecorder {
  record(record: CdrRecord): void;
}

/** Small facts about the installation itself, such as "the demo room has been made". */
export interface MetaStore {
  get(key: string): Promise<Result<string | undefined, StoreProblem>>;
  set(key: string, value: string): Promise<Result<void, StoreProblem>>;
}
