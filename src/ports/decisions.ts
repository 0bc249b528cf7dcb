import type { Decision } from '../domain/decision.ts';
import type { Result } from '../lib/result.ts';
import type { StoreProblem } from './store-problem.ts';

/** Why a call was treated as it was. */
export interface DecisionStore {
  add(decisions: readonly Decision[]): Promise<Result<void, StoreProblem>>;
  /** In order of being made. */
  ofCall(call: string): Promise<Result<readonly Decision[], StoreProblem>>;
  /** Drops those made before `before` (ms since the epoch), `limit` at most; answers how many. */
  prune(before: number, limit: number): Promise<Result<number, StoreProblem>>;
}
