import { sql, type Kysely, type Migration } from 'kysely';

/** The tables of users, rooms and members with all their settings, of logins, and of what is told about them. */
export const accessMigrations: Readonly<Record<string, Migration>> = {
  '005-users-log-in': { up: usersLogIn },
  '006-rooms-are-owned': { up: roomsAreOwned },
  '007-members-and-links': { up: membersAndLinks },
  '008-tokens-and-keys': { up: tokensAndKeys },
  '009-audit-and-events': { up: auditAndEvents },
  '010-webhooks': { up: webhooks },
  '011-decisions': { up: decisions },
  '012-recordings': { up: recordings },
  '013-live-state': { up: liveState },
  '014-call-detail-lists': { up: callDetailLists },
};

async function usersLogIn(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('user_sip')
    .addColumn('user_name', 'text', (column) => column.primaryKey().references('users.name').onDelete('cascade'))
    .addColumn('realm', 'text', (column) => column.notNull())
    .addColumn('ha1_md5', 'text', (column) => column.notNull())
    .addColumn('ha1_sha256', 'text', (column) => column.notNull())
    .execute();
  await sql`insert into user_sip (user_name, realm, ha1_md5, ha1_sha256) select name, realm, ha1_md5, ha1_sha256 from users`.execute(db);
  // The table itself cannot be made anew: dropping it would delete the bindings, too.
  for (const column of ['realm', 'ha1_md5', 'ha1_sha256']) await db.schema.alterTable('users').dropColumn(column).execute();
  // Who had a telephone and nothing else gets no right by the upgrade.
  await db.schema.alterTable('users').addColumn('privilege', 'text', (column) => column.notNull().defaultTo('room_member')).execute();
  await db.schema.alterTable('users').addColumn('password_hash', 'text').execute();
  await db.schema.alterTable('users').addColumn('must_change_password', 'integer', (column) => column.notNull().defaultTo(0)).execute();
  await addVersion(db, 'users');
}

async function roomsAreOwned(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('rooms').addColumn('owner', 'text', (column) => column.references('users.name').onDelete('set null')).execute();
  await db.schema.alterTable('rooms').addColumn('role_permissions', 'text', (column) => column.notNull().defaultTo('{"moderator":{},"speaker":{}}')).execute();
  await db.schema.alterTable('rooms').addColumn('rules', 'text', (column) => column.notNull().defaultTo('{}')).execute();
  await db.schema.alterTable('rooms').addColumn('member_reuse', 'text', (column) => column.notNull().defaultTo('flag')).execute();
  await db.schema.alterTable('rooms').addColumn('schedule', 'text').execute();
  await db.schema.alterTable('rooms').addColumn('preconfigured', 'text', (column) => column.notNull().defaultTo('[]')).execute();
  await addVersion(db, 'rooms');
  await db.schema.createIndex('rooms_owner').on('rooms').columns(['owner', 'seq']).execute();
  // Rooms that are never active at once may share an alias.
  await db.schema.alterTable('room_aliases').renameTo('room_aliases_before').execute();
  await db.schema.dropIndex('room_aliases_room').execute();
  await db.schema
    .createTable('room_aliases')
    .addColumn('room_id', 'text', (column) => column.notNull().references('rooms.id').onDelete('cascade'))
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('alias', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('room_aliases_key', ['room_id', 'position'])
    .execute();
  await sql`insert into room_aliases (room_id, position, alias) select room_id, position, alias from room_aliases_before`.execute(db);
  await db.schema.dropTable('room_aliases_before').execute();
  await db.schema.createIndex('room_aliases_alias').on('room_aliases').columns(['alias', 'room_id']).execute();
}

async function addVersion(db: Kysely<unknown>, table: 'rooms' | 'users'): Promise<void> {
  await db.schema.alterTable(table).addColumn('version', 'integer', (column) => column.notNull().defaultTo(1)).execute();
  await db.schema.alterTable(table).addColumn('created_at', 'bigint', (column) => column.notNull().defaultTo(0)).execute();
  // When they were made is not known; they were there at the upgrade.
  await sql`update ${sql.table(table)} set created_at = ${Date.now()}`.execute(db);
}

async function membersAndLinks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('members')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('room_id', 'text', (column) => column.notNull().references('rooms.id').onDelete('cascade'))
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('user_name', 'text', (column) => column.references('users.name').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('overrides', 'text', (column) => column.notNull())
    .addColumn('pin_hash', 'text')
    .addColumn('pin_length', 'integer')
    .addColumn('pin_sealed', 'text')
    .addColumn('token_hash', 'text', (column) => column.notNull().unique())
    .addColumn('token_sealed', 'text', (column) => column.notNull())
    .addUniqueConstraint('members_key', ['room_id', 'id'])
    .execute();
  await db.schema.createIndex('members_user').on('members').column('user_name').execute();
  await db.schema.createIndex('members_room').on('members').columns(['room_id', 'seq']).execute();
  await db.schema.createIndex('members_pin').on('members').columns(['room_id', 'pin_hash']).unique().execute();
  await db.schema
    .createTable('room_links')
    .addColumn('room_id', 'text', (column) => column.notNull().references('rooms.id').onDelete('cascade'))
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('room_links_key', ['room_id', 'role'])
    .execute();
}

async function tokensAndKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tokens')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('use', 'text', (column) => column.notNull())
    .addColumn('user_name', 'text', (column) => column.references('users.name').onDelete('cascade'))
    .addColumn('room_id', 'text', (column) => column.references('rooms.id').onDelete('cascade'))
    .addColumn('member_id', 'text')
    .addColumn('link_role', 'text')
    .addColumn('family', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .addColumn('from_address', 'text', (column) => column.notNull())
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .addForeignKeyConstraint('tokens_member', ['room_id', 'member_id'], 'members', ['room_id', 'id'], (key) => key.onDelete('cascade'))
    .execute();
  await db.schema.createIndex('tokens_user').on('tokens').column('user_name').execute();
  await db.schema.createIndex('tokens_room').on('tokens').columns(['room_id', 'member_id']).execute();
  await db.schema.createIndex('tokens_family').on('tokens').column('family').execute();
  await db.schema.createIndex('tokens_expiry').on('tokens').column('expires_at').execute();
  await db.schema
    .createTable('api_keys')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('prefix', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .addColumn('expires_at', 'bigint')
    .execute();
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('request_hash', 'text', (column) => column.notNull())
    .addColumn('status', 'integer')
    .addColumn('body', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('idempotency_keys_key', ['actor', 'key'])
    .execute();
  await db.schema.createIndex('idempotency_keys_expiry').on('idempotency_keys').column('expires_at').execute();
}

async function auditAndEvents(db: Kysely<unknown>): Promise<void> {
  // Neither refers to what it is about: it outlives it.
  await db.schema
    .createTable('audit')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('from_address', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('object', 'text', (column) => column.notNull())
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .execute();
  await db.schema.createIndex('audit_at').on('audit').column('at').execute();
  for (const column of ['actor', 'action', 'object']) await db.schema.createIndex(`audit_${column}`).on('audit').columns([column, 'seq']).execute();
  await db.schema
    .createTable('events')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('room_id', 'text')
    .addColumn('seq', 'integer')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('call_id', 'text')
    .addColumn('data', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('events_room').on('events').columns(['room_id', 'seq']).unique().execute();
  await db.schema.createIndex('events_at').on('events').column('at').execute();
  // The numbers of a room go on when its events have been dropped.
  await db.schema
    .createTable('event_sequences')
    .addColumn('room_id', 'text', (column) => column.primaryKey())
    .addColumn('last', 'integer', (column) => column.notNull())
    .execute();
}

async function webhooks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('webhooks')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('events', 'text')
    .addColumn('rooms', 'text')
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('secret_sealed', 'text', (column) => column.notNull())
    .addColumn('cursor', 'integer', (column) => column.notNull())
    .addColumn('failures', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
  await db.schema
    .createTable('webhook_dead_letters')
    .addColumn('webhook_id', 'text', (column) => column.notNull().references('webhooks.id').onDelete('cascade'))
    .addColumn('event_id', 'integer', (column) => column.notNull())
    .addColumn('seq', 'integer')
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('problem', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('webhook_dead_letters_key', ['webhook_id', 'event_id'])
    .execute();
}

async function decisions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('decisions')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('call_id', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('stage', 'text', (column) => column.notNull())
    .addColumn('rule', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('inputs', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('decisions_call').on('decisions').columns(['call_id', 'seq']).execute();
  await db.schema.createIndex('decisions_at').on('decisions').column('at').execute();
}

async function recordings(db: Kysely<unknown>): Promise<void> {
  // No foreign key to rooms: the files are there when the room is gone.
  await db.schema
    .createTable('recordings')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('room_id', 'text', (column) => column.notNull())
    .addColumn('conference_id', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('recordings_room').on('recordings').columns(['room_id', 'seq']).execute();
  await db.schema.createIndex('recordings_ended').on('recordings').column('ended_at').execute();
}

async function liveState(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('live_participants')
    .addColumn('call_id', 'text', (column) => column.primaryKey())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('live_conferences')
    .addColumn('room_id', 'text', (column) => column.primaryKey())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
}

async function callDetailLists(db: Kysely<unknown>): Promise<void> {
  for (const table of ['cdr_calls', 'cdr_conferences']) {
    await db.schema.createIndex(`${table}_started`).on(table).columns(['started_at', 'id']).execute();
    await db.schema.createIndex(`${table}_room`).on(table).columns(['room_id', 'started_at', 'id']).execute();
  }
  await db.schema.createIndex('cdr_calls_conference').on('cdr_calls').columns(['conference_id', 'started_at', 'id']).execute();
}
