/**
 * Wrong secrets, counted by where they come from: after a few, each further one makes that source wait twice as long. A bounded
 * number of sources is remembered; of too many, the one that was quiet the longest is forgotten.
 */
export interface FailureRules {
  /** Wrong ones without a wait. */
  readonly free: number;
  /** The first wait; each further one is twice as long. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** After so long without a wrong one all is forgotten. */
  readonly forgetMs: number;
  readonly mostSources: number;
}

export type FailureStanding = { readonly kind: 'free' } | { readonly kind: 'waiting'; readonly leftMs: number };

interface Entry {
  readonly count: number;
  readonly lastAt: number;
  readonly waitsUntil: number;
}

export const failureRules: FailureRules = { free: 10, firstWaitMs: 1_000, longestWaitMs: 600_000, forgetMs: 600_000, mostSources: 10_000 };

export class AuthFailures {
  readonly #rules: FailureRules;
  readonly #sources = new Map<string, Entry>();

  constructor(rules: FailureRules) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#sources.size;
  }

  standing(source: string, now: number): FailureStanding {
    const entry = this.#sources.get(source);
    return entry === undefined || entry.waitsUntil <= now ? { kind: 'free' } : { kind: 'waiting', leftMs: entry.waitsUntil - now };
  }

  failed(source: string, now: number): void {
    const { free, firstWaitMs, longestWaitMs, forgetMs, mostSources } = this.#rules;
    const before = this.#sources.get(source);
    const count = before === undefined || now - before.lastAt > forgetMs ? 1 : before.count + 1;
    const waitMs = count <= free ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** (count - free - 1));
    this.#sources.delete(source);
    this.#sources.set(source, { count, lastAt: now, waitsUntil: now + waitMs });
    if (this.#sources.size <= mostSources) return;
    const [oldest] = this.#sources.keys();
    if (oldest !== undefined) this.#sources.delete(oldest);
  }

  succeeded(source: string): void {
    this.#sources.delete(source);
  }
}
