import type { ConferenceSnapshot } from '../domain/conference-snapshot.ts';
import type { RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { Caller } from './call-leg.ts';
import type { StoreProblem } from './store-problem.ts';

/** What a process that takes over from one that was killed must know of a call in a room. Times are milliseconds since the epoch. */
export interface KeptCall {
  readonly callId: string;
  readonly roomId: RoomId;
  readonly protocol: 'sip' | 'h323';
  readonly protocolId: string;
  readonly aliases: readonly [string, ...string[]];
  readonly caller: Caller;
  readonly identity?: string;
  readonly since: number;
  /** What the servers call it: its dialog with the far end, where there is one, and its endpoint. */
  readonly dialog?: string;
  readonly endpoint: string;
  /** Timer name to when it is due. */
  readonly deadlines: Readonly<Record<string, number>>;
}

export interface KeptConference {
  readonly roomId: RoomId;
  /** Its record, from the first in the mixer to the last. */
  readonly record?: { readonly id: string; readonly peak: number };
  readonly state: ConferenceSnapshot;
  readonly deadlines: Readonly<Record<string, number>>;
}

export type LiveRecord =
  | { readonly type: 'call'; readonly call: KeptCall }
  | { readonly type: 'callGone'; readonly callId: string }
  | { readonly type: 'conference'; readonly conference: KeptConference }
  | { readonly type: 'conferenceGone'; readonly roomId: RoomId };

export interface LiveState {
  readonly conferences: readonly KeptConference[];
  readonly calls: readonly KeptCall[];
}

export interface LiveStateStore {
  /** All of them in this order, or none. The newest of one call or room replaces what was known of it. */
  write(records: readonly LiveRecord[]): Promise<Result<void, StoreProblem>>;
  read(): Promise<Result<LiveState, StoreProblem>>;
  clear(): Promise<Result<void, StoreProblem>>;
}
