import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { migrations } from '../../../../src/adapters/sqlite/migrations.ts';
import { Pin } from '../../../../src/domain/pin-format.ts';
import { Folder, ha1, made, must, person, untold } from './fixture.ts';

const kept = resolve(import.meta.dirname, '../../../../../test/fixtures/store');

/** A database made by the program when `004-users` was its last migration, with the key of it. */
function old(t: TestContext): Folder {
  const folder = new Folder(t);
  mkdirSync(folder.data);
  writeFileSync(folder.database, gunzipSync(readFileSync(join(kept, '004-users.db.gz'))));
  writeFileSync(folder.secret, readFileSync(join(kept, '004-users.key')), { mode: 0o600 });
  return folder;
}

describe('a database of an older version', () => {
  it('keeps its rooms, aliases and PINs', async (t) => {
    const { rooms } = await old(t).open();
    const [team] = must(await rooms.byAlias('team'));
    assert.deepEqual([team?.name, team?.aliases, team?.participantLimit, team?.pinHostControls, team?.mediaEncryption, team?.muteGuestsOnJoin], ['Team', ['2000', 'team'], 12, 'full', 'required', true]);
    assert.deepEqual(['135792', '864209', '1'].map((digits) => rooms.identify(team!, new Pin(digits))), ['host', 'guest', 'none']);
    assert.equal(must(await rooms.guestPin(team!.id))?.reveal(), '864209');
    const [open] = must(await rooms.byAlias('3000'));
    assert.deepEqual([open?.language, open?.pins, open?.anonymous.speaker.enabled], ['de', {}, false]);
  });

  it('gives its rooms what rooms have today', async (t) => {
    const { rooms } = await old(t).open();
    const [team] = must(await rooms.byAlias('team'));
    const { rolePermissions, rules, memberReuse, preconfigured, version, members, createdAt } = team!;
    assert.deepEqual({ rolePermissions, rules, memberReuse, preconfigured, version, members }, { rolePermissions: { moderator: {}, speaker: {} }, rules: {}, memberReuse: 'flag', preconfigured: [], version: 1, members: [] });
    assert.ok(createdAt > made, 'the time of the upgrade');
    const links = must(await rooms.links(team!.id));
    assert.deepEqual(must(await rooms.byToken(links.speaker))?.grant, { kind: 'anonymous', role: 'speaker' });
  });

  it('keeps its users, their SIP secrets and bindings; they get no right by the upgrade', async (t) => {
    const { users } = await old(t).open();
    const all = must(await users.all());
    assert.deepEqual(all.map(({ name, display, privilege, sip, hasPassword }) => ({ name, display, privilege, sip, hasPassword })), [
      { name: 'alice', display: 'Alice', privilege: 'room_member', sip: { realm: 'vestibule', ha1 }, hasPassword: false },
      { name: 'bob', display: '', privilege: 'room_member', sip: { realm: 'vestibule', ha1 }, hasPassword: false },
    ]);
    const [bound] = must(await users.bindings());
    assert.deepEqual([bound?.user, bound?.bindings.map(({ uri, cseq, path }) => ({ uri, cseq, path }))], ['alice', [{ uri: 'sip:alice@192.0.2.1;ob', cseq: 4_294_967_295, path: ['sip:p1;lr'] }]]);
  });

  it('keeps its call records and what it noted, and takes new things', async (t) => {
    const folder = old(t);
    const stores = await folder.open();
    assert.equal(must(await stores.meta.get('demoRoom')), 'made');
    assert.deepEqual(must(await stores.cdr.calls({ limit: 10 })).items.map(({ id, end }) => [id, end?.reason]), [['call-2', undefined], ['call-1', 'hung_up']]);
    const [team] = must(await stores.rooms.byAlias('team'));
    must(await stores.users.add(person('carol'), untold));
    const { id, pins, version, createdAt, members, ...settings } = team!;
    must(await stores.rooms.change(id, version, { settings: { ...settings, owner: 'carol' } }, untold));
    must(await stores.users.remove(['carol', 'alice'], untold));
    assert.deepEqual([must(await stores.rooms.byId(id))?.owner, Object.keys(pins).length, members, createdAt], [undefined, 2, [], team!.createdAt]);
    await stores.close();
    const raw = new Database(folder.database, { readonly: true });
    assert.deepEqual(raw.prepare('select name from kysely_migration order by name').pluck().all(), Object.keys(migrations));
    assert.deepEqual([raw.pragma('integrity_check', { simple: true }), raw.pragma('foreign_key_check')], ['ok', []]);
    raw.close();
  });

  it('is left as it is when the upgrade fails half way, and upgraded by the next start', async (t) => {
    const folder = old(t);
    const raw = new Database(folder.database);
    raw.exec('create table recordings (in_the_way integer)');
    const before = raw.prepare('select name, sql from sqlite_schema order by name').all();
    assert.equal((await folder.try()).ok, false);
    assert.deepEqual(raw.prepare('select name, sql from sqlite_schema order by name').all(), before);
    raw.exec('drop table recordings');
    raw.close();
    assert.equal(must(await (await folder.open()).rooms.list({ limit: 10 })).items.length, 2);
  });
});
