/**
 * A map of what was used lately, for keys that anyone may forge: bounded, and each use costs the same. Entries live in
 * two generations; when the young one is full or `ttlMs` old, the old one is forgotten whole and the young one takes its
 * place. (Dropping the oldest entry one by one walks over all the dropped ones before it: V8 keeps their places.)
 */
export interface RecentMapOptions {
  /** Most entries; the least recently used half may be forgotten before it is reached. */
  readonly max: number;
  /** An entry not used for this long may be forgotten, for twice as long it is. */
  readonly ttlMs: number;
  readonly now: () => number;
}

export class RecentMap<V> {
  readonly #options: RecentMapOptions;
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #since: number;

  constructor(options: RecentMapOptions) {
    this.#options = options;
    this.#since = options.now();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    this.#age();
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.#young.set(key, old);
    }
    return old;
  }

  set(key: string, value: V): void {
    this.#age();
    this.#old.delete(key);
    this.#young.set(key, value);
  }

  #age(): void {
    const now = this.#options.now();
    const overdue = now - this.#since;
    if (this.#young.size < this.#options.max / 2 && overdue < this.#options.ttlMs) return;
    this.#old = overdue < 2 * this.#options.ttlMs ? this.#young : new Map<string, V>();
    this.#young = new Map<string, V>();
    this.#since = now;
  }
}
