import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { Pin } from '../../../../src/domain/pin-format.ts';
import { newRoomSettings, type RoomSettings } from '../../../../src/domain/room.ts';
import { codeOf, Folder, made, must, person, settings, untold } from './fixture.ts';

const host = new Pin('135792');
const guest = new Pin('864209');

/** Nothing in it is as it would be unsaid. */
const whole: RoomSettings = {
  ...settings,
  owner: 'alice',
  rolePermissions: { moderator: { canRecord: false }, speaker: { canLock: true } },
  rules: { guestsOnly: 0, noMedia: 60 },
  memberReuse: 'refuse',
  schedule: { start: '2026-12-01T10:00:00', timeZone: 'Europe/Berlin', durationMs: null, rrule: 'FREQ=WEEKLY', earlyEntryMs: 60_000 },
  preconfigured: [{ uri: 'sip:desk@example.com', role: 'speaker', keepAlive: 'never', redial: 'ladder', dtmf: '1,2' }],
};

describe('rooms in SQLite', () => {
  it('gives back what was added, by id and by every alias in any case', async (t) => {
    const { rooms } = await new Folder(t).open();
    const added = must(await rooms.add(settings, { host, guest }, untold));
    assert.deepEqual({ ...added, id: '', pins: {} }, { ...settings, id: '', pins: {}, version: 1, createdAt: made, members: [] });
    assert.deepEqual([added.pins.host?.length, added.pins.guest?.length], [6, 6]);
    for (const alias of ['2000', 'TEAM', 'team']) assert.deepEqual(must(await rooms.byAlias(alias)), [added]);
    assert.deepEqual(must(await rooms.byId(added.id)), added);
    assert.deepEqual([must(await rooms.byAlias('2001')), must(await rooms.byId('nobody'))], [[], undefined]);
  });

  it('gives back every setting after a change', async (t) => {
    const { rooms, users } = await new Folder(t).open();
    must(await users.add(person('alice'), untold));
    const plain = must(await rooms.add(newRoomSettings({ name: 'Plain', aliases: ['1'] }), {}, untold));
    const { id, pins, version, createdAt, members, ...kept } = must(await rooms.change(plain.id, plain.version, { settings: whole }, untold));
    assert.deepEqual(kept, whole);
    assert.deepEqual({ id, pins, version, createdAt, members }, { id: plain.id, pins: {}, version: 2, createdAt: made, members: [] });
    assert.deepEqual(must(await rooms.byAlias('1')), []);
    assert.deepEqual(must(await rooms.list({ limit: 1 })).items, [{ ...kept, id, pins, version, createdAt, memberCount: 0 }]);
  });

  it('refuses a change of another version: version_conflict; without one the last change wins', async (t) => {
    const { rooms } = await new Folder(t).open();
    const room = must(await rooms.add(settings, { host }, untold));
    must(await rooms.change(room.id, 1, { settings: { ...settings, name: 'First' } }, untold));
    assert.equal(codeOf(await rooms.change(room.id, 1, { settings: { ...settings, name: 'Second' }, pins: { host: null } }, untold)), 'version_conflict');
    const kept = must(await rooms.byId(room.id));
    assert.deepEqual([kept?.name, kept?.version, rooms.identify(kept!, host)], ['First', 2, 'host']);
    assert.equal(must(await rooms.change(room.id, undefined, { settings: { ...settings, name: 'Third' } }, untold)).version, 3);
  });

  it('refuses an owner who is not there: user_unknown', async (t) => {
    const { rooms } = await new Folder(t).open();
    assert.equal(codeOf(await rooms.add({ ...settings, owner: 'nobody' }, {}, untold)), 'user_unknown');
    assert.deepEqual(must(await rooms.list({ limit: 1 })).items, []);
  });

  it('lists in order of creation, a page at a time, undisturbed by what is added and removed meanwhile', async (t) => {
    const { rooms } = await new Folder(t).open();
    const add = async (alias: string) => must(await rooms.add({ ...settings, aliases: [alias] }, {}, untold));
    const first = await add('9');
    for (const alias of ['5', '7', '2', '4']) await add(alias);
    const one = must(await rooms.list({ limit: 2 }));
    must(await rooms.remove([first.id], untold));
    await add('1');
    const two = must(await rooms.list({ limit: 2, after: one.next! }));
    const three = must(await rooms.list({ limit: 2, after: two.next! }));
    assert.deepEqual([one, two, three].map(({ items }) => items.map(({ aliases }) => aliases[0])), [['9', '5'], ['7', '2'], ['4', '1']]);
    assert.equal(three.next, undefined);
  });

  it('filters lists by owner, member and part of the name, in which % and _ are letters', async (t) => {
    const { rooms, members, users } = await new Folder(t).open();
    for (const name of ['alice', 'bob']) must(await users.add(person(name), untold));
    const add = async (alias: string, name: string, owner?: string) => must(await rooms.add({ ...settings, name, aliases: [alias], ...(owner === undefined ? {} : { owner }) }, {}, untold));
    const sales = await add('1', 'Sales 100%', 'alice');
    await add('2', 'Support', 'bob');
    await add('3', 'Sales_team');
    must(await members.add(sales.id, { id: 'bob', kind: 'internal', name: 'Bob', role: 'speaker', overrides: {} }, untold));
    const found = async (query: object) => must(await rooms.list({ limit: 10, ...query })).items.map(({ aliases }) => aliases[0]);
    assert.deepEqual([await found({ owner: 'alice' }), await found({ member: 'bob' }), await found({ name: 'sales' }), await found({ name: '0%' }), await found({ name: 's_t' }), await found({ name: '%' })], [['1'], ['1'], ['1', '3'], ['1'], ['3'], ['1']]);
  });

  it('refuses a cursor that is none of its own: cursor_invalid', async (t) => {
    const { rooms } = await new Folder(t).open();
    for (const after of ['', 'x', '!!', Buffer.from('{}').toString('base64url'), Buffer.from('["1"]').toString('base64url')]) assert.equal(codeOf(await rooms.list({ limit: 1, after })), 'cursor_invalid', after);
  });

  it('refuses an alias another room has, and writes nothing of that room', async (t) => {
    const { rooms } = await new Folder(t).open();
    must(await rooms.add(settings, {}, untold));
    assert.equal(codeOf(await rooms.add({ ...settings, aliases: ['3000', 'team'] }, { host }, untold)), 'alias_taken');
    assert.equal(must(await rooms.list({ limit: 10 })).items.length, 1);
    assert.deepEqual(must(await rooms.byAlias('3000')), []);
    const other = must(await rooms.add({ ...settings, aliases: ['3000'] }, {}, untold));
    assert.equal(codeOf(await rooms.change(other.id, undefined, { settings: { ...settings, name: 'Other', aliases: ['3000', 'team'] } }, untold)), 'alias_taken');
    assert.deepEqual(must(await rooms.byId(other.id)), other);
  });

  it('COD-10 lets rooms share an alias that are never active at once', async (t) => {
    const { rooms } = await new Folder(t).open({ neverTogether: (one, other) => one.schedule !== undefined && other.schedule !== undefined && one.schedule.start !== other.schedule.start });
    const at = (start: string) => ({ ...settings, schedule: { start, timeZone: 'Europe/Berlin', durationMs: 3_600_000 } });
    const [morning, noon] = [must(await rooms.add(at('2026-12-01T08:00:00'), {}, untold)), must(await rooms.add(at('2026-12-01T12:00:00'), {}, untold))];
    assert.deepEqual(must(await rooms.byAlias('team')), [morning, noon]);
    assert.equal(codeOf(await rooms.add(at('2026-12-01T12:00:00'), {}, untold)), 'alias_taken');
    assert.equal(codeOf(await rooms.change(noon.id, undefined, { settings }, untold)), 'alias_taken', 'not when it becomes permanent');
    must(await rooms.change(noon.id, undefined, { settings: at('2026-12-01T13:00:00') }, untold));
  });

  it('identifies PINs, of this room only', async (t) => {
    const { rooms } = await new Folder(t).open();
    const one = must(await rooms.add(settings, { host, guest }, untold));
    const other = must(await rooms.add({ ...settings, aliases: ['3000'] }, { host: guest }, untold));
    const asked = (room: typeof one, digits: string) => rooms.identify(room, new Pin(digits));
    assert.deepEqual(['135792', '864209', '135793', '', '13579', '1357920'].map((digits) => asked(one, digits)), ['host', 'guest', 'none', 'none', 'none', 'none']);
    assert.deepEqual(['135792', '864209'].map((digits) => asked(other, digits)), ['none', 'host']);
    assert.notEqual(one.pins.guest?.hash, other.pins.host?.hash, 'equal PINs of two rooms look different');
  });

  it('OV-33 identifies a member by PIN, before the PINs of the room', async (t) => {
    const { rooms, members } = await new Folder(t).open();
    const { id } = must(await rooms.add(settings, { host, guest }, untold));
    const { room } = must(await members.add(id, { id: 'ext-a', kind: 'external', name: 'Ann', role: 'speaker', overrides: {}, pin: new Pin('4321') }, untold));
    assert.deepEqual(['4321', '135792', '864209', '1111'].map((digits) => rooms.identify(room, new Pin(digits))), [{ kind: 'member', id: 'ext-a' }, 'host', 'guest', 'none']);
    const shared = { ...room, pins: { ...room.pins, host: room.members[0]!.pin! } };
    assert.deepEqual(rooms.identify(shared, new Pin('4321')), { kind: 'member', id: 'ext-a' });
  });

  it('refuses two PINs that are the same: pins_equal, and keeps the ones there were', async (t) => {
    const { rooms, members } = await new Folder(t).open();
    const room = must(await rooms.add(settings, { host, guest }, untold));
    must(await members.add(room.id, { id: 'ext-a', kind: 'external', name: 'Ann', role: 'speaker', overrides: {}, pin: new Pin('4321') }, untold));
    for (const pins of [{ guest: host }, { host: guest }, { host: new Pin('4321') }]) assert.equal(codeOf(await rooms.change(room.id, undefined, { pins }, untold)), 'pins_equal');
    const kept = must(await rooms.byId(room.id))!;
    assert.deepEqual([rooms.identify(kept, host), rooms.identify(kept, guest), kept.version], ['host', 'guest', 1]);
    const swapped = must(await rooms.change(room.id, undefined, { pins: { host: guest, guest: host } }, untold));
    assert.deepEqual([rooms.identify(swapped, host), rooms.identify(swapped, guest)], ['guest', 'host']);
  });

  it('PX-21 changes PINs together, keeps what is not named, removes what is null', async (t) => {
    const { rooms } = await new Folder(t).open();
    const { id } = must(await rooms.add(settings, { host, guest }, untold));
    const changed = must(await rooms.change(id, undefined, { pins: { guest: new Pin('2468') } }, untold));
    assert.deepEqual([new Pin('2468'), guest, host].map((pin) => rooms.identify(changed, pin)), ['guest', 'none', 'host']);
    assert.deepEqual(must(await rooms.change(id, undefined, { pins: { host: null, guest: null } }, untold)).pins, {});
    assert.equal(codeOf(await rooms.change('nobody', undefined, { pins: { host } }, untold)), 'room_unknown');
    assert.equal(codeOf(await rooms.change('nobody', undefined, { pins: { host: null } }, untold)), 'room_unknown');
  });

  it('gives the guest PIN back, and nothing of the host PIN', async (t) => {
    const folder = new Folder(t);
    const { rooms } = await folder.open();
    const { id } = must(await rooms.add(settings, { host, guest }, untold));
    assert.equal(must(await rooms.guestPin(id))?.reveal(), '864209');
    const raw = new Database(folder.database);
    assert.deepEqual(raw.prepare(`select role from room_pins where sealed is null`).all(), [{ role: 'host' }]);
    // A sealed PIN moved to another room does not open there.
    const other = must(await rooms.add({ ...settings, aliases: ['3000'] }, { host: new Pin('1111'), guest: new Pin('2222') }, untold));
    raw.prepare(`update room_pins set sealed = (select sealed from room_pins where room_id = ? and role = 'guest') where room_id = ? and role = 'guest'`).run(id, other.id);
    raw.close();
    assert.equal(must(await rooms.guestPin(other.id)), undefined);
  });

  it('has a link for each role, made with it, found by its token, renewed on request', async (t) => {
    const folder = new Folder(t);
    const { rooms } = await folder.open();
    const room = must(await rooms.add(settings, {}, untold));
    const links = must(await rooms.links(room.id));
    assert.match(`${links.moderator} ${links.speaker}`, /^[a-z2-9]{26} [a-z2-9]{26}$/);
    for (const role of ['moderator', 'speaker'] as const) assert.deepEqual(must(await rooms.byToken(links[role])), { room, grant: { kind: 'anonymous', role } });
    const renewed = must(await rooms.renewLink(room.id, 'speaker', untold));
    assert.deepEqual(must(await rooms.links(room.id)), { moderator: links.moderator, speaker: renewed });
    assert.deepEqual([must(await rooms.byToken(links.speaker)), must(await rooms.byToken(renewed))?.grant], [undefined, { kind: 'anonymous', role: 'speaker' }]);
    assert.deepEqual([codeOf(await rooms.links('nobody')), codeOf(await rooms.renewLink('nobody', 'speaker', untold))], ['room_unknown', 'room_unknown']);
    assert.ok([links.moderator, links.speaker, renewed].every((token) => !folder.bytes().includes(token)), 'no token in clear in the files');
  });

  it('removes rooms with all that is theirs, passing over those that are not there', async (t) => {
    const folder = new Folder(t);
    const { rooms, members } = await folder.open();
    const room = must(await rooms.add(settings, { host, guest }, untold));
    const { room: withMember } = must(await members.add(room.id, { id: 'ext-a', kind: 'external', name: 'Ann', role: 'speaker', overrides: {}, pin: new Pin('4321') }, untold));
    assert.deepEqual(must(await rooms.remove([room.id, 'nobody'], untold)), [withMember]);
    assert.deepEqual(must(await rooms.remove([room.id], untold)), []);
    const raw = new Database(folder.database, { readonly: true });
    for (const table of ['rooms', 'room_aliases', 'room_pins', 'room_links', 'members']) assert.deepEqual(raw.prepare(`select count(*) as n from ${table}`).get(), { n: 0 }, table);
    raw.close();
    must(await rooms.add(settings, {}, untold));
  });

  it('N-05 keeps no PIN in clear: not in the database, its journals or the key file', async (t) => {
    const folder = new Folder(t);
    const stores = await folder.open();
    const { id } = must(await stores.rooms.add(settings, { host, guest }, untold));
    must(await stores.members.add(id, { id: 'ext-a', kind: 'external', name: 'Ann', role: 'speaker', overrides: {}, pin: new Pin('975313') }, untold));
    assert.doesNotMatch(folder.bytes(), /135792|864209|975313/);
    await stores.close();
    assert.doesNotMatch(folder.bytes(), /135792|864209|975313/);
  });
});
