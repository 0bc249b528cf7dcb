import type { Kysely, Selectable, Transaction } from 'kysely';
import type { DigestAlgorithm, Ha1 } from '../../domain/digest.ts';
import type { Binding } from '../../domain/registrar.ts';
import type { User } from '../../domain/user.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { UserBindings, UserStore } from '../../ports/users.ts';
import { attempt, storeProblem } from './problems.ts';
import type { Tables } from './schema.ts';
import type { Sealer } from './sealer.ts';

export class SqliteUserStore implements UserStore {
  readonly #db: Kysely<Tables>;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  list(): Promise<Result<readonly User[], StoreProblem>> {
    return attempt(async () => (await this.#db.selectFrom('users').selectAll().orderBy('seq').execute()).map((row) => this.#userOf(row)));
  }

  async add({ name, display, sip }: User): Promise<Result<void, StoreProblem>> {
    const { realm, ha1 } = sip ?? { realm: '', ha1: { MD5: '', 'SHA-256': '' } };
    const seal = (algorithm: DigestAlgorithm): string => this.#sealer.seal(ha1[algorithm], boundTo(name, algorithm));
    const added = await attempt(() =>
      this.#db
        .insertInto('users')
        .values({ name, display, realm, ha1_md5: seal('MD5'), ha1_sha256: seal('SHA-256') })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirst(),
    );
    if (!added.ok) return added;
    return added.value.numInsertedOrUpdatedRows === 0n ? err(storeProblem('user_exists', 'there is a user of this name')) : ok(undefined);
  }

  async remove(name: string): Promise<Result<void, StoreProblem>> {
    const removed = await attempt(() => this.#db.deleteFrom('users').where('name', '=', name).executeTakeFirst());
    if (!removed.ok) return removed;
    return removed.value.numDeletedRows === 0n ? err(storeProblem('user_unknown', 'there is no such user')) : ok(undefined);
  }

  bindings(): Promise<Result<readonly UserBindings[], StoreProblem>> {
    return attempt(async () => {
      const byUser = new Map<string, Binding[]>();
      for (const row of await this.#db.selectFrom('user_bindings').selectAll().orderBy('user_name').orderBy('updated_at').execute()) {
        const bindings = byUser.get(row.user_name) ?? [];
        bindings.push(bindingOf(row));
        byUser.set(row.user_name, bindings);
      }
      return [...byUser].map(([user, bindings]) => ({ user, bindings }));
    });
  }

  writeBindings(changes: readonly UserBindings[]): Promise<Result<void, StoreProblem>> {
    return attempt(() =>
      this.#db.transaction().execute(async (db) => {
        const there = new Set((await db.selectFrom('users').select('name').where('name', 'in', changes.map(({ user }) => user)).execute()).map(({ name }) => name));
        for (const change of changes) if (there.has(change.user)) await replace(db, change);
      }),
    );
  }

  #userOf({ name, display, realm, ha1_md5, ha1_sha256 }: Selectable<Tables['users']>): User {
    // What does not open fits no secret.
    const open = (sealed: string, algorithm: DigestAlgorithm): string => this.#sealer.open(sealed, boundTo(name, algorithm)) ?? '';
    const ha1: Ha1 = { MD5: open(ha1_md5, 'MD5'), 'SHA-256': open(ha1_sha256, 'SHA-256') };
    return { name, display, ...(realm === '' ? {} : { sip: { realm, ha1 } }), privilege: 'room_member', hasPassword: false, mustChangePassword: false, createdAt: 0, version: 1 };
  }
}

async function replace(db: Transaction<Tables>, { user, bindings }: UserBindings): Promise<void> {
  await db.deleteFrom('user_bindings').where('user_name', '=', user).execute();
  if (bindings.length === 0) return;
  await db
    .insertInto('user_bindings')
    .values(
      bindings.map((binding) => ({
        user_name: user,
        key: binding.key,
        uri: binding.uri,
        host: binding.host,
        parameters: binding.parameters,
        call_id: binding.callId,
        cseq: binding.cseq,
        expires_at: binding.expiresAt,
        updated_at: binding.updatedAt,
        path: JSON.stringify(binding.path),
        source_address: binding.source.address,
        source_port: binding.source.port,
        source_transport: binding.source.transport,
        user_agent: binding.userAgent,
      })),
    )
    .execute();
}

function bindingOf(row: Selectable<Tables['user_bindings']>): Binding {
  return {
    key: row.key,
    uri: row.uri,
    host: row.host,
    parameters: row.parameters,
    callId: row.call_id,
    cseq: row.cseq,
    expiresAt: row.expires_at,
    updatedAt: row.updated_at,
    path: JSON.parse(row.path) as readonly string[],
    source: { address: row.source_address, port: row.source_port, transport: row.source_transport },
    userAgent: row.user_agent,
  };
}

const boundTo = (name: string, algorithm: DigestAlgorithm): string => `${name}\0${algorithm}`;
