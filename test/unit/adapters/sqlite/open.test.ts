import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { Kysely } from 'kysely';
import { SqliteCdrStore } from '../../../../src/adapters/sqlite/cdr-store.ts';
import { connectionOf } from '../../../../src/adapters/sqlite/database.ts';
import { sqliteDialect } from '../../../../src/adapters/sqlite/dialect.ts';
import { LinkVault } from '../../../../src/adapters/sqlite/link-vault.ts';
import { migrations } from '../../../../src/adapters/sqlite/migrations.ts';
import { PinVault } from '../../../../src/adapters/sqlite/pin-vault.ts';
import { SqliteRoomStore } from '../../../../src/adapters/sqlite/room-store.ts';
import type { Tables } from '../../../../src/adapters/sqlite/schema.ts';
import { Transactions } from '../../../../src/adapters/sqlite/transactions.ts';
import { Pin } from '../../../../src/domain/pin-format.ts';
import type { CdrRecord } from '../../../../src/ports/cdr.ts';
import { codeOf, Folder, must, settings, untold } from './fixture.ts';

const host = new Pin('135792');

describe('the database', () => {
  it('is made on the first start, for its owner only, with every migration recorded', async (t) => {
    const folder = new Folder(t);
    await folder.open();
    assert.deepEqual(['vestibule.db', 'secret.key'].map((name) => folder.mode(name)), [0o600, 0o600]);
    const raw = new Database(folder.database, { readonly: true });
    assert.deepEqual(raw.prepare('select name from kysely_migration order by name').pluck().all(), Object.keys(migrations));
    assert.equal(raw.pragma('journal_mode', { simple: true }), 'wal');
    raw.close();
  });

  it('keeps everything on the next start', async (t) => {
    const folder = new Folder(t);
    const first = await folder.open();
    const room = must(await first.rooms.add(settings, { host }, untold));
    must(await first.meta.set('greeting', 'said'));
    await first.close();
    const second = await folder.open();
    assert.deepEqual(must(await second.rooms.byAlias('2000')), [room]);
    assert.equal(second.rooms.identify(room, host), 'host');
    assert.equal(must(await second.meta.get('greeting')), 'said');
  });

  it('of a newer version is refused: store_newer', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    const raw = new Database(folder.database);
    raw.exec(`insert into kysely_migration values ('900-future', '')`);
    raw.close();
    assert.equal(codeOf(await folder.try()), 'store_newer');
  });

  it('that is none is refused: store_corrupt', async (t) => {
    const folder = new Folder(t);
    mkdirSync(folder.data);
    writeFileSync(folder.database, 'no database at all, whatever it is called'.repeat(100));
    assert.equal(codeOf(await folder.try()), 'store_corrupt');
  });

  it('in a damaged state answers store_corrupt, whatever is asked', async (t) => {
    const folder = new Folder(t);
    const first = await folder.open();
    must(await first.rooms.add(settings, { host }, untold));
    await first.close();
    const bytes = readFileSync(folder.database);
    writeFileSync(folder.database, bytes.fill(0x5a, 4096 + 8));
    const second = await folder.try();
    assert.equal(second.ok ? codeOf(await second.value.rooms.list({ limit: 10 })) : second.error.code, 'store_corrupt');
  });

  it('where nothing can be made is refused: store_unwritable', async (t) => {
    const folder = new Folder(t);
    writeFileSync(folder.data, 'a file where the folder should be');
    const opened = await folder.try();
    assert.equal(codeOf(opened), 'store_unwritable');
    assert.match(opened.ok ? '' : opened.error.advice, /data\.dir/);
  });

  it('that is full refuses the write, loses nothing and goes on when there is space: store_full', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    // The page limit belongs to a connection, so the stores work on one made here.
    const database = new Database(folder.database);
    const db = new Kysely<Tables>({ dialect: sqliteDialect(database) });
    t.after(() => db.destroy());
    const transactions = new Transactions(db, connectionOf(database));
    const key = Buffer.alloc(32, 7);
    const rooms = new SqliteRoomStore(transactions, { pins: new PinVault(key), links: new LinkVault(key), neverTogether: () => false, now: () => 0 });
    const room = must(await rooms.add(settings, { host }, untold));
    database.pragma(`max_page_count = ${String(database.pragma('page_count', { simple: true }))}`);
    let written = 0;
    let refusal = '';
    while (refusal === '') {
      const added = await rooms.add({ ...settings, name: 'x'.repeat(50), aliases: Array.from({ length: 20 }, (_, n) => `${'a'.repeat(100)}${written}.${n}`) }, { host }, untold);
      if (added.ok) written += 1;
      else refusal = added.error.code;
    }
    assert.equal(refusal, 'store_full');
    assert.deepEqual(must(await rooms.byId(room.id)), room);
    assert.equal(must(await rooms.list({ limit: 10_000 })).items.length, 1 + written, 'a refused write left nothing behind');
    const cdr = new SqliteCdrStore(transactions);
    const calls = Array.from({ length: 200 }, (_, n): CdrRecord => ({ type: 'callOpened', id: `call ${n}`, at: n, protocol: 'sip', callId: 'x'.repeat(200), caller: 'sip:a@example.com', alias: '2000' }));
    assert.equal(codeOf(await cdr.write(calls)), 'store_full');
    database.pragma('max_page_count = 100000');
    must(await cdr.write(calls));
    assert.equal(must(await cdr.closeLeftOpen(1)).calls, 200);
  });

  it('that another process has locked answers store_locked, and works when it is free again', async (t) => {
    const folder = new Folder(t);
    const stores = await folder.open();
    const raw = new Database(folder.database);
    raw.exec('begin immediate');
    assert.equal(codeOf(await stores.rooms.add(settings, {}, untold)), 'store_locked');
    assert.deepEqual(must(await stores.rooms.list({ limit: 10 })).items, [], 'reading goes on');
    raw.exec('commit');
    raw.close();
    must(await stores.rooms.add(settings, {}, untold));
  });
});

describe('the key file', () => {
  it('readable by others is refused: secret_exposed', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    chmodSync(folder.secret, 0o604);
    assert.equal(codeOf(await folder.try()), 'secret_exposed');
  });

  it('gone, with a database that needs it, is refused and not made anew: secret_missing', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    unlinkSync(folder.secret);
    assert.equal(codeOf(await folder.try()), 'secret_missing');
    assert.equal(codeOf(await folder.try()), 'secret_missing');
  });

  it('of another installation is refused: secret_mismatch', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    writeFileSync(folder.secret, `${'ab'.repeat(32)}\n`);
    assert.equal(codeOf(await folder.try()), 'secret_mismatch');
  });

  it('holding no key is refused: secret_invalid', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    writeFileSync(folder.secret, 'short');
    assert.equal(codeOf(await folder.try()), 'secret_invalid');
  });
});
