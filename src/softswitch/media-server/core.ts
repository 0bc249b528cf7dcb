/** What all parts of one media server share. Made once by `createMediaServer`; nothing here is global. */
import type { Scheduler } from '../../lib/machine.ts';
import type { AudioCodec } from '../../protocol/sdp/audio.ts';
import type { Engine, EngineEvent } from '../engine/api.ts';
import type { Logger } from '../sip-stack/api.ts';
import type { Channel, ChannelSocket } from './channel.ts';
import type { ConferenceRegistry } from './conference-registry.ts';
import type { EventBus } from './event-bus.ts';
import type { Originate } from './originate.ts';
import type { SessionLimits } from './session-limits.ts';
import type { SocketAddress } from './socket-address.ts';
import type { SoundFiles } from './sound-files.ts';

export interface MediaServerLimits {
  /** Channels at the same time; further calls get 503. */
  readonly channels: number;
  /** Event sockets from clients at the same time. */
  readonly eslConnections: number;
  /** Bytes of one event socket command. */
  readonly eslCommandBytes: number;
  /** Bytes waiting for a client that does not read; more ends its socket. */
  readonly eslBacklogBytes: number;
  /** A client must have authenticated, an outbound socket must be connected and have said `connect`, after this long, ms. */
  readonly eslHandshakeMs: number;
  /** Variables of one channel or conference. */
  readonly variables: number;
  /** Files being recorded to at the same time: each holds buffers of up to 4 s of audio. */
  readonly recordings: number;
  /** From one HEARTBEAT event to the next, ms. */
  readonly heartbeatMs: number;
}

export const defaultLimits: MediaServerLimits = {
  channels: 1_000,
  eslConnections: 64,
  eslCommandBytes: 65_536,
  eslBacklogBytes: 16 * 1024 * 1024,
  eslHandshakeMs: 3_000,
  variables: 500,
  recordings: 500,
  heartbeatMs: 20_000,
};

/** What the server calls itself. */
export interface Identity {
  readonly coreUuid: string;
  readonly hostname: string;
  readonly version: string;
  /** SIP profile, as `sofia status` lists it. */
  readonly profile: string;
  /** When the server started, ms since the Unix epoch. */
  readonly startedAt: number;
}

/** What is heard of a recording. */
export type RecordingEvent = Extract<EngineEvent, { readonly type: 'recording' }>;

/** What is heard of a play on one leg. */
export type PlayEvent = Extract<EngineEvent, { readonly type: 'playStarted' | 'playStopped' | 'playDone' }>;

export interface Core {
  readonly identity: Identity;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly engine: Engine;
  readonly bus: EventBus;
  readonly limits: MediaServerLimits;
  readonly channels: Map<string, Channel>;
  readonly conferences: ConferenceRegistry;
  /** Where relative file names are looked up. */
  readonly soundPrefix: string;
  readonly soundFiles: SoundFiles;
  /** Who waits for the end of a play, by play id. */
  readonly plays: Map<string, (event: PlayEvent) => void>;
  /** Who waits for news of a recording, by recording id. */
  readonly recordings: Map<string, (event: RecordingEvent) => void>;
  readonly sessions: SessionLimits;
  /** Spoken with callers, the preferred one first. */
  readonly codecs: readonly AudioCodec[];
  /** What `global_setvar` set. */
  readonly globals: Map<string, string>;
  /** Event sockets of channels: those that linger outlive them, but not the server. */
  readonly outboundSockets: Set<{ close(): void }>;
  readonly newUuid: () => string;
  /** Opens the event socket of a channel; `closed` is called once. */
  readonly openSocket: (channel: Channel, address: SocketAddress, closed: () => void) => ChannelSocket;
  /** Makes an outgoing call. */
  readonly originate: Originate;
  /** `host:port` of the SIP profile. */
  readonly sipAddress: () => string;
}
