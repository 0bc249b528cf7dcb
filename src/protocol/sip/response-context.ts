/**
 * The response context of a stateful proxy (RFC 3261 §16.2, §16.7, §16.8, §16.10): which targets a request is sent to, what
 * of their responses its sender gets, and what is cancelled.
 *
 * A branch is named by its number, from 0. A branch given up counts as answered with 408 at once; a 2xx it sends all the
 * same is passed on, as every 2xx to INVITE is.
 */
import type { Step } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { BranchFinal } from './best-response.ts';
import { bestResponse } from './best-response.ts';
import { listValues } from './lists.ts';
import type { SipResponse } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import type { TimerEffect } from './timers.ts';

/** §16.6 step 11: "MUST be larger than 3 minutes". */
export const TIMER_C = 185_000;
/** Branches of one request, redirects followed included. */
export const MAX_BRANCHES = 32;

export interface ForkPolicy {
  readonly invite: boolean;
  /** All targets at once, or one after another failed. */
  readonly forking: 'simultaneous' | 'serial';
  /** The Contacts of a 3xx become targets (§16.5). */
  readonly followRedirects: boolean;
  /** A branch without any response, or without a final one, for so long is given up, ms. */
  readonly provisionalMs: number | undefined;
  readonly finalMs: number | undefined;
}

export interface ForkBranch {
  readonly target: string;
  readonly phase: 'calling' | 'proceeding' | 'over';
  /** Of a branch that is over; none when its 3xx was followed, or it had a 2xx. */
  readonly final?: BranchFinal;
}

export interface ResponseContextState {
  readonly policy: ForkPolicy;
  /**
   * - `searching`: targets may still be tried
   * - `settling`: a 6xx came; the branches are waited for
   * - `cancelled`: the sender gave up; the branches are waited for
   * - `answered`: the sender has a final response
   */
  readonly phase: 'searching' | 'settling' | 'cancelled' | 'answered';
  /** Not tried yet. */
  readonly targets: readonly string[];
  readonly branches: readonly ForkBranch[];
}

export type ForkTimer = `${'provisional' | 'final' | 'C'} ${number}`;

export type ResponseContextEvent =
  | { readonly type: 'start' }
  | { readonly type: 'response'; readonly branch: number; readonly response: SipResponse }
  /** No response came, or the request could not be sent. */
  | { readonly type: 'failed'; readonly branch: number; readonly status: 408 | 503 }
  /** The sender cancelled (§16.10). */
  | { readonly type: 'cancel' }
  | { readonly type: 'timer'; readonly name: ForkTimer };

export type ResponseContextEffect =
  | TimerEffect<ForkTimer>
  | { readonly do: 'send'; readonly branch: number; readonly target: string }
  | { readonly do: 'cancel'; readonly branch: number }
  | { readonly do: 'forward'; readonly response: SipResponse }
  | { readonly do: 'answer'; readonly status: number }
  /** The sender has its final response. Once. */
  | { readonly do: 'done' };

type ContextStep = Step<ResponseContextState, ResponseContextEffect>;

export function responseContext(targets: readonly string[], policy: ForkPolicy): ResponseContextState {
  return { policy, phase: 'searching', targets: [...new Set(targets)].slice(0, MAX_BRANCHES), branches: [] };
}

export function stepResponseContext(state: ResponseContextState, event: ResponseContextEvent): ContextStep {
  switch (event.type) {
    case 'start':
      return proceed(state, []);
    case 'response':
      return onResponse(state, event.branch, event.response);
    case 'failed':
      return onFinal(state, event.branch, { kind: 'made', status: event.status });
    case 'cancel':
      if (state.phase !== 'searching' && state.phase !== 'settling') return { state, effects: [] };
      return proceed({ ...state, phase: 'cancelled', targets: [] }, cancelOthers(state));
    case 'timer': {
      const branch = Number(event.name.split(' ')[1]);
      return onGivenUp(state, branch);
    }
    default:
      return unreachable(event);
  }
}

function onResponse(state: ResponseContextState, branch: number, response: SipResponse): ContextStep {
  const { status } = response;
  const phase = state.branches[branch]?.phase;
  if (status < 200) {
    if (phase === undefined || phase === 'over') return { state, effects: [] };
    const effects: ResponseContextEffect[] = [{ do: 'cancelTimer', name: `provisional ${branch}` }];
    // §16.7 step 2: "101 to 199 inclusive". Step 3: a 100 goes no further.
    if (status > 100 && state.policy.invite) effects.push({ do: 'startTimer', name: `C ${branch}`, ms: TIMER_C });
    if (status > 100 && state.phase !== 'answered') effects.push({ do: 'forward', response });
    return { state: withBranch(state, branch, { phase: 'proceeding' }), effects };
  }
  if (status >= 300) return onFinal(state, branch, { kind: 'received', response });
  // §16.7 step 5: every 2xx to INVITE is forwarded, whatever was before; another only when it is the first final response.
  const first = state.phase !== 'answered';
  const forward: ResponseContextEffect[] = first || state.policy.invite ? [{ do: 'forward', response }] : [];
  const over = withBranch(state, branch, { phase: 'over' });
  // Step 10: the others are cancelled.
  const others = first ? cancelOthers(over) : [];
  return { state: { ...over, phase: 'answered', targets: [] }, effects: [...stopTimers(branch), ...forward, ...others, ...(first ? [{ do: 'done' } as const] : [])] };
}

function onGivenUp(state: ResponseContextState, branch: number): ContextStep {
  const cancel: ResponseContextEffect[] = state.policy.invite && state.branches[branch]?.phase !== 'over' ? [{ do: 'cancel', branch }] : [];
  const given = onFinal(state, branch, { kind: 'made', status: 408 });
  return { state: given.state, effects: [...cancel, ...given.effects] };
}

function onFinal(state: ResponseContextState, branch: number, final: BranchFinal): ContextStep {
  if (state.branches[branch]?.phase === 'over') return { state, effects: [] };
  const stop = stopTimers(branch);
  const contacts = state.phase === 'searching' && state.policy.followRedirects ? newTargets(state, final) : [];
  if (contacts.length > 0) return proceed({ ...withBranch(state, branch, { phase: 'over' }), targets: [...contacts, ...state.targets] }, stop);
  const over = withBranch(state, branch, { phase: 'over', final });
  // §16.7 step 5: a 6xx ends the search everywhere, and is passed on when the others are over, too.
  if (final.kind === 'received' && final.response.status >= 600 && state.phase === 'searching') return proceed({ ...over, phase: 'settling', targets: [] }, [...stop, ...cancelOthers(over)]);
  return proceed(over, stop);
}

/** Starts what is to be started, or answers when all branches are over. */
function proceed(state: ResponseContextState, before: readonly ResponseContextEffect[]): ContextStep {
  if (state.phase === 'answered') return { state, effects: before };
  const idle = state.branches.every(({ phase }) => phase === 'over');
  const starting = state.policy.forking === 'simultaneous' ? state.targets : idle ? state.targets.slice(0, 1) : [];
  if (starting.length > 0) {
    const { branches } = state;
    const sends = starting.flatMap((target, index) => startBranch(state.policy, branches.length + index, target));
    const started: readonly ForkBranch[] = starting.map((target) => ({ target, phase: 'calling' }));
    return { state: { ...state, targets: state.targets.slice(starting.length), branches: [...branches, ...started] }, effects: [...before, ...sends] };
  }
  if (!idle) return { state, effects: before };
  const finals = state.branches.flatMap(({ final }) => (final === undefined ? [] : [final]));
  // Who cancelled expects a 487 (§9.1), not what an earlier target said.
  const best = state.phase === 'cancelled' ? bestResponse(finals, [487]) : bestResponse(finals);
  const answer: ResponseContextEffect = best.kind === 'received' ? { do: 'forward', response: best.response } : { do: 'answer', status: best.status };
  return { state: { ...state, phase: 'answered' }, effects: [...before, answer, { do: 'done' }] };
}

function startBranch({ invite, provisionalMs, finalMs }: ForkPolicy, branch: number, target: string): ResponseContextEffect[] {
  const timers: ResponseContextEffect[] = [];
  if (provisionalMs !== undefined) timers.push({ do: 'startTimer', name: `provisional ${branch}`, ms: provisionalMs });
  if (finalMs !== undefined) timers.push({ do: 'startTimer', name: `final ${branch}`, ms: finalMs });
  if (invite) timers.push({ do: 'startTimer', name: `C ${branch}`, ms: TIMER_C });
  return [{ do: 'send', branch, target }, ...timers];
}

function cancelOthers({ policy, branches }: ResponseContextState): ResponseContextEffect[] {
  // §9.1: only an INVITE is cancelled.
  if (!policy.invite) return [];
  return branches.flatMap(({ phase }, branch) => (phase === 'over' ? [] : [{ do: 'cancel', branch } as const]));
}

function stopTimers(branch: number): ResponseContextEffect[] {
  return (['provisional', 'final', 'C'] as const).map((timer) => ({ do: 'cancelTimer', name: `${timer} ${branch}` }));
}

/** §16.5: the Contacts of a 3xx, each URI once only. */
function newTargets({ targets, branches }: ResponseContextState, final: BranchFinal): string[] {
  if (final.kind !== 'received' || final.response.status >= 400) return [];
  const known = new Set([...targets, ...branches.map(({ target }) => target)]);
  const contacts = listValues(final.response, 'Contact').flatMap((value) => parseNameAddr(value)?.uri ?? []);
  const fresh = [...new Set(contacts)].filter((uri) => /^sips?:/i.test(uri) && !known.has(uri));
  return fresh.slice(0, Math.max(0, MAX_BRANCHES - known.size));
}

function withBranch(state: ResponseContextState, branch: number, change: Partial<ForkBranch>): ResponseContextState {
  const known = state.branches[branch];
  return known === undefined ? state : { ...state, branches: state.branches.with(branch, { ...known, ...change }) };
}
