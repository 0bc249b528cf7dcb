import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { Pin } from '../../../../src/domain/pin-format.ts';
import { codeOf, Folder, must, settings } from './fixture.ts';

const host = new Pin('135792');
const guest = new Pin('864209');

describe('rooms in SQLite', () => {
  it('gives back what was added, by every alias in any case', async (t) => {
    const { rooms } = await new Folder(t).open();
    const added = must(await rooms.add(settings, { host, guest }));
    assert.deepEqual({ ...added, id: '', pins: {} }, { ...settings, id: '', pins: {} });
    assert.deepEqual([added.pins.host?.length, added.pins.guest?.length], [6, 6]);
    for (const alias of ['2000', 'TEAM', 'team']) assert.deepEqual(must(await rooms.byAlias(alias)), added);
    assert.equal(must(await rooms.byAlias('2001')), undefined);
  });

  it('lists rooms in order of creation', async (t) => {
    const { rooms } = await new Folder(t).open();
    for (const alias of ['9', '5', '7']) must(await rooms.add({ ...settings, aliases: [alias] }, {}));
    assert.deepEqual(must(await rooms.list()).map(({ aliases }) => aliases[0]), ['9', '5', '7']);
  });

  it('refuses an alias another room has, and writes nothing of that room', async (t) => {
    const { rooms } = await new Folder(t).open();
    must(await rooms.add(settings, {}));
    assert.equal(codeOf(await rooms.add({ ...settings, aliases: ['3000', 'team'] }, { host })), 'alias_taken');
    assert.equal(must(await rooms.list()).length, 1);
    assert.equal(must(await rooms.byAlias('3000')), undefined);
  });

  it('identifies PINs, of this room only', async (t) => {
    const { rooms } = await new Folder(t).open();
    const one = must(await rooms.add(settings, { host, guest }));
    const other = must(await rooms.add({ ...settings, aliases: ['3000'] }, { host: guest }));
    const asked = (room: typeof one, digits: string): string => rooms.identify(room, new Pin(digits));
    assert.deepEqual(['135792', '864209', '135793', '', '13579', '1357920'].map((digits) => asked(one, digits)), ['host', 'guest', 'none', 'none', 'none', 'none']);
    assert.deepEqual(['135792', '864209'].map((digits) => asked(other, digits)), ['none', 'host']);
    assert.notEqual(one.pins.guest?.hash, other.pins.host?.hash, 'equal PINs of two rooms look different');
  });

  it('PX-21 changes PINs together, keeps what is not named, removes what is null', async (t) => {
    const { rooms } = await new Folder(t).open();
    const { id } = must(await rooms.add(settings, { host, guest }));
    const changed = must(await rooms.setPins(id, { guest: new Pin('2468') }));
    assert.equal(rooms.identify(changed, new Pin('2468')), 'guest');
    assert.equal(rooms.identify(changed, guest), 'none');
    assert.equal(rooms.identify(changed, host), 'host');
    assert.deepEqual(must(await rooms.setPins(id, { host: null, guest: null })).pins, {});
    assert.equal(codeOf(await rooms.setPins('nobody', { host })), 'room_unknown');
    assert.equal(codeOf(await rooms.setPins('nobody', { host: null })), 'room_unknown');
  });

  it('gives the guest PIN back, and nothing of the host PIN', async (t) => {
    const folder = new Folder(t);
    const { rooms } = await folder.open();
    const { id } = must(await rooms.add(settings, { host, guest }));
    assert.equal(must(await rooms.guestPin(id))?.reveal(), '864209');
    const raw = new Database(folder.database);
    assert.deepEqual(raw.prepare(`select role from room_pins where sealed is null`).all(), [{ role: 'host' }]);
    // A sealed PIN moved to another room does not open there.
    const other = must(await rooms.add({ ...settings, aliases: ['3000'] }, { host: new Pin('1111'), guest: new Pin('2222') }));
    raw.prepare(`update room_pins set sealed = (select sealed from room_pins where room_id = ? and role = 'guest') where room_id = ? and role = 'guest'`).run(id, other.id);
    raw.close();
    assert.equal(must(await rooms.guestPin(other.id)), undefined);
  });

  it('removes a room with its aliases and PINs', async (t) => {
    const folder = new Folder(t);
    const { rooms } = await folder.open();
    const { id } = must(await rooms.add(settings, { host, guest }));
    must(await rooms.remove(id));
    assert.equal(codeOf(await rooms.remove(id)), 'room_unknown');
    const raw = new Database(folder.database, { readonly: true });
    for (const table of ['rooms', 'room_aliases', 'room_pins']) assert.deepEqual(raw.prepare(`select count(*) as n from ${table}`).get(), { n: 0 });
    raw.close();
    must(await rooms.add(settings, {}));
  });

  it('N-05 keeps no PIN in clear: not in the database, its journals or the key file', async (t) => {
    const folder = new Folder(t);
    const stores = await folder.open();
    must(await stores.rooms.add(settings, { host, guest }));
    assert.doesNotMatch(folder.bytes(), /135792|864209/);
    await stores.close();
    assert.doesNotMatch(folder.bytes(), /135792|864209/);
  });
});
