import type { Result } from '../lib/result.ts';
import type { Page, PageQuery } from './page.ts';
import type { StoreProblem } from './store-problem.ts';

/** Who changed what, from where. Secrets are masked by whoever makes the entry. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `user:alice`, `apiKey:<id>`, `local`, ... */
  readonly actor: string;
  /** Address it came from; empty for this process itself. */
  readonly from: string;
  /** `room.change`, `user.remove`, ... */
  readonly action: string;
  /** `room:<id>`, `user:bob`, ... */
  readonly object: string;
  /** JSON values; absent where there was, or is, nothing. */
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface AuditRecord extends AuditEntry {
  readonly seq: number;
}

export interface AuditQuery extends PageQuery {
  readonly actor?: string;
  readonly action?: string;
  readonly object?: string;
  /** Milliseconds since the epoch: from, and before. */
  readonly from?: number;
  readonly to?: number;
}

export interface AuditStore {
  /** Of what changes nothing in the database: a login, a command to a conference. */
  add(entry: AuditEntry): Promise<Result<void, StoreProblem>>;
  /** Newest first. */
  list(query: AuditQuery): Promise<Result<Page<AuditRecord>, StoreProblem>>;
  /** Drops what is older than `before` (ms since the epoch), `limit` at most; answers how many. */
  prune(before: number, limit: number): Promise<Result<number, StoreProblem>>;
}
