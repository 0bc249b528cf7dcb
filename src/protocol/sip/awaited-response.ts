/**
 * What a UAS does between sending a response that must be acknowledged and hearing that it was: a 2xx to an INVITE until its
 * ACK (RFC 3261 §13.3.1.4), a reliable provisional response until its PRACK (RFC 3262 §3).
 *
 * A 2xx is repeated over reliable transports too: a later hop may be UDP, and only the two ends repeat a 2xx.
 */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { TimerEffect } from './timers.ts';
import { GIVE_UP, T1, T2 } from './timers.ts';

/** What has a response sent again: its timer, as the RFCs say, or only the request that comes again. */
export type Repetition = 'byTimer' | 'onRequest';

export interface AwaitedResponseState {
  readonly phase: 'waiting' | 'acknowledged' | 'abandoned';
  readonly interval: number;
  /** What the interval doubles up to. */
  readonly longest: number;
}

export type AwaitedResponseEvent =
  /** The response was sent for the first time. */
  | { readonly type: 'start'; readonly repetition: Repetition }
  /** Its ACK or PRACK came. */
  | { readonly type: 'acknowledged' }
  /** Nobody waits any more: the call is over (a BYE), or a final response was sent. */
  | { readonly type: 'over' }
  | { readonly type: 'timer'; readonly name: 'retransmit' | 'giveUp' };

export type AwaitedResponseEffect =
  | TimerEffect<'retransmit' | 'giveUp'>
  | { readonly do: 'sendResponse' }
  /** The acknowledgement came: hand it on, let go what waited for it. */
  | { readonly do: 'proceed' }
  /** It did not: the session is ended with a BYE (RFC 3261), the INVITE refused with a 5xx (RFC 3262). */
  | { readonly do: 'giveUp' };

/** RFC 3261 §13.3.1.4: the interval "doubles for each retransmission until it reaches T2 seconds". */
export const untilAck: AwaitedResponseState = { phase: 'waiting', interval: T1, longest: T2 };
/** RFC 3262 §3: it doubles without that bound. */
export const untilPrack: AwaitedResponseState = { phase: 'waiting', interval: T1, longest: Infinity };

const STOP: readonly AwaitedResponseEffect[] = [
  { do: 'cancelTimer', name: 'retransmit' },
  { do: 'cancelTimer', name: 'giveUp' },
];

export function stepAwaitedResponse(state: AwaitedResponseState, event: AwaitedResponseEvent): Step<AwaitedResponseState, AwaitedResponseEffect> {
  if (state.phase !== 'waiting') return { state, effects: [] };
  switch (event.type) {
    case 'start': {
      const retransmit: readonly AwaitedResponseEffect[] = event.repetition === 'byTimer' ? [{ do: 'startTimer', name: 'retransmit', ms: state.interval }] : [];
      return { state, effects: [...retransmit, { do: 'startTimer', name: 'giveUp', ms: GIVE_UP }] };
    }
    case 'acknowledged':
      return { state: { ...state, phase: 'acknowledged' }, effects: [...STOP, { do: 'proceed' }] };
    case 'over':
      return { state: { ...state, phase: 'abandoned' }, effects: STOP };
    case 'timer': {
      if (event.name === 'giveUp') return { state: { ...state, phase: 'abandoned' }, effects: [...STOP, { do: 'giveUp' }] };
      const interval = Math.min(state.interval * 2, state.longest);
      return { state: { ...state, interval }, effects: [{ do: 'sendResponse' }, { do: 'startTimer', name: 'retransmit', ms: interval }] };
    }
    default:
      return unreachable(event);
  }
}
