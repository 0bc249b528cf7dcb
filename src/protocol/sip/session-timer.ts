/** The session timer of a dialog (RFC 4028 §7.2, §10): one side refreshes, and without refreshes the session ends. */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { TimerEffect } from './timers.ts';

export type SessionTimerState = { readonly phase: 'off' } | { readonly phase: 'refreshing' | 'watching'; readonly seconds: number };

export type SessionTimerEvent =
  /** A 2xx to INVITE or UPDATE agreed on an interval. */
  | { readonly type: 'agreed'; readonly seconds: number; readonly refresher: 'us' | 'them' }
  /** A 2xx agreed on none, or the dialog is over. */
  | { readonly type: 'off' }
  /** Our refresh could not be sent, or was refused; it may go through later. */
  | { readonly type: 'refused' }
  /** Our refresh was answered 408 or 481: nobody is there (§10). */
  | { readonly type: 'gone' }
  | { readonly type: 'timer'; readonly name: 'refresh' | 'expiry' };

export type SessionTimerEffect = TimerEffect<'refresh' | 'expiry'> | { readonly do: 'refresh' } | { readonly do: 'expire' };

export const sessionTimer: SessionTimerState = { phase: 'off' };

/** A refresh that failed is tried again after this time; `expiry` bounds how often. */
export const RETRY_REFRESH_MS = 5000;

const STOP: readonly SessionTimerEffect[] = [
  { do: 'cancelTimer', name: 'refresh' },
  { do: 'cancelTimer', name: 'expiry' },
];

export function stepSessionTimer(state: SessionTimerState, event: SessionTimerEvent): Step<SessionTimerState, SessionTimerEffect> {
  switch (event.type) {
    case 'agreed': {
      const { seconds } = event;
      // §10: the BYE goes "slightly before the session expiration": the minimum of 32 seconds and one third of the interval.
      const expiry: SessionTimerEffect = { do: 'startTimer', name: 'expiry', ms: (seconds - Math.min(32, seconds / 3)) * 1000 };
      if (event.refresher === 'them') return { state: { phase: 'watching', seconds }, effects: [...STOP, expiry] };
      // §7.2: "once half the session interval has elapsed".
      return { state: { phase: 'refreshing', seconds }, effects: [...STOP, { do: 'startTimer', name: 'refresh', ms: seconds * 500 }, expiry] };
    }
    case 'off':
      return { state: { phase: 'off' }, effects: state.phase === 'off' ? [] : STOP };
    case 'refused':
      return { state, effects: state.phase === 'refreshing' ? [{ do: 'startTimer', name: 'refresh', ms: RETRY_REFRESH_MS }] : [] };
    case 'gone':
      return state.phase === 'refreshing' ? expire() : { state, effects: [] };
    case 'timer':
      if (state.phase === 'off') return { state, effects: [] };
      return event.name === 'refresh' ? { state, effects: [{ do: 'refresh' }] } : expire();
    default:
      return unreachable(event);
  }
}

function expire(): Step<SessionTimerState, SessionTimerEffect> {
  return { state: { phase: 'off' }, effects: [...STOP, { do: 'expire' }] };
}
