import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { backUp } from '../../../../src/adapters/sqlite/backup.ts';
import { Pin } from '../../../../src/domain/pin-format.ts';
import { codeOf, Folder, must, settings, untold } from './fixture.ts';

describe('a backup', () => {
  it('is made beside a process that writes, is one file for its owner only, and can be started from', async (t) => {
    const folder = new Folder(t);
    const stores = await folder.open();
    const room = must(await stores.rooms.add(settings, { host: new Pin('135792') }, untold));
    const target = join(folder.path, 'copy.db');
    const writing = Array.from({ length: 50 }, (_, n) => stores.rooms.add({ ...settings, aliases: [`9${n}`] }, {}, untold));
    const bytes = must(await backUp(folder.data, target, 100));
    for (const each of writing) must(await each);
    must(await stores.rooms.remove([room.id], untold));
    assert.deepEqual([statSync(target).size, statSync(target).mode & 0o777], [bytes, 0o600]);
    assert.deepEqual(readdirSync(folder.path).filter((name) => name !== 'data'), ['copy.db']);
    const restored = new Folder(t);
    mkdirSync(restored.data);
    cpSync(target, restored.database);
    cpSync(folder.secret, restored.secret);
    const again = await restored.open();
    assert.deepEqual(must(await again.rooms.byId(room.id)), room);
    assert.equal(again.rooms.identify(room, new Pin('135792')), 'host');
  });

  it('never replaces a file: backup_exists', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    const target = join(folder.path, 'copy.db');
    writeFileSync(target, 'precious');
    assert.equal(codeOf(await backUp(folder.data, target, 20)), 'backup_exists');
    assert.equal(readFileSync(target, 'latin1'), 'precious');
  });

  it('of nothing is refused: database_missing', async (t) => {
    const folder = new Folder(t);
    assert.equal(codeOf(await backUp(folder.data, join(folder.path, 'copy.db'), 20)), 'database_missing');
    assert.ok(!existsSync(folder.data), 'nothing is made by asking');
  });

  it('that cannot be written leaves nothing: store_unwritable', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    assert.equal(codeOf(await backUp(folder.data, join(folder.path, 'none', 'copy.db'), 20)), 'store_unwritable');
    assert.deepEqual(readdirSync(folder.path), ['data']);
  });

  it('of a damaged database is none: store_corrupt', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    const bytes = readFileSync(folder.database);
    writeFileSync(folder.database, bytes.fill(0x5a, 3 * 4096, 6 * 4096));
    chmodSync(folder.database, 0o600);
    assert.equal(codeOf(await backUp(folder.data, join(folder.path, 'copy.db'), 20)), 'store_corrupt');
    assert.deepEqual(readdirSync(folder.path), ['data']);
  });
});
