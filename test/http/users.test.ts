import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newRoomSettings } from '../../src/domain/room.ts';
import type { AuditView } from '../../src/manage/audit.ts';
import type { UserView } from '../../src/manage/user-view.ts';
import { ApiHouse, codeOf, must, type Reply } from './house.ts';

describe('users by REST', () => {
  let house: ApiHouse;
  let bearer: string;

  before(async () => {
    house = await ApiHouse.open();
    bearer = await house.signedIn('admin', 'administrator');
  });
  after(() => house.close());

  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> => house.ask(method, `/api/v1${path}`, { bearer, headers, ...(body === undefined ? {} : { body }) });
  const add = (body: object, headers?: Record<string, string>): Promise<Reply> => ask('POST', '/users', body, headers);
  const eventTypes = async (): Promise<readonly string[]> => must(await house.stores.events.after(0, { limit: 1_000 })).map(({ event }) => event.type);
  const lastAudit = async (): Promise<AuditView | undefined> => ((await ask('GET', '/audit?limit=1')).body as { items: AuditView[] }).items[0];

  it('OV-28: made with a privilege; shown without secrets; twice is 409', async () => {
    const made = await add({ name: 'Alice', display: 'Alice B', privilege: 'creation', password: 'long enough' });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.headers.get('location'), made.headers.get('etag')], ['/api/v1/users/alice', '"1"']);
    const { user } = made.body as { user: UserView };
    assert.deepEqual(user, { name: 'alice', display: 'Alice B', privilege: 'creation', hasPassword: true, mustChangePassword: true, sip: 'none', contacts: [], createdAt: '2026-01-01T00:00:00.000Z', version: 1 });
    assert.deepEqual([(await add({ name: 'alice' })).status, codeOf(await add({ name: 'alice' }))], [409, 'user_exists']);
    assert.ok((await eventTypes()).includes('user.created'));
  });

  it('OV-17, OV-24..26: `role` is another name of a privilege; a contradiction is 422', async () => {
    for (const [role, privilege] of [['admin', 'administrator'], ['user', 'creation'], ['room_member', 'room_member']] as const) {
      const made = await add({ name: `role-${role}`, role });
      assert.equal((made.body as { user: UserView }).user.privilege, privilege);
    }
    const refused = await add({ name: 'torn', role: 'user', privilege: 'list' });
    assert.deepEqual([refused.status, codeOf(refused)], [422, 'alias_contradiction']);
    assert.equal((await add({ name: 'agreed', role: 'user', privilege: 'creation' })).status, 201);
  });

  it('all that is wrong is told at once, by field', async () => {
    const refused = await add({ name: 'a b', password: 'short', sip: { secret: 'x' } });
    assert.equal(refused.status, 422);
    const { error } = refused.body as { error: { problems: { code: string }[] } };
    assert.deepEqual(error.problems.map(({ code }) => code), ['user_name_invalid', 'secret_unfit', 'password_unfit']);
    const unshaped = await add({ name: 5, privilege: 'king', strange: true });
    assert.equal(unshaped.status, 400);
    assert.deepEqual((unshaped.body as { error: { problems: { field: string }[] } }).error.problems.map(({ field }) => field).sort(), ['name', 'privilege', 'strange']);
  });

  it('the alias of a room or of the attendant is no name', async () => {
    must(await house.stores.rooms.add(newRoomSettings({ name: 'Team', aliases: ['2000'] }), {}, () => ({ events: [] })));
    assert.equal(codeOf(await add({ name: '2000' })), 'alias_taken');
    assert.equal(codeOf(await add({ name: '100' })), 'alias_taken');
  });

  it('a SIP secret is shown once; it is nowhere in log or database; telephones are told of the change', async () => {
    const made = await add({ name: 'phone', sip: 'generate' });
    const { sipSecret, user } = made.body as { sipSecret: string; user: UserView };
    assert.ok(sipSecret.length === 20 && user.sip === 'fits');
    assert.ok(!(await ask('GET', '/users/phone')).text.includes(sipSecret));
    const renewed = (await ask('PUT', '/users/phone/sip-secret', { sip: 'generate' })).body as { sipSecret: string };
    assert.notEqual(renewed.sipSecret, sipSecret);
    assert.equal((await ask('PUT', '/users/phone/sip-secret', { sip: { secret: 'chosen by me' } })).text.includes('chosen by me'), false);
    assert.equal(((await ask('PUT', '/users/phone/sip-secret', { sip: 'none' })).body as { user: UserView }).user.sip, 'none');
    assert.deepEqual(house.news.filter((news) => news.type === 'changed' && news.user.name === 'phone').length, 3);
    const kept = readdirSync(house.dataDir).map((file) => readFileSync(join(house.dataDir, file), 'latin1')).concat(house.log);
    for (const secret of [sipSecret, renewed.sipSecret, 'chosen by me']) assert.ok(!kept.some((text) => text.includes(secret)));
  });

  it('a change by ETag: 412 when somebody was faster, without one the last change wins', async () => {
    await add({ name: 'busy', display: 'one' });
    const read = await ask('GET', '/users/busy');
    const tag = read.headers.get('etag') ?? '';
    const first = await ask('PATCH', '/users/busy', { display: 'two' }, { 'if-match': tag });
    assert.equal(first.status, 200, first.text);
    assert.notEqual(first.headers.get('etag'), tag);
    const late = await ask('PATCH', '/users/busy', { display: 'three' }, { 'if-match': tag });
    assert.deepEqual([late.status, codeOf(late)], [412, 'version_conflict']);
    assert.equal((await ask('PATCH', '/users/busy', { display: 'three' })).status, 200);
    assert.equal((await ask('PATCH', '/users/busy', { display: 'x' }, { 'if-match': 'W/"1"' })).status, 400);
    assert.equal((await ask('PATCH', '/users/nobody', { display: 'x' })).status, 404);
  });

  it('a user changes its own name shown, not its privilege', async () => {
    const own = await house.signedIn('self', 'creation');
    const patch = (body: object): Promise<Reply> => house.ask('PATCH', '/api/v1/users/self', { bearer: own, body });
    assert.equal((await patch({ display: 'Me' })).status, 200);
    assert.deepEqual([(await patch({ privilege: 'administrator' })).status, codeOf(await patch({ role: 'admin' }))], [403, 'not_permitted']);
  });

  it('CO-44: rooms of a user that is removed, or may own none any more, have no owner', async () => {
    for (const [name, act] of [
      ['owner1', () => ask('DELETE', '/users/owner1')],
      ['owner2', () => ask('PATCH', '/users/owner2', { privilege: 'list' })],
    ] as const) {
      await house.user(name, 'creation');
      const room = must(await house.stores.rooms.add(newRoomSettings({ name, aliases: [name.replace('owner', '300')], owner: name }), {}, () => ({ events: [] })));
      assert.ok((await act()).status < 300);
      assert.equal(must(await house.stores.rooms.byId(room.id))?.owner, undefined);
      assert.deepEqual(house.news.at(-1)?.freed.map(({ id }) => id), [room.id]);
      const events = must(await house.stores.events.afterInRoom(room.id, 0, 10)).map(({ event }) => event);
      assert.deepEqual(events.map(({ type, data }) => [type, data]), [['room.changed', { changed: ['owner'], owner: null }]]);
    }
  });

  it('OV-18: the root administrator is neither removed nor lowered', async () => {
    assert.deepEqual([(await ask('DELETE', '/users/admin')).status, codeOf(await ask('DELETE', '/users/ADMIN'))], [403, 'root_user']);
    assert.equal(codeOf(await ask('DELETE', '/users?names=alice,admin')), 'root_user');
    assert.equal((await ask('GET', '/users/alice')).status, 200, 'nothing of it is done');
    assert.equal(codeOf(await ask('PATCH', '/users/admin', { privilege: 'list' })), 'root_user');
    assert.equal((await ask('PATCH', '/users/admin', { display: 'Root', privilege: 'administrator' })).status, 200);
  });

  it('OV-29: one and several are removed, their logins end at once', async () => {
    const gone = await house.signedIn('gone', 'administrator');
    await house.user('gone2', 'list');
    assert.deepEqual((await ask('DELETE', '/users?names=gone,gone2,never-there')).body, { removed: ['gone', 'gone2'], unknown: ['never-there'] });
    assert.equal((await house.ask('GET', '/api/v1/auth/me', { bearer: gone })).status, 401);
    assert.deepEqual([(await ask('DELETE', '/users/gone')).status, codeOf(await ask('DELETE', '/users/gone'))], [404, 'user_unknown']);
  });

  it('a password set by an administrator ends the logins and has to be changed', async () => {
    const old = await house.signedIn('reset', 'creation');
    assert.equal((await ask('PUT', '/users/reset/password', { password: 'given to you' })).status, 204);
    assert.equal((await house.ask('GET', '/api/v1/auth/me', { bearer: old })).status, 401);
    const login = await house.ask('POST', '/api/v1/auth/login', { body: { name: 'reset', password: 'given to you' } });
    assert.equal((login.body as { user: { mustChangePassword: boolean } }).user.mustChangePassword, true);
  });

  it('an Idempotency-Key makes one user; the repetition gets the first answer without the secret; another body is 422', async () => {
    const headers = { 'idempotency-key': 'e3a1' };
    const first = await add({ name: 'once', sip: 'generate' }, headers);
    const again = await add({ name: 'once', sip: 'generate' }, headers);
    assert.deepEqual([first.status, again.status, again.headers.get('idempotency-replayed')], [201, 201, 'true']);
    assert.equal((again.body as { sipSecret: string }).sipSecret, '[shown once]');
    assert.deepEqual((again.body as { user: UserView }).user, (first.body as { user: UserView }).user);
    assert.equal(codeOf(await add({ name: 'twice' }, headers)), 'idempotency_key_reused');
    assert.equal((await add({ name: 'x y' }, { 'idempotency-key': 'f' })).status, 422);
    assert.equal((await add({ name: 'xy' }, { 'idempotency-key': 'f2' })).status, 201);
    assert.equal((await add({ name: 'bad-key' }, { 'idempotency-key': 'a b' })).status, 400);
  });

  it('lists in pages, by filter and with the fields asked for', async () => {
    const names: string[] = [];
    let after = '';
    do {
      const page = (await ask('GET', `/users?limit=5&fields=name${after}`)).body as { items: { name: string }[]; next?: string };
      for (const item of page.items) assert.deepEqual(Object.keys(item), ['name']);
      names.push(...page.items.map(({ name }) => name));
      after = page.next === undefined ? '' : `&after=${encodeURIComponent(page.next)}`;
    } while (after !== '');
    assert.ok(names.length > 10 && new Set(names).size === names.length);
    const filtered = (await ask('GET', '/users?privilege=creation&name=ali')).body as { items: UserView[] };
    assert.deepEqual(filtered.items.map(({ name }) => name), ['alice']);
    assert.equal(codeOf(await ask('GET', '/users?fields=name,hash')), 'invalid');
    assert.equal(codeOf(await ask('GET', '/users?limit=201')), 'invalid');
    assert.equal(codeOf(await ask('GET', '/users?after=garbage')), 'cursor_invalid');
  });

  it('the audit log says who, what, from where, before and after; a password only that it changed', async () => {
    await add({ name: 'audited', display: 'Before', privilege: 'list' });
    await ask('PATCH', '/users/audited', { display: 'After' });
    const { actor, from, action, object, before, after } = (await lastAudit()) ?? assert.fail('nothing in it');
    assert.deepEqual([actor, from, action, object], ['user:admin', '127.0.0.1', 'user.change', 'user:audited']);
    assert.deepEqual([(before as UserView).display, (after as UserView).display], ['Before', 'After']);
    await ask('PUT', '/users/audited/password', { password: 'never written down' });
    assert.deepEqual((await lastAudit())?.after, { password: '[changed]', mustChangePassword: true });
    const found = (await ask('GET', '/audit?object=user%3Aaudited&actor=user%3Aadmin&action=user.add')).body as { items: AuditView[] };
    assert.equal(found.items.length, 1);
  });
});
