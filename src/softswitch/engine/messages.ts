/** What crosses the thread boundary: the commands of `Engine` as data, and what the worker says back. */
import type { AudioSource, ConferenceId, ConferenceSettings, Engine, EngineEvent, EngineStats, FarConfiguration, LegAudio, LegId, LegSource, LegStats, MemberState, PlayId, RecordingId } from './api.ts';
import type { RelayLink } from './relay.ts';

/** Commands with a `request` are answered by that number. */
export type EngineCommand =
  /** Binds RTP at `port`. After `port_taken` the leg is still there, to be opened at another one. */
  | { readonly type: 'open'; readonly request: number; readonly leg: LegId; readonly host: string; readonly port: number }
  | { readonly type: 'configure'; readonly leg: LegId; readonly far: FarConfiguration }
  | { readonly type: 'close'; readonly leg: LegId }
  | { readonly type: 'play'; readonly leg: LegId; readonly play: PlayId; readonly sources: readonly LegSource[]; readonly terminators: string }
  | { readonly type: 'breakPlay'; readonly leg: LegId; readonly all: boolean }
  | { readonly type: 'sendDtmf'; readonly leg: LegId; readonly digits: string; readonly durationMs: number }
  | { readonly type: 'detectDtmf'; readonly leg: LegId; readonly on: boolean }
  | { readonly type: 'setLegAudio'; readonly leg: LegId; readonly audio: LegAudio }
  | { readonly type: 'setMediaTimeout'; readonly leg: LegId; readonly ms: number; readonly holdMs: number }
  | { readonly type: 'createConference'; readonly conference: ConferenceId; readonly settings: ConferenceSettings }
  | { readonly type: 'destroyConference'; readonly conference: ConferenceId }
  | { readonly type: 'join'; readonly conference: ConferenceId; readonly leg: LegId; readonly member: MemberState }
  /** A leg of another worker joins; `leave` ends that. */
  | { readonly type: 'joinRelayed'; readonly conference: ConferenceId; readonly leg: LegId; readonly member: MemberState; readonly link: RelayLink }
  /** The leg joins a conference of another worker, until `leave`. */
  | { readonly type: 'lend'; readonly leg: LegId; readonly link: RelayLink }
  | { readonly type: 'leave'; readonly leg: LegId }
  | { readonly type: 'setMember'; readonly leg: LegId; readonly member: MemberState }
  | { readonly type: 'playToConference'; readonly conference: ConferenceId; readonly play: PlayId; readonly source: AudioSource; readonly leg: LegId | undefined; readonly async: boolean; readonly volume: number }
  | { readonly type: 'stopConferencePlay'; readonly request: number; readonly conference: ConferenceId; readonly which: StopWhich; readonly leg: LegId | undefined }
  | { readonly type: 'adjustConferencePlay'; readonly conference: ConferenceId; readonly change: PlayAdjustment; readonly leg: LegId | undefined }
  | { readonly type: 'conferencePlayStatus'; readonly request: number; readonly conference: ConferenceId; readonly leg: LegId | undefined }
  | { readonly type: 'relate'; readonly conference: ConferenceId; readonly listener: LegId; readonly speaker: LegId; readonly hears: boolean }
  | { readonly type: 'record'; readonly recording: RecordingId; readonly from: RecordingSource; readonly path: string; readonly limits: RecordingLimits }
  | { readonly type: 'pauseRecording'; readonly recording: RecordingId; readonly paused: boolean }
  | { readonly type: 'stopRecording'; readonly recording: RecordingId }
  | { readonly type: 'stats'; readonly request: number; readonly leg: LegId }
  | { readonly type: 'workerStats'; readonly request: number }
  /** Answered by `pong`, whatever else there is to do. */
  | { readonly type: 'ping' }
  | { readonly type: 'stop'; readonly request: number };

export type StopWhich = Parameters<Engine['stopConferencePlay']>[1];
export type PlayAdjustment = Parameters<Engine['adjustConferencePlay']>[1];
export type RecordingSource = Parameters<Engine['record']>[1];
export type RecordingLimits = NonNullable<Parameters<Engine['record']>[3]>;
export type PlayStatus = Awaited<ReturnType<Engine['conferencePlayStatus']>>;

export type BindResult = 'bound' | 'port_taken' | 'failed';

export type WorkerStats = Pick<EngineStats, 'lateTicks' | 'largestLagMs' | 'skippedTicks' | 'relayUnderruns' | 'unsentPackets' | 'packetIo'>;

/** The answers to the commands that have one. */
export type EngineAnswer =
  | { readonly type: 'opened'; readonly result: BindResult }
  | { readonly type: 'legStats'; readonly stats: LegStats | undefined }
  | { readonly type: 'workerStats'; readonly stats: WorkerStats }
  | { readonly type: 'playsStopped'; readonly count: number }
  | { readonly type: 'playStatus'; readonly status: PlayStatus }
  | { readonly type: 'stopped' };

export type WorkerMessage =
  | { readonly type: 'answer'; readonly request: number; readonly answer: EngineAnswer }
  | { readonly type: 'event'; readonly event: EngineEvent }
  | { readonly type: 'pong' }
  | { readonly type: 'warning'; readonly code: string; readonly message: string };

/** What a worker is started with. */
export interface WorkerSettings {
  /** When its ticks begin, after the multiples of 20 ms: those of all workers lie apart, so a relayed frame is always there in time. */
  readonly phaseMs: number;
  /** Decoded audio files kept, bytes; no single file may take more than half of it. */
  readonly audioCacheBytes: number;
  /** How packets are moved; absent: by the native addon where it was built. */
  readonly packetIo?: EngineStats['packetIo'];
}
