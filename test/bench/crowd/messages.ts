/** Between the bench and its crowd, which is a process of its own. */
import type { Target } from '../../e2e/phone/phone.ts';
import type { Spread } from '../figures.ts';

export interface CrowdSettings {
  readonly server: Target;
  /** `%d` becomes the number of the room, from 1. */
  readonly alias: string;
  /** Keyed after the answer; empty: none. */
  readonly pin: string;
  readonly host: string;
  readonly portMin: number;
  /** Calls placed a second. */
  readonly rate: number;
}

export type CrowdCommand =
  | { readonly type: 'start'; readonly settings: CrowdSettings }
  /** Calls until there are this many. */
  | { readonly type: 'grow'; readonly to: number }
  | { readonly type: 'measure'; readonly settleMs: number; readonly ms: number }
  /** Calls a second, for `ms`; each stays `holdMs` in one of `rooms` rooms, whose talkers must be there. */
  | { readonly type: 'rush'; readonly rate: number; readonly ms: number; readonly holdMs: number; readonly rooms: number }
  /** Every `roomEveryMs` one room goes and comes again. */
  | { readonly type: 'turnOver'; readonly roomEveryMs: number; readonly ms: number }
  | { readonly type: 'end' };

export interface Grown {
  readonly type: 'grown';
  readonly participants: number;
  readonly refused: number;
  readonly firstRefusal: string | undefined;
  readonly inviteTo200: Spread;
  readonly retransmissions: number;
}

export interface Measured {
  readonly type: 'measured';
  readonly participants: number;
  /** Of the worst participant: lost, late and wrong together, percent. */
  readonly worst: number;
  readonly meanLost: number;
  readonly meanLate: number;
  /** Looks at the content that found something else than was to be heard, of all. */
  readonly wrong: number;
  readonly looks: number;
  /** Participants with 1 % or more. */
  readonly failed: number;
  readonly ended: number;
  readonly mouthToEar: Spread;
  /** Percent of one core, and of turns more than 5 ms late. */
  readonly cpu: number;
  readonly lateTurns: number;
  readonly packetIo: 'native' | 'node';
}

export interface Rushed {
  readonly type: 'rushed';
  readonly rate: number;
  readonly calls: number;
  /** Percent. */
  readonly success: number;
  readonly firstFailure: string | undefined;
  readonly inviteTo200: Spread;
  readonly lastKeyToRoom: Spread;
  readonly retransmissions: number;
}

export interface TurnedOver {
  readonly type: 'turnedOver';
  readonly calls: number;
  readonly refused: number;
  readonly firstRefusal: string | undefined;
  readonly judged: number;
  readonly failed: number;
  readonly worst: number;
  /** Calls the server ended. */
  readonly ended: number;
  readonly retransmissions: number;
}

export type CrowdAnswer = Grown | Measured | Rushed | TurnedOver | { readonly type: 'started' } | { readonly type: 'ended' } | { readonly type: 'failed'; readonly message: string };
