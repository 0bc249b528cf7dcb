/**
 * What the media server (main thread) asks of the media engine (worker thread), and what it hears back.
 *
 * Everything is a plain message, so it crosses the thread boundary as it is. Commands are carried out in the order sent.
 * A leg is one RTP session with one far end; a leg is in at most one conference.
 * Times are milliseconds of audio unless named otherwise. A frame is 20 ms. `samples` and `offset` of plays count at 8 kHz,
 * whatever the rate of the file, the leg or the conference.
 */

export type LegId = string;
export type ConferenceId = string;
export type PlayId = string;
export type RecordingId = string;

/** What this leg does, as in the SDP we wrote: `sendonly` sends and ignores what arrives, `recvonly` listens and sends nothing. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export type CodecName = 'PCMU' | 'PCMA' | 'G722' | 'OPUS' | 'L16';

/** One codec agreed for a leg. `payloadType` is the RTP payload type in use both ways. */
export interface AudioFormat {
  readonly codec: CodecName;
  readonly payloadType: number;
  /** RTP clock rate in Hz, as in rtpmap: 8000 for G.711 and G.722 (RFC 3551 §4.5.2), 48000 for Opus, 8000 to 48000 for L16. */
  readonly clockRate: number;
  /** Packet time we send with, ms: 10, 20, 30, 40 or 60. */
  readonly ptime: number;
  /** Payload type of RFC 4733 telephone-event, when negotiated. */
  readonly telephoneEvent?: number;
  /** Its clock rate, where it is not `clockRate`: phones that offer it at 8000 only, beside Opus. */
  readonly telephoneEventRate?: number;
  /** Payload type of comfort noise (RFC 3389), when negotiated. */
  readonly comfortNoise?: number;
  /** Opus only: what the far end asked for in fmtp (RFC 7587 §6.1). */
  readonly opus?: { readonly inbandFec: boolean; readonly maxAverageBitrate?: number; readonly dtx?: boolean };
}

export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' | 'AEAD_AES_128_GCM';

/** Master key and salt of one direction, joined as in RFC 4568 §6.1: 30 bytes, 28 for GCM (RFC 7714 §12). */
export interface SrtpKey {
  readonly suite: SrtpSuite;
  readonly keyAndSalt: Uint8Array;
  /** Master key identifier of packets received (RFC 3711 §3.1). */
  readonly mki?: Uint8Array;
}

export interface FarConfiguration {
  /** Where to send RTP to, until its own packets show the real address. */
  readonly address: string;
  readonly port: number;
  /** Where to send RTCP to (RFC 3605); default `port` + 1. Equal to `port`: muxed (RFC 5761). */
  readonly rtcpPort?: number;
  readonly format: AudioFormat;
  readonly direction: Direction;
  /** SRTP both ways; what does not authenticate is dropped and counted, never a reason to end anything. */
  readonly srtp?: { readonly send: SrtpKey; readonly receive: SrtpKey };
}

/** Where audio to be played comes from. */
export type AudioSource =
  /** A RIFF WAVE file (PCM16, A-law or mu-law, any rate, mono or stereo), from `offsetSamples` on. */
  | { readonly kind: 'file'; readonly path: string; readonly offsetSamples?: number; readonly gainDb?: number }
  /** `ms` of silence; -1 is for ever. */
  | { readonly kind: 'silence'; readonly ms: number }
  /** A tone of one or two frequencies in Hz, -12 dBFS each: on for `onMs`, off for `offMs`, `loops` times; -1 is for ever. */
  | { readonly kind: 'tone'; readonly hz: readonly number[]; readonly onMs: number; readonly offMs: number; readonly loops: number };

/** What can be played to one leg: also what it says itself, `delayMs` later, without an end. */
export type LegSource = AudioSource | { readonly kind: 'echo'; readonly delayMs: number };

export interface MemberState {
  /** May be heard by the others. */
  readonly speak: boolean;
  /** Hears the others. */
  readonly hear: boolean;
  /** On hold: neither hears nor is heard; what is played to the member alone still sounds. */
  readonly hold?: boolean;
  /** mod_conference volume steps, -4..4: what the member sends and what it hears. */
  readonly volumeIn: number;
  readonly volumeOut: number;
  /** Energy threshold for talk detection, mod_conference scale (0..1800, stock 100). Below it a member is not mixed (it is for 800 ms after its last loud frame). 0: always mixed. */
  readonly energyLevel: number;
  /** The energy level follows what is heard of the member, between `least` and `most` (mod_conference `auto-energy`): down after `quietMs` without talk, to three quarters of a longer talk's energy when it ends. Told as `energyLevel`. */
  readonly autoEnergy?: { readonly most: number; readonly least: number; readonly quietMs: number };
  /** Near this energy a member is made softer, above it for more than `hits` frames muted for `muteMs` (mod_conference `max-energy`). */
  readonly maxEnergy?: { readonly level: number; readonly muteMs: number; readonly hits: number };
  /** Automatic gain towards this energy (mod_conference `agc`); 0 or absent: off. */
  readonly agcLevel?: number;
}

export interface ConferenceSettings {
  /** Mixing rate, Hz; members of other rates are resampled. */
  readonly rate: 8000 | 16000 | 48000;
}

/** What mixes into or out of a leg besides conferences (`uuid_audio`): muted, or louder by a volume step. */
export interface LegAudio {
  readonly readMuted: boolean;
  readonly writeMuted: boolean;
  readonly readLevel: number;
  readonly writeLevel: number;
}

/** Counters of one leg since it was opened; FreeSWITCH's `rtp_audio_*` names in the comments. Times in ms. */
export interface LegStats {
  readonly inPackets: number; // in_packet_count
  readonly inMediaPackets: number; // in_media_packet_count: audio of the agreed payload type
  readonly inBytes: number; // in_raw_bytes
  readonly inMediaBytes: number; // in_media_bytes
  readonly inDtmfPackets: number; // in_dtmf_packet_count
  readonly inCngPackets: number; // in_cng_packet_count
  readonly inLost: number; // in_skip_packet_count: concealed frames
  readonly inDiscarded: number; // late, duplicate, malformed, or from a wrong source
  readonly inUnauthenticated: number; // SRTP: failed authentication or replayed
  readonly inLargestJitterBuffer: number; // frames; in_largest_jb_size
  readonly inJitterMs: number; // RFC 3550 §6.4.1 interarrival jitter, now
  readonly inJitterMinMs: number; // in_jitter_min_variance
  readonly inJitterMaxMs: number; // in_jitter_max_variance
  readonly outPackets: number;
  readonly outBytes: number;
  readonly outDtmfPackets: number; // out_dtmf_packet_count
  /** RTCP received, and what the far end's last report said of our stream. */
  readonly rtcpPackets: number; // rtcp_packet_count
  readonly rtcpOctets: number; // rtcp_octet_count
  readonly remoteLossPercent?: number;
  readonly remoteJitterMs?: number;
  readonly roundTripMs?: number;
}

export interface EngineStats {
  readonly legs: number;
  readonly conferences: number;
  /** Ticks that ran more than 5 ms after their slot, and the largest lag seen, ms; over all workers. */
  readonly lateTicks: number;
  readonly largestLagMs: number;
  /** Ticks skipped because a worker was stalled for longer than the catch-up cap. */
  readonly skippedTicks: number;
  /** Ticks at which a leg in a conference of another worker, or that conference, had nothing from the other side: it was late. */
  readonly relayUnderruns: number;
  /** Packets the system did not take: its buffers were full, or there is no way to the far end. */
  readonly unsentPackets: number;
  readonly workers: number;
  /** Packets are moved by the native addon, or one by one by Node. */
  readonly packetIo: 'native' | 'node';
}

/** `engine_failed`: the worker died or did not answer in time. */
export type OpenFailure = 'no_port' | 'too_many_legs' | 'engine_failed';

export type PlayFault = 'not_found' | 'unreadable';

export type EngineEvent =
  /**
   * One per key pressed: by RFC 4733 sent when the event's end is known, or when it is superseded, with `ssrc` and `timestamp`;
   * in-band when the tone is over. A key heard both ways is told once, as `rtp`. `durationMs` is the key's real length.
   */
  | { readonly type: 'dtmf'; readonly leg: LegId; readonly source: 'rtp'; readonly digit: string; readonly durationMs: number; readonly ssrc: number; readonly timestamp: number }
  | { readonly type: 'dtmf'; readonly leg: LegId; readonly source: 'inband'; readonly digit: string; readonly durationMs: number }
  /** Source `index` of a play began to sound. */
  | { readonly type: 'playStarted'; readonly leg: LegId; readonly play: PlayId; readonly index: number }
  /** Source `index` of a play ended. `samples` were heard, `offset` is the position in the file where it stopped. */
  | {
      readonly type: 'playStopped';
      readonly leg: LegId;
      readonly play: PlayId;
      readonly index: number;
      readonly how: 'done' | 'broken' | PlayFault;
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
      readonly what: 'started' | 'done' | 'broken' | PlayFault;
      readonly samples: number;
    }
  /**
   * A member began or stopped talking (energy above its level; stop after about 800 ms below, or when `speak` changes).
   * `energy` is that of the frame that began it, and the average over the talk when it stopped; `muted` members are watched too.
   */
  | { readonly type: 'talking'; readonly conference: ConferenceId; readonly leg: LegId; readonly talking: boolean; readonly energy: number; readonly durationMs: number; readonly muted: boolean }
  /** `autoEnergy` changed the energy level of a member. */
  | { readonly type: 'energyLevel'; readonly conference: ConferenceId; readonly leg: LegId; readonly level: number }
  /** A recording began, or ended: exactly one of `stopped` and `failed` each. `samples` at the rate of the file, `bytes` of the whole file. */
  | { readonly type: 'recording'; readonly recording: RecordingId; readonly what: 'started' }
  | { readonly type: 'recording'; readonly recording: RecordingId; readonly what: 'stopped'; readonly why: 'asked' | 'limit' | 'silence' | 'left'; readonly samples: number; readonly bytes: number; readonly rate: number }
  | { readonly type: 'recording'; readonly recording: RecordingId; readonly what: 'failed'; readonly message: string }
  /** Nothing came from the far end for the time set by `setMediaTimeout`; told once. */
  | { readonly type: 'mediaTimeout'; readonly leg: LegId }
  /** A worker died and is replaced: these legs and conferences are gone. Plays and talks end with this; of each recording `failed` follows. */
  | { readonly type: 'lost'; readonly legs: readonly LegId[]; readonly conferences: readonly ConferenceId[]; readonly message: string };

/**
 * The engine as the media server sees it. Everything that does not answer is fire and forget, in order; an unknown leg or conference
 * is ignored. Where the worker of a leg or conference is dead `open` answers `engine_failed`, `stats` undefined, counts are 0.
 */
export interface Engine {
  /**
   * Opens an RTP (and RTCP) socket pair for a leg. Nothing is sent until `configure`. Legs of the same `place` (any text) share a worker,
   * which makes conferences among them cheap; a leg may join a conference on another worker all the same.
   */
  open(leg: LegId, host: string, place?: string): Promise<{ readonly ok: true; readonly port: number } | { readonly ok: false; readonly error: OpenFailure }>;
  /** Sets or changes the far end: where to send to (until its own packets show the real address: symmetric RTP), how, and which way. */
  configure(leg: LegId, far: FarConfiguration): void;
  /** Ends the leg: it leaves its conference, its plays and recordings end, its ports go into quarantine. */
  close(leg: LegId): void;
  /** Plays `sources` one after the other to the leg; a play already running is set aside and goes on when this one is over (as FreeSWITCH nests apps). The moment one of the keys `terminators` goes down, the list ends. */
  play(leg: LegId, play: PlayId, sources: readonly LegSource[], terminators?: string): void;
  /** Ends the present source of the running play (`all`: the whole list). Each call counts: the next one meets the source or the list that follows. */
  breakPlay(leg: LegId, all: boolean): void;
  /** Presses keys towards the far end: RFC 4733 where agreed, tones otherwise. They queue; `durationMs` of each, as long between them at most 100 ms. */
  sendDtmf(leg: LegId, digits: string, durationMs: number): void;
  /** Listens for DTMF tones in the audio (ITU-T Q.24), or no more. */
  detectDtmf(leg: LegId, on: boolean): void;
  setLegAudio(leg: LegId, audio: LegAudio): void;
  /** Without a packet for `ms` (`holdMs` while the far end is on hold) `mediaTimeout` is told; 0: never. The time starts now. */
  setMediaTimeout(leg: LegId, ms: number, holdMs: number): void;
  createConference(conference: ConferenceId, settings: ConferenceSettings, place?: string): void;
  /** Members still in it are put out, as by `leave`. */
  destroyConference(conference: ConferenceId): void;
  join(conference: ConferenceId, leg: LegId, member: MemberState): void;
  leave(leg: LegId): void;
  setMember(leg: LegId, member: MemberState): void;
  /** Whether `listener` hears `speaker` (mod_conference `relate`); lasts until one of them leaves. */
  relate(conference: ConferenceId, listener: LegId, speaker: LegId, hears: boolean): void;
  /** Plays into the mix of a conference, or over it to one member. Several queue up in order, per target; `async` ones sound at once, beside the queue. `volume`: step, -4..4. */
  playToConference(conference: ConferenceId, play: PlayId, source: AudioSource, options?: { readonly leg?: LegId; readonly async?: boolean; readonly volume?: number }): void;
  /** Stops what `playToConference` has running and queued, for the conference or one member; `async`: what sounds beside the queue; `last`: the newest. Answers how many were stopped. */
  stopConferencePlay(conference: ConferenceId, which: 'current' | 'all' | 'async' | 'last', leg?: LegId): Promise<number>;
  /** Changes what sounds in the queue: paused or not, moved to a position (ms), volume step. */
  adjustConferencePlay(conference: ConferenceId, change: { readonly paused?: boolean; readonly positionMs?: number; readonly volume?: number }, leg?: LegId): void;
  /** Position and length of what sounds in the queue, ms; undefined when nothing does. `lengthMs` undefined: endless. */
  conferencePlayStatus(conference: ConferenceId, leg?: LegId): Promise<{ readonly play: PlayId; readonly positionMs: number; readonly lengthMs?: number } | undefined>;
  /** Records the whole mix of a conference, or a leg (`heard`: what is heard of it; `both`: what it is sent, too), into a WAV file (PCM16 mono). `limitMs` and `silenceMs` (below energy `silenceLevel`) end it by themselves. */
  record(
    recording: RecordingId,
    from: { readonly conference: ConferenceId } | { readonly leg: LegId; readonly what: 'both' | 'heard' },
    path: string,
    limits?: { readonly limitMs?: number; readonly silenceMs?: number; readonly silenceLevel?: number; readonly append?: boolean },
  ): void;
  pauseRecording(recording: RecordingId, paused: boolean): void;
  stopRecording(recording: RecordingId): void;
  stats(leg: LegId): Promise<LegStats | undefined>;
  engineStats(): Promise<EngineStats>;
  /** Closes every leg and ends the workers. */
  stop(): Promise<void>;
}
