import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPasswords } from '../../../src/adapters/system/passwords.ts';
import { randomBelow } from '../../../src/adapters/system/random.ts';
import { ensureFirstAdmin, type FirstAdmin } from '../../../src/manage/first-admin.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { Folder, must, untold } from '../adapters/sqlite/fixture.ts';

const passwords = createPasswords(1);

describe('the first administrator', () => {
  const ensure = async ({ users }: Stores, initialPassword: string | null): Promise<FirstAdmin> => must(await ensureFirstAdmin({ users, passwords, initialPassword, randomBelow, now: 1 }));
  const logsIn = async ({ users }: Stores, password: string): Promise<string> => must(await passwords.verify(must(await users.passwordHash('admin')), password));

  it('OV-20: without a configured password one is generated and answered, once', async (t) => {
    const stores = await new Folder(t).open();
    const first = await ensure(stores, null);
    assert.ok(first.kind === 'generated' && first.password.length === 20);
    assert.equal(await logsIn(stores, first.password), 'right');
    assert.deepEqual(await ensure(stores, null), { kind: 'there' });
    const admin = must(await stores.users.byName('admin'));
    assert.deepEqual([admin?.privilege, admin?.mustChangePassword], ['administrator', false]);
  });

  it('OV-22: a configured one counts', async (t) => {
    const stores = await new Folder(t).open();
    assert.deepEqual(await ensure(stores, 'from the installer'), { kind: 'configured' });
    assert.equal(await logsIn(stores, 'from the installer'), 'right');
  });

  it('OV-23: once a password was changed the configured one is worth nothing', async (t) => {
    const stores = await new Folder(t).open();
    await ensure(stores, 'from the installer');
    must(await stores.users.setPassword('admin', { hash: must(await passwords.hash('my own one')), mustChange: false }, untold));
    assert.deepEqual(await ensure(stores, 'from the installer'), { kind: 'there' });
    assert.deepEqual([await logsIn(stores, 'from the installer'), await logsIn(stores, 'my own one')], ['wrong', 'right']);
  });

  it('users without a password do not count; a telephone named admin becomes the administrator', async (t) => {
    const stores = await new Folder(t).open();
    must(await stores.users.add({ name: 'admin', display: 'Front desk', privilege: 'room_member', mustChangePassword: false, sip: { realm: 'r', ha1: { MD5: 'a', 'SHA-256': 'b' } } }, untold));
    assert.equal((await ensure(stores, 'from the installer')).kind, 'configured');
    const admin = must(await stores.users.byName('admin'));
    assert.deepEqual([admin?.privilege, admin?.sip?.realm, admin?.hasPassword], ['administrator', 'r', true]);
  });

  it('OV-19 is not adopted: `admin` is no password', async (t) => {
    const { users } = await new Folder(t).open();
    const refused = await ensureFirstAdmin({ users, passwords, initialPassword: 'admin', randomBelow, now: 1 });
    assert.ok(!refused.ok && refused.error.code === 'password_unfit' && refused.error.message.startsWith('admin.initialPassword'));
  });
});
