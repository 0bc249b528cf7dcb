import type { Problem } from '../lib/problem.ts';
import { err, type Result } from '../lib/result.ts';

/** Why something was not done: one reason at least. */
export type Problems = readonly [Problem, ...Problem[]];

/** A failure with all these reasons; undefined when there are none. */
export function failedBy(problems: readonly Problem[]): Result<never, Problems> | undefined {
  const [first, ...others] = problems;
  return first === undefined ? undefined : err([first, ...others]);
}

/** What is wrong in these outcomes. */
export const problemsOf = (...outcomes: readonly Result<unknown, Problem | readonly Problem[]>[]): readonly Problem[] => outcomes.flatMap((outcome) => (outcome.ok ? [] : 'code' in outcome.error ? [outcome.error] : outcome.error));
