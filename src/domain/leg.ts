import type { Prompt } from './prompts.ts';
import type { EndReason } from './reasons.ts';

/**
 * The ending rules every leg has, wherever it is (policy.md section 5): no media received, longest connection.
 * Media is observed by polling the number of packets received; a poll that finds no more than the last one is silence.
 */
export type LegTimer = 'longestWarning' | 'longest' | 'mediaPoll';

export type LegEvent =
  | { readonly type: 'answered'; readonly now: number }
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
