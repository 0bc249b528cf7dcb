import type { Kysely, Migration } from 'kysely';
import { accessMigrations } from './access-migrations.ts';
import { numberRuleMigrations } from './number-rule-migrations.ts';

/**
 * How the database came to be, oldest first. Forward only: what was released is never changed, a correction is a new entry.
 * Kysely records what was applied in `kysely_migration`. Every step is typed against the tables of its own time, hence `unknown`.
 */
export const migrations: Readonly<Record<string, Migration>> = {
  '001-rooms': { up: rooms },
  '002-call-detail-records': { up: callDetailRecords },
  '003-room-media-encryption': { up: roomMediaEncryption },
  '004-users': { up: users },
  ...accessMigrations,
  ...numberRuleMigrations,
};

async function rooms(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('meta')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('rooms')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('language', 'text', (column) => column.notNull())
    .addColumn('mute_guests_on_join', 'integer', (column) => column.notNull())
    .addColumn('participant_limit', 'integer')
    .addColumn('pin_host_controls', 'text', (column) => column.notNull())
    .addColumn('anonymous_moderator', 'integer', (column) => column.notNull())
    .addColumn('anonymous_speaker', 'integer', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('room_aliases')
    .addColumn('alias', 'text', (column) => column.primaryKey())
    .addColumn('room_id', 'text', (column) => column.notNull().references('rooms.id').onDelete('cascade'))
    .addColumn('position', 'integer', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('room_aliases_room').on('room_aliases').column('room_id').execute();
  await db.schema
    .createTable('room_pins')
    .addColumn('room_id', 'text', (column) => column.notNull().references('rooms.id').onDelete('cascade'))
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('length', 'integer', (column) => column.notNull())
    .addColumn('sealed', 'text')
    .addPrimaryKeyConstraint('room_pins_key', ['room_id', 'role'])
    .execute();
}

async function callDetailRecords(db: Kysely<unknown>): Promise<void> {
  // No foreign key to rooms: a record outlives its room.
  await db.schema
    .createTable('cdr_calls')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('protocol', 'text', (column) => column.notNull())
    .addColumn('call_id', 'text', (column) => column.notNull())
    .addColumn('caller', 'text', (column) => column.notNull())
    .addColumn('alias', 'text', (column) => column.notNull())
    .addColumn('room_id', 'text')
    .addColumn('conference_id', 'text')
    .addColumn('role', 'text')
    .addColumn('rule', 'text')
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('answered_at', 'bigint')
    .addColumn('joined_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('end_reason', 'text')
    .addColumn('end_cause', 'text')
    .addColumn('end_fault', 'text')
    .execute();
  await db.schema.createIndex('cdr_calls_ended').on('cdr_calls').column('ended_at').execute();
  await db.schema
    .createTable('cdr_conferences')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('room_id', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('end_reason', 'text')
    .addColumn('peak_participants', 'integer')
    .execute();
  await db.schema.createIndex('cdr_conferences_ended').on('cdr_conferences').column('ended_at').execute();
}

async function roomMediaEncryption(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('rooms')
    .addColumn('media_encryption', 'text', (column) => column.notNull().defaultTo('optional'))
    .execute();
}

async function users(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('users')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('display', 'text', (column) => column.notNull())
    .addColumn('realm', 'text', (column) => column.notNull())
    .addColumn('ha1_md5', 'text', (column) => column.notNull())
    .addColumn('ha1_sha256', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('user_bindings')
    .addColumn('user_name', 'text', (column) => column.notNull().references('users.name').onDelete('cascade'))
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('uri', 'text', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('parameters', 'text', (column) => column.notNull())
    .addColumn('call_id', 'text', (column) => column.notNull())
    .addColumn('cseq', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('source_address', 'text', (column) => column.notNull())
    .addColumn('source_port', 'integer', (column) => column.notNull())
    .addColumn('source_transport', 'text', (column) => column.notNull())
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('user_bindings_key', ['user_name', 'key'])
    .execute();
}
