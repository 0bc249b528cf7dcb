/** The place of one worker in the pool: the worker itself, or the wait for the one that replaces it, and what lives on it. */
import type { ConferenceId, LegId } from './api.ts';
import type { WorkerClient } from './worker-client.ts';

/** The first replacement comes after this long, ms; while they keep dying, each after twice as long. */
const RESTART_MS = 250;
const MAX_RESTART_MS = 30_000;
/** A worker that has lived this long, ms, did not die of its start. */
const STABLE_MS = 60_000;

export class WorkerSlot {
  readonly legs = new Set<LegId>();
  readonly conferences = new Set<ConferenceId>();
  readonly #start: (slot: WorkerSlot) => WorkerClient;
  readonly #now: () => number;
  #client: WorkerClient;
  #startedAt: number;
  #deaths = 0;
  #restart: NodeJS.Timeout | undefined;

  /** `now` is monotonic, ms. */
  constructor(start: (slot: WorkerSlot) => WorkerClient, now: () => number) {
    this.#start = start;
    this.#now = now;
    this.#startedAt = now();
    this.#client = start(this);
  }

  /** The present worker, dead or alive. */
  get client(): WorkerClient {
    return this.#client;
  }

  /** The worker has died: another one follows, and finds nothing. */
  replace(): void {
    this.legs.clear();
    this.conferences.clear();
    if (this.#now() - this.#startedAt > STABLE_MS) this.#deaths = 0;
    const wait = Math.min(RESTART_MS * 2 ** this.#deaths++, MAX_RESTART_MS);
    this.#restart = setTimeout(() => {
      this.#startedAt = this.#now();
      this.#client = this.#start(this);
    }, wait);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#restart);
    await this.#client.stop();
  }
}
