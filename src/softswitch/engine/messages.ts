/** What crosses the thread boundary: the commands of `Engine` as data, and what the worker says back. */
import type { AudioSource, ConferenceId, Direction, AudioFormat, EngineEvent, EngineStats, LegId, LegStats, MemberState, OpenFailure, PlayId } from './api.ts';

/** `open` is answered with `opened`; `stats`, `engineStats`, `stopConferencePlay` and `stop` with `answer`: all by `request`. */
export type EngineCommand =
  | { readonly type: 'open'; readonly request: number; readonly leg: LegId; readonly host: string }
  | { readonly type: 'configure'; readonly leg: LegId; readonly far: FarConfiguration }
  | { readonly type: 'close'; readonly leg: LegId }
  | { readonly type: 'play'; readonly leg: LegId; readonly play: PlayId; readonly sources: readonly AudioSource[]; readonly terminators: string }
  | { readonly type: 'breakPlay'; readonly leg: LegId; readonly all: boolean }
  | { readonly type: 'createConference'; readonly conference: ConferenceId }
  | { readonly type: 'destroyConference'; readonly conference: ConferenceId }
  | { readonly type: 'join'; readonly conference: ConferenceId; readonly leg: LegId; readonly member: MemberState }
  | { readonly type: 'leave'; readonly leg: LegId }
  | { readonly type: 'setMember'; readonly leg: LegId; readonly member: MemberState }
  | { readonly type: 'playToConference'; readonly conference: ConferenceId; readonly play: PlayId; readonly source: AudioSource; readonly leg: LegId | undefined }
  | { readonly type: 'stopConferencePlay'; readonly request: number; readonly conference: ConferenceId; readonly which: 'current' | 'all'; readonly leg: LegId | undefined }
  | { readonly type: 'stats'; readonly request: number; readonly leg: LegId }
  | { readonly type: 'engineStats'; readonly request: number }
  | { readonly type: 'stop'; readonly request: number };

/** The far end as `Engine.configure` takes it. */
export interface FarConfiguration {
  readonly address: string;
  readonly port: number;
  readonly format: AudioFormat;
  readonly direction: Direction;
}

export type OpenResult = { readonly ok: true; readonly port: number } | { readonly ok: false; readonly error: OpenFailure };

/** The answers to the commands that have one. */
export type EngineAnswer =
  | { readonly type: 'opened'; readonly result: OpenResult }
  | { readonly type: 'legStats'; readonly stats: LegStats | undefined }
  | { readonly type: 'engineStats'; readonly stats: EngineStats }
  | { readonly type: 'playsStopped'; readonly count: number }
  | { readonly type: 'stopped' };

export type WorkerMessage =
  | { readonly type: 'answer'; readonly request: number; readonly answer: EngineAnswer }
  | { readonly type: 'event'; readonly event: EngineEvent }
  | { readonly type: 'warning'; readonly code: string; readonly message: string };

export interface EngineLimits {
  /** Legs open at once. */
  readonly legs: number;
  /** How long a closed port is not given out again, ms: what its old far end still sends must not reach a new call. */
  readonly portQuarantineMs: number;
  /** Decoded audio files kept, bytes; no single file may take more than half of it. */
  readonly audioCacheBytes: number;
}

/** What the worker is started with: RTP ports are the even ones in `portMin` to `portMax`, RTCP the odd ones above them. */
export interface WorkerSettings {
  readonly portMin: number;
  readonly portMax: number;
  readonly limits: EngineLimits;
}
