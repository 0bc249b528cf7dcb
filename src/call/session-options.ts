import type { Standing } from '../domain/admission.ts';
import type { Decision } from '../domain/decision.ts';
import type { Pin } from '../domain/pin-format.ts';
import type { Policy } from '../domain/policy.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { Room } from '../domain/room.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { CallLeg } from '../ports/call-leg.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import type { Log } from '../ports/log.ts';
import type { MediaPort } from '../ports/media.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { ConferenceActor } from './conference-actor.ts';
import type { Entrance } from './entrance.ts';

/** What the attendant asks for: an alias of it, its PIN, and the longest room number. */
export interface Attendant {
  readonly aliases: readonly string[];
  readonly pin: Pin | undefined;
  readonly longestNumber: number;
}

/** How a call of ours gets on. */
export type CallProgress = { readonly kind: 'ringing' | 'answered' } | { readonly kind: 'ended'; readonly reason: EndReason };

export interface SessionOptions {
  readonly leg: CallLeg;
  /** Taken over from a former process, in a room. */
  readonly takenOver?: { readonly since: number; readonly room: Room };
  readonly rooms: RoomStore;
  readonly media: MediaPort;
  readonly cdr: CdrRecorder;
  readonly policy: Policy;
  readonly attendant: Attendant;
  /** Language before a room is known. */
  readonly language: string;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** The conference of a room, made if it is not there. */
  readonly conference: (room: Room) => ConferenceActor;
  /** How the conference of a room stands, without making one. */
  readonly standing: (room: Room) => Standing;
  readonly entrance: Entrance;
  readonly onDecision: (decision: Decision) => void;
  /** In a conference: somebody began to speak, or stopped. */
  readonly onTalking: (call: string, talking: boolean, level: number) => void;
  /** Of a call of ours. */
  readonly onProgress?: (progress: CallProgress) => void;
  readonly onClosed: () => void;
}
