/**
 * Who may ask for how much: rates per source address, and what is refused when the machine is at its limit. Requests in
 * dialogs are never refused here: a call that was let in goes on.
 */
import type { Scheduler } from '../../lib/machine.ts';
import type { SipLimits } from './api.ts';
import { Networks, sourceOf } from './networks.ts';
import { RecentMap } from './recent-map.ts';

/** Sources remembered. */
const MAX_SOURCES = 65_536;
/** A source not heard for this long has its whole allowance again: remembering it says nothing. */
const TTL_MS = 60_000;
/** This many seconds' worth may come at once. */
const BURST_SECONDS = 2;
/** The part of `transactions` and `dialogs` new requests outside dialogs may use. */
const NEW_SHARE = 0.9;
/** Requests that begin no call may use this much of it: whoever floods us with them does not keep calls out. */
const OTHER_SHARE = 0.5;

export interface AdmissionOptions {
  readonly limits: SipLimits;
  readonly scheduler: Pick<Scheduler, 'now'>;
  readonly loopLag: () => number;
  readonly count: (what: string) => void;
}

type Kind = 'message' | 'INVITE' | 'REGISTER' | 'OPTIONS';

interface Source {
  readonly exempt: boolean;
  readonly buckets: Map<Kind, TokenBucket>;
}

/** What is in use at the moment a request comes. */
export interface Load {
  readonly transactions: number;
  readonly dialogs: number;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #exempt: Networks;
  readonly #rates: Readonly<Record<Kind, number>>;
  readonly #sources: RecentMap<Source>;

  constructor(options: AdmissionOptions) {
    const { limits } = options;
    this.#options = options;
    this.#exempt = new Networks(limits.exempt);
    this.#sources = new RecentMap({ max: MAX_SOURCES, ttlMs: TTL_MS, now: () => options.scheduler.now() });
    this.#rates = { message: limits.messagesPerSource, INVITE: limits.invitesPerSource, REGISTER: limits.registersPerSource, OPTIONS: limits.optionsPerSource };
  }

  get sources(): number {
    return this.#sources.size;
  }

  isExempt(address: string): boolean {
    return this.#exempt.has(address);
  }

  /** Takes one message of `address`, of whatever kind; how many milliseconds too early it comes, 0 when it may be handled. */
  message(address: string): number {
    return this.#take(address, 'message');
  }

  /** Whether a request outside any dialog may begin; why not. `load` is what others use already. */
  request(method: string, address: string, load: Load): 'admit' | 'overload' | 'rate' {
    const { limits, loopLag, count } = this.#options;
    const full = load.transactions >= limits.transactions * (method === 'INVITE' ? NEW_SHARE : OTHER_SHARE) || (method === 'INVITE' && load.dialogs >= limits.dialogs * NEW_SHARE);
    if (full || loopLag() > limits.loopLagMs) {
      count('overload');
      return 'overload';
    }
    if ((method === 'INVITE' || method === 'REGISTER' || method === 'OPTIONS') && this.#take(address, method) > 0) {
      count('rateRefused');
      return 'rate';
    }
    return 'admit';
  }

  #take(address: string, kind: Kind): number {
    const source = this.#sourceOf(address);
    if (source.exempt) return 0;
    const rate = this.#rates[kind];
    let bucket = source.buckets.get(kind);
    if (bucket === undefined) {
      bucket = new TokenBucket(rate, rate * BURST_SECONDS);
      source.buckets.set(kind, bucket);
    }
    return bucket.take(this.#options.scheduler.now());
  }

  #sourceOf(address: string): Source {
    const key = sourceOf(address);
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const source: Source = { exempt: this.#exempt.has(address), buckets: new Map() };
    this.#sources.set(key, source);
    return source;
  }
}

/**
 * `rate` a second, up to `burst` at once; time, in milliseconds, is told by the caller. Kept as the time at which the
 * bucket would be full again (the generic cell rate algorithm, ITU-T I.371): one number says it all.
 */
export class TokenBucket {
  readonly #interval: number;
  readonly #whole: number;
  #fullAt = 0;

  constructor(rate: number, burst: number) {
    this.#interval = 1000 / rate;
    this.#whole = burst * this.#interval;
  }

  /** Takes one; 0, or the milliseconds until there is one to take. */
  take(now: number): number {
    // No emptier than empty: a clock that was set back must not shut anyone out.
    this.#fullAt = Math.min(Math.max(this.#fullAt, now), now + this.#whole);
    const wait = this.#fullAt + this.#interval - this.#whole - now;
    if (wait > 0) return Math.ceil(wait);
    this.#fullAt += this.#interval;
    return 0;
  }
}
