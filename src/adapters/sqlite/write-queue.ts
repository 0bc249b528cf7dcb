import type { Scheduler } from '../../lib/machine.ts';
import type { Result } from '../../lib/result.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';

/** What the queue has to say, for the log: at most one line a retry. */
export type WriteQueueReport =
  /** Writing failed; it is tried again. `queued` records wait. */
  | { readonly type: 'failing'; readonly problem: StoreProblem; readonly queued: number }
  | { readonly type: 'recovered' }
  /** The queue was full: so many records were lost since the last report. */
  | { readonly type: 'dropped'; readonly count: number };

export interface WriteQueueOptions<T> {
  /** Writes all of `records`, in order, or none. */
  readonly write: (records: readonly T[]) => Promise<Result<void, StoreProblem>>;
  readonly scheduler: Scheduler;
  readonly report: (report: WriteQueueReport) => void;
  /** Most records kept while the database cannot be written; beyond it the newest are dropped and counted. */
  readonly limit?: number;
  /** Milliseconds from a failed write to the next try. */
  readonly retryMs?: number;
}

/** better-sqlite3 blocks while it writes: no more than this at a time, about 8 ms, then calls have their turn. */
const largestBatch = 100;

/** Stands between calls and the database: takes records at once, writes them in order and in batches, and outlasts a full disk or a lock. */
export class WriteQueue<T> {
  readonly #options: Required<WriteQueueOptions<T>>;
  readonly #waiting: T[] = [];
  #dropped = 0;
  #failing = false;
  #writing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: WriteQueueOptions<T>) {
    this.#options = { limit: 10_000, retryMs: 1_000, ...options };
  }

  record(record: T): void {
    if (this.#waiting.length >= this.#options.limit) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(record);
    if (this.#writing === undefined && this.#cancelTimer === undefined) this.#writeIn(0);
  }

  /** Waits for what is under way, tries once more to write what is left, and stops. Answers how many records could not be written. */
  async close(): Promise<number> {
    await this.#writing;
    this.#stopTimer();
    while (this.#waiting.length > 0 && (await this.#writeBatch()) === 'written');
    return this.#waiting.length + this.#dropped;
  }

  #writeIn(ms: number): void {
    this.#cancelTimer = this.#options.scheduler.after(ms, () => {
      this.#cancelTimer = undefined;
      this.#writing = this.#writeBatch().then((outcome) => {
        this.#writing = undefined;
        if (this.#waiting.length > 0) this.#writeIn(outcome === 'written' ? 0 : this.#options.retryMs);
      });
    });
  }

  async #writeBatch(): Promise<'written' | 'failed'> {
    const batch = this.#waiting.slice(0, largestBatch);
    const written = await this.#options.write(batch);
    if (written.ok) {
      this.#waiting.splice(0, batch.length);
      if (this.#failing) this.#options.report({ type: 'recovered' });
    } else {
      this.#options.report({ type: 'failing', problem: written.error, queued: this.#waiting.length });
    }
    this.#failing = !written.ok;
    if (this.#dropped > 0) this.#options.report({ type: 'dropped', count: this.#dropped });
    this.#dropped = 0;
    return written.ok ? 'written' : 'failed';
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
