import { unreachable } from '../lib/result.ts';
import type { Step } from '../lib/machine.ts';
import type { EndingPolicy } from './policy.ts';
import { say, type Prompt } from './prompts.ts';
import { goodbyeOf, type EndReason } from './reasons.ts';

/**
 * The ending rules every leg has, wherever it is (policy.md section 5): no media received, longest connection.
 * Media is observed by polling the number of packets received; a poll that finds no more than the last one is silence.
 */
export type LegTimer = 'longestWarning' | 'longest' | 'mediaPoll';

export type LegEvent =
  | { readonly type: 'answered'; readonly now: number }
  /** Other limits count from here on: the room is known. */
  | { readonly type: 'limitsChanged'; readonly now: number }
  | { readonly type: 'timer'; readonly name: LegTimer; readonly now: number }
  /** Answer to `pollMedia`. */
  | { readonly type: 'packets'; readonly count: number; readonly now: number }
  /** Held by the far end, or we asked for no media: the no-media rule is paused. */
  | { readonly type: 'held'; readonly held: boolean; readonly now: number };

export type LegEffect =
  | { readonly do: 'pollMedia' }
  | { readonly do: 'startTimer'; readonly name: LegTimer; readonly ms: number }
  | { readonly do: 'cancelTimer'; readonly name: LegTimer }
  | { readonly do: 'tell'; readonly prompts: readonly Prompt[] }
  | { readonly do: 'end'; readonly reason: EndReason; readonly goodbye: readonly Prompt[] };

export type LegState =
  | { readonly at: 'unanswered' }
  /** `since`: the answer. `heardAt`: when media was last known to come in, moved on by the time held. */
  | { readonly at: 'connected'; readonly since: number; readonly packets: number; readonly heardAt: number }
  | { readonly at: 'held'; readonly since: number; readonly packets: number; readonly heardAt: number; readonly heldAt: number }
  | { readonly at: 'ended' };

/** Between two polls. The last one comes at the limit itself, so the cut is late by no more than this. */
const pollMs = 4_000;
/** At the limit, but the answer came a moment before it: once more. */
const shortestPollMs = 100;

export const initialLeg = (): LegState => ({ at: 'unanswered' });

/** Of a call taken over that was answered at `since`: its silence counts from now. */
export const takenOverLeg = (since: number, now: number): LegState => ({ at: 'connected', since, packets: 0, heardAt: now });

export function legStep(state: LegState, event: LegEvent, policy: EndingPolicy): Step<LegState, LegEffect> {
  switch (event.type) {
    case 'answered':
      return state.at === 'unanswered' ? answered(event.now, policy) : { state, effects: [] };
    case 'limitsChanged':
      return state.at === 'connected' || state.at === 'held' ? limitsChanged(state, event.now, policy) : { state, effects: [] };
    case 'held':
      return held(state, event, policy);
    case 'packets':
      return state.at === 'connected' ? packets(state, event, policy) : { state, effects: [] };
    case 'timer':
      return state.at === 'connected' || state.at === 'held' ? timer(state, event, policy) : { state, effects: [] };
    default:
      return unreachable(event);
  }
}

type Connected = Extract<LegState, { at: 'connected' }>;
type Held = Extract<LegState, { at: 'held' }>;

function answered(now: number, policy: EndingPolicy): Step<LegState, LegEffect> {
  return { state: { at: 'connected', since: now, packets: 0, heardAt: now }, effects: [...limitLength(now, now, policy), ...firstPoll(policy.noMediaMs)] };
}

/** Counted from the answer, wherever the leg has been since. */
function limitsChanged(state: Connected | Held, now: number, policy: EndingPolicy): Step<LegState, LegEffect> {
  const polls: readonly LegEffect[] = state.at === 'connected' ? [{ do: 'cancelTimer', name: 'mediaPoll' }, ...firstPoll(policy.noMediaMs)] : [];
  return { state, effects: [{ do: 'cancelTimer', name: 'longest' }, { do: 'cancelTimer', name: 'longestWarning' }, ...limitLength(state.since, now, policy), ...polls] };
}

function limitLength(since: number, now: number, { longestConnectionMs, longestConnectionWarningMs }: EndingPolicy): readonly LegEffect[] {
  if (longestConnectionMs === 0) return [];
  const left = Math.max(since + longestConnectionMs - now, 1);
  const warned = longestConnectionWarningMs > 0 && left > longestConnectionWarningMs;
  return [startTimer('longest', left), ...(warned ? [startTimer('longestWarning', left - longestConnectionWarningMs)] : [])];
}

function firstPoll(noMediaMs: number): readonly LegEffect[] {
  return noMediaMs > 0 ? [startTimer('mediaPoll', Math.min(pollMs, noMediaMs))] : [];
}

function packets(state: Connected, { count, now }: { readonly count: number; readonly now: number }, { noMediaMs }: EndingPolicy): Step<LegState, LegEffect> {
  if (noMediaMs === 0) return { state, effects: [] };
  // Another number, not only a greater one: a media server that took over counts from nought.
  if (count !== state.packets) return { state: { ...state, packets: count, heardAt: now }, effects: [] };
  const left = state.heardAt + noMediaMs - now;
  if (left <= 0) return end('no_media');
  return { state, effects: left < pollMs ? [startTimer('mediaPoll', Math.max(left, shortestPollMs))] : [] };
}

/** A pause: the silence before it goes on after it. */
function held(state: LegState, { held: isHeld, now }: { readonly held: boolean; readonly now: number }, { noMediaMs }: EndingPolicy): Step<LegState, LegEffect> {
  if (isHeld && state.at === 'connected') {
    return { state: { ...state, at: 'held', heldAt: now }, effects: [{ do: 'cancelTimer', name: 'mediaPoll' }] };
  }
  if (!isHeld && state.at === 'held') {
    return { state: { at: 'connected', since: state.since, packets: state.packets, heardAt: state.heardAt + now - state.heldAt }, effects: firstPoll(noMediaMs) };
  }
  return { state, effects: [] };
}

function timer(state: Connected | Held, { name, now }: { readonly name: LegTimer; readonly now: number }, { noMediaMs }: EndingPolicy): Step<LegState, LegEffect> {
  switch (name) {
    case 'longestWarning':
      return { state, effects: [{ do: 'tell', prompts: say('max_duration_1') }] };
    case 'longest':
      // At the same instant the earlier row of section 5 wins.
      return end(state.at === 'connected' && noMediaMs > 0 && now - state.heardAt >= noMediaMs ? 'no_media' : 'max_duration');
    case 'mediaPoll':
      return state.at === 'held' ? { state, effects: [] } : { state, effects: [{ do: 'pollMedia' }, startTimer('mediaPoll', pollMs)] };
    default:
      return unreachable(name);
  }
}

function end(reason: EndReason): Step<LegState, LegEffect> {
  const timers = (['longestWarning', 'longest', 'mediaPoll'] as const).map((name) => ({ do: 'cancelTimer', name }) as const);
  return { state: { at: 'ended' }, effects: [...timers, { do: 'end', reason, goodbye: goodbyeOf(reason) }] };
}

const startTimer = (name: LegTimer, ms: number): LegEffect => ({ do: 'startTimer', name, ms });
