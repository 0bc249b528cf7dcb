import type { Selectable } from 'kysely';
import type { Binding } from '../../domain/registrar.ts';
import type { UserBindings } from '../../ports/users.ts';
import type { Tables } from './schema.ts';
import type { Tx } from './transactions.ts';

export async function readBindings(db: Tx): Promise<readonly UserBindings[]> {
  const byUser = new Map<string, Binding[]>();
  for (const row of await db.selectFrom('user_bindings').selectAll().orderBy('user_name').orderBy('updated_at').execute()) {
    const bindings = byUser.get(row.user_name) ?? [];
    bindings.push(bindingOf(row));
    byUser.set(row.user_name, bindings);
  }
  return [...byUser].map(([user, bindings]) => ({ user, bindings }));
}

export async function writeBindings(db: Tx, changes: readonly UserBindings[]): Promise<void> {
  const there = new Set((await db.selectFrom('users').select('name').where('name', 'in', changes.map(({ user }) => user)).execute()).map(({ name }) => name));
  for (const change of changes) if (there.has(change.user)) await replace(db, change);
}

async function replace(db: Tx, { user, bindings }: UserBindings): Promise<void> {
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
