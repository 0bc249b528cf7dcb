/** A failure a person will read: a stable code for scripts, what is wrong, and what to do about it. Never holds a secret. */
export interface Problem<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
  readonly advice: string;
  /** Of the input, as it was named there: `aliases[0]`. */
  readonly field?: string;
}

/** The one way a problem is written in a line of text. */
export const problemLine = (problem: Problem): string => `${problem.message} (${problem.code}): ${problem.advice}`;
