import type { Grant } from '../domain/admission.ts';
import { initialDigits, mergeDigit, type DigitSource, type DigitsState } from '../domain/digits.ts';
import { initialIvr, ivrStep, type IvrEffect, type IvrEvent, type IvrState } from '../domain/ivr.ts';
import { initialKeypad, keypadStep, type KeypadEffect, type KeypadEvent, type KeypadState } from '../domain/keypad.ts';
import { initialLeg, legStep, takenOverLeg, type LegEffect, type LegEvent, type LegState } from '../domain/leg.ts';
import type { Policy } from '../domain/policy.ts';
import type { Prompt } from '../domain/prompts.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { Step } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import type { KeyStep } from '../domain/dtmf-sequence.ts';
import type { LegOrder } from './conference-actor.ts';

/**
 * One call as a sequence, without a rule of its own: each part of the domain is asked while it is its turn.
 *
 * - `arriving`: looked up, an endpoint made, answered
 * - `ivr`: has no role yet
 * - `room`: in the lobby or the conference of a room, which gives it orders
 * - `ending`: nothing counts any more but that the caller may be gone before the goodbye is over
 */
export interface SessionState {
  readonly stage: 'arriving' | 'ivr' | 'room' | 'ending';
  readonly digits: DigitsState;
  readonly ivr: IvrState;
  readonly keypad: KeypadState;
  readonly leg: LegState;
}

export type SessionEvent =
  | { readonly type: 'answered'; readonly now: number }
  | { readonly type: 'digit'; readonly digit: string; readonly via: DigitSource; readonly now: number }
  | { readonly type: 'ivr'; readonly event: IvrEvent }
  | { readonly type: 'keypad'; readonly event: KeypadEvent }
  | { readonly type: 'leg'; readonly event: LegEvent }
  /** The caller has a role. */
  | { readonly type: 'admitted'; readonly grant: Grant; readonly wrongPins: number }
  | { readonly type: 'order'; readonly order: LegOrder }
  /** Of a leg that was dialled: what is to be keyed now, and afterwards. */
  | { readonly type: 'keysDue'; readonly steps: readonly KeyStep[] }
  /** We end it; `goodbye` is played in full first. */
  | { readonly type: 'end'; readonly reason: EndReason; readonly goodbye: readonly Prompt[] }
  /** It has ended: the caller, the signalling or the media is gone. */
  | { readonly type: 'gone'; readonly reason: EndReason };

export type SessionEffect =
  | { readonly part: 'ivr'; readonly effect: IvrEffect }
  | { readonly part: 'keypad'; readonly effect: KeypadEffect }
  | { readonly part: 'leg'; readonly effect: LegEffect }
  | { readonly part: 'room'; readonly order: LegOrder }
  | { readonly part: 'session'; readonly do: 'enterRoom'; readonly grant: Grant; readonly wrongPins: number }
  | { readonly part: 'session'; readonly do: 'sendKeys'; readonly steps: readonly KeyStep[] }
  | { readonly part: 'session'; readonly do: 'finish'; readonly reason: EndReason; readonly goodbye: readonly Prompt[] }
  /** Nobody listens to the goodbye any more. */
  | { readonly part: 'session'; readonly do: 'cutGoodbye' };

export function initialSession(): SessionState {
  return { stage: 'arriving', digits: initialDigits(), ivr: initialIvr(), keypad: initialKeypad(), leg: initialLeg() };
}

/** Of a call taken over in a room: what it was keying is forgotten. */
export function takenOverSession(since: number, now: number): SessionState {
  return { ...initialSession(), stage: 'room', leg: takenOverLeg(since, now) };
}

export function sessionStep(state: SessionState, event: SessionEvent, policy: Policy): Step<SessionState, SessionEffect> {
  if (state.stage === 'ending') {
    return { state, effects: event.type === 'gone' ? [{ part: 'session', do: 'cutGoodbye' }] : [] };
  }
  switch (event.type) {
    case 'answered':
      return ofLeg({ ...state, stage: 'ivr' }, { type: 'answered', now: event.now }, policy);
    case 'digit': {
      const { state: digits, digit } = mergeDigit(state.digits, { digit: event.digit, via: event.via, now: event.now });
      const heard = { ...state, digits };
      if (digit === 'duplicate') return { state: heard, effects: [] };
      const key = { type: 'digit', digit: event.digit } as const;
      return state.stage === 'room' ? ofKeypad(heard, key, policy) : ofIvr(heard, key, policy);
    }
    case 'ivr':
      return state.stage === 'ivr' ? ofIvr(state, event.event, policy) : { state, effects: [] };
    case 'keypad':
      return state.stage === 'room' ? ofKeypad(state, event.event, policy) : { state, effects: [] };
    case 'leg':
      return ofLeg(state, event.event, policy);
    case 'admitted':
      if (state.stage !== 'ivr') return { state, effects: [] };
      return { state: { ...state, stage: 'room' }, effects: [{ part: 'session', do: 'enterRoom', grant: event.grant, wrongPins: event.wrongPins }] };
    case 'order':
      return state.stage === 'room' ? { state, effects: [{ part: 'room', order: event.order }] } : { state, effects: [] };
    case 'keysDue':
      return { state, effects: [{ part: 'session', do: 'sendKeys', steps: event.steps }] };
    case 'end':
      return { state: { ...state, stage: 'ending' }, effects: [{ part: 'session', do: 'finish', reason: event.reason, goodbye: event.goodbye }] };
    case 'gone':
      return { state: { ...state, stage: 'ending' }, effects: [{ part: 'session', do: 'finish', reason: event.reason, goodbye: [] }] };
    default:
      return unreachable(event);
  }
}

function ofIvr(state: SessionState, event: IvrEvent, policy: Policy): Step<SessionState, SessionEffect> {
  const { state: ivr, effects } = ivrStep(state.ivr, event, policy);
  return { state: { ...state, ivr }, effects: effects.map((effect) => ({ part: 'ivr', effect })) };
}

function ofKeypad(state: SessionState, event: KeypadEvent, policy: Policy): Step<SessionState, SessionEffect> {
  const { state: keypad, effects } = keypadStep(state.keypad, event, policy.keypad);
  return { state: { ...state, keypad }, effects: effects.map((effect) => ({ part: 'keypad', effect })) };
}

function ofLeg(state: SessionState, event: LegEvent, policy: Policy): Step<SessionState, SessionEffect> {
  const { state: leg, effects } = legStep(state.leg, event, policy.ending);
  return { state: { ...state, leg }, effects: effects.map((effect) => ({ part: 'leg', effect })) };
}
