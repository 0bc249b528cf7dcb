/**
 * HTTP Digest as SIP uses it (RFC 7616, RFC 8760, RFC 3261 §22): nonces, and the judgement of credentials. Hashes, keys and
 * randomness come in; a secret is never here, only the hash of user, realm and secret (HA1).
 */
export type DigestAlgorithm = 'SHA-256' | 'MD5';

/** HA1 by algorithm, in lower-case hexadecimal. As good as the secret where this realm is concerned. */
export type Ha1 = Readonly<Record<DigestAlgorithm, string>>;

export interface DigestHashes {
  /** Of the UTF-8 text, in lower-case hexadecimal. */
  hash(algorithm: DigestAlgorithm, text: string): string;
  /** With a key of this process: lower-case hexadecimal. */
  keyed(text: string): string;
  /** Takes the same time wherever they differ. */
  equal(a: string, b: string): boolean;
  /** Never the same twice, not to be guessed; letters and digits. */
  random(): string;
}

/** What a client sends (RFC 7616 §3.4), quotes removed. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  /** As written; MD5 where none is. */
  readonly algorithm: string;
  readonly qop: string | undefined;
  readonly cnonce: string;
  readonly nc: string;
}

export interface DigestRules {
  readonly realm: string;
  /** Most wanted first (RFC 8760 §2.3). */
  readonly algorithms: readonly DigestAlgorithm[];
  readonly nonceLifetimeMs: number;
}

export type DigestVerdict =
  | { readonly kind: 'authenticated'; readonly username: string }
  /** Right, but the nonce is old, foreign or was counted before: to be tried again with another one (RFC 7616 §3.3, `stale`). */
  | { readonly kind: 'stale' }
  | { readonly kind: 'wrong' };

export const ha1Of = (hashes: DigestHashes, algorithm: DigestAlgorithm, username: string, realm: string, secret: string): string => hashes.hash(algorithm, `${username}:${realm}:${secret}`);

/** RFC 7616 §3.4.1 to §3.4.3, `qop=auth`. */
export function digestResponse(hashes: DigestHashes, algorithm: DigestAlgorithm, ha1: string, method: string, given: Pick<DigestCredentials, 'uri' | 'nonce' | 'nc' | 'cnonce'>): string {
  const ha2 = hashes.hash(algorithm, `${method}:${given.uri}`);
  return hashes.hash(algorithm, `${ha1}:${given.nonce}:${given.nc}:${given.cnonce}:auth:${ha2}`);
}

/** Needs no memory: time of issue, something random, and a seal over both (RFC 7616 §3.3). */
export function makeNonce(hashes: DigestHashes, now: number): string {
  const body = `${now.toString(36)}.${hashes.random()}`;
  return `${body}.${hashes.keyed(body)}`;
}

/** When a nonce of ours was issued; undefined for any other. */
export function issuedAt(hashes: DigestHashes, nonce: string): number | undefined {
  const end = nonce.lastIndexOf('.');
  const body = nonce.slice(0, Math.max(end, 0));
  if (!hashes.equal(nonce.slice(end + 1), hashes.keyed(body))) return undefined;
  return parseInt(body.slice(0, body.indexOf('.')), 36);
}

/**
 * Judges credentials against the HA1 of the user they name. For a user there is not, `ha1` is undefined and the same work is
 * done: neither the answer nor the time taken tells which users there are.
 */
export function judgeCredentials(hashes: DigestHashes, rules: DigestRules, given: DigestCredentials, method: string, ha1: Ha1 | undefined, counts: NonceCounts, now: number): DigestVerdict {
  const algorithm = rules.algorithms.find((known) => known === given.algorithm.toUpperCase());
  // Both are said in every challenge; without `qop` a response could be sent again (RFC 7616 §5.1).
  if (algorithm === undefined || given.realm !== rules.realm || given.qop !== 'auth') return { kind: 'wrong' };
  if (!/^[0-9a-f]{8}$/i.test(given.nc) || given.cnonce === '') return { kind: 'wrong' };
  const unknown = hashes.hash(algorithm, `${given.username}:${rules.realm}:`);
  const expected = digestResponse(hashes, algorithm, ha1?.[algorithm] ?? unknown, method, given);
  const right = hashes.equal(given.response.toLowerCase(), expected);
  const issued = issuedAt(hashes, given.nonce);
  if (!right || ha1 === undefined) return { kind: 'wrong' };
  if (issued === undefined || now - issued > rules.nonceLifetimeMs || issued > now) return { kind: 'stale' };
  return counts.take(given.nonce, issued, parseInt(given.nc, 16), now) === 'taken' ? { kind: 'authenticated', username: given.username } : { kind: 'stale' };
}

/**
 * The highest `nc` seen with each nonce: a request sent again by somebody else has one that was there before (RFC 7616 §5.4).
 * Only right responses are counted, so that strangers cannot fill it. Where an entry gives way before its time, every nonce as
 * old as it is no longer believed.
 */
export class NonceCounts {
  readonly #counts = new Map<string, { readonly issued: number; readonly nc: number }>();
  readonly #lifetimeMs: number;
  readonly #most: number;
  #believedSince = -Infinity;

  constructor(lifetimeMs: number, most: number) {
    this.#lifetimeMs = lifetimeMs;
    this.#most = most;
  }

  get size(): number {
    return this.#counts.size;
  }

  take(nonce: string, issued: number, nc: number, now: number): 'taken' | 'seen' {
    const before = this.#counts.get(nonce);
    if (before === undefined ? issued <= this.#believedSince : nc <= before.nc) return 'seen';
    // Set anew, it is the youngest of the map.
    this.#counts.delete(nonce);
    this.#counts.set(nonce, { issued, nc });
    this.#makeRoom(now);
    return 'taken';
  }

  #makeRoom(now: number): void {
    for (const [nonce, { issued }] of this.#counts) {
      const over = now - issued > this.#lifetimeMs;
      if (!over && this.#counts.size <= this.#most) return;
      if (!over) this.#believedSince = Math.max(this.#believedSince, issued);
      this.#counts.delete(nonce);
    }
  }
}
