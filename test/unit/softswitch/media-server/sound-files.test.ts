import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SoundFiles } from '../../../../src/softswitch/media-server/sound-files.ts';
import { ManualScheduler } from '../../../conformance/support/manual-scheduler.ts';

describe('sound files', () => {
  it('one that was there is taken to be there for a second, one that was not is looked for each time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vestibule-sounds-'));
    const path = join(folder, 'a.wav');
    const scheduler = new ManualScheduler();
    const files = new SoundFiles(scheduler);
    try {
      assert.equal(await files.has(path), false);
      await writeFile(path, '');
      assert.equal(await files.has(path), true);
      await rm(path);
      scheduler.advance(999);
      assert.equal(await files.has(path), true);
      scheduler.advance(1);
      assert.equal(await files.has(path), false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
