/** The place of one worker in the pool: the worker itself, or the wait for the one that replaces it, and what lives on it. */
import type { Scheduler } from '../../lib/machine.ts';
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
  readonly #scheduler: Scheduler;
  #client: WorkerClient;
  #startedAt: number;
  #deaths = 0;
  #cancelRestart: () => void = () => undefined;

  constructor(start: (slot: WorkerSlot) => WorkerClient, scheduler: Scheduler) {
    this.#start = start;
    this.#scheduler = scheduler;
    this.#startedAt = scheduler.now();
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
    if (this.#scheduler.now() - this.#startedAt > STABLE_MS) this.#deaths = 0;
    const wait = Math.min(RESTART_MS * 2 ** this.#deaths++, MAX_RESTART_MS);
    this.#cancelRestart = this.#scheduler.after(wait, () => {
      this.#startedAt = this.#scheduler.now();
      this.#client = this.#start(this);
    });
  }

  async stop(): Promise<void> {
    this.#cancelRestart();
    await this.#client.stop();
  }
}
