/**
 * What a UAS does between sending a 2xx to an INVITE and receiving its ACK (RFC 3261 §13.3.1.4).
 *
 * The 2xx is repeated over reliable transports too: a later hop may be UDP, and only the two ends repeat a 2xx.
 */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { TimerEffect } from './timers.ts';
import { GIVE_UP, T1, T2 } from './timers.ts';

export interface AcceptedInviteState {
  readonly phase: 'waiting' | 'acknowledged' | 'abandoned';
  readonly interval: number;
}

export type AcceptedInviteEvent =
  /** The 2xx was sent for the first time. */
  | { readonly type: 'start' }
  | { readonly type: 'ack' }
  /** The dialog is over for another reason (a BYE). */
  | { readonly type: 'over' }
  | { readonly type: 'timer'; readonly name: 'retransmit' | 'giveUp' };

export type AcceptedInviteEffect =
  | TimerEffect<'retransmit' | 'giveUp'>
  | { readonly do: 'sendResponse' }
  | { readonly do: 'deliverAck' }
  /** No ACK came: "the session SHOULD be terminated" with a BYE. */
  | { readonly do: 'giveUp' };

export const acceptedInvite: AcceptedInviteState = { phase: 'waiting', interval: T1 };

const STOP: readonly AcceptedInviteEffect[] = [
  { do: 'cancelTimer', name: 'retransmit' },
  { do: 'cancelTimer', name: 'giveUp' },
];

export function stepAcceptedInvite(state: AcceptedInviteState, event: AcceptedInviteEvent): Step<AcceptedInviteState, AcceptedInviteEffect> {
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
    case 'ack':
      return { state: { ...state, phase: 'acknowledged' }, effects: [...STOP, { do: 'deliverAck' }] };
    case 'over':
      return { state: { ...state, phase: 'abandoned' }, effects: STOP };
    case 'timer': {
      if (event.name === 'giveUp') return { state: { ...state, phase: 'abandoned' }, effects: [...STOP, { do: 'giveUp' }] };
      const interval = Math.min(state.interval * 2, T2);
      return { state: { ...state, interval }, effects: [{ do: 'sendResponse' }, { do: 'startTimer', name: 'retransmit', ms: interval }] };
    }
    default:
      return unreachable(event);
  }
}
