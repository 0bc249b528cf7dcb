/**
 * Who may ask for how much: rates per source address, and what is refused when the machine is at its limit. Requests in
 * dialogs are never refused here: a call that was let in goes on.
 */
import type { Scheduler } from '../../lib/machine.ts';
import type { SipLimits } from './api.ts';
import { Networks, sourceOf } from './networks.ts';

/** Sources remembered; the one not heard for the longest time is forgotten first. */
const MAX_SOURCES = 65_536;
/** A source not heard for this long has its whole allowance again: remembering it says nothing. */
const TTL_MS = 60_000;
/** This many seconds' worth may come at once. */
const BURST_SECONDS = 2;
/** The part of `transactions` and `dialogs` new requests outside dialogs may use. */
const NEW_SHARE = 0.9;

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
  heardAt: number;
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
  /** In the order last heard, oldest first. */
  readonly #sources = new Map<string, Source>();

  constructor(options: AdmissionOptions) {
    const { limits } = options;
    this.#options = options;
    this.#exempt = new Networks(limits.exempt);
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
    const full = load.transactions >= limits.transactions * NEW_SHARE || (method === 'INVITE' && load.dialogs >= limits.dialogs * NEW_SHARE);
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
    const now = this.#options.scheduler.now();
    const source = this.#sources.get(key) ?? { exempt: this.#exempt.has(address), buckets: new Map<Kind, TokenBucket>(), heardAt: now };
    source.heardAt = now;
    this.#sources.delete(key);
    this.#sources.set(key, source);
    this.#forget(now);
    return source;
  }

  /** A few at a time, so that no message pays for many. */
  #forget(now: number): void {
    let left = 4;
    for (const [key, { heardAt }] of this.#sources) {
      if (left === 0 || (this.#sources.size <= MAX_SOURCES && now - heardAt < TTL_MS)) return;
      this.#sources.delete(key);
      left -= 1;
    }
  }
}

/** `rate` a second, up to `burst` at once. Time, in milliseconds, is told by the caller. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number | undefined;

  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes one; 0, or the milliseconds until there is one to take. */
  take(now: number): number {
    // A clock that was set back gives nothing, and takes nothing.
    const passed = Math.max(0, now - (this.#at ?? now));
    this.#at = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (passed * this.#rate) / 1000);
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * 1000) / this.#rate);
    this.#tokens -= 1;
    return 0;
  }
}
