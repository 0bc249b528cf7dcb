import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { RoomMemory } from '../../../../src/adapters/sqlite/room-memory.ts';
import { newRoomSettings, type Room } from '../../../../src/domain/room.ts';
import { Folder, must, person, settings, untold } from './fixture.ts';

const room = (id: string, members = 0): Room => ({
  ...newRoomSettings({ name: id, aliases: [id] }),
  id,
  pins: {},
  version: 1,
  createdAt: 0,
  members: Array.from({ length: members }, (_, n) => ({ id: `ext-${n}`, kind: 'external', name: '', role: 'speaker', overrides: {} })),
});

describe('rooms remembered', () => {
  it('count for one version only', () => {
    const memory = new RoomMemory();
    memory.set('1', 'id a', [room('a')]);
    assert.equal(memory.get('1', 'id a')?.length, 1);
    assert.equal(memory.get('2', 'id a'), undefined);
    memory.set('2', 'id b', [room('b')]);
    assert.equal(memory.get('2', 'id a'), undefined);
  });

  it('are not those that are not there', () => {
    const memory = new RoomMemory();
    memory.set('1', 'alias 7', []);
    assert.equal(memory.get('1', 'alias 7'), undefined);
  });

  it('are bounded with their members: the one not asked for longest is forgotten', () => {
    const memory = new RoomMemory(8);
    for (const id of ['a', 'b']) memory.set('1', id, [room(id, 2)]);
    memory.get('1', 'a');
    memory.set('1', 'c', [room('c', 2)]);
    assert.deepEqual(['a', 'b', 'c'].map((id) => memory.get('1', id)?.[0]?.id), ['a', undefined, 'c']);
    memory.set('1', 'c', [room('c', 7)]);
    assert.deepEqual(['a', 'c'].map((id) => memory.get('1', id)?.[0]?.id), [undefined, 'c']);
    memory.set('1', 'd', [room('d', 9)]);
    assert.equal(memory.get('1', 'd'), undefined, 'one that is too large alone is read each time');
  });
});

describe('a room read again', () => {
  it('is read from the database only after a change', async (t) => {
    const { rooms, events, cdr } = await new Folder(t).open();
    const { id } = must(await rooms.add(settings, {}, untold));
    const first = must(await rooms.byId(id));
    must(await events.append([{ type: 'conference.opened', at: 1, roomId: id, data: {} }]));
    must(await cdr.write([{ type: 'callOpened', id: 'c', at: 1, protocol: 'sip', callId: 'c', caller: '', alias: '2000' }]));
    assert.equal(must(await rooms.byId(id)), first, 'what calls write leaves it remembered');
    const byAlias = must(await rooms.byAlias('2000'));
    assert.equal(must(await rooms.byAlias(' 2000')), byAlias);
    must(await rooms.change(id, undefined, {}, untold));
    assert.notEqual(must(await rooms.byId(id)), first);
  });

  it('shows every change of it, its PINs, members and owner', async (t) => {
    const { rooms, members, users } = await new Folder(t).open();
    must(await users.add(person('alice'), untold));
    must(await users.add(person('bob'), untold));
    const { id } = must(await rooms.add({ ...settings, owner: 'alice' }, {}, untold));
    const seen = async () => must(await rooms.byId(id));
    await seen();
    must(await rooms.change(id, undefined, { settings: { ...settings, owner: 'alice', name: 'Other', aliases: ['7'] } }, untold));
    assert.equal((await seen())?.name, 'Other');
    assert.deepEqual([must(await rooms.byAlias('2000')).length, must(await rooms.byAlias('7')).length], [0, 1]);
    must(await members.add(id, { id: 'bob', kind: 'internal', name: 'bob', role: 'speaker', overrides: {} }, untold));
    assert.equal((await seen())?.members.length, 1);
    must(await users.remove(['bob'], untold));
    assert.equal((await seen())?.members.length, 0);
    must(await users.remove(['alice'], untold));
    assert.equal((await seen())?.owner, undefined);
    must(await rooms.remove([id], untold));
    assert.deepEqual([await seen(), must(await rooms.byAlias('7'))], [undefined, []]);
  });

  it('shows what another process changed before, and what is changed at the same time', async (t) => {
    const folder = new Folder(t);
    const { rooms } = await folder.open();
    const { id } = must(await rooms.add(settings, {}, untold));
    const elsewhere = new Database(folder.database);
    t.after(() => elsewhere.close());
    const rename = elsewhere.prepare('update rooms set name = ?');
    for (let n = 0; n < 20; n++) {
      must(await rooms.byId(id));
      rename.run(`outside ${n}`);
      assert.equal(must(await rooms.byId(id))?.name, `outside ${n}`);
      const changing = rooms.change(id, undefined, { settings: { ...settings, name: `inside ${n}` } }, untold);
      const meanwhile = Array.from({ length: 5 }, () => rooms.byId(id));
      must(await changing);
      assert.equal(must(await rooms.byId(id))?.name, `inside ${n}`);
      for (const read of meanwhile) assert.match(must(await read)?.name ?? '', /^(outside|inside) \d+$/);
    }
  });
});
