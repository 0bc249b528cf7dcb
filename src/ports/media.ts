/**
 * Media as the actors see it: endpoints of legs, prompts, and the mixer. Implemented by `adapters/freeswitch`.
 * Every promise settles within a deadline; failures are values.
 */
import type { Result } from '../lib/result.ts';
import type { Prompt } from '../domain/prompts.ts';
import type { MediaStatistics } from './live.ts';

/**
 * Media as legs describe it, neutral between SDP and H.245: a list of lines, of which the present media servers take
 * the first usable audio line and refuse the others (port 0, order and count kept).
 */
export interface MediaDescription {
  readonly lines: readonly MediaLine[];
}

export interface MediaLine {
  readonly kind: 'audio' | 'video' | 'application' | 'image' | 'other';
  /** Transport protocol as SDP names it, e.g. `RTP/AVP`. */
  readonly protocol: string;
  readonly address: string;
  /** 0: refused or not offered. */
  readonly port: number;
  /** From the view of whoever made this description. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  readonly codecs: readonly MediaCodec[];
  /** Packet time in ms: wanted, and the most there may be. */
  readonly ptime?: number;
  readonly maxptime?: number;
  /** Where RTCP goes to when not to the port above; on the port of the media itself when both sides have `rtcpMux`. */
  readonly rtcpPort?: number;
  readonly rtcpMux?: true;
  /** There when the line is encrypted: its keys as SDP has them (RFC 4568). Never to be logged. */
  readonly crypto?: readonly string[];
}

export interface MediaCodec {
  readonly name: string;
  readonly payloadType: number;
  readonly clockRate: number;
  readonly channels?: number;
  readonly fmtp?: string;
}

export type AllocateFailure = 'no_common_codec' | 'media_unavailable';

export interface MediaHandlers {
  /** A key pressed, by RFC 4733 or heard in band. */
  readonly onDigit: (digit: string, via: 'rtp' | 'inband') => void;
  /** The endpoint is gone without our doing (media server lost, or it hung up). */
  readonly onLost: () => void;
  /** In a conference: it began to speak, or stopped. `level`: dB below full scale, as RFC 6464 has it: 0 to 127. */
  readonly onTalking?: (talking: boolean, level: number) => void;
}

/** What is heard: a prompt of ours, or a WAV file by its path on this machine. */
export type Sound = Prompt | { readonly file: string };

/** A recording of a conference under way. A command settles when it took effect. */
export interface ConferenceRecording {
  pause(): Promise<Result<void, 'failed'>>;
  resume(): Promise<Result<void, 'failed'>>;
  stop(): Promise<Result<void, 'failed'>>;
}

/** What the audio of a leg is. */
export interface MediaDetails {
  readonly codec?: string;
  readonly encrypted: boolean;
}

export interface MediaPort {
  /** Whether a media server is there to take calls. */
  readonly available: boolean;
  /**
   * Makes an endpoint for an offer; without one the endpoint makes the offer, and `update` takes the far end's answer. Those of one `place`
   * (any token, of the room where it is known) are going to be together, which the media server may make use of.
   */
  allocate(offer: MediaDescription | undefined, handlers: MediaHandlers, place?: string): Promise<Result<LegMedia, AllocateFailure>>;
  /** Says something to all in a conference, mixed in. Settles when it was taken. */
  announce(conference: string, prompts: readonly Prompt[], language: string): Promise<void>;
  /** Plays a WAV file, by its path on this machine, to all in a conference, mixed in. Settles when it is over. */
  announceFile(conference: string, path: string): Promise<'said' | 'failed'>;
  /**
   * Records the whole mix of a conference into a WAV file, by its path on this machine. Settles when it has begun; `onEnded` is called once,
   * when it was stopped, when the conference is over, or when it failed.
   */
  record(conference: string, path: string, onEnded: (how: 'stopped' | 'failed') => void): Promise<Result<ConferenceRecording, 'failed'>>;
}

/** What a key does to a prompt that plays: ends it the moment it goes down (barge-in; it ends as `done`), or nothing. */
export type OnKey = 'stop' | 'playOn';

/** The endpoint of one leg. One owner, the call session, releases it. */
export interface LegMedia {
  /** What to answer the far end with (or to offer it): the line in use. The others of its offer are refused. */
  readonly answer: MediaDescription;
  /** The media server's name of it, for logs. */
  readonly id: string;
  readonly details: MediaDetails;
  /** Plays sounds one after the other, replacing what plays. Not while in a conference. */
  play(sounds: readonly Sound[], language: string, onKey: OnKey): Promise<'done' | 'stopped' | 'failed'>;
  /** Plays music until stopped or replaced. */
  playMusic(): Promise<'stopped' | 'failed'>;
  stopPlay(): Promise<void>;
  /** Enters a conference, which is made if it is not there. Ends what plays. */
  join(conference: string, muted: boolean): Promise<Result<void, 'join_failed'>>;
  /** Leaves the conference; the endpoint stays. */
  leave(): Promise<void>;
  setMuted(muted: boolean): Promise<void>;
  /** How loud others hear it, -12 to 12 dB, as near as the mixer can. In a conference only. */
  setGain(decibels: number): Promise<void>;
  /** Whether it hears nothing of the conference. */
  setDeaf(deaf: boolean): Promise<void>;
  /** Keys digits (0-9 A-D * #) to the far end, one after the other (RFC 4733). Settles when they were taken. */
  sendDigits(digits: string): Promise<void>;
  /** Says something to this member of a conference only, over what it hears. Several follow one another. Settles when it was said. */
  tell(sounds: readonly Sound[], language: string): Promise<'said' | 'failed'>;
  /** RTP packets received so far; undefined when the server did not say. */
  packetsReceived(): Promise<number | undefined>;
  /** Undefined when the server did not say. */
  statistics(): Promise<MediaStatistics | undefined>;
  /** A new offer in the call (hold, another address, other codecs): the answer. */
  update(offer: MediaDescription): Promise<Result<MediaDescription, AllocateFailure>>;
  /** Ends it. May be called at any time and again. */
  release(): Promise<void>;
}
