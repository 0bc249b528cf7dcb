import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Pin } from '../../src/domain/pin-format.ts';
import type { Privilege } from '../../src/domain/privilege.ts';
import type { AuditView } from '../../src/manage/audit.ts';
import type { RoomView } from '../../src/manage/room-view.ts';
import { ApiHouse, codeOf, must, type Reply } from './house.ts';

type Made = RoomView & { readonly pins?: { readonly host?: string; readonly guest?: string } };

describe('rooms by REST', () => {
  let house: ApiHouse;
  let admin: string;
  let last = 1_999;

  before(async () => {
    house = await ApiHouse.open();
    admin = await house.signedIn('admin', 'administrator');
  });
  after(() => house.close());

  const alias = (): string => String(++last);
  const ask = (method: string, path: string, body?: unknown, bearer = admin, headers: Record<string, string> = {}): Promise<Reply> => house.ask(method, `/api/v1${path}`, { bearer, headers, ...(body === undefined ? {} : { body }) });
  const add = (body: object = {}, bearer = admin): Promise<Reply> => ask('POST', '/rooms', { aliases: [alias()], ...body }, bearer);
  const made = async (body: object = {}, bearer = admin): Promise<Made> => {
    const reply = await add(body, bearer);
    assert.equal(reply.status, 201, reply.text);
    return reply.body as Made;
  };
  const change = (id: string, body: object, bearer = admin): Promise<Reply> => ask('PATCH', `/rooms/${id}`, body, bearer);
  const show = async (id: string, bearer = admin): Promise<Made> => (await ask('GET', `/rooms/${id}`, undefined, bearer)).body as Made;
  const refused = async (reply: Promise<Reply>): Promise<readonly [number, string]> => {
    const done = await reply;
    return [done.status, codeOf(done)];
  };
  const lastAudit = async (): Promise<AuditView> => ((await ask('GET', '/audit?limit=1')).body as { items: [AuditView] }).items[0];
  const eventsOf = async (id: string): Promise<readonly (readonly [string, unknown])[]> => must(await house.stores.events.afterInRoom(id, 0, 100)).map(({ event }) => [event.type, event.data] as const);

  it('OV-13, OV-14: made with every setting, shown with the names of the seeds and the newer ones', async () => {
    const schedule = { start: '2026-12-01T10:00:00', timeZone: 'Europe/Berlin', duration: 1800, rrule: 'FREQ=WEEKLY;BYDAY=TU', earlyEntry: 300 };
    const settings = {
      name: 'Team',
      language: 'de',
      muteGuestsOnJoin: true,
      participantLimit: 5,
      mediaEncryption: 'required',
      pinHostControls: 'full',
      rolePermissions: { moderator: { canLock: false }, speaker: { canRecord: true } },
      rules: { guestsOnly: 60, loneParticipant: 0, noMedia: 30, longestConnection: 3_600, waitingForHost: 60, lockedOut: 90 },
      memberReuse: 'refuse',
      schedule,
      preconfigured: [{ uri: 'sip:recorder@example.com', name: 'Recorder', role: 'moderator', dtmf: '1,2#', keepAlive: 'never', redial: 'ladder' }],
    };
    const reply = await add({ ...settings, aliases: ['Team', '2000'], anonymous: { speaker: { enabled: false } }, pins: { host: '135792', guest: 'generate' } });
    assert.equal(reply.status, 201, reply.text);
    const room = reply.body as Made;
    assert.deepEqual([reply.headers.get('location'), reply.headers.get('etag')], [`/api/v1/rooms/${room.id}`, '"1"']);
    assert.match(room.pins?.guest ?? '', /^\d{6}$/);
    const { pins, ...view } = room;
    assert.deepEqual(Object.keys(pins ?? {}), ['guest'], 'what was given is not repeated');
    assert.deepEqual(await show(room.id), view);
    const base = house.http.publicUrl;
    const { anonymous, access, accessUrl, sipUri, ...plain } = view;
    assert.deepEqual(plain, {
      ...settings,
      id: room.id,
      visibility: 'all',
      aliases: ['team', '2000'],
      owner: 'admin',
      state: 'idle',
      participantCount: 0,
      memberCount: 0,
      hasHostPin: true,
      hasGuestPin: true,
      warnings: [],
      createdAt: '2026-01-01T00:00:00.000Z',
      version: 1,
      occurrence: { start: '2026-12-01T09:00:00.000Z', end: '2026-12-01T09:30:00.000Z' },
    });
    assert.deepEqual([accessUrl, sipUri], [`${base}/rooms/${room.id}`, 'sip:team@sip.example.com']);
    for (const [role, enabled] of [['moderator', true], ['speaker', false]] as const) {
      const way = anonymous?.[role];
      const token = /\/r\/([a-z2-9]{26})$/.exec(way?.accessUrl ?? '')?.[1];
      assert.deepEqual(way, { enabled, accessUrl: `${base}/r/${token}`, sipUri: `sip:team;token=${token}@sip.example.com` });
      assert.deepEqual(access?.anonymous[role], { enabled, url: way.accessUrl });
    }
    assert.deepEqual(await eventsOf(room.id), [['room.created', { name: 'Team', aliases: ['team', '2000'], owner: 'admin' }]]);
    assert.deepEqual(house.roomNews.at(-1)?.type, 'added');
  });

  it('PX-03: without a host PIN it is made, with a warning', async () => {
    const room = await made();
    assert.deepEqual([room.warnings, room.name, room.participantLimit, room.schedule, room.anonymous?.moderator.enabled], [['no_host_pin'], String(last), null, null, true]);
  });

  it('OVD-02, OVD-04, OVD-06: newer names count alike; a contradiction is 422', async () => {
    const room = await made({ access: { anonymous: { moderator: { enabled: false } } }, roles: { speaker: { permissions: { recordingControl: true, meetingEnd: true } } } });
    assert.deepEqual([room.anonymous?.moderator.enabled, room.rolePermissions?.speaker], [false, { canRecord: true, canEndMeeting: true }]);
    assert.equal((await add({ anonymous: { speaker: { enabled: false } }, access: { anonymous: { speaker: { enabled: false } } } })).status, 201);
    for (const body of [
      { anonymous: { speaker: { enabled: true } }, access: { anonymous: { speaker: { enabled: false } } } },
      { rolePermissions: { speaker: { canRecord: true } }, roles: { speaker: { permissions: { canRecord: false } } } },
      { rolePermissions: { speaker: { canRecord: true, recordingControl: false } } },
    ]) assert.deepEqual(await refused(add(body)), [422, 'alias_contradiction'], JSON.stringify(body));
  });

  it('all that is wrong is told at once, by field; nothing is made', async () => {
    const reply = await add({ name: ' ', aliases: ['2 000', '100'], language: 'xx', rules: { noMedia: 5, longestConnection: 80_000 }, schedule: { start: 'soon', timeZone: 'Mars/Base' }, pins: { guest: '123' } });
    assert.equal(reply.status, 422);
    const { problems } = (reply.body as { error: { problems: { code: string; field: string }[] } }).error;
    assert.deepEqual(
      problems.map(({ code, field }) => [code, field]),
      [
        ['name_invalid', 'name'],
        ['alias_invalid', 'aliases[0]'],
        ['alias_reserved', 'aliases[1]'],
        ['rule_out_of_range', 'rules.noMedia'],
        ['rule_out_of_range', 'rules.longestConnection'],
        ['schedule_start_invalid', 'schedule.start'],
        ['time_zone_unknown', 'schedule.timeZone'],
        ['pin_too_short', 'pins.guest'],
      ],
    );
    assert.deepEqual(await refused(add({ language: 'fr' })), [422, 'language_unknown']);
    assert.deepEqual(await refused(add({ name: 'two\nlines' })), [422, 'name_invalid']);
    assert.deepEqual(await refused(add({ strange: 1 })), [400, 'invalid']);
  });

  it('PX-19: PINs of 4 to 9 digits', async () => {
    for (const [pin, status] of [['123', 422], ['1234', 201], ['123456789', 201], ['1234567890', 422]] as const) assert.equal((await add({ pins: { host: pin } })).status, status, pin);
  });

  it('PX-20, PX-21: a guest PIN needs a host PIN; half a change changes nothing', async () => {
    assert.deepEqual(await refused(add({ pins: { guest: '1234' } })), [422, 'guest_pin_needs_host_pin']);
    const room = await made({ pins: { host: '135792', guest: '864209' } });
    assert.deepEqual(await refused(change(room.id, { pins: { host: null } })), [422, 'guest_pin_needs_host_pin']);
    assert.deepEqual(await refused(change(room.id, { name: 'Other', pins: { host: '246801', guest: '12' } })), [422, 'pin_too_short']);
    assert.deepEqual(await refused(change(room.id, { participantLimit: 3, pins: { guest: '135792' } })), [422, 'pins_equal']);
    const stored = must(await house.stores.rooms.byId(room.id));
    assert.ok(stored !== undefined && stored.version === 1 && stored.name === room.name);
    assert.equal(house.stores.rooms.identify(stored, new Pin('135792')), 'host');
    const both = await ask('PATCH', `/rooms/${room.id}/pins`, { host: null, guest: null });
    assert.deepEqual([(both.body as Made).hasHostPin, (both.body as Made).hasGuestPin, (both.body as Made).warnings], [false, false, ['no_host_pin']]);
  });

  it('PX-01, PX-15: PINs are set, generated and removed; the host PIN is shown once, the guest PIN to who manages the room', async () => {
    const owner = await house.signedIn('pin-owner', 'creation');
    const room = await made({}, owner);
    const generated = (await ask('PATCH', `/rooms/${room.id}/pins`, { host: 'generate', guest: 'generate' }, owner)).body as Made;
    const [host, guest] = [generated.pins?.host ?? '', generated.pins?.guest ?? ''];
    assert.ok(/^\d{6}$/.test(host) && /^\d{6}$/.test(guest));
    assert.deepEqual((await ask('GET', `/rooms/${room.id}/pins`, undefined, owner)).body, { hasHostPin: true, hasGuestPin: true, guest });
    assert.ok(!(await ask('GET', `/rooms/${room.id}`, undefined, owner)).text.includes(host));
    const stranger = await house.signedIn('pin-stranger', 'creation');
    for (const [method, body] of [['GET', undefined], ['PATCH', { guest: null }]] as const) assert.deepEqual(await refused(ask(method, `/rooms/${room.id}/pins`, body, stranger)), [403, 'not_permitted']);
    assert.equal((await ask('PATCH', `/rooms/${room.id}/pins`, { guest: null }, owner)).status, 200);
    assert.deepEqual((await eventsOf(room.id)).map(([, data]) => (data as { changed?: unknown }).changed), [undefined, ['hostPin', 'guestPin'], ['guestPin']]);
    assert.deepEqual(((await lastAudit()).after as { guestPin: string }).guestPin, 'none');
  });

  it('PX-17: with autoHostPin a room made without a host PIN gets one, shown once; it may be removed', async () => {
    const auto = await ApiHouse.open({}, { autoHostPin: true });
    try {
      const bearer = await auto.signedIn('admin', 'administrator');
      const room = (await auto.ask('POST', '/api/v1/rooms', { bearer, body: { aliases: ['1'] } })).body as Made;
      assert.match(room.pins?.host ?? '', /^\d{6}$/);
      assert.deepEqual(room.warnings, []);
      const given = (await auto.ask('POST', '/api/v1/rooms', { bearer, body: { aliases: ['2'], pins: { host: '135792' } } })).body as Made;
      assert.deepEqual([given.hasHostPin, given.pins], [true, undefined]);
      assert.equal((await auto.ask('PATCH', `/api/v1/rooms/${room.id}/pins`, { bearer, body: { host: null } })).status, 200);
    } finally {
      await auto.close();
    }
  });

  it('a change touches what is named; null takes away; by ETag 412 when somebody was faster', async () => {
    const room = await made({ name: 'Before', participantLimit: 4, rules: { noMedia: 30, guestsOnly: 10 }, anonymous: { speaker: { enabled: false } } });
    const reply = await ask('PATCH', `/rooms/${room.id}`, { participantLimit: null, rules: { noMedia: null }, anonymous: { moderator: { enabled: false } } }, admin, { 'if-match': '"1"' });
    assert.equal(reply.status, 200, reply.text);
    const after = reply.body as Made;
    assert.deepEqual([after.name, after.participantLimit, after.rules, after.anonymous?.moderator.enabled, after.anonymous?.speaker.enabled, after.version], ['Before', null, { guestsOnly: 10 }, false, false, 2]);
    assert.deepEqual(await refused(ask('PATCH', `/rooms/${room.id}`, { name: 'Late' }, admin, { 'if-match': '"1"' })), [412, 'version_conflict']);
    assert.equal((await change(room.id, { name: 'Last wins' })).status, 200);
    assert.deepEqual((await eventsOf(room.id)).slice(1).map(([, data]) => data), [{ changed: ['anonymous', 'rules', 'participantLimit'] }, { changed: ['name'] }]);
    const { actor, action, object, before: was, after: is } = await lastAudit();
    assert.deepEqual([actor, action, object, (was as { name: string }).name, (is as { name: string }).name], ['user:admin', 'room.change', `room:${room.id}`, 'Before', 'Last wins']);
    const changedCount = house.roomNews.filter((news) => news.type === 'changed' && news.room.id === room.id).length;
    assert.equal(changedCount, 2, 'running calls are told');
  });

  it('changes that come at once are carried out one after the other', async () => {
    const room = await made({ pins: { host: '135792' } });
    const [removed, added] = await Promise.all([change(room.id, { pins: { host: null } }), change(room.id, { pins: { guest: '864209' } })]);
    assert.deepEqual([removed.status, added.status].sort(), [200, 422]);
  });

  it('an alias is taken once: 409', async () => {
    const room = await made();
    const reply = await add({ aliases: [room.aliases?.[0]] });
    assert.deepEqual([reply.status, codeOf(reply), (reply.body as { error: { field: string } }).error.field], [409, 'alias_taken', 'aliases[0]']);
  });

  it('an Idempotency-Key makes one room; the repetition holds no PIN and no link', async () => {
    const headers = { 'idempotency-key': 'room-1' };
    const body = { aliases: [alias()], pins: { host: 'generate', guest: 'generate' } };
    const first = await ask('POST', '/rooms', body, admin, headers);
    const again = await ask('POST', '/rooms', body, admin, headers);
    assert.deepEqual([first.status, again.status, (first.body as Made).id], [201, 201, (again.body as Made).id]);
    const { pins, anonymous } = first.body as Made;
    for (const secret of [pins?.host, pins?.guest, anonymous?.moderator.accessUrl, anonymous?.speaker.sipUri]) assert.ok(secret !== undefined && !again.text.includes(secret));
  });

  it('DELETE ends the conference; several at once, all or none', async () => {
    const owner = await house.signedIn('remover', 'creation');
    const [mine, mine2, others] = [await made({}, owner), await made({}, owner), await made()];
    assert.deepEqual(await refused(ask('DELETE', `/rooms?ids=${mine.id},${others.id}`, undefined, owner)), [403, 'not_permitted']);
    assert.equal((await ask('GET', `/rooms/${mine.id}`, undefined, owner)).status, 200, 'nothing of it is done');
    assert.deepEqual((await ask('DELETE', `/rooms?ids=${mine.id},never`, undefined, owner)).body, { removed: [mine.id], unknown: ['never'] });
    assert.equal((await ask('DELETE', `/rooms/${mine2.id}`, undefined, owner)).status, 204);
    assert.deepEqual(house.roomNews.slice(-2).map(({ type, room }) => [type, room.id]), [['removed', mine.id], ['removed', mine2.id]]);
    assert.deepEqual(await refused(ask('GET', `/rooms/${mine2.id}`)), [404, 'room_unknown']);
    assert.deepEqual((await eventsOf(mine.id)).at(-1), ['room.removed', { name: mine.name }]);
  });

  describe('who may (CO-07..10, CO-15, CO-40..43)', () => {
    const privileges: readonly (readonly [Privilege, 'yes' | 'no', string, number])[] = [
      // Creates, sees of others', may change others'.
      ['administrator', 'yes', 'all', 200],
      ['full_control', 'yes', 'all', 200],
      ['limited_control', 'yes', 'all', 403],
      ['creation', 'yes', 'names', 403],
      ['detail', 'no', 'detail', 403],
      ['list_streaming', 'no', 'streaming', 403],
      ['list', 'no', 'names', 403],
      ['room_member', 'no', 'none', 404],
    ];
    for (const [privilege, creates, seen, changes] of privileges) {
      it(`${privilege}: creates and owns ${creates}; of others’ sees ${seen}`, async () => {
        const room = await made({ name: `For ${privilege}`, schedule: { start: '2027-01-01T10:00:00', timeZone: 'UTC' } });
        house.present.set(room.id, 3);
        const bearer = await house.signedIn(`who-${privilege}`, privilege);
        const own = await add({}, bearer);
        assert.equal(own.status, creates === 'yes' ? 201 : 403);
        if (creates === 'yes') assert.deepEqual([(own.body as Made).owner, (await change((own.body as Made).id, { name: 'Mine' }, bearer)).status], [`who-${privilege}`, 200]);
        assert.equal((await change(room.id, { name: `For ${privilege}` }, bearer)).status, changes);
        const reply = await ask('GET', `/rooms/${room.id}`, undefined, bearer);
        const listed = ((await ask('GET', `/rooms?name=For%20${privilege}`, undefined, bearer)).body as { items: Made[] }).items;
        if (seen === 'none') {
          assert.deepEqual([reply.status, listed], [404, []]);
          return;
        }
        const view = reply.body as Made;
        assert.deepEqual([view.visibility, listed[0]?.visibility, view.name], [seen, seen, `For ${privilege}`]);
        assert.equal(view.anonymous?.moderator.accessUrl !== undefined, changes === 200, 'links are for who has full control');
        if (seen === 'names' || seen === 'streaming') assert.deepEqual(Object.keys(view).sort(), ['id', 'name', 'visibility']);
        if (seen === 'detail') assert.deepEqual(Object.keys(view).sort(), ['id', 'name', 'occurrence', 'participantCount', 'schedule', 'state', 'visibility']);
        if (seen === 'detail') assert.deepEqual([view.state, view.participantCount], ['active', 3]);
        assert.equal((await ask('GET', `/rooms/${room.id}/occurrences`, undefined, bearer)).status, seen === 'names' || seen === 'streaming' ? 403 : 200);
      });
    }

    it('CO-41, CO-42, CO-43: only administrator and full control choose an owner, one who may create, or none', async () => {
      for (const privilege of ['administrator', 'full_control', 'limited_control', 'creation'] as const) await house.user(`own-${privilege}`, privilege);
      await house.user('own-list', 'list');
      const may = await house.signedIn('chooser', 'full_control');
      const mayNot = [await house.signedIn('chooser2', 'limited_control'), await house.signedIn('chooser3', 'creation')];
      for (const owner of ['own-creation', 'own-limited_control', 'own-administrator', null]) {
        const room = await made({ owner }, may);
        assert.equal(room.owner, owner);
        assert.equal(((await change(room.id, { owner: 'own-full_control' }, may)).body as Made).owner, 'own-full_control');
        assert.equal(((await change(room.id, { owner: null }, may)).body as Made).owner, null);
      }
      assert.deepEqual(await refused(add({ owner: 'own-list' }, may)), [422, 'owner_unfit']);
      assert.deepEqual(await refused(add({ owner: 'nobody' }, may)), [422, 'owner_unknown']);
      for (const bearer of mayNot) {
        for (const owner of ['own-creation', 'nobody']) assert.deepEqual(await refused(add({ owner }, bearer)), [403, 'owner_not_permitted']);
        const own = await made({}, bearer);
        assert.deepEqual(await refused(change(own.id, { owner: 'own-creation' }, bearer)), [403, 'owner_not_permitted']);
        assert.deepEqual(await refused(change(own.id, { owner: null }, bearer)), [403, 'owner_not_permitted']);
        assert.equal((await change(own.id, { owner: own.owner }, bearer)).status, 200, 'the one it is stays');
      }
      assert.deepEqual((await eventsOf((await made({ owner: null }, may)).id))[0]?.[1], { name: String(last), aliases: [String(last)], owner: null });
    });
  });

  it('lists in pages, by alias, owner, name and member, with the fields asked for', async () => {
    const ids: string[] = [];
    let next = '';
    do {
      const page = (await ask('GET', `/rooms?limit=4&fields=id,memberCount${next}`)).body as { items: Made[]; next?: string };
      for (const item of page.items) assert.deepEqual(Object.keys(item), ['id', 'memberCount']);
      ids.push(...page.items.map(({ id }) => id));
      next = page.next === undefined ? '' : `&after=${encodeURIComponent(page.next)}`;
    } while (next !== '');
    assert.ok(ids.length > 12 && new Set(ids).size === ids.length);
    const room = await made({ name: 'Findable 100%' });
    for (const filter of ['name=able%20100%25', `alias=${room.aliases?.[0] ?? ''}`]) assert.deepEqual(((await ask('GET', `/rooms?${filter}`)).body as { items: Made[] }).items.map(({ id }) => id), [room.id], filter);
    assert.deepEqual(((await ask('GET', '/rooms?owner=own-full_control')).body as { items: Made[] }).items, []);
    assert.deepEqual(await refused(ask('GET', '/rooms?after=garbage')), [400, 'cursor_invalid']);
  });

  describe('schedules', () => {
    const schedule = { start: '2026-03-02T09:00:00', timeZone: 'Europe/Berlin', duration: 3_600, rrule: 'FREQ=WEEKLY;BYDAY=MO' };

    it('occurrences keep their hour when daylight saving begins', async () => {
      const room = await made({ schedule });
      const reply = await ask('GET', `/rooms/${room.id}/occurrences?from=2026-03-20T00:00:00Z&limit=2`);
      assert.deepEqual(reply.body, {
        items: [
          { start: '2026-03-23T08:00:00.000Z', end: '2026-03-23T09:00:00.000Z' },
          { start: '2026-03-30T07:00:00.000Z', end: '2026-03-30T08:00:00.000Z' },
        ],
      });
      assert.deepEqual(await refused(ask('GET', `/rooms/${(await made()).id}/occurrences`)), [422, 'not_scheduled']);
      assert.deepEqual(await refused(ask('GET', `/rooms/${room.id}/occurrences?from=yesterday`)), [400, 'invalid']);
    });

    it('COD-16: an hour by default; null goes on until somebody ends it; a schedule may be taken away', async () => {
      const room = await made({ schedule: { start: schedule.start, timeZone: 'UTC' } });
      assert.deepEqual(room.schedule, { start: schedule.start, timeZone: 'UTC', duration: 3_600, earlyEntry: 600 });
      assert.deepEqual(((await change(room.id, { schedule: { start: schedule.start, timeZone: 'UTC', duration: null } })).body as Made).occurrence, { start: '2026-03-02T09:00:00.000Z', end: null });
      assert.equal(((await change(room.id, { schedule: null })).body as Made).schedule, null);
    });

    it('COD-10: two rooms share an alias at different times only, early entry included; 409 names the occurrence', async () => {
      const shared = alias();
      await made({ aliases: [shared], schedule });
      const later = { ...schedule, start: '2026-03-02T10:10:00' };
      const other = await made({ aliases: [shared], schedule: later });
      for (const start of ['2026-03-02T09:30:00', '2026-03-02T10:05:00']) {
        const reply = await change(other.id, { schedule: { ...schedule, start } });
        assert.deepEqual([reply.status, codeOf(reply)], [409, 'alias_in_use_then'], start);
        assert.match(reply.text, start.endsWith('09:30:00') ? /2026-03-02T08:30:00\.000Z/ : /2026-03-02T09:05:00\.000Z/);
      }
      // Weekly on Monday in Berlin and in UTC: they meet when daylight saving begins.
      const drifting = await add({ aliases: [shared], schedule: { ...schedule, start: '2026-03-02T07:20:00', timeZone: 'UTC', duration: 600 } });
      assert.deepEqual([drifting.status, codeOf(drifting)], [409, 'alias_in_use_then'], drifting.text);
      assert.match(drifting.text, /2026-03-30T07:20:00\.000Z/);
      assert.deepEqual(await refused(add({ aliases: [shared] })), [409, 'alias_taken']);
      assert.equal(((await ask('GET', `/rooms?alias=${shared}`)).body as { items: Made[] }).items.length, 2);
    });
  });

  it('PX-16, PXD-39: each field says in the schema what a change touches', async () => {
    const document = (await house.ask('GET', '/api/v1/openapi.json')).body as { paths: Record<string, Record<string, { requestBody: { content: Record<string, { schema: { properties: Record<string, { description?: string }> } }> } }>> };
    const { properties } = document.paths['/api/v1/rooms/{id}']?.['patch']?.requestBody.content['application/json']?.schema ?? assert.fail('no schema');
    const otherNames = ['access', 'roles'];
    for (const [name, { description = '' }] of Object.entries(properties)) assert.match(description, otherNames.includes(name) ? /OpenVidu/ : /change|entry|from the next call on/i, name);
  });
});
