/**
 * INVITE server transaction (RFC 3261 §17.2.1, Figure 7; the Accepted state: RFC 6026 §7.1).
 *
 * Start it with `{ type: 'start' }`: it sends 100 Trying at once. `sendResponse` always means the latest response.
 * Retransmission of a 2xx until its ACK is the dialog's work (`awaited-response.ts`), not this machine's.
 */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { Repetition } from './awaited-response.ts';
import type { TimerEffect } from './timers.ts';
import { GIVE_UP, T1, T2, T4 } from './timers.ts';

export interface InviteServerState {
  readonly phase: 'proceeding' | 'completed' | 'accepted' | 'confirmed' | 'terminated';
  readonly reliable: boolean;
  /** Present interval of Timer G, ms. */
  readonly interval: number;
}

export type InviteServerTimer = 'G' | 'H' | 'I' | 'L';

export type InviteServerEvent =
  | { readonly type: 'start' }
  /** The request came again. */
  | { readonly type: 'request' }
  | { readonly type: 'ack' }
  /** The user answers; `repetition` of a final answer that is no 2xx, over an unreliable transport. */
  | { readonly type: 'response'; readonly status: number; readonly repetition: Repetition }
  | { readonly type: 'timer'; readonly name: InviteServerTimer }
  | { readonly type: 'transportError' };

export type InviteServerEffect = TimerEffect<InviteServerTimer> | { readonly do: 'sendResponse' } | { readonly do: 'terminate' };

export function inviteServer(reliable: boolean): InviteServerState {
  return { phase: 'proceeding', reliable, interval: T1 };
}

type InviteServerStep = Step<InviteServerState, InviteServerEffect>;

export function stepInviteServer(state: InviteServerState, event: InviteServerEvent): InviteServerStep {
  switch (event.type) {
    case 'start':
      return { state, effects: [{ do: 'sendResponse' }] };
    case 'request':
      // §17.2.1: in Proceeding and Completed the latest response is sent again; in Accepted the 2xx has its own timer (RFC 6026 §7.1).
      return state.phase === 'proceeding' || state.phase === 'completed' ? { state, effects: [{ do: 'sendResponse' }] } : stay(state);
    case 'response':
      return onResponse(state, event.status, event.repetition);
    case 'ack': {
      if (state.phase !== 'completed') return stay(state);
      const stop: InviteServerEffect[] = [
        { do: 'cancelTimer', name: 'G' },
        { do: 'cancelTimer', name: 'H' },
      ];
      // Timer I is zero for reliable transports.
      if (state.reliable) return { state: { ...state, phase: 'terminated' }, effects: [...stop, { do: 'terminate' }] };
      return { state: { ...state, phase: 'confirmed' }, effects: [...stop, { do: 'startTimer', name: 'I', ms: T4 }] };
    }
    case 'timer':
      return onTimer(state, event.name);
    case 'transportError':
      // RFC 6026 §7.1 keeps the transaction: the client may reach us again. Its timers end it.
      return stay(state);
    default:
      return unreachable(event);
  }
}

function onResponse(state: InviteServerState, status: number, repetition: Repetition): InviteServerStep {
  if (state.phase !== 'proceeding') return stay(state);
  if (status < 200) return { state, effects: [{ do: 'sendResponse' }] };
  if (status < 300) {
    return { state: { ...state, phase: 'accepted' }, effects: [{ do: 'sendResponse' }, { do: 'startTimer', name: 'L', ms: GIVE_UP }] };
  }
  const retransmit: InviteServerEffect[] = state.reliable || repetition === 'onRequest' ? [] : [{ do: 'startTimer', name: 'G', ms: state.interval }];
  return {
    state: { ...state, phase: 'completed' },
    effects: [{ do: 'sendResponse' }, ...retransmit, { do: 'startTimer', name: 'H', ms: GIVE_UP }],
  };
}

function onTimer(state: InviteServerState, name: InviteServerTimer): InviteServerStep {
  switch (name) {
    case 'G': {
      if (state.phase !== 'completed') return stay(state);
      const interval = Math.min(state.interval * 2, T2);
      return { state: { ...state, interval }, effects: [{ do: 'sendResponse' }, { do: 'startTimer', name: 'G', ms: interval }] };
    }
    case 'H':
      return state.phase === 'completed' ? terminate(state, [{ do: 'cancelTimer', name: 'G' }]) : stay(state);
    case 'I':
      return state.phase === 'confirmed' ? terminate(state) : stay(state);
    case 'L':
      return state.phase === 'accepted' ? terminate(state) : stay(state);
    default:
      return unreachable(name);
  }
}

function stay(state: InviteServerState): InviteServerStep {
  return { state, effects: [] };
}

function terminate(state: InviteServerState, before: readonly InviteServerEffect[] = []): InviteServerStep {
  return { state: { ...state, phase: 'terminated' }, effects: [...before, { do: 'terminate' }] };
}
