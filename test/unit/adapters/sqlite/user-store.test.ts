import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Binding } from '../../../../src/domain/registrar.ts';
import type { User } from '../../../../src/domain/user.ts';
import { codeOf, Folder, must } from './fixture.ts';

const alice: User = { name: 'alice', display: 'Alice', realm: 'vestibule', ha1: { MD5: 'a'.repeat(32), 'SHA-256': 'b'.repeat(64) } };
const bob: User = { ...alice, name: 'bob' };
const binding: Binding = {
  key: 'sip:alice@192.0.2.1',
  uri: 'sip:alice@192.0.2.1;ob',
  host: '192.0.2.1',
  parameters: ';q=0.5',
  callId: 'c',
  cseq: 4_294_967_295,
  expiresAt: 1_700_000_000_000,
  updatedAt: 1_600_000_000_000,
  path: ['sip:p1;lr'],
  source: { address: '192.0.2.1', port: 5062, transport: 'udp' },
  userAgent: 'tel',
};

describe('users', () => {
  it('are kept as they are, in order of creation, over a restart', async (t) => {
    const folder = new Folder(t);
    const first = await folder.open();
    must(await first.users.add(bob));
    must(await first.users.add(alice));
    await first.close();
    assert.deepEqual(must(await (await folder.open()).users.list()), [bob, alice]);
  });

  it('nothing made of a secret can be read in the files', async (t) => {
    const folder = new Folder(t);
    must(await (await folder.open()).users.add(alice));
    assert.ok(!folder.bytes().includes(alice.ha1.MD5) && !folder.bytes().includes(alice.ha1['SHA-256']));
  });

  it('of a name there is: user_exists, and nothing is changed', async (t) => {
    const { users } = await new Folder(t).open();
    must(await users.add(alice));
    assert.equal(codeOf(await users.add({ ...alice, display: 'Other' })), 'user_exists');
    assert.deepEqual(must(await users.list()), [alice]);
  });

  it('that are not there: user_unknown', async (t) => assert.equal(codeOf(await (await new Folder(t).open()).users.remove('alice')), 'user_unknown'));
});

describe('bindings', () => {
  it('are kept as they are, over a restart', async (t) => {
    const folder = new Folder(t);
    const first = await folder.open();
    must(await first.users.add(alice));
    must(await first.users.writeBindings([{ user: 'alice', bindings: [binding, { ...binding, key: 'other', path: [], updatedAt: binding.updatedAt + 1 }] }]));
    await first.close();
    assert.deepEqual(must(await (await folder.open()).users.bindings()), [{ user: 'alice', bindings: [binding, { ...binding, key: 'other', path: [], updatedAt: binding.updatedAt + 1 }] }]);
  });

  it('are replaced, and end with their user', async (t) => {
    const { users } = await new Folder(t).open();
    for (const user of [alice, bob]) must(await users.add(user));
    must(await users.writeBindings([{ user: 'alice', bindings: [binding] }, { user: 'bob', bindings: [binding] }]));
    must(await users.writeBindings([{ user: 'alice', bindings: [] }]));
    assert.deepEqual(must(await users.bindings()).map(({ user }) => user), ['bob']);
    must(await users.remove('bob'));
    assert.deepEqual(must(await users.bindings()), []);
  });

  it('of a user removed meanwhile are passed over', async (t) => {
    const { users } = await new Folder(t).open();
    must(await users.add(alice));
    must(await users.writeBindings([{ user: 'gone', bindings: [binding] }, { user: 'alice', bindings: [binding] }]));
    assert.deepEqual(must(await users.bindings()).map(({ user }) => user), ['alice']);
  });
});
