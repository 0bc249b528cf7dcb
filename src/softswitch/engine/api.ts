/**
 * What the media server (main thread) asks of the media engine (worker thread), and what it hears back.
 *
 * Everything is a plain message, so it crosses the thread boundary as it is. Commands are carried out in the order sent.
 * A leg is one RTP session with one far end; a leg is in at most one conference.
 * Times are milliseconds of audio unless named otherwise; the mixing rate is 8 kHz, a frame is 20 ms (160 samples).
 */

export type LegId = string;
export type ConferenceId = string;
export type PlayId = string;

/** What this leg does, as in the SDP we wrote: `sendonly` sends and ignores what arrives, `recvonly` listens and sends nothing. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One codec agreed for a leg. `payloadType` is the RTP payload type in use both ways. */
export interface AudioFormat {
  readonly codec: 'PCMU' | 'PCMA';
  readonly payloadType: number;
  /** Packet time we send with, in ms. */
  readonly ptime: number;
  /** Payload type of RFC 4733 telephone-event, when negotiated. */
  readonly telephoneEvent?: number;
}

/** Where audio to be played comes from. */
export type AudioSource =
  /** A RIFF WAVE file (PCM16, A-law or mu-law, any rate, mono or stereo), from `offsetSamples` (at 8 kHz) on. */
  | { readonly kind: 'file'; readonly path: string; readonly offsetSamples?: number; readonly gainDb?: number }
  /** `ms` of silence; -1 is for ever. */
  | { readonly kind: 'silence'; readonly ms: number }
  /** A tone of one or two frequencies in Hz, -12 dBFS each: on for `onMs`, off for `offMs`, `loops` times; -1 is for ever. */
  | { readonly kind: 'tone'; readonly hz: readonly number[]; readonly onMs: number; readonly offMs: number; readonly loops: number };

export interface MemberState {
  /** May be heard by the others. */
  readonly speak: boolean;
  /** Hears the others. */
  readonly hear: boolean;
  /** mod_conference volume steps, -4..4: what the member sends and what it hears. */
  readonly volumeIn: number;
  readonly volumeOut: number;
  /** Energy threshold for talk detection, mod_conference scale (0..1800, stock 100). */
  readonly energyLevel: number;
}

/** Counters of one leg since it was opened; FreeSWITCH's `rtp_audio_*` names in the comments. */
export interface LegStats {
  readonly inPackets: number; // in_packet_count
  readonly inMediaPackets: number; // in_media_packet_count: audio of the agreed payload type
  readonly inBytes: number; // in_raw_bytes
  readonly inDtmfPackets: number; // in_dtmf_packet_count
  readonly inLost: number; // in_skip_packet_count: concealed frames
  readonly inDiscarded: number; // late, duplicate, malformed, or from a wrong source
  readonly inLargestJitterBuffer: number; // frames
  readonly outPackets: number;
  readonly outBytes: number;
}

export interface EngineStats {
  readonly legs: number;
  readonly conferences: number;
  /** Ticks that ran more than 5 ms after their slot, and the largest lag seen, ms. */
  readonly lateTicks: number;
  readonly largestLagMs: number;
  /** Ticks skipped because the worker was stalled for longer than the catch-up cap. */
  readonly skippedTicks: number;
}

/** `engine_failed`: the worker died or did not answer in time. */
export type OpenFailure = 'no_port' | 'too_many_legs' | 'engine_failed';

export type EngineEvent =
  /** One per key pressed (RFC 4733): sent when the event's end is known, or when it is superseded. `durationMs` is the key's real length. */
  | { readonly type: 'dtmf'; readonly leg: LegId; readonly digit: string; readonly durationMs: number; readonly ssrc: number; readonly timestamp: number }
  /** Source `index` of a play began to sound. */
  | { readonly type: 'playStarted'; readonly leg: LegId; readonly play: PlayId; readonly index: number }
  /** Source `index` of a play ended. `samples` were heard at 8 kHz, `offset` is the position in the file where it stopped. */
  | {
      readonly type: 'playStopped';
      readonly leg: LegId;
      readonly play: PlayId;
      readonly index: number;
      readonly how: 'done' | 'broken' | 'not_found' | 'unreadable';
      readonly samples: number;
      readonly offset: number;
    }
  /** The whole list of a play is over; nothing of it follows. Exactly one per play, also when the leg is closed first. `terminator`: the key that ended it. */
  | { readonly type: 'playDone'; readonly leg: LegId; readonly play: PlayId; readonly terminator?: string }
  /**
   * A source played into a conference (to all, or to one member when `leg` is set) began or ended. Each play ends exactly once:
   * stopped, or cut by `leave`, `close` or `destroyConference`, is `broken`.
   */
  | {
      readonly type: 'conferencePlay';
      readonly conference: ConferenceId;
      readonly play: PlayId;
      readonly leg?: LegId;
      readonly what: 'started' | 'done' | 'broken' | 'not_found' | 'unreadable';
      readonly samples: number;
    }
  /**
   * A member began or stopped talking (energy above its level; stop after about 800 ms below, or when `speak` changes).
   * `energy` is that of the frame that began it, and the average over the talk when it stopped; `muted` members are watched too.
   */
  | { readonly type: 'talking'; readonly conference: ConferenceId; readonly leg: LegId; readonly talking: boolean; readonly energy: number; readonly durationMs: number; readonly muted: boolean }
  /** The worker died; all its legs are gone. */
  | { readonly type: 'failed'; readonly message: string };

/**
 * The engine as the media server sees it. Everything that does not answer is fire and forget, in order; an unknown leg or conference
 * is ignored. When the worker is dead `open` answers `engine_failed`, `stats` undefined, `stopConferencePlay` 0, `engineStats` zeros.
 */
export interface Engine {
  /** Opens an RTP (and RTCP) socket pair for a leg. Nothing is sent until `configure`. */
  open(leg: LegId, host: string): Promise<{ readonly ok: true; readonly port: number } | { readonly ok: false; readonly error: OpenFailure }>;
  /** Sets or changes the far end: where to send to (until its own packets show the real address: symmetric RTP), how, and which way. */
  configure(leg: LegId, far: { readonly address: string; readonly port: number; readonly format: AudioFormat; readonly direction: Direction }): void;
  /** Ends the leg: it leaves its conference, its plays end as `broken`, its ports go into quarantine. */
  close(leg: LegId): void;
  /** Plays `sources` one after the other to the leg; a play already running is set aside and goes on when this one is over (as FreeSWITCH nests apps). The moment one of the keys `terminators` goes down, the list ends. */
  play(leg: LegId, play: PlayId, sources: readonly AudioSource[], terminators?: string): void;
  /** Ends the present source of the running play (`all`: the whole list). */
  breakPlay(leg: LegId, all: boolean): void;
  createConference(conference: ConferenceId): void;
  /** Members still in it are put out, as by `leave`. */
  destroyConference(conference: ConferenceId): void;
  join(conference: ConferenceId, leg: LegId, member: MemberState): void;
  leave(leg: LegId): void;
  setMember(leg: LegId, member: MemberState): void;
  /** Plays into the mix of a conference, or over it to one member. Several queue up in order, per target. */
  playToConference(conference: ConferenceId, play: PlayId, source: AudioSource, leg?: LegId): void;
  /** Stops what `playToConference` has running and queued, for the conference or one member. Answers how many were stopped. */
  stopConferencePlay(conference: ConferenceId, which: 'current' | 'all', leg?: LegId): Promise<number>;
  stats(leg: LegId): Promise<LegStats | undefined>;
  engineStats(): Promise<EngineStats>;
  /** Closes every leg and ends the worker. */
  stop(): Promise<void>;
}
