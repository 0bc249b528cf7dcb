import type { Scheduler } from '../../lib/machine.ts';
import type { StoreProblem, CdrRecord, CdrRecorder, CdrStore } from '../../ports/stores.ts';

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

/** Stands between calls and the database: takes records at once, writes them in order and in batches, and outlasts a full disk or a lock. */
export class CdrQueue implements CdrRecorder {
  readonly #options: Required<CdrQueueOptions>;
  #waiting: CdrRecord[] = [];
  #dropped = 0;
  #failing = false;
  #writing: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(options: CdrQueueOptions) {
    this.#options = { limit: 10_000, retryMs: 1_000, ...options };
  }

  record(record: CdrRecord): void {
    if (this.#waiting.length >= this.#options.limit) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(record);
    if (this.#cancelRetry === undefined) this.#start();
  }

  /** Waits for what is under way, tries once more to write what is left, and stops. Answers how many records could not be written. */
  async close(): Promise<number> {
    this.#stopRetry();
    await this.#writing;
    this.#stopRetry();
    this.#start();
    await this.#writing;
    this.#stopRetry();
    return this.#waiting.length + this.#dropped;
  }

  #stopRetry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #start(): void {
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
      // A record that came in between the last write and here.
      if (this.#waiting.length > 0 && this.#cancelRetry === undefined) this.#start();
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const written = await this.#options.store.write(batch);
      if (!written.ok) {
        this.#waiting = [...batch, ...this.#waiting];
        this.#failing = true;
        this.#options.report({ type: 'failing', problem: written.error, queued: this.#waiting.length });
        this.#reportDropped();
        this.#cancelRetry = this.#options.scheduler.after(this.#options.retryMs, () => {
          this.#cancelRetry = undefined;
          this.#start();
        });
        return;
      }
    }
    if (this.#failing) this.#options.report({ type: 'recovered' });
    this.#failing = false;
    this.#reportDropped();
  }

  #reportDropped(): void {
    if (this.#dropped > 0) this.#options.report({ type: 'dropped', count: this.#dropped });
    this.#dropped = 0;
  }
}
