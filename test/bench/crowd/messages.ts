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

export type CrowdAnswer = Grown | Measured | { readonly type: 'started' } | { readonly type: 'ended' } | { readonly type: 'failed'; readonly message: string };
