import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Binding } from '../../../../src/domain/registrar.ts';
import type { Token } from '../../../../src/ports/tokens.ts';
import { codeOf, Folder, ha1, made, must, person, settings, untold } from './fixture.ts';

const alice = person('alice');
const bob = person('bob');
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
    const added = [must(await first.users.add({ ...bob, display: 'Bob B', mustChangePassword: true, passwordHash: 'argon2' }, untold)), must(await first.users.add(alice, untold))];
    assert.deepEqual(added[0], { name: 'bob', display: 'Bob B', privilege: 'creation', sip: { realm: 'vestibule', ha1 }, hasPassword: true, mustChangePassword: true, createdAt: made, version: 1 });
    await first.close();
    const { users } = await folder.open();
    assert.deepEqual(must(await users.all()), added);
    assert.deepEqual([must(await users.byName('alice')), must(await users.byName('carol'))], [added[1], undefined]);
    assert.equal(must(await users.countWithPassword()), 1);
  });

  it('nothing made of a secret can be read in the files', async (t) => {
    const folder = new Folder(t);
    must(await (await folder.open()).users.add(alice, untold));
    assert.ok(!folder.bytes().includes(ha1.MD5) && !folder.bytes().includes(ha1['SHA-256']));
  });

  it('of a name there is: user_exists, and nothing is changed', async (t) => {
    const { users } = await new Folder(t).open();
    const added = must(await users.add(alice, untold));
    assert.equal(codeOf(await users.add({ ...alice, display: 'Other' }, untold)), 'user_exists');
    assert.deepEqual(must(await users.all()), [added]);
  });

  it('that are not there: user_unknown', async (t) => {
    const { users } = await new Folder(t).open();
    assert.deepEqual([await users.change('x', undefined, {}, untold), await users.setPassword('x', { hash: 'h', mustChange: false }, untold), await users.setSip('x', null, untold)].map(codeOf), ['user_unknown', 'user_unknown', 'user_unknown']);
    assert.deepEqual(must(await users.remove(['x'], untold)), { removed: [], freed: [], memberships: [] });
    assert.equal(must(await users.passwordHash('x')), undefined);
  });

  it('are listed by page, privilege and part of either name', async (t) => {
    const { users } = await new Folder(t).open();
    for (const [name, display] of [['zoe', 'Zoe'], ['adam', 'The Zookeeper'], ['eve', '']] as const) must(await users.add({ ...person(name), display, privilege: name === 'eve' ? 'administrator' : 'creation' }, untold));
    const names = async (query: object) => must(await users.list({ limit: 10, ...query })).items.map(({ name }) => name);
    assert.deepEqual([await names({}), await names({ name: 'ZO' }), await names({ privilege: 'administrator' })], [['zoe', 'adam', 'eve'], ['zoe', 'adam'], ['eve']]);
    const one = must(await users.list({ limit: 2 }));
    assert.deepEqual([one.items.length, must(await users.list({ limit: 2, after: one.next! })).items.map(({ name }) => name)], [2, ['eve']]);
  });

  it('change by version: version_conflict for another', async (t) => {
    const { users } = await new Folder(t).open();
    must(await users.add(alice, untold));
    const changed = must(await users.change('alice', 1, { display: 'A', privilege: 'detail' }, untold));
    assert.deepEqual([changed.display, changed.privilege, changed.version], ['A', 'detail', 2]);
    assert.equal(codeOf(await users.change('alice', 1, { display: 'B' }, untold)), 'version_conflict');
    assert.deepEqual(must(await users.byName('alice')), changed);
  });

  it('CO-44 leave their rooms without owner, and their memberships, when they are removed', async (t) => {
    const stores = await new Folder(t).open();
    for (const user of [alice, bob]) must(await stores.users.add(user, untold));
    const owned = must(await stores.rooms.add({ ...settings, owner: 'alice' }, {}, untold));
    const other = must(await stores.rooms.add({ ...settings, aliases: ['3'], owner: 'bob' }, {}, untold));
    must(await stores.members.add(other.id, { id: 'alice', kind: 'internal', name: 'A', role: 'speaker', overrides: {} }, untold));
    const { removed, freed, memberships } = must(await stores.users.remove(['alice', 'nobody'], ({ freed: rooms }) => ({ events: rooms.map(({ id }) => ({ type: 'room.changed', at: 5, roomId: id, data: { changed: ['owner'], owner: null } })) })));
    const { owner, ...none } = owned;
    assert.deepEqual([owner, removed.map(({ name }) => name), freed, memberships.map(({ room, member }) => [room, member.id])], ['alice', ['alice'], [{ ...none, version: 2 }], [[other.id, 'alice']]]);
    assert.deepEqual(must(await stores.rooms.byId(owned.id)), freed[0]);
    assert.deepEqual(must(await stores.rooms.byId(other.id)), other);
    assert.deepEqual(must(await stores.events.after(0, { limit: 10 })).map(({ event, seq }) => [event.type, event.roomId, seq]), [['room.changed', owned.id, 1]]);
  });

  it('CO-44 leave their rooms without owner when they may own none any more', async (t) => {
    const stores = await new Folder(t).open();
    must(await stores.users.add(alice, untold));
    const { id } = must(await stores.rooms.add({ ...settings, owner: 'alice' }, {}, untold));
    const told: unknown[] = [];
    must(await stores.users.change('alice', undefined, { privilege: 'list', rooms: 'freed' }, (after, before, freed) => {
      told.push([before.privilege, after.privilege, freed.map((room) => [room.id, room.owner])]);
      return untold();
    }));
    assert.deepEqual(told, [['creation', 'list', [[id, undefined]]]]);
  });

  it('change their password: other logins end', async (t) => {
    const { users, tokens } = await new Folder(t).open();
    must(await users.add(alice, untold));
    const token = (hash: string, family: string): Token => ({ hash, use: 'access', subject: { kind: 'user', name: 'alice' }, family, createdAt: 1, expiresAt: 100, from: '192.0.2.1', userAgent: 'x' });
    must(await tokens.add([token('a', 'one'), token('b', 'two')]));
    const changed = must(await users.setPassword('alice', { hash: 'argon2', mustChange: true, except: 'two' }, untold));
    assert.deepEqual([changed.hasPassword, changed.mustChangePassword, changed.version, must(await users.passwordHash('alice'))], [true, true, 2, 'argon2']);
    assert.deepEqual([must(await tokens.find('a', 2)), must(await tokens.find('b', 2))?.family], [undefined, 'two']);
    must(await users.setPassword('alice', { hash: 'other', mustChange: false }, untold));
    assert.equal(must(await tokens.find('b', 2)), undefined);
  });

  it('without telephone any more are registered nowhere', async (t) => {
    const { users } = await new Folder(t).open();
    must(await users.add(alice, untold));
    must(await users.writeBindings([{ user: 'alice', bindings: [binding] }]));
    assert.equal(must(await users.setSip('alice', null, untold)).sip, undefined);
    assert.deepEqual(must(await users.bindings()), []);
    const sip = { realm: 'other', ha1: { MD5: 'c'.repeat(32), 'SHA-256': 'd'.repeat(64) } };
    assert.deepEqual(must(await users.setSip('alice', sip, untold)).sip, sip);
    assert.deepEqual(must(await users.byName('alice'))?.sip, sip);
  });
});

describe('bindings', () => {
  it('are kept as they are, over a restart', async (t) => {
    const folder = new Folder(t);
    const first = await folder.open();
    must(await first.users.add(alice, untold));
    must(await first.users.writeBindings([{ user: 'alice', bindings: [binding, { ...binding, key: 'other', path: [], updatedAt: binding.updatedAt + 1 }] }]));
    await first.close();
    assert.deepEqual(must(await (await folder.open()).users.bindings()), [{ user: 'alice', bindings: [binding, { ...binding, key: 'other', path: [], updatedAt: binding.updatedAt + 1 }] }]);
  });

  it('are replaced, and end with their user', async (t) => {
    const { users } = await new Folder(t).open();
    for (const user of [alice, bob]) must(await users.add(user, untold));
    must(await users.writeBindings([{ user: 'alice', bindings: [binding] }, { user: 'bob', bindings: [binding] }]));
    must(await users.writeBindings([{ user: 'alice', bindings: [] }]));
    assert.deepEqual(must(await users.bindings()).map(({ user }) => user), ['bob']);
    must(await users.remove(['bob'], untold));
    assert.deepEqual(must(await users.bindings()), []);
  });

  it('of a user removed meanwhile are passed over', async (t) => {
    const { users } = await new Folder(t).open();
    must(await users.add(alice, untold));
    must(await users.writeBindings([{ user: 'gone', bindings: [binding] }, { user: 'alice', bindings: [binding] }]));
    assert.deepEqual(must(await users.bindings()).map(({ user }) => user), ['alice']);
  });
});
