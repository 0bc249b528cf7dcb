/**
 * INVITE client transaction (RFC 3261 §17.1.1, Figure 5; the Accepted state: RFC 6026 §7.2).
 *
 * Start it by handling `{ type: 'start' }` in the state `inviteClient(reliable)`.
 */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { TimerEffect } from './timers.ts';
import { GIVE_UP, T1, TIMER_D } from './timers.ts';

export interface InviteClientState {
  readonly phase: 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';
  readonly reliable: boolean;
  /** Present interval of Timer A, ms. */
  readonly interval: number;
}

export type InviteClientEvent =
  | { readonly type: 'start' }
  | { readonly type: 'response'; readonly status: number }
  | { readonly type: 'timer'; readonly name: InviteClientTimer }
  | { readonly type: 'transportError' };

export type InviteClientTimer = 'A' | 'B' | 'D' | 'M';

export type InviteClientEffect =
  | TimerEffect<InviteClientTimer>
  | { readonly do: 'sendRequest' }
  /** ACK for a 300-699 final response (§17.1.1.3). */
  | { readonly do: 'sendAck' }
  /** Hand the response just received to the user. */
  | { readonly do: 'deliver' }
  | { readonly do: 'fail'; readonly how: 'timeout' | 'transport' }
  | { readonly do: 'terminate' };

export function inviteClient(reliable: boolean): InviteClientState {
  return { phase: 'calling', reliable, interval: T1 };
}

type InviteClientStep = Step<InviteClientState, InviteClientEffect>;

export function stepInviteClient(state: InviteClientState, event: InviteClientEvent): InviteClientStep {
  switch (event.type) {
    case 'start': {
      // §17.1.1.2: Timer A for unreliable transports only, Timer B for all.
      const retransmit: InviteClientEffect[] = state.reliable ? [] : [{ do: 'startTimer', name: 'A', ms: state.interval }];
      return { state, effects: [{ do: 'sendRequest' }, ...retransmit, { do: 'startTimer', name: 'B', ms: GIVE_UP }] };
    }
    case 'response':
      return onResponse(state, event.status);
    case 'timer':
      return onTimer(state, event.name);
    case 'transportError':
      if (state.phase === 'calling') return fail(state, 'transport');
      // §17.1.1.2: an ACK that cannot be sent ends the transaction; the user already has its final response.
      if (state.phase === 'completed') return terminate(state);
      return stay(state);
    default:
      return unreachable(event);
  }
}

function onResponse(state: InviteClientState, status: number): InviteClientStep {
  switch (state.phase) {
    case 'calling':
    case 'proceeding': {
      const stop: InviteClientEffect[] = [
        { do: 'cancelTimer', name: 'A' },
        { do: 'cancelTimer', name: 'B' },
      ];
      if (status < 200) return { state: { ...state, phase: 'proceeding' }, effects: [...stop, { do: 'deliver' }] };
      if (status < 300) {
        // RFC 6026 §7.2: stay for 64*T1 to absorb further 2xx.
        return { state: { ...state, phase: 'accepted' }, effects: [...stop, { do: 'startTimer', name: 'M', ms: GIVE_UP }, { do: 'deliver' }] };
      }
      if (state.reliable) {
        // Timer D is zero for reliable transports.
        return { state: { ...state, phase: 'terminated' }, effects: [...stop, { do: 'sendAck' }, { do: 'deliver' }, { do: 'terminate' }] };
      }
      return {
        state: { ...state, phase: 'completed' },
        effects: [...stop, { do: 'sendAck' }, { do: 'startTimer', name: 'D', ms: TIMER_D }, { do: 'deliver' }],
      };
    }
    case 'completed':
      // §17.1.1.2: retransmissions of the final response cause the ACK to be sent again, and are not passed up.
      return status >= 300 ? { state, effects: [{ do: 'sendAck' }] } : stay(state);
    case 'accepted':
      return status >= 200 && status < 300 ? { state, effects: [{ do: 'deliver' }] } : stay(state);
    case 'terminated':
      return stay(state);
    default:
      return unreachable(state.phase);
  }
}

function onTimer(state: InviteClientState, name: InviteClientTimer): InviteClientStep {
  switch (name) {
    case 'A': {
      if (state.phase !== 'calling') return stay(state);
      const interval = state.interval * 2;
      return { state: { ...state, interval }, effects: [{ do: 'sendRequest' }, { do: 'startTimer', name: 'A', ms: interval }] };
    }
    case 'B':
      return state.phase === 'calling' ? fail(state, 'timeout') : stay(state);
    case 'D':
      return state.phase === 'completed' ? terminate(state) : stay(state);
    case 'M':
      return state.phase === 'accepted' ? terminate(state) : stay(state);
    default:
      return unreachable(name);
  }
}

function stay(state: InviteClientState): InviteClientStep {
  return { state, effects: [] };
}

function terminate(state: InviteClientState): InviteClientStep {
  return { state: { ...state, phase: 'terminated' }, effects: [{ do: 'terminate' }] };
}

function fail(state: InviteClientState, how: 'timeout' | 'transport'): InviteClientStep {
  return {
    state: { ...state, phase: 'terminated' },
    effects: [{ do: 'cancelTimer', name: 'A' }, { do: 'cancelTimer', name: 'B' }, { do: 'fail', how }, { do: 'terminate' }],
  };
}
