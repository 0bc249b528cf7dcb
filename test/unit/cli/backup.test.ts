import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Desk } from './fixture.ts';

describe('vestibule backup', () => {
  it('copies the database and says what else to keep', async (t) => {
    const desk = new Desk(t);
    assert.equal((await desk.run('room', 'add', '--alias', '2000')).code, 0);
    const { code, stdout, stderr } = await desk.run('backup', 'copy.db');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^database copied to .*copy\.db \(\d+ bytes\)\nkeep .*secret.*\n$/);
    const json = await desk.run('backup', 'other.db', '--json');
    assert.deepEqual(JSON.parse(json.stdout), { file: join(desk.path, 'other.db'), bytes: statSync(join(desk.path, 'other.db')).size });
  });

  it('fails with a code and makes nothing where there is nothing', async (t) => {
    const desk = new Desk(t);
    const { code, stderr } = await desk.run('backup', 'copy.db');
    assert.deepEqual([code, existsSync(join(desk.path, 'copy.db'))], [1, false]);
    assert.match(stderr, /\(database_missing\)/);
  });
});
