/** A participant that is called each time its conference runs (COD-19, PXD-26). */
import type { Step } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import type { DialTarget } from './dial.ts';
import { endCause, type EndReason } from './reasons.ts';

/**
 * - `waiting`: for the next call; `failures` so far, in a row
 * - `calling`, `connected`
 * - `over`: nobody is called any more
 */
export type RedialState =
  | { readonly is: 'idle' }
  | { readonly is: 'waiting' | 'calling'; readonly failures: number }
  | { readonly is: 'connected' }
  | { readonly is: 'over' };

export type RedialEvent =
  /** The first has entered the conference. */
  | { readonly type: 'begun' }
  | { readonly type: 'due' }
  /** Answer to `call`: is there already, or is being called. */
  | { readonly type: 'present' }
  | { readonly type: 'answered' }
  /** `ours`: it was ended here, by somebody or by a rule. */
  | { readonly type: 'ended'; readonly by: 'callee' | 'failure' | 'ours' };

export type RedialEffect = { readonly do: 'startTimer'; readonly ms: number } | { readonly do: 'call' };

/** PXD-26. */
const firstCallMs = 10_000;
const minute = 60_000;
/** COD-19: at once, then 4 times after a minute, then 5 times after 5 minutes. */
const ladderMs: readonly number[] = [0, minute, minute, minute, minute, 5 * minute, 5 * minute, 5 * minute, 5 * minute, 5 * minute];
/** COD-19: who hung up meant it. */
const afterHangUpMs = 30_000;

/** Who ended a call of ours, so that it is known whether to try again. */
export function endedBy(reason: EndReason): 'callee' | 'failure' | 'ours' {
  const { fault } = endCause(reason);
  if (fault === 'caller') return 'callee';
  return fault === 'policy' ? 'ours' : 'failure';
}

export const initialRedial: RedialState = { is: 'idle' };

const nothing = (state: RedialState): Step<RedialState, RedialEffect> => ({ state, effects: [] });
const over: Step<RedialState, RedialEffect> = { state: { is: 'over' }, effects: [] };

export function redialStep(state: RedialState, event: RedialEvent, redial: DialTarget['redial']): Step<RedialState, RedialEffect> {
  if (state.is === 'over') return nothing(state);
  switch (event.type) {
    case 'begun':
      return state.is === 'idle' ? wait(firstCallMs, 0) : nothing(state);
    case 'due':
      return state.is === 'waiting' ? { state: { ...state, is: 'calling' }, effects: [{ do: 'call' }] } : nothing(state);
    case 'present':
      return over;
    case 'answered':
      return state.is === 'calling' ? { state: { is: 'connected' }, effects: [] } : nothing(state);
    case 'ended':
      return ended(state, event.by, redial);
    default:
      return unreachable(event);
  }
}

function ended(state: Exclude<RedialState, { is: 'over' }>, by: 'callee' | 'failure' | 'ours', redial: DialTarget['redial']): Step<RedialState, RedialEffect> {
  if (state.is !== 'calling' && state.is !== 'connected') return nothing(state);
  if (by === 'ours' || redial === 'none') return over;
  if (state.is === 'connected') return by === 'callee' ? wait(afterHangUpMs, 0) : onLadder(0);
  return onLadder(state.failures);
}

function onLadder(failures: number): Step<RedialState, RedialEffect> {
  const ms = ladderMs[failures];
  return ms === undefined ? over : wait(ms, failures + 1);
}

const wait = (ms: number, failures: number): Step<RedialState, RedialEffect> => ({ state: { is: 'waiting', failures }, effects: [{ do: 'startTimer', ms }] });
