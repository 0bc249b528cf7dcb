import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openStores } from '../../../../src/adapters/sqlite/open.ts';
import type { NumberRuleSettings } from '../../../../src/domain/number-rules.ts';
import type { Stores } from '../../../../src/ports/stores.ts';

const untold = () => ({ events: [] });
const settings: NumberRuleSettings = { name: 'Trunk', priority: 1, match: { kind: 'prefix', text: '0' }, strip: 1, prepend: '+49', target: 'sip:{number}@trunk.example', username: 'us', grant: { users: [], rooms: 'all', anyone: false } };

async function opened(t: TestContext): Promise<{ readonly stores: Stores; readonly dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'vestibule-rules-'));
  const stores = await openStores({ dataDir: dir, secretFile: join(dir, 'secret.key'), lockWaitMs: 0 });
  assert.ok(stores.ok);
  t.after(async () => {
    await stores.value.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { stores: stores.value, dir };
}

describe('number rules in the database', () => {
  it('are kept in order of creation, changed by version, removed; the secret comes back for who calls', async (t) => {
    const { stores } = await opened(t);
    const rules = stores.numberRules;
    const added = await rules.add(settings, 'pass wörd €', untold);
    const other = await rules.add({ ...settings, name: 'Other' }, undefined, untold);
    assert.ok(added.ok && other.ok);
    const all = async () => {
      const kept = await rules.all();
      assert.ok(kept.ok);
      return kept.value.map(({ rule, password }) => [rule.name, rule.version, password]);
    };
    assert.deepEqual(await all(), [['Trunk', 1, 'pass wörd €'], ['Other', 1, undefined]]);
    assert.ok((await rules.change(added.value.id, 1, { ...settings, name: 'Changed' }, undefined, untold)).ok);
    assert.deepEqual((await all())[0], ['Changed', 2, 'pass wörd €']);
    const late = await rules.change(added.value.id, 1, settings, undefined, untold);
    assert.equal(late.ok ? '' : late.error.code, 'version_conflict');
    assert.ok((await rules.change(added.value.id, undefined, settings, null, untold)).ok);
    assert.deepEqual((await all())[0], ['Trunk', 3, undefined]);
    assert.ok((await rules.remove(added.value.id, untold)).ok);
    assert.equal((await all()).length, 1);
    for (const gone of [await rules.remove(added.value.id, untold), await rules.change(added.value.id, undefined, settings, undefined, untold)]) assert.equal(gone.ok ? '' : gone.error.code, 'number_rule_unknown');
  });

  it('no secret is in the files', async (t) => {
    const { stores, dir } = await opened(t);
    assert.ok((await stores.numberRules.add(settings, 'trunk-secret-4711', untold)).ok);
    for (const file of ['vestibule.db', 'vestibule.db-wal']) {
      const bytes = readFileSync(join(dir, file));
      for (const form of ['trunk-secret-4711', Buffer.from('trunk-secret-4711').toString('base64')]) assert.ok(!bytes.includes(form));
    }
  });
});
