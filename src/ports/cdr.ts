import type { AdmissionRule, EntryRole } from '../domain/policy.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { Page, PageQuery } from './page.ts';
import type { StoreProblem } from './store-problem.ts';

/** What happened, told to the call detail records. Times are milliseconds since the epoch. */
export type CdrRecord =
  | { readonly type: 'callOpened'; readonly id: string; readonly at: number; readonly protocol: 'sip' | 'h323'; readonly callId: string; readonly caller: string; readonly alias: string; /** `out`: of ours. Absent: `in`. */ readonly direction?: 'out' }
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
  /** Closes what a crash left open, with reason `restart`, at time `at`; answers how many of each. To be called before the first call. `except`: calls and conferences that may go on. */
  closeLeftOpen(at: number, except?: readonly string[]): Promise<Result<{ readonly calls: number; readonly conferences: number }, StoreProblem>>;
}

/** Takes records from calls: never fails, never waits. What cannot be written is kept and tried again. */
export interface CdrRecorder {
  record(record: CdrRecord): void;
}

/** A call as it was; times are milliseconds since the epoch, absent is what it did not come to. */
export interface CdrCall {
  readonly id: string;
  readonly protocol: 'sip' | 'h323';
  readonly callId: string;
  readonly caller: string;
  readonly alias: string;
  readonly startedAt: number;
  readonly roomId?: RoomId;
  readonly conferenceId?: string;
  readonly role?: EntryRole;
  readonly rule?: AdmissionRule;
  readonly answeredAt?: number;
  readonly joinedAt?: number;
  readonly end?: { readonly at: number; readonly reason: string; readonly cause: string; readonly fault: string };
}

export interface CdrConference {
  readonly id: string;
  readonly roomId: RoomId;
  readonly startedAt: number;
  readonly end?: { readonly at: number; readonly reason: string };
  readonly peakParticipants?: number;
}

export interface CdrConferenceQuery extends PageQuery {
  readonly room?: RoomId;
  /** Started at or after, and before: milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
  /** Absent: those under way, too. */
  readonly state?: 'open' | 'ended';
}

export interface CdrCallQuery extends CdrConferenceQuery {
  readonly conference?: string;
  /** Part of the caller's address, in any case. */
  readonly caller?: string;
}

/** Lists newest first. */
export interface CdrQuery {
  call(id: string): Promise<Result<CdrCall | undefined, StoreProblem>>;
  calls(query: CdrCallQuery): Promise<Result<Page<CdrCall>, StoreProblem>>;
  conferences(query: CdrConferenceQuery): Promise<Result<Page<CdrConference>, StoreProblem>>;
  /** Drops what ended before `before` (ms since the epoch), `limit` calls and `limit` conferences at most; answers how many of the kind that had more. */
  prune(before: number, limit: number): Promise<Result<number, StoreProblem>>;
}
