import type { Result } from '../lib/result.ts';
import type { Page, PageQuery } from './page.ts';
import type { StoreProblem } from './store-problem.ts';
import type { TrailOf } from './trail.ts';

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** Its first characters, by which its owner knows it. */
  readonly prefix: string;
  readonly scopes: readonly string[];
  /** Who made it, as the audit log names him. */
  readonly createdBy: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt?: number;
  readonly expiresAt?: number;
}

export interface ApiKeyStore {
  /** In order of creation. */
  list(query: PageQuery): Promise<Result<Page<ApiKey>, StoreProblem>>;
  /** `hash`: SHA-256 of the key. */
  add(key: Omit<ApiKey, 'lastUsedAt'>, hash: string, trail: TrailOf<[added: ApiKey]>): Promise<Result<ApiKey, StoreProblem>>;
  /** One that has not expired at `now`. */
  byHash(hash: string, now: number): Promise<Result<ApiKey | undefined, StoreProblem>>;
  /** Notes that it was used. One that is gone is passed over. */
  touch(id: string, at: number): Promise<Result<void, StoreProblem>>;
  /** Fails with `api_key_unknown`. */
  remove(id: string, trail: TrailOf<[removed: ApiKey]>): Promise<Result<void, StoreProblem>>;
}
