/** Non-INVITE client transaction (RFC 3261 §17.1.2, Figure 6). Start it with `{ type: 'start' }`. */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { TimerEffect } from './timers.ts';
import { GIVE_UP, T1, T2, T4 } from './timers.ts';

export interface NonInviteClientState {
  readonly phase: 'trying' | 'proceeding' | 'completed' | 'terminated';
  readonly reliable: boolean;
  /** Present interval of Timer E, ms. */
  readonly interval: number;
}

export type NonInviteClientTimer = 'E' | 'F' | 'K';

export type NonInviteClientEvent =
  | { readonly type: 'start' }
  | { readonly type: 'response'; readonly status: number }
  | { readonly type: 'timer'; readonly name: NonInviteClientTimer }
  | { readonly type: 'transportError' };

export type NonInviteClientEffect =
  | TimerEffect<NonInviteClientTimer>
  | { readonly do: 'sendRequest' }
  | { readonly do: 'deliver' }
  | { readonly do: 'fail'; readonly how: 'timeout' | 'transport' }
  | { readonly do: 'terminate' };

export function nonInviteClient(reliable: boolean): NonInviteClientState {
  return { phase: 'trying', reliable, interval: T1 };
}

type NonInviteClientStep = Step<NonInviteClientState, NonInviteClientEffect>;

export function stepNonInviteClient(state: NonInviteClientState, event: NonInviteClientEvent): NonInviteClientStep {
  const waiting = state.phase === 'trying' || state.phase === 'proceeding';
  switch (event.type) {
    case 'start': {
      const retransmit: NonInviteClientEffect[] = state.reliable ? [] : [{ do: 'startTimer', name: 'E', ms: state.interval }];
      return { state, effects: [{ do: 'sendRequest' }, ...retransmit, { do: 'startTimer', name: 'F', ms: GIVE_UP }] };
    }
    case 'response': {
      // §17.1.2.2: further responses in Completed are discarded.
      if (!waiting) return stay(state);
      if (event.status < 200) return { state: { ...state, phase: 'proceeding' }, effects: [{ do: 'deliver' }] };
      const stop: NonInviteClientEffect[] = [
        { do: 'cancelTimer', name: 'E' },
        { do: 'cancelTimer', name: 'F' },
        { do: 'deliver' },
      ];
      // Timer K is zero for reliable transports.
      if (state.reliable) return { state: { ...state, phase: 'terminated' }, effects: [...stop, { do: 'terminate' }] };
      return { state: { ...state, phase: 'completed' }, effects: [...stop, { do: 'startTimer', name: 'K', ms: T4 }] };
    }
    case 'timer':
      switch (event.name) {
        case 'E': {
          if (!waiting) return stay(state);
          // §17.1.2.2: MIN(2*E, T2) in Trying, T2 in Proceeding.
          const interval = state.phase === 'proceeding' ? T2 : Math.min(state.interval * 2, T2);
          return { state: { ...state, interval }, effects: [{ do: 'sendRequest' }, { do: 'startTimer', name: 'E', ms: interval }] };
        }
        case 'F':
          return waiting ? fail(state, 'timeout') : stay(state);
        case 'K':
          return state.phase === 'completed' ? { state: { ...state, phase: 'terminated' }, effects: [{ do: 'terminate' }] } : stay(state);
        default:
          return unreachable(event.name);
      }
    case 'transportError':
      return waiting ? fail(state, 'transport') : stay(state);
    default:
      return unreachable(event);
  }
}

function stay(state: NonInviteClientState): NonInviteClientStep {
  return { state, effects: [] };
}

function fail(state: NonInviteClientState, how: 'timeout' | 'transport'): NonInviteClientStep {
  return {
    state: { ...state, phase: 'terminated' },
    effects: [{ do: 'cancelTimer', name: 'E' }, { do: 'cancelTimer', name: 'F' }, { do: 'fail', how }, { do: 'terminate' }],
  };
}
