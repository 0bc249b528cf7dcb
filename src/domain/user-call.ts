/** Calls to users: who may make them, and the fork to all telephones of the one who is called. */
import type { Step } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import type { EndReason } from './reasons.ts';

export interface RouteInput {
  /** What was dialled is called. `number`: a rule leads it on, and is granted to who calls; `elsewhere`: nothing of these. */
  readonly dialled: 'room' | 'user' | 'number' | 'elsewhere';
  /** `user`: has proved a secret with this call. */
  readonly caller: 'user' | 'anybody';
  readonly callsFrom: 'users' | 'anyone';
}

export type RouteVerdict =
  /** Taken as all calls to rooms, an unknown alias included. */
  | { readonly kind: 'room'; readonly rule: 'room' | 'unknown_alias' }
  | { readonly kind: 'user'; readonly rule: 'proven_caller' | 'anyone_calls_users' }
  | { readonly kind: 'number'; readonly rule: 'number_rule' }
  | { readonly kind: 'challenge'; readonly rule: 'users_call_users' };

export function routeCall({ dialled, caller, callsFrom }: RouteInput): RouteVerdict {
  if (dialled === 'room') return { kind: 'room', rule: 'room' };
  if (dialled === 'number') return { kind: 'number', rule: 'number_rule' };
  const mayCall = caller === 'user' || callsFrom === 'anyone';
  // Whatever is dialled: a stranger does not learn which users there are.
  if (!mayCall) return { kind: 'challenge', rule: 'users_call_users' };
  if (dialled === 'elsewhere') return { kind: 'room', rule: 'unknown_alias' };
  return { kind: 'user', rule: caller === 'user' ? 'proven_caller' : 'anyone_calls_users' };
}

/** One telephone that is called. */
export type BranchId = number;

/**
 * - `ringing`: no telephone has answered
 * - `connecting`: one has; the caller is being told
 * - `connected`: both have each other
 */
export type ForkState =
  | { readonly is: 'ringing'; readonly heard: 'nothing' | 'ringing'; readonly open: ReadonlySet<BranchId>; readonly failures: readonly number[] }
  | { readonly is: 'connecting' }
  | { readonly is: 'connected' }
  | { readonly is: 'over' };

export type ForkEvent =
  | { readonly type: 'rang'; readonly branch: BranchId }
  | { readonly type: 'answered'; readonly branch: BranchId }
  /** SIP status. */
  | { readonly type: 'failed'; readonly branch: BranchId; readonly status: number }
  | { readonly type: 'connected' }
  | { readonly type: 'rangLongEnough' }
  | { readonly type: 'lastedLongEnough' }
  /** A side ended it, or we do. */
  | { readonly type: 'ended'; readonly reason: EndReason };

export type ForkEffect =
  | { readonly type: 'ring' }
  | { readonly type: 'connect'; readonly branch: BranchId }
  | { readonly type: 'cancel'; readonly branch: BranchId }
  | { readonly type: 'stopRinging' }
  | { readonly type: 'limitLength' }
  | { readonly type: 'end'; readonly reason: EndReason };

export const forkTo = (branches: readonly BranchId[]): ForkState => ({ is: 'ringing', heard: 'nothing', open: new Set(branches), failures: [] });

/** The first who answers has the call, the others stop ringing; where nobody does, the best reason is told (RFC 3261 §16.7 step 6). */
export function stepFork(state: ForkState, event: ForkEvent): Step<ForkState, ForkEffect> {
  if (state.is === 'over') return { state, effects: [] };
  if (state.is === 'ringing') return stepRinging(state, event);
  switch (event.type) {
    case 'connected':
      return state.is === 'connecting' ? { state: { is: 'connected' }, effects: [{ type: 'limitLength' }] } : { state, effects: [] };
    case 'lastedLongEnough':
      return over([], 'max_duration');
    case 'ended':
      return over([], event.reason);
    case 'answered':
      // Answered while it was being cancelled (§9.1).
      return { state, effects: [{ type: 'cancel', branch: event.branch }] };
    case 'rang':
    case 'failed':
    case 'rangLongEnough':
      return { state, effects: [] };
    default:
      return unreachable(event);
  }
}

function stepRinging(state: Extract<ForkState, { readonly is: 'ringing' }>, event: ForkEvent): Step<ForkState, ForkEffect> {
  switch (event.type) {
    case 'rang':
      return state.heard === 'ringing' ? { state, effects: [] } : { state: { ...state, heard: 'ringing' }, effects: [{ type: 'ring' }] };
    case 'answered':
      return { state: { is: 'connecting' }, effects: [{ type: 'stopRinging' }, ...cancelled(state.open, event.branch), { type: 'connect', branch: event.branch }] };
    case 'failed': {
      if (!state.open.has(event.branch)) return { state, effects: [] };
      const open = new Set([...state.open].filter((branch) => branch !== event.branch));
      const failures = [...state.failures, event.status];
      // §16.7 step 5: a 6xx is said for all.
      return open.size === 0 || event.status >= 600 ? over(cancelled(open), calleeEnd(failures)) : { state: { ...state, open, failures }, effects: [] };
    }
    case 'rangLongEnough':
      return over(cancelled(state.open), 'no_answer');
    case 'ended':
      return over(cancelled(state.open), event.reason);
    case 'connected':
    case 'lastedLongEnough':
      return { state, effects: [] };
    default:
      return unreachable(event);
  }
}

const cancelled = (open: ReadonlySet<BranchId>, except?: BranchId): readonly ForkEffect[] => [...open].filter((branch) => branch !== except).map((branch) => ({ type: 'cancel', branch }));

const over = (first: readonly ForkEffect[], reason: EndReason): Step<ForkState, ForkEffect> => ({ state: { is: 'over' }, effects: [...first, { type: 'end', reason }] });

/** What is most worth knowing of all refusals, by their SIP statuses. */
export function calleeEnd(statuses: readonly number[]): EndReason {
  if (statuses.some((status) => status === 603)) return 'callee_declined';
  if (statuses.some((status) => status === 486 || status === 600)) return 'callee_busy';
  return statuses.some((status) => status === 488 || status === 606) ? 'no_common_codec' : 'callee_unavailable';
}
