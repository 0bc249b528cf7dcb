/**
 * When a conference ends, and what happens by the clock, as a pure machine: endconf, mandatory_member_endconf with its grace time,
 * mintwo, terminate-on-silence, heartbeats (C.3).
 */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';

export interface LifeState {
  readonly heartbeatMs: number;
  readonly silenceMs: number;
  readonly members: number;
  readonly ghosts: number;
  /** Of the members, those with mandatory_member_endconf. */
  readonly mandatory: number;
  readonly talking: number;
  /** With fewer than this, once they have been there, the conference ends. */
  readonly min: number;
  readonly enforceMin: boolean;
}

/** What counts of a member here. */
export interface LifeMember {
  readonly ghost: boolean;
  readonly endconf: boolean;
  readonly mandatoryEndconf: boolean;
  readonly mintwo: boolean;
}

export type LifeTimer = 'heartbeat' | 'silence' | 'grace';

export type LifeEvent =
  | { readonly type: 'created' }
  | { readonly type: 'joined'; readonly member: LifeMember }
  | { readonly type: 'left'; readonly member: LifeMember; readonly wasTalking: boolean; readonly graceMs: number }
  | { readonly type: 'talking' }
  | { readonly type: 'stoppedTalking' }
  | { readonly type: 'timeout'; readonly timer: LifeTimer };

export type LifeEffect =
  | { readonly type: 'startTimer'; readonly timer: LifeTimer; readonly ms: number }
  | { readonly type: 'cancelTimer'; readonly timer: LifeTimer }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'end'; readonly why: 'endconf' | 'mandatory_members_gone' | 'too_few' | 'silence' };

export function initialLife(settings: { readonly heartbeatMs: number; readonly silenceMs: number }): LifeState {
  return { ...settings, members: 0, ghosts: 0, mandatory: 0, talking: 0, min: 1, enforceMin: false };
}

export function stepLife(state: LifeState, event: LifeEvent): Step<LifeState, LifeEffect> {
  switch (event.type) {
    case 'created':
      return { state, effects: heartbeatTimer(state) };
    case 'joined':
      return joined(state, event.member);
    case 'left':
      return left(state, event);
    case 'talking': {
      const next = { ...state, talking: state.talking + 1 };
      return { state: next, effects: silenceTimer(next) };
    }
    case 'stoppedTalking': {
      const next = { ...state, talking: Math.max(0, state.talking - 1) };
      return { state: next, effects: silenceTimer(next) };
    }
    case 'timeout':
      switch (event.timer) {
        case 'heartbeat':
          return { state, effects: [{ type: 'heartbeat' }, ...heartbeatTimer(state)] };
        case 'silence':
          return { state, effects: [{ type: 'end', why: 'silence' }] };
        case 'grace':
          return { state, effects: [{ type: 'end', why: 'mandatory_members_gone' }] };
        default:
          return unreachable(event.timer);
      }
    default:
      return unreachable(event);
  }
}

function joined(state: LifeState, member: LifeMember): Step<LifeState, LifeEffect> {
  const members = state.members + (member.ghost ? 0 : 1);
  const min = member.mintwo ? 2 : state.min;
  const next: LifeState = {
    ...state,
    members,
    ghosts: state.ghosts + (member.ghost ? 1 : 0),
    mandatory: state.mandatory + (member.mandatoryEndconf ? 1 : 0),
    min,
    enforceMin: state.enforceMin || members >= min,
  };
  const back: readonly LifeEffect[] = member.mandatoryEndconf || member.endconf ? [{ type: 'cancelTimer', timer: 'grace' }] : [];
  return { state: next, effects: [...back, ...silenceTimer(next)] };
}

function left(state: LifeState, event: Extract<LifeEvent, { readonly type: 'left' }>): Step<LifeState, LifeEffect> {
  const { member } = event;
  const next: LifeState = {
    ...state,
    members: state.members - (member.ghost ? 0 : 1),
    ghosts: state.ghosts - (member.ghost ? 1 : 0),
    mandatory: state.mandatory - (member.mandatoryEndconf ? 1 : 0),
    talking: state.talking - (event.wasTalking ? 1 : 0),
  };
  if (member.endconf) return { state: next, effects: [{ type: 'end', why: 'endconf' }] };
  if (next.enforceMin && next.members + next.ghosts < next.min) return { state: next, effects: [{ type: 'end', why: 'too_few' }] };
  if (member.mandatoryEndconf && next.mandatory === 0) {
    return { state: next, effects: event.graceMs > 0 ? [{ type: 'startTimer', timer: 'grace', ms: event.graceMs }] : [{ type: 'end', why: 'mandatory_members_gone' }] };
  }
  // Whoever leaves says nothing: the silence of the others goes on, but for a talker or one who leaves one alone.
  return { state: next, effects: event.wasTalking || next.members < 2 ? silenceTimer(next) : [] };
}

function heartbeatTimer(state: LifeState): readonly LifeEffect[] {
  return state.heartbeatMs > 0 ? [{ type: 'startTimer', timer: 'heartbeat', ms: state.heartbeatMs }] : [];
}

/** Silence counts from the last word or the last arrival, and only among several. */
function silenceTimer(state: LifeState): readonly LifeEffect[] {
  if (state.silenceMs === 0) return [];
  return state.members > 1 && state.talking === 0 ? [{ type: 'startTimer', timer: 'silence', ms: state.silenceMs }] : [{ type: 'cancelTimer', timer: 'silence' }];
}
