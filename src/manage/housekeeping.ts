import type { Scheduler } from '../lib/machine.ts';
import type { Result } from '../lib/result.ts';
import type { Log } from '../ports/log.ts';
import type { StoreProblem } from '../ports/store-problem.ts';
import type { Stores } from '../ports/stores.ts';

/** How long things are kept: milliseconds, 0 for ever; the counts are of events. */
export interface Retention {
  readonly events: number;
  readonly mostEvents: number;
  readonly mostUndeliveredEvents: number;
  readonly audit: number;
  readonly decisions: number;
  readonly callRecords: number;
}

export interface Chore {
  readonly what: string;
  /** Drops `limit` at most, and answers how many it dropped; so many: there may be more. */
  readonly drop: (now: number, limit: number) => Promise<Result<number, StoreProblem>>;
}

export interface HousekeepingOptions {
  readonly chores: readonly Chore[];
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** The first round waits until a start is over, with its calls that come back. */
const firstMs = 60_000;
const roundMs = 3_600_000;
/** SQLite works on the event loop: so many take a few milliseconds, and what else there is to do comes in between. */
const stepSize = 200;
const pauseMs = 100;

/** Forgets what has expired and what is older than it is to be kept: every hour, in small steps. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  #cancel: () => void = () => undefined;
  #step: Promise<void> | undefined;
  #stopped = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#after(firstMs, this.#options.chores, 0);
  }

  /** Settles when the step under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#step;
  }

  #after(ms: number, left: readonly Chore[], dropped: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.scheduler.after(ms, () => {
      this.#step = this.#work(left, dropped);
    });
  }

  /** One step of the first of these chores; `dropped`: what it dropped before in this round. */
  async #work([chore, ...others]: readonly Chore[], dropped: number): Promise<void> {
    const { scheduler, log, chores } = this.#options;
    if (chore === undefined) {
      this.#after(roundMs, chores, 0);
      return;
    }
    const done = await chore.drop(scheduler.now(), stepSize);
    if (done.ok && done.value >= stepSize) {
      this.#after(pauseMs, [chore, ...others], dropped + done.value);
      return;
    }
    if (!done.ok) log.warn({ code: done.error.code, what: chore.what, problem: done.error.message }, 'what need not be kept could not be forgotten; it is tried again in an hour');
    else if (dropped + done.value > 0) log.info({ what: chore.what, count: dropped + done.value }, 'forgotten, as it need not be kept');
    this.#after(pauseMs, others, 0);
  }
}

/** What there is to forget in the stores. */
export function choresOf({ tokens, idempotency, events, webhooks, audit, decisions, cdr }: Stores, retention: Retention): readonly Chore[] {
  const since = (now: number, kept: number): number => (kept === 0 ? 0 : now - kept);
  return [
    { what: 'tokens', drop: (now, limit) => tokens.prune(now, limit) },
    { what: 'idempotency keys', drop: (now, limit) => idempotency.prune(now, limit) },
    { what: 'events', drop: (now, limit) => events.prune({ since: since(now, retention.events), most: retention.mostEvents, mostUndelivered: retention.mostUndeliveredEvents }, limit) },
    { what: 'dead letters', drop: (now, limit) => webhooks.prune(since(now, retention.events), limit) },
    { what: 'audit entries', drop: (now, limit) => audit.prune(since(now, retention.audit), limit) },
    { what: 'decisions', drop: (now, limit) => decisions.prune(since(now, retention.decisions), limit) },
    { what: 'call records', drop: (now, limit) => cdr.prune(since(now, retention.callRecords), limit) },
  ];
}
