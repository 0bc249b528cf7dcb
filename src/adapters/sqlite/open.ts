import type { Problem } from '../../lib/problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { RoomSettings } from '../../domain/room.ts';
import type { MetaStore } from '../../ports/meta.ts';
import type { StoreProblemCode } from '../../ports/store-problem.ts';
import type { Stores } from '../../ports/stores.ts';
import { SqliteApiKeyStore } from './api-key-store.ts';
import { SqliteAuditStore } from './audit-store.ts';
import { SqliteCdrStore } from './cdr-store.ts';
import { openDatabase } from './database.ts';
import { SqliteDecisionStore } from './decision-store.ts';
import { SqliteEventStore } from './event-store.ts';
import { SqliteIdempotencyStore } from './idempotency-store.ts';
import { LinkVault } from './link-vault.ts';
import { SqliteLiveStateStore } from './live-state-store.ts';
import { SqliteMemberStore } from './member-store.ts';
import { SqliteNumberRuleStore } from './number-rule-store.ts';
import { PinVault } from './pin-vault.ts';
import { SqliteRecordingStore } from './recording-store.ts';
import { SqliteRoomStore } from './room-store.ts';
import { Sealer } from './sealer.ts';
import { loadSecret, type SecretProblemCode } from './secret-file.ts';
import { SqliteTokenStore } from './token-store.ts';
import { Transactions } from './transactions.ts';
import { SqliteUserStore } from './user-store.ts';
import { SqliteWebhookStore } from './webhook-store.ts';

export interface StoreOptions {
  /** Made, readable for its owner only, when it is not there. The database is `vestibule.db` in it. */
  readonly dataDir: string;
  readonly secretFile: string;
  /** Milliseconds to wait for a lock of another process. SQLite waits on the event loop, so a process with calls keeps it short. */
  readonly lockWaitMs: number;
  /** COD-10: whether two rooms are never active at once, and may share an alias. Without it none may. */
  readonly neverTogether?: (one: RoomSettings, other: RoomSettings) => boolean;
  /** Milliseconds since the epoch; without it the system's clock. */
  readonly now?: () => number;
}

export type OpenProblem = Problem<StoreProblemCode | SecretProblemCode | 'secret_mismatch'>;

/** Opens the database, making or bringing it up to date, and the key the PINs, links and digests are kept with. */
export async function openStores(options: StoreOptions): Promise<Result<Stores, OpenProblem>> {
  const opened = await openDatabase(options.dataDir, options.lockWaitMs);
  if (!opened.ok) return opened;
  const { db, connection } = opened.value;
  const transactions = new Transactions(db, connection);
  const meta = metaStore(transactions);
  const secret = await secretOf(meta, options.secretFile);
  if (!secret.ok) {
    await db.destroy();
    return secret;
  }
  const now = options.now ?? Date.now;
  const pins = new PinVault(secret.value);
  const links = new LinkVault(secret.value);
  const rooms = new SqliteRoomStore(transactions, { pins, links, neverTogether: options.neverTogether ?? (() => false), now });
  const linked = await rooms.makeMissingLinks();
  if (!linked.ok) {
    await db.destroy();
    return linked;
  }
  return ok({
    rooms,
    members: new SqliteMemberStore(transactions, pins, links),
    users: new SqliteUserStore(transactions, new Sealer(secret.value, 'vestibule digest seal'), now),
    tokens: new SqliteTokenStore(transactions),
    apiKeys: new SqliteApiKeyStore(transactions),
    audit: new SqliteAuditStore(transactions),
    events: new SqliteEventStore(transactions),
    webhooks: new SqliteWebhookStore(transactions, new Sealer(secret.value, 'vestibule webhook seal'), now),
    decisions: new SqliteDecisionStore(transactions),
    idempotency: new SqliteIdempotencyStore(transactions),
    cdr: new SqliteCdrStore(transactions),
    recordings: new SqliteRecordingStore(transactions),
    live: new SqliteLiveStateStore(transactions),
    numberRules: new SqliteNumberRuleStore(transactions, new Sealer(secret.value, 'vestibule trunk seal')),
    meta,
    check: () =>
      transactions.writeBeside(async (db) => {
        await db.selectFrom('meta').select('key').limit(1).execute();
      }),
    close: () => db.destroy(),
  });
}

/** The key in the file, which must be the one the database was made with. */
async function secretOf(meta: MetaStore, file: string): Promise<Result<Buffer, OpenProblem>> {
  const known = await meta.get('keyFingerprint');
  if (!known.ok) return known;
  const secret = loadSecret(file, known.value === undefined);
  if (!secret.ok) return secret;
  const fingerprint = new PinVault(secret.value).fingerprint();
  if (known.value === undefined) {
    const kept = await meta.set('keyFingerprint', fingerprint);
    return kept.ok ? secret : kept;
  }
  if (known.value === fingerprint) return secret;
  return err({
    code: 'secret_mismatch',
    message: `the key in ${JSON.stringify(file)} is not the one the PINs of this database were made with`,
    advice: 'restore the right key file, or name it in data.secretFile',
  });
}

function metaStore(transactions: Transactions): MetaStore {
  return {
    get: (key) => transactions.read(async (db) => (await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst())?.value),
    set: (key, value) =>
      transactions.writeBeside(async (db) => {
        await db
          .insertInto('meta')
          .values({ key, value })
          .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
          .execute();
      }),
  };
}
