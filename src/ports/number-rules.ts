import type { NumberRule, NumberRuleSettings } from '../domain/number-rules.ts';
import type { Result } from '../lib/result.ts';
import type { StoreProblem } from './store-problem.ts';
import type { TrailOf } from './trail.ts';

/** A rule with the secret of its `username`, in clear: for who calls by it, never to be printed. */
export interface KeptNumberRule {
  readonly rule: NumberRule;
  readonly password?: string;
}

/** Absent keeps the secret that is there, `null` removes it. */
export type NumberRuleSecret = string | null | undefined;

export interface NumberRuleStore {
  /** In order of creation. */
  all(): Promise<Result<readonly KeptNumberRule[], StoreProblem>>;
  /** `settings` have been validated. */
  add(settings: NumberRuleSettings, password: NumberRuleSecret, trail: TrailOf<[added: NumberRule]>): Promise<Result<NumberRule, StoreProblem>>;
  /** `version`: the one that was read; absent, the last change wins. Fails with `number_rule_unknown`, `version_conflict`. */
  change(id: string, version: number | undefined, settings: NumberRuleSettings, password: NumberRuleSecret, trail: TrailOf<[after: NumberRule, before: NumberRule]>): Promise<Result<NumberRule, StoreProblem>>;
  /** Fails with `number_rule_unknown`. */
  remove(id: string, trail: TrailOf<[removed: NumberRule]>): Promise<Result<void, StoreProblem>>;
}
