import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Folder } from './fixture.ts';
import { checkAfterKill, killWriter } from './kill.ts';

describe('kill -9 under write load', () => {
  it('leaves the database whole and loses no acknowledged change, ten times over', async (t) => {
    const folder = new Folder(t);
    await (await folder.open()).close();
    for (let round = 0; round < 10; round++) {
      // From the first change on, at other places each time.
      const acknowledged = await killWriter(folder.data, `r${round}`, 1 + round * 7);
      assert.ok(acknowledged.length >= 1 + round * 7);
      const stores = await folder.open();
      await checkAfterKill(stores, folder.database, acknowledged);
      await stores.close();
    }
  });
});
