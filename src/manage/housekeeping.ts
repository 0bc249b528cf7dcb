import { errorText } from '../lib/attempt.ts';
import type { Scheduler } from '../lib/machine.ts';
import { ok, type Result } from '../lib/result.ts';
import type { Log } from '../ports/log.ts';
import type { RecordingFiles } from '../ports/recording-files.ts';
import type { RecordingStore } from '../ports/recordings.ts';
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
  readonly recordings: number;
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

export interface ChoresOptions {
  readonly stores: Stores;
  readonly files: Pick<RecordingFiles, 'remove'>;
  readonly retention: Retention;
  readonly log: Log;
}

/** All there is to forget. */
export function choresOf({ stores, files, retention, log }: ChoresOptions): readonly Chore[] {
  const { tokens, idempotency, events, webhooks, audit, decisions, cdr, recordings } = stores;
  const since = (now: number, kept: number): number => (kept === 0 ? 0 : now - kept);
  return [
    { what: 'tokens', drop: (now, limit) => tokens.prune(now, limit) },
    { what: 'idempotency keys', drop: (now, limit) => idempotency.prune(now, limit) },
    { what: 'events', drop: (now, limit) => events.prune({ since: since(now, retention.events), most: retention.mostEvents, mostUndelivered: retention.mostUndeliveredEvents }, limit) },
    { what: 'dead letters', drop: (now, limit) => webhooks.prune(since(now, retention.events), limit) },
    { what: 'audit entries', drop: (now, limit) => audit.prune(since(now, retention.audit), limit) },
    { what: 'decisions', drop: (now, limit) => decisions.prune(since(now, retention.decisions), limit) },
    { what: 'call records', drop: (now, limit) => cdr.prune(since(now, retention.callRecords), limit) },
    { what: 'recordings', drop: (now, limit) => dropRecordings(recordings, files, { before: since(now, retention.recordings), limit }, log) },
  ];
}

/** The files first: one that could not be removed stays known, and is tried again. */
async function dropRecordings(recordings: RecordingStore, files: Pick<RecordingFiles, 'remove'>, { before, limit }: { readonly before: number; readonly limit: number }, log: Log): Promise<Result<number, StoreProblem>> {
  const old = await recordings.endedBefore(before, limit);
  if (!old.ok) return old;
  const gone: string[] = [];
  for (const { id, path } of old.value) {
    try {
      await files.remove(path);
      gone.push(id);
    } catch (error) {
      log.error({ code: 'recording_file_left', recording: id, problem: errorText(error) }, 'the file of an old recording could not be removed');
    }
  }
  const removed = await recordings.remove(gone, () => ({ events: [] }));
  return removed.ok ? ok(removed.value.length) : removed;
}
