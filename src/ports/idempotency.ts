import type { Result } from '../lib/result.ts';
import type { StoreProblem } from './store-problem.ts';

/** A request that may be sent again: carried out once, answered each time. */
export interface IdempotentRequest {
  readonly actor: string;
  readonly key: string;
  /** Of method, path and body: the key may not be used for something else. */
  readonly requestHash: string;
}

export interface StoredAnswer {
  readonly status: number;
  /** As it was sent; secrets shown once are not in it. */
  readonly body: string;
}

/** `claimed`: carry it out, then `finish` or `release`. */
export type Claim =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'answered'; readonly answer: StoredAnswer }
  /** The same request is being carried out. */
  | { readonly kind: 'under_way' }
  /** The key was used for another request. */
  | { readonly kind: 'mismatch' };

export interface IdempotencyStore {
  /** `expiresAt`: when the key is forgotten, in milliseconds since the epoch. */
  claim(request: IdempotentRequest, now: number, expiresAt: number): Promise<Result<Claim, StoreProblem>>;
  finish(request: IdempotentRequest, answer: StoredAnswer): Promise<Result<void, StoreProblem>>;
  /** Nothing came of it: it may be tried again. */
  release(request: IdempotentRequest): Promise<Result<void, StoreProblem>>;
  /** Releases what a crash left under way. To be called before the first request. */
  releaseLeftOpen(): Promise<Result<void, StoreProblem>>;
  /** Drops what has expired at `now`, `limit` at most; answers how many. */
  prune(now: number, limit: number): Promise<Result<number, StoreProblem>>;
}
