/** Non-INVITE server transaction (RFC 3261 §17.2.2, Figure 8). It needs no start. */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { TimerEffect } from './timers.ts';
import { GIVE_UP } from './timers.ts';

export interface NonInviteServerState {
  readonly phase: 'trying' | 'proceeding' | 'completed' | 'terminated';
  readonly reliable: boolean;
}

export type NonInviteServerEvent =
  /** The request came again. */
  | { readonly type: 'request' }
  /** The user answers. */
  | { readonly type: 'response'; readonly status: number }
  | { readonly type: 'timer'; readonly name: 'J' }
  | { readonly type: 'transportError' };

export type NonInviteServerEffect = TimerEffect<'J'> | { readonly do: 'sendResponse' } | { readonly do: 'terminate' };

export function nonInviteServer(reliable: boolean): NonInviteServerState {
  return { phase: 'trying', reliable };
}

type NonInviteServerStep = Step<NonInviteServerState, NonInviteServerEffect>;

export function stepNonInviteServer(state: NonInviteServerState, event: NonInviteServerEvent): NonInviteServerStep {
  switch (event.type) {
    case 'request':
      // §17.2.2: in Trying a retransmission is discarded, later the latest response answers it.
      return state.phase === 'proceeding' || state.phase === 'completed' ? { state, effects: [{ do: 'sendResponse' }] } : stay(state);
    case 'response':
      if (state.phase !== 'trying' && state.phase !== 'proceeding') return stay(state);
      if (event.status < 200) return { state: { ...state, phase: 'proceeding' }, effects: [{ do: 'sendResponse' }] };
      // Timer J is zero for reliable transports.
      if (state.reliable) return { state: { ...state, phase: 'terminated' }, effects: [{ do: 'sendResponse' }, { do: 'terminate' }] };
      return { state: { ...state, phase: 'completed' }, effects: [{ do: 'sendResponse' }, { do: 'startTimer', name: 'J', ms: GIVE_UP }] };
    case 'timer':
      return state.phase === 'completed' ? { state: { ...state, phase: 'terminated' }, effects: [{ do: 'terminate' }] } : stay(state);
    case 'transportError':
      // §17.2.2: the user is informed and the transaction ends. The user cannot help it, so it just ends.
      return state.phase === 'terminated'
        ? stay(state)
        : { state: { ...state, phase: 'terminated' }, effects: [{ do: 'cancelTimer', name: 'J' }, { do: 'terminate' }] };
    default:
      return unreachable(event);
  }
}

function stay(state: NonInviteServerState): NonInviteServerStep {
  return { state, effects: [] };
}
