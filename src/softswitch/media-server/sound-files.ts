/** Which sound files are there. The same announcement is played to everybody who comes: the system is asked once a second. */
import { access } from 'node:fs/promises';
import type { Scheduler } from '../../lib/machine.ts';

/** For this long a file that was there is taken to be there, ms. */
const TRUSTED_MS = 1_000;
const MAX_KNOWN = 256;

export class SoundFiles {
  readonly #scheduler: Scheduler;
  /** By path, when it was there. */
  readonly #seen = new Map<string, number>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  async has(path: string): Promise<boolean> {
    const now = this.#scheduler.now();
    const seen = this.#seen.get(path);
    if (seen !== undefined && now - seen < TRUSTED_MS) return true;
    this.#seen.delete(path);
    try {
      await access(path);
    } catch {
      return false;
    }
    if (this.#seen.size >= MAX_KNOWN) this.#seen.clear();
    this.#seen.set(path, now);
    return true;
  }
}
