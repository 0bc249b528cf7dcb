/** A call that leaves by a number rule: two legs, media through us. The rules of rooms are none of its business (PX-40); those of legs are (PX-41 to PX-43). */
import type { Step } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import { initialDigits, mergeDigit, type DigitSource, type DigitsState } from './digits.ts';
import { initialLeg, legStep, type LegEffect, type LegEvent, type LegState } from './leg.ts';
import type { EndingPolicy } from './policy.ts';
import type { Prompt } from './prompts.ts';
import type { EndReason } from './reasons.ts';

export type Side = 'caller' | 'callee';

/**
 * - `calling`: the callee has not answered
 * - `connecting`: it has; the caller is being told
 * - `connected`: both have each other
 */
export interface GatewayState {
  readonly is: 'calling' | 'connecting' | 'connected' | 'over';
  readonly heard: 'nothing' | 'ringing';
  readonly legs: Readonly<Record<Side, LegState>>;
  readonly digits: Readonly<Record<Side, DigitsState>>;
}

export type GatewayEvent =
  | { readonly type: 'rang' }
  | { readonly type: 'calleeAnswered' }
  | { readonly type: 'connected'; readonly now: number }
  | { readonly type: 'digit'; readonly side: Side; readonly digit: string; readonly via: DigitSource; readonly now: number }
  | { readonly type: 'leg'; readonly side: Side; readonly event: LegEvent }
  | { readonly type: 'rangLongEnough' }
  /** A side ended it, or we do. */
  | { readonly type: 'ended'; readonly reason: EndReason };

export type GatewayEffect =
  | { readonly do: 'ring' }
  | { readonly do: 'answerCaller' }
  | { readonly do: 'sendDigit'; readonly to: Side; readonly digit: string }
  | { readonly do: 'leg'; readonly side: Side; readonly effect: Exclude<LegEffect, { do: 'end' }> }
  | { readonly do: 'end'; readonly reason: EndReason; readonly goodbye: readonly Prompt[] };

export const initialGateway = (): GatewayState => ({ is: 'calling', heard: 'nothing', legs: { caller: initialLeg(), callee: initialLeg() }, digits: { caller: initialDigits(), callee: initialDigits() } });

type GatewayStep = Step<GatewayState, GatewayEffect>;

export function gatewayStep(state: GatewayState, event: GatewayEvent, policy: EndingPolicy): GatewayStep {
  if (state.is === 'over') return { state, effects: [] };
  switch (event.type) {
    case 'rang':
      return state.heard === 'ringing' || state.is !== 'calling' ? { state, effects: [] } : { state: { ...state, heard: 'ringing' }, effects: [{ do: 'ring' }] };
    case 'calleeAnswered':
      return state.is === 'calling' ? { state: { ...state, is: 'connecting' }, effects: [{ do: 'answerCaller' }] } : { state, effects: [] };
    case 'connected':
      return state.is === 'connecting' ? connected(state, event.now, policy) : { state, effects: [] };
    case 'digit':
      return digit(state, event);
    case 'leg':
      return ofLeg(state, event.side, event.event, policy);
    case 'rangLongEnough':
      return state.is === 'calling' ? over(state, 'no_answer', []) : { state, effects: [] };
    case 'ended':
      return over(state, event.reason, []);
    default:
      return unreachable(event);
  }
}

function connected(state: GatewayState, now: number, policy: EndingPolicy): GatewayStep {
  const caller = ofLeg({ ...state, is: 'connected' }, 'caller', { type: 'answered', now }, policy);
  const callee = ofLeg(caller.state, 'callee', { type: 'answered', now }, policy);
  return { state: callee.state, effects: [...caller.effects, ...callee.effects] };
}

/** A key goes on to the other side, once, however it was told. Tones in the speech go there by themselves. */
function digit(state: GatewayState, { side, digit: key, via, now }: Extract<GatewayEvent, { type: 'digit' }>): GatewayStep {
  if (state.is !== 'connected' || via === 'inband') return { state, effects: [] };
  const merged = mergeDigit(state.digits[side], { digit: key, via, now });
  const heard = { ...state, digits: { ...state.digits, [side]: merged.state } };
  return { state: heard, effects: merged.digit === 'duplicate' ? [] : [{ do: 'sendDigit', to: side === 'caller' ? 'callee' : 'caller', digit: key }] };
}

function ofLeg(state: GatewayState, side: Side, event: LegEvent, policy: EndingPolicy): GatewayStep {
  const { state: leg, effects } = legStep(state.legs[side], event, policy);
  const after = { ...state, legs: { ...state.legs, [side]: leg } };
  for (const effect of effects) if (effect.do === 'end') return over(after, effect.reason, effect.goodbye);
  return { state: after, effects: effects.flatMap((effect) => (effect.do === 'end' ? [] : [{ do: 'leg', side, effect }])) };
}

const over = (state: GatewayState, reason: EndReason, goodbye: readonly Prompt[]): GatewayStep => ({ state: { ...state, is: 'over' }, effects: [{ do: 'end', reason, goodbye }] });
