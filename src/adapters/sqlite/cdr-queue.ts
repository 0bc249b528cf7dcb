import type { Scheduler } from '../../lib/machine.ts';
import type { CdrRecord, CdrRecorder, CdrStore } from '../../ports/cdr.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';

/** What the queue has to say, for the log: at most one line a retry. */
export type CdrQueueReport =
  /** Writing failed; it is tried again. `queued` records wait. */
  | { readonly type: 'failing'; readonly problem: StoreProblem; readonly queued: number }
  | { readonly type: 'recovered' }
  /** The queue was full: so many records were lost since the last report. */
  | { readonly type: 'dropped'; readonly count: number };

export interface CdrQueueOptions {
  readonly store: CdrStore;
  readonly scheduler: Scheduler;
  readonly report: (report: CdrQueueReport) => void;
  /** Most records kept while the database cannot be written; beyond it the newest are dropped and counted. */
  readonly limit?: number;
  /** Milliseconds from a failed write to the next try. */
  readonly retryMs?: number;
}

/** better-sqlite3 blocks while it writes: no more than this at a time, about 8 ms, then calls have their turn. */
const largestBatch = 100;

/** Stands between calls and the database: takes records at once, writes them in order and in batches, and outlasts a full disk or a lock. */
export class CdrQueue implements CdrRecorder {
  readonly #options: Required<CdrQueueOptions>;
  readonly #waiting: CdrRecord[] = [];
  #dropped = 0;
  #failing = false;
  #writing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: CdrQueueOptions) {
    this.#options = { limit: 10_000, retryMs: 1_000, ...options };
  }

  record(record: CdrRecord): void {
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
    const written = await this.#options.store.write(batch);
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
