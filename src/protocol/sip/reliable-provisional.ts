/** What a UAS does between sending a reliable provisional response and receiving its PRACK (RFC 3262 §3). */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { TimerEffect } from './timers.ts';
import { GIVE_UP, T1 } from './timers.ts';

export interface ReliableProvisionalState {
  readonly phase: 'waiting' | 'acknowledged' | 'abandoned';
  readonly interval: number;
}

export type ReliableProvisionalEvent =
  /** The response was sent for the first time. */
  | { readonly type: 'start' }
  | { readonly type: 'prack' }
  /** A final response was sent, or the call is over: "it SHOULD NOT continue to retransmit". */
  | { readonly type: 'over' }
  | { readonly type: 'timer'; readonly name: 'retransmit' | 'giveUp' };

export type ReliableProvisionalEffect =
  | TimerEffect<'retransmit' | 'giveUp'>
  | { readonly do: 'sendResponse' }
  /** What was held back until the PRACK may go. */
  | { readonly do: 'proceed' }
  /** No PRACK came: "the UAS SHOULD reject the original request with a 5xx response". */
  | { readonly do: 'giveUp' };

export const reliableProvisional: ReliableProvisionalState = { phase: 'waiting', interval: T1 };

const STOP: readonly ReliableProvisionalEffect[] = [
  { do: 'cancelTimer', name: 'retransmit' },
  { do: 'cancelTimer', name: 'giveUp' },
];

export function stepReliableProvisional(state: ReliableProvisionalState, event: ReliableProvisionalEvent): Step<ReliableProvisionalState, ReliableProvisionalEffect> {
  if (state.phase !== 'waiting') return { state, effects: [] };
  switch (event.type) {
    case 'start':
      return {
        state,
        effects: [
          { do: 'startTimer', name: 'retransmit', ms: state.interval },
          { do: 'startTimer', name: 'giveUp', ms: GIVE_UP },
        ],
      };
    case 'prack':
      return { state: { ...state, phase: 'acknowledged' }, effects: [...STOP, { do: 'proceed' }] };
    case 'over':
      return { state: { ...state, phase: 'abandoned' }, effects: STOP };
    case 'timer': {
      if (event.name === 'giveUp') return { state: { ...state, phase: 'abandoned' }, effects: [...STOP, { do: 'giveUp' }] };
      // §3: the interval "doubles for each retransmission", without the bound T2 of other retransmissions.
      const interval = state.interval * 2;
      return { state: { ...state, interval }, effects: [{ do: 'sendResponse' }, { do: 'startTimer', name: 'retransmit', ms: interval }] };
    }
    default:
      return unreachable(event);
  }
}
