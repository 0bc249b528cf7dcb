import type { Binding } from '../domain/registrar.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { Log } from '../ports/log.ts';
import type { UserStore } from '../ports/users.ts';

export interface BindingWriterOptions {
  readonly store: UserStore;
  readonly bindingsOf: (user: string) => readonly Binding[];
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** A crash loses the registrations of so long; telephones renew them by themselves. */
const delayMs = 500;
const retryMs = 5_000;
/** better-sqlite3 blocks while it writes: no more users than this at a time, some milliseconds. */
const largestBatch = 20;

/** Keeps the database up with what is registered: by batches and off the path of the answer, each user once however often renewed. */
export class BindingWriter {
  readonly #options: BindingWriterOptions;
  readonly #dirty = new Set<string>();
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #state: 'writing' | 'failing' | 'closed' = 'writing';

  constructor(options: BindingWriterOptions) {
    this.#options = options;
  }

  changed(user: string): void {
    if (this.#state === 'closed') return;
    this.#dirty.add(user);
    this.#writeIn(delayMs);
  }

  /** Writes all that is waiting, as far as it can be written. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.flush();
  }

  #writeIn(ms: number): void {
    if (this.#cancelTimer !== undefined || this.#state === 'closed') return;
    this.#cancelTimer = this.#options.scheduler.after(ms, () => {
      this.#cancelTimer = undefined;
      void this.flush();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#dirty.size > 0) {
      const batch = [...this.#dirty].slice(0, largestBatch);
      for (const user of batch) this.#dirty.delete(user);
      const written = await this.#options.store.writeBindings(batch.map((user) => ({ user, bindings: this.#options.bindingsOf(user) })));
      if (!written.ok) {
        for (const user of batch) this.#dirty.add(user);
        if (this.#state === 'writing') {
          this.#options.log.warn({ code: written.error.code, problem: written.error.message, waiting: this.#dirty.size }, 'registrations cannot be written; trying on');
          this.#state = 'failing';
        }
        this.#writeIn(retryMs);
        return;
      }
      if (this.#state === 'failing') this.#state = 'writing';
      // Others have their turn between two batches.
      if (this.#dirty.size > 0) await new Promise<void>((resolve) => this.#options.scheduler.after(0, resolve));
    }
  }
}
