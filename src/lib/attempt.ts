import type { Scheduler } from './machine.ts';
import { err, ok, type Result } from './result.ts';

/** Why something asked of another program did not come about. */
export type Failure = { readonly kind: 'timeout'; readonly ms: number } | { readonly kind: 'failed'; readonly message: string };

/**
 * Waits for `promise` at most `ms` milliseconds and never rejects: the libraries that speak to other servers hang instead of
 * failing. What the promise does after the deadline is ignored.
 */
export function attempt<T>(promise: Promise<T>, ms: number, scheduler: Scheduler): Promise<Result<T, Failure>> {
  return new Promise((resolve) => {
    const cancel = scheduler.after(ms, () => resolve(err({ kind: 'timeout', ms })));
    promise.then(
      (value) => {
        cancel();
        resolve(ok(value));
      },
      (error: unknown) => {
        cancel();
        resolve(err({ kind: 'failed', message: errorText(error) }));
      },
    );
  });
}

/** What was thrown as text; some libraries reject with plain strings. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const failureText = (failure: Failure): string => (failure.kind === 'timeout' ? `no answer within ${failure.ms} ms` : failure.message);
