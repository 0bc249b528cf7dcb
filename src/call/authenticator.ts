import { AuthFailures, failureRules } from '../domain/auth-failures.ts';
import { judgeCredentials, makeNonce, NonceCounts, type DigestAlgorithm, type DigestCredentials, type DigestHashes, type DigestRules, type Ha1 } from '../domain/digest.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { AuthVerdict, Challenge } from '../ports/registrar.ts';

export interface AuthenticatorOptions {
  readonly realm: string;
  readonly algorithms: readonly DigestAlgorithm[];
  readonly hashes: DigestHashes;
  readonly ha1: (username: string) => Ha1 | undefined;
  /** Whether this user is registered from this address. */
  readonly isAtHome: (username: string, address: string) => boolean;
  readonly scheduler: Scheduler;
}

/** A request that wants to be somebody's. */
export interface Claim {
  readonly method: string;
  readonly credentials: readonly DigestCredentials[];
  /** IP address it came from. */
  readonly address: string;
}

const nonceLifetimeMs = 60_000;
/** About 800 right answers a second for the lifetime of a nonce; some 10 MB. */
const mostNonces = 50_000;

/** Tells who sends a request, by digest. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #rules: DigestRules;
  readonly #counts = new NonceCounts(nonceLifetimeMs, mostNonces);
  readonly #failures = new AuthFailures(failureRules);

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#rules = { realm: options.realm, algorithms: options.algorithms, nonceLifetimeMs };
  }

  judge({ method, credentials, address }: Claim): AuthVerdict {
    const { hashes, ha1, realm, isAtHome, scheduler } = this.#options;
    const now = scheduler.now();
    // Others' realms are none of our business (RFC 3261 §22.3).
    const given = credentials.find((each) => each.realm === realm);
    if (given === undefined) return this.#challenge('asked', now);
    // A guesser behind the same NAT does not shut out those who are registered from there; guesses at one of them count by themselves.
    const source = isAtHome(given.username, address) ? `${address} ${given.username}` : address;
    const standing = this.#failures.standing(source, now);
    if (standing.kind === 'waiting') return { kind: 'wait', seconds: Math.ceil(standing.leftMs / 1_000) };
    const verdict = judgeCredentials(hashes, this.#rules, given, method, ha1(given.username), this.#counts, now);
    if (verdict.kind === 'stale') return this.#challenge('stale', now);
    if (verdict.kind === 'wrong') {
      this.#failures.failed(source, now);
      return this.#challenge('asked', now);
    }
    this.#failures.succeeded(source);
    return { kind: 'authenticated', user: verdict.username };
  }

  #challenge(why: Challenge['why'], now: number): AuthVerdict {
    const { realm, algorithms } = this.#rules;
    return { kind: 'challenge', challenge: { realm, algorithms, nonce: makeNonce(this.#options.hashes, now), why } };
  }
}
