import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { actorText, type Actor } from '../manage/actor.ts';
import type { IdempotencyStore, IdempotentRequest } from '../ports/idempotency.ts';
import type { Secrets } from '../ports/secrets.ts';
import { failure, type Failure } from './errors.ts';
import type { Answer } from './route.ts';

export interface IdempotencyOptions {
  readonly store: IdempotencyStore;
  readonly secrets: Secrets;
  /** Milliseconds a key is remembered. */
  readonly lifetimeMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Repeatable {
  readonly key: string;
  readonly actor: Actor;
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

/** Neither what a request nor what an answer holds under these names is kept: a hash of a PIN gives the PIN away. */
const secretNames: ReadonlySet<string> = new Set(['pin', 'pins', 'hostPin', 'guestPin', 'password', 'old', 'secret', 'sipSecret', 'key', 'token', 'accessUrl', 'access', 'dialString', 'sipUri']);
const withoutSecrets = (value: object): string => JSON.stringify(value, (name, inner: unknown) => (secretNames.has(name) && inner !== null ? '[shown once]' : inner));

/** Carries out a creation once for each `Idempotency-Key` of an actor; a repetition gets the first answer, secrets left out. Failures may be tried again. */
export class Idempotency {
  readonly #options: IdempotencyOptions;

  constructor(options: IdempotencyOptions) {
    this.#options = options;
  }

  async once(request: Repeatable, work: () => Promise<Result<Answer, Failure>>): Promise<Result<Answer, Failure>> {
    const { store, secrets, lifetimeMs, now } = this.#options;
    const { key, actor, method, url, body } = request;
    if (!/^[\x21-\x7e]{1,128}$/.test(key)) return err(failure({ code: 'invalid', message: 'the Idempotency-Key cannot be used', advice: 'give 1 to 128 visible ASCII characters, such as a UUID', field: 'Idempotency-Key' }));
    const repeatable: IdempotentRequest = { key, actor: actorText(actor), requestHash: secrets.hash(withoutSecrets([method, url, body])) };
    const claim = await store.claim(repeatable, now(), now() + lifetimeMs);
    if (!claim.ok) return err(failure(claim.error));
    switch (claim.value.kind) {
      case 'under_way':
        return err(failure(underWay));
      case 'mismatch':
        return err(failure(mismatch));
      case 'answered': {
        const { status, body } = claim.value.answer;
        return ok({ status: status as Answer['status'], ...(body === '' ? {} : { body: JSON.parse(body) as unknown }), headers: { 'idempotency-replayed': 'true' } });
      }
      case 'claimed':
        return this.#carryOut(repeatable, work);
    }
  }

  async #carryOut(request: IdempotentRequest, work: () => Promise<Result<Answer, Failure>>): Promise<Result<Answer, Failure>> {
    const { store } = this.#options;
    let outcome: Result<Answer, Failure> | undefined;
    try {
      outcome = await work();
      return outcome;
    } finally {
      // The work is done and kept: where only the key cannot be, the answer counts all the same, and the key runs out.
      await (outcome?.ok === true ? store.finish(request, { status: outcome.value.status, body: outcome.value.body === undefined ? '' : withoutSecrets(outcome.value.body as object) }) : store.release(request));
    }
  }
}

const underWay: Problem = { code: 'idempotency_in_progress', message: 'a request with this Idempotency-Key is being carried out', advice: 'wait for its answer, or ask again in a second' };
const mismatch: Problem = { code: 'idempotency_key_reused', message: 'this Idempotency-Key was used for another request', advice: 'make a new key for each creation', field: 'Idempotency-Key' };
