import type { Result } from '../lib/result.ts';
import type { ApiKeyStore } from './api-keys.ts';
import type { AuditStore } from './audit.ts';
import type { CdrQuery, CdrStore } from './cdr.ts';
import type { DecisionStore } from './decisions.ts';
import type { EventStore } from './events.ts';
import type { IdempotencyStore } from './idempotency.ts';
import type { LiveStateStore } from './live-state.ts';
import type { MemberStore } from './members.ts';
import type { MetaStore } from './meta.ts';
import type { NumberRuleStore } from './number-rules.ts';
import type { RecordingStore } from './recordings.ts';
import type { RoomStore } from './rooms.ts';
import type { StoreProblem } from './store-problem.ts';
import type { TokenStore } from './tokens.ts';
import type { UserStore } from './users.ts';
import type { WebhookStore } from './webhooks.ts';

/**
 * Everything that is kept. A change whose promise has settled outlives a crash of the process; after a power cut the last ones may be
 * missing. Lists end a page early rather than late: `limit` is the most.
 */
export interface Stores {
  readonly rooms: RoomStore;
  readonly members: MemberStore;
  readonly users: UserStore;
  readonly tokens: TokenStore;
  readonly apiKeys: ApiKeyStore;
  readonly audit: AuditStore;
  readonly events: EventStore;
  readonly webhooks: WebhookStore;
  readonly decisions: DecisionStore;
  readonly idempotency: IdempotencyStore;
  readonly cdr: CdrStore & CdrQuery;
  readonly recordings: RecordingStore;
  readonly live: LiveStateStore;
  readonly numberRules: NumberRuleStore;
  readonly meta: MetaStore;
  /** Whether it can be read, and a write begun, for readiness; nothing is written. */
  check(): Promise<Result<void, StoreProblem>>;
  close(): Promise<void>;
}
