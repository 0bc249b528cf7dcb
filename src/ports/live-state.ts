import type { Permission } from '../domain/permissions.ts';
import type { AdmissionRule, EntryRole, HostBy } from '../domain/policy.ts';
import type { RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { StoreProblem } from './store-problem.ts';

/** What a process that takes over from one that was killed must know of a leg in a room. */
export interface LiveParticipant {
  readonly callId: string;
  readonly roomId: RoomId;
  readonly place: 'lobby' | 'conference';
  readonly role: EntryRole;
  readonly hostBy?: HostBy;
  readonly rule: AdmissionRule;
  readonly permissions: readonly Permission[];
  readonly muteCauses: readonly string[];
  readonly name: string;
  /** Its member id, or the user it is authenticated as. */
  readonly member?: string;
  readonly identity?: string;
  /** Timer name to milliseconds since the epoch. */
  readonly deadlines: Readonly<Record<string, number>>;
  /** What the servers call it: dialog, endpoint, member of the mixer. */
  readonly servers: Readonly<Record<string, string>>;
}

export interface LiveConference {
  readonly roomId: RoomId;
  readonly conferenceId: string;
  readonly state: 'open' | 'closed';
  readonly lock: 'locked' | 'unlocked';
  readonly deadlines: Readonly<Record<string, number>>;
  readonly servers: Readonly<Record<string, string>>;
}

export type LiveRecord =
  | { readonly type: 'participant'; readonly participant: LiveParticipant }
  | { readonly type: 'participantGone'; readonly callId: string }
  | { readonly type: 'conference'; readonly conference: LiveConference }
  | { readonly type: 'conferenceGone'; readonly roomId: RoomId };

export interface LiveStateStore {
  /** All of them in this order, or none. The newest of one call or room replaces what was known of it. */
  write(records: readonly LiveRecord[]): Promise<Result<void, StoreProblem>>;
  read(): Promise<Result<{ readonly conferences: readonly LiveConference[]; readonly participants: readonly LiveParticipant[] }, StoreProblem>>;
  clear(): Promise<Result<void, StoreProblem>>;
}
