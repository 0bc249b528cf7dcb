import type { RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { StoredEvent } from './events.ts';
import type { Page, PageQuery } from './page.ts';
import type { StoreProblem } from './store-problem.ts';
import type { TrailOf } from './trail.ts';

export interface WebhookSettings {
  readonly url: string;
  /** Types of events; absent: all. */
  readonly events?: readonly string[];
  /** Absent: all rooms. */
  readonly rooms?: readonly RoomId[];
  readonly state: 'active' | 'paused';
}

export interface Webhook extends WebhookSettings, WebhookProgress {
  readonly id: string;
  readonly createdAt: number;
  readonly version: number;
}

export interface WebhookProgress {
  /** Id of the last event that is done with. */
  readonly cursor: number;
  /** Tries of the event after it that failed. */
  readonly failures: number;
  /** Milliseconds since the epoch; absent: at once. */
  readonly nextAttemptAt?: number;
}

/** An event that was given up. */
export interface DeadLetter extends StoredEvent {
  /** When, in milliseconds since the epoch, and why. */
  readonly at: number;
  readonly problem: string;
}

export interface WebhookStore {
  /** In order of creation. */
  all(): Promise<Result<readonly Webhook[], StoreProblem>>;
  byId(id: string): Promise<Result<Webhook | undefined, StoreProblem>>;
  /** Begins after the newest event there is. `secret` signs its deliveries and is kept sealed. */
  add(settings: WebhookSettings, secret: string, trail: TrailOf<[added: Webhook]>): Promise<Result<Webhook, StoreProblem>>;
  /** Fails with `webhook_unknown`, `version_conflict`. */
  change(id: string, version: number | undefined, change: { readonly settings?: WebhookSettings; readonly secret?: string }, trail: TrailOf<[after: Webhook, before: Webhook]>): Promise<Result<Webhook, StoreProblem>>;
  /** Its dead letters go with it. Fails with `webhook_unknown`. */
  remove(id: string, trail: TrailOf<[removed: Webhook]>): Promise<Result<void, StoreProblem>>;
  /** In clear, to sign with. */
  secret(id: string): Promise<Result<string | undefined, StoreProblem>>;
  /** One that is gone is passed over. `dead`: what is given up with this step. */
  progress(id: string, progress: WebhookProgress, dead: readonly DeadLetter[]): Promise<Result<void, StoreProblem>>;
  /** Oldest first. */
  deadLetters(id: string, query: PageQuery): Promise<Result<Page<DeadLetter>, StoreProblem>>;
  /** Forgets dead letters, those of these events or all. */
  dropDeadLetters(id: string, events?: readonly number[]): Promise<Result<number, StoreProblem>>;
  /** Drops those given up before `before` (ms since the epoch), `limit` at most; answers how many. */
  prune(before: number, limit: number): Promise<Result<number, StoreProblem>>;
}
