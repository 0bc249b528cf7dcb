import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { ApiKey, ApiKeyStore } from '../ports/api-keys.ts';
import type { Page, PageQuery } from '../ports/page.ts';
import type { Secrets } from '../ports/secrets.ts';
import { actorText, scopes as allScopes, type Actor, type Scope } from './actor.ts';
import { entryOf, timeText, type Origin } from './audit.ts';

export interface ApiKeysOptions {
  readonly keys: ApiKeyStore;
  readonly secrets: Secrets;
  readonly newId: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Times are RFC 3339. */
export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly createdAt: string;
  readonly lastUsedAt?: string;
  readonly expiresAt?: string;
}

export interface ApiKeyToAdd {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Milliseconds since the epoch; absent: it does not expire. */
  readonly expiresAt?: number;
}

const shownPrefix = 8;
/** `lastUsedAt` is this coarse: a key in steady use writes once a minute. */
const touchMs = 60_000;

/** Keys for programs: named, in scopes, shown once, kept as a hash. */
export class ApiKeys {
  readonly #options: ApiKeysOptions;

  constructor(options: ApiKeysOptions) {
    this.#options = options;
  }

  async list(query: PageQuery): Promise<Result<Page<ApiKeyView>, Problem>> {
    const page = await this.#options.keys.list(query);
    return page.ok ? ok({ ...page.value, items: page.value.items.map(viewOf) }) : page;
  }

  /** `key`: in clear, this once. */
  async add(origin: Origin, given: ApiKeyToAdd): Promise<Result<{ readonly apiKey: ApiKeyView; readonly key: string }, Problem>> {
    const { keys, secrets, newId } = this.#options;
    if (given.expiresAt !== undefined && given.expiresAt <= origin.at) return err({ code: 'expiry_past', message: 'the key would have expired already', advice: 'give a time to come, or none', field: 'expiresAt' });
    // Found by scanners for secrets that were published by mistake.
    const key = `vestibule_${secrets.token()}`;
    const made = {
      id: newId(),
      name: given.name,
      prefix: key.slice(0, 'vestibule_'.length + shownPrefix),
      scopes: [...new Set(given.scopes)],
      createdBy: actorText(origin.actor),
      createdAt: origin.at,
      ...(given.expiresAt === undefined ? {} : { expiresAt: given.expiresAt }),
    };
    const added = await keys.add(made, secrets.hash(key), (kept) => ({ audit: entryOf(origin, 'apiKey.add', `apiKey:${kept.id}`, { after: viewOf(kept) }), events: [] }));
    return added.ok ? ok({ apiKey: viewOf(added.value), key }) : added;
  }

  async remove(origin: Origin, id: string): Promise<Result<void, Problem>> {
    return this.#options.keys.remove(id, (removed) => ({ audit: entryOf(origin, 'apiKey.remove', `apiKey:${id}`, { before: viewOf(removed) }), events: [] }));
  }

  /** Whom a key stands for; undefined: it is unknown, revoked or has expired. */
  async authenticate(key: string): Promise<Result<Actor | undefined, Problem>> {
    const { keys, secrets, now } = this.#options;
    const found = await keys.byHash(secrets.hash(key), now());
    if (!found.ok || found.value === undefined) return found.ok ? ok(undefined) : found;
    const { id, name, scopes, lastUsedAt } = found.value;
    if (lastUsedAt === undefined || now() - lastUsedAt >= touchMs) {
      const touched = await keys.touch(id, now());
      if (!touched.ok) return touched;
    }
    // A scope of another version gives nothing.
    return ok({ kind: 'apiKey', id, name, scopes: allScopes.filter((scope) => scopes.includes(scope)) });
  }
}

function viewOf({ id, name, prefix, scopes, createdBy, createdAt, lastUsedAt, expiresAt }: ApiKey): ApiKeyView {
  return {
    id,
    name,
    prefix,
    scopes,
    createdBy,
    createdAt: timeText(createdAt),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: timeText(lastUsedAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: timeText(expiresAt) }),
  };
}
