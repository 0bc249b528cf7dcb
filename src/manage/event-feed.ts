import type { Scheduler } from '../lib/machine.ts';
import { ok, type Result } from '../lib/result.ts';
import type { EventStore, StoredEvent } from '../ports/events.ts';
import type { Log } from '../ports/log.ts';
import type { StoreProblem } from '../ports/store-problem.ts';

export interface EventFeedOptions {
  readonly events: EventStore;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** What is appended within so long is read at once, whoever listens. */
const gatherMs = 10;
const retryMs = 1_000;
/** The newest, kept for those who are up to date; who is behind reads from the store. */
const mostKept = 1_024;
const largestRead = 500;

/** Reads each event once as it is kept, for event stream and webhooks alike. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #listeners = new Set<() => void>();
  #kept: readonly StoredEvent[] = [];
  #newest = 0;
  #cancelTimer: (() => void) | undefined;
  #stopListening: () => void = () => undefined;
  #reading: Promise<void> | undefined;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  async start(): Promise<Result<void, StoreProblem>> {
    const { events } = this.#options;
    this.#stopListening = events.onAppended(() => this.#readIn(gatherMs));
    const range = await events.range();
    if (range.ok) this.#newest = Math.max(this.#newest, range.value.newest);
    return range.ok ? ok(undefined) : range;
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#cancelTimer?.();
    this.#listeners.clear();
    await this.#reading;
  }

  /** Id of the newest event that has been read. */
  get newest(): number {
    return this.#newest;
  }

  /** Milliseconds the oldest event that was kept and not yet read is behind; 0 where there is none. */
  lagMs(): Promise<number> {
    const { events, scheduler } = this.#options;
    return events.after(this.#newest, { limit: 1 }).then((next) => {
      const waiting = next.ok ? next.value[0] : undefined;
      return waiting === undefined ? 0 : Math.max(0, scheduler.now() - waiting.event.at);
    });
  }

  /** Calls `listener` when there are new ones. The function returned ends it. */
  onNews(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Those after `id`, oldest first. */
  async after(id: number, limit: number): Promise<Result<readonly StoredEvent[], StoreProblem>> {
    if (id >= this.#newest) return ok([]);
    const first = this.#kept[0];
    if (first === undefined || id < first.id - 1) return this.#options.events.after(id, { limit });
    const from = this.#kept.findIndex((stored) => stored.id > id);
    return ok(from < 0 ? [] : this.#kept.slice(from, from + limit));
  }

  #readIn(ms: number): void {
    if (this.#cancelTimer !== undefined || this.#reading !== undefined) return;
    this.#cancelTimer = this.#options.scheduler.after(ms, () => {
      this.#cancelTimer = undefined;
      this.#reading = this.#read().finally(() => (this.#reading = undefined));
    });
  }

  async #read(): Promise<void> {
    const { events, log } = this.#options;
    for (;;) {
      const news = await events.after(this.#newest, { limit: largestRead });
      if (!news.ok) {
        log.warn({ code: news.error.code, problem: news.error.message }, 'events could not be read; trying on');
        this.#reading = undefined;
        this.#readIn(retryMs);
        return;
      }
      const last = news.value.at(-1);
      if (last === undefined) return;
      this.#newest = last.id;
      this.#kept = [...this.#kept, ...news.value].slice(-mostKept);
      for (const listener of this.#listeners) listener();
    }
  }
}
