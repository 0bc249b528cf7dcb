/** Running calls and conferences, as use cases and the API see them. Implemented by `call/`. Every promise settles within a deadline. */
import type { Commander, ControlCommand } from '../domain/commands.ts';
import type { CallId, Participant } from '../domain/conference-state.ts';
import type { Refusal } from '../domain/control.ts';
import type { Decision } from '../domain/decision.ts';
import type { RoomEvent } from '../domain/events.ts';
import type { Room, RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { TimerStatus } from './status.ts';

/** The conference of a room: there while somebody is in it or waits for it. */
export interface LiveConference {
  readonly room: RoomId;
  /** Of the conference record; absent before the first is in the mixer. */
  readonly conferenceId?: string;
  readonly access: 'closed' | 'open';
  readonly lock: 'locked' | 'unlocked';
  readonly guestsMuted: boolean;
  readonly recording: 'off' | 'on' | 'paused';
  /** In order of arrival, lobby included. */
  readonly participants: readonly LiveParticipant[];
  readonly timers: readonly TimerStatus[];
}

export interface LiveParticipant extends Participant {
  readonly protocol: 'sip' | 'h323';
  readonly direction: 'in' | 'out';
  /** What was dialled. */
  readonly alias: string;
  /** Whether its call is held by the far end. */
  readonly held: boolean;
  readonly timers: readonly TimerStatus[];
}

/** CO-38, N-17: what is known of the far end. */
export interface EndpointDetails {
  readonly uri: string;
  readonly userAgent?: string;
  readonly source: { readonly address: string; readonly port: number; readonly transport: string };
  readonly protocolId: string;
  readonly codec?: string;
  readonly encrypted: boolean;
  /** How its keys have come so far. */
  readonly dtmf: readonly ('rtp' | 'inband' | 'info' | 'h245')[];
}

/** CO-37. Counts since the call began; absent where the media server does not say. */
export interface MediaStatistics {
  readonly packetsReceived: number;
  readonly packetsLost?: number;
  readonly packetsSent?: number;
  readonly bytesReceived?: number;
  readonly bytesSent?: number;
  readonly jitterMs?: number;
  readonly roundTripMs?: number;
}

export type CommandOutcome =
  | { readonly kind: 'done' }
  /** A leg that the conference calls. */
  | { readonly kind: 'dialling'; readonly call: CallId }
  | { readonly kind: 'recording'; readonly recording: string };

export interface CommandRefusal {
  readonly why: Refusal;
  /** For people: what to do. */
  readonly advice: string;
}

/** How loud somebody is: sent a few times a second while somebody listens, never stored. */
export interface Level {
  readonly room: RoomId;
  readonly call: CallId;
  readonly talking: boolean;
  /** dB below full scale. */
  readonly level: number;
}

export interface LivePort {
  conferences(): readonly LiveConference[];
  conference(room: RoomId): LiveConference | undefined;
  /** The room a call is in, or waits for. */
  roomOf(call: CallId): RoomId | undefined;
  details(call: CallId): EndpointDetails | undefined;
  statistics(call: CallId): Promise<MediaStatistics | undefined>;
  /** Settles when it took effect in the mixer, or was refused. Every command passes `mayControl`, whoever gives it. */
  command(room: RoomId, command: ControlCommand, by: Commander): Promise<Result<CommandOutcome, CommandRefusal>>;
  /** The decisions made for a call so far, oldest first. */
  decisions(call: CallId): readonly Decision[];
  roomChanged(room: Room): void;
  roomRemoved(id: RoomId): void;
  /** OV-46: the live leg of a deleted member is ended at once. */
  memberRemoved(room: RoomId, member: string): void;
  /** Calls back for every event as it happens, before it is stored. The returned function ends it. */
  onEvent(listener: (event: RoomEvent) => void): () => void;
  onLevel(room: RoomId, listener: (level: Level) => void): () => void;
}
