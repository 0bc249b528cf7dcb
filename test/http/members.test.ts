import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { allPermissions } from '../../src/domain/permissions.ts';
import { neighbours, Pin } from '../../src/domain/pin-format.ts';
import type { LinksShown } from '../../src/manage/links.ts';
import type { MemberSession } from '../../src/manage/member-sessions.ts';
import type { MemberView } from '../../src/manage/member-view.ts';
import type { RoomView } from '../../src/manage/room-view.ts';
import { ApiHouse, codeOf, must, type Reply } from './house.ts';

describe('members, links and their sessions by REST', () => {
  let house: ApiHouse;
  let admin: string;
  let last = 4_000;

  before(async () => {
    house = await ApiHouse.open();
    admin = await house.signedIn('admin', 'administrator');
    await house.user('bob', 'creation');
  });
  after(() => house.close());

  const ask = (method: string, path: string, body?: unknown, bearer = admin, headers: Record<string, string> = {}): Promise<Reply> => house.ask(method, `/api/v1${path}`, { bearer, headers, ...(body === undefined ? {} : { body }) });
  const makeRoom = async (body: object = {}): Promise<string> => {
    const reply = await ask('POST', '/rooms', { aliases: [String(++last)], ...body });
    assert.equal(reply.status, 201, reply.text);
    return (reply.body as RoomView).id;
  };
  const add = (room: string, body: object): Promise<Reply> => ask('POST', `/rooms/${room}/members`, { baseRole: 'speaker', ...body });
  const added = async (room: string, body: object): Promise<MemberView> => {
    const reply = await add(room, body);
    assert.equal(reply.status, 201, reply.text);
    return reply.body as MemberView;
  };
  const refused = async (reply: Promise<Reply>): Promise<readonly [number, string]> => {
    const done = await reply;
    return [done.status, codeOf(done)];
  };
  const tokenIn = (url = ''): string => /\/r\/([a-z2-9]{26})$/.exec(url)?.[1] ?? '';
  const session = (token: string): Promise<Reply> => house.ask('POST', '/api/v1/member-session', { body: { token } });
  const signedIn = async (token: string): Promise<MemberSession> => {
    const reply = await session(token);
    assert.equal(reply.status, 200, reply.text);
    return reply.body as MemberSession;
  };
  const linksOf = async (room: string, bearer = admin): Promise<LinksShown> => ((await ask('GET', `/rooms/${room}/links`, undefined, bearer)).body as { anonymous: LinksShown }).anonymous;
  const identify = async (room: string, pin: string | undefined): Promise<unknown> => house.stores.rooms.identify(must(await house.stores.rooms.byId(room))!, new Pin(pin ?? ''));

  describe('members', () => {
    it('OV-36: either a user or somebody with a name; both and neither are 422', async () => {
      const room = await makeRoom();
      assert.deepEqual(await refused(add(room, { userId: 'bob', name: 'Bob' })), [422, 'member_internal_or_external']);
      assert.deepEqual(await refused(add(room, {})), [422, 'member_internal_or_external']);
      assert.deepEqual(await refused(add(room, { userId: 'never' })), [404, 'user_unknown']);
      assert.deepEqual(await refused(add(room, { name: 'two\nlines' })), [422, 'member_name_invalid']);
    });

    it('OV-32, OV-35, OV-37, OV-41, OV-44: an external member has an id ext-..., a name, a URL and a PIN of its own, and its permissions', async () => {
      const room = await makeRoom();
      const reply = await add(room, { name: 'Eve', baseRole: 'speaker', customPermissions: { canRecord: true, canPublishAudio: false } });
      const member = reply.body as MemberView;
      assert.match(member.memberId, /^ext-[a-z2-9]{8}$/);
      assert.equal(reply.headers.get('location'), `/api/v1/rooms/${room}/members/${member.memberId}`);
      assert.deepEqual([member.kind, member.name, member.baseRole, member.hasPin], ['external', 'Eve', 'speaker', true]);
      assert.match(member.pin ?? '', /^\d{6}$/);
      const token = tokenIn(member.accessUrl);
      assert.equal(member.sipUri, `sip:${last};token=${token}@sip.example.com`);
      assert.deepEqual(Object.keys(member.effectivePermissions).sort(), [...allPermissions].sort());
      assert.deepEqual((await ask('GET', `/rooms/${room}/members/${member.memberId}`)).body, member);
      assert.deepEqual(await identify(room, member.pin), { kind: 'member', id: member.memberId });
      assert.deepEqual(must(await house.stores.events.afterInRoom(room, 0, 9)).at(-1)?.event.data, { member: member.memberId, name: 'Eve', role: 'speaker' });
    });

    it('OV-08, OV-14, OV-38, OV-39: an internal member has the id and name of its user, the address of the room, and signs in itself', async () => {
      const room = await makeRoom();
      await house.user('carol', 'room_member');
      const [bob, carol] = [await added(room, { userId: 'Bob', baseRole: 'moderator' }), await added(room, { userId: 'carol' })];
      assert.deepEqual([bob.memberId, bob.kind, bob.name, bob.hasPin, bob.pin], ['bob', 'internal', 'bob', false, undefined]);
      assert.deepEqual([bob.accessUrl, bob.sipUri], [carol.accessUrl, `sip:${last}@sip.example.com`]);
      assert.equal(bob.accessUrl, `${house.http.publicUrl}/rooms/${room}`);
      const unused = must(await house.stores.members.token(room, 'bob')) ?? '';
      assert.deepEqual(await refused(session(unused)), [401, 'link_invalid'], 'no link signs it in');
      assert.deepEqual(await refused(add(room, { userId: 'bob' })), [409, 'member_exists']);
      assert.match((await added(await makeRoom(), { userId: 'bob', pin: 'generate' })).pin ?? '', /^\d{6}$/);
      assert.deepEqual(await refused(ask('POST', `/rooms/${room}/members/bob/renew`)), [422, 'member_internal']);
    });

    it('OV-07, N-14: PINs and links of members are unique in the room, and no PIN is near another', async () => {
      const room = await makeRoom({ pins: { host: '135792', guest: '864209' } });
      const members = [];
      for (let n = 0; n < 12; n++) members.push(await added(room, { name: `M${n}` }));
      assert.equal(new Set(members.map(({ accessUrl }) => accessUrl)).size, 12);
      const pins = ['135792', '864209', ...members.map(({ pin = '' }) => pin)];
      for (const pin of pins) assert.deepEqual(pins.filter((other) => other !== pin && neighbours(pin).includes(other)), []);
      for (const pin of ['135792', '864209', members[3]?.pin]) assert.deepEqual(await refused(add(room, { name: 'Same', pin })), [422, 'pins_equal']);
      assert.equal((await ask('PATCH', `/rooms/${room}/members/${members[3]?.memberId ?? ''}`, { pin: members[3]?.pin })).status, 200, 'its own is not in the way');
      assert.deepEqual(await refused(ask('PATCH', `/rooms/${room}/pins`, { guest: members[3]?.pin })), [422, 'pins_equal']);
    });

    it('OV-33: a PIN is a member’s before it is the host’s or the guests’', async () => {
      const room = await makeRoom({ pins: { host: '135792', guest: '864209' } });
      const { pin, memberId } = await added(room, { name: 'Eve' });
      assert.deepEqual([await identify(room, pin), await identify(room, '135792'), await identify(room, '864209')], [{ kind: 'member', id: memberId }, 'host', 'guest']);
    });

    it('OV-42, OV-43: the base role sets the permissions, overrides grant and take', async () => {
      const room = await makeRoom({ rolePermissions: { moderator: { canLock: false } } });
      const moderator = await added(room, { name: 'Mo', baseRole: 'moderator' });
      assert.deepEqual(Object.entries(moderator.effectivePermissions).filter(([, has]) => !has), [['canLock', false]]);
      const speaker = await added(room, { name: 'Sp', customPermissions: { participantKick: true, canReadChat: false } });
      assert.deepEqual([speaker.customPermissions, speaker.effectivePermissions.canKickParticipants, speaker.effectivePermissions.canReadChat, speaker.effectivePermissions.canRecord], [{ canKickParticipants: true, canReadChat: false }, true, false, false]);
      assert.deepEqual(await refused(add(room, { name: 'X', customPermissions: { canKickParticipants: true, participantKick: false } })), [422, 'alias_contradiction']);
      assert.deepEqual(await refused(add(room, { name: 'X', customPermissions: { canFly: true } })), [400, 'invalid']);
      const promoted = (await ask('PATCH', `/rooms/${room}/members/${speaker.memberId}`, { baseRole: 'moderator', customPermissions: {} })).body as MemberView;
      assert.deepEqual([promoted.baseRole, promoted.customPermissions, promoted.effectivePermissions.canRecord, promoted.effectivePermissions.canLock], ['moderator', {}, true, false]);
    });

    it('OV-45: listed in pages without links and PINs, read, changed and removed', async () => {
      const room = await makeRoom();
      for (const name of ['A', 'B', 'C']) await added(room, { name });
      const first = (await ask('GET', `/rooms/${room}/members?limit=2`)).body as { items: MemberView[]; next: string };
      const rest = (await ask('GET', `/rooms/${room}/members?limit=2&after=${encodeURIComponent(first.next)}&fields=name`)).body as { items: MemberView[] };
      assert.deepEqual([first.items.map(({ name }) => name), rest.items], [['A', 'B'], [{ name: 'C' }]]);
      assert.ok(first.items.every((item) => item.hasPin && item.pin === undefined && item.accessUrl === undefined));
      const id = first.items[0]?.memberId ?? '';
      const changed = (await ask('PATCH', `/rooms/${room}/members/${id}`, { name: 'Ann' })).body as MemberView;
      assert.deepEqual([changed.name, house.roomNews.at(-1)?.type], ['Ann', 'changed']);
      assert.deepEqual(must(await house.stores.events.afterInRoom(room, 0, 9)).at(-1)?.event.data, { member: id, changed: ['name'] });
      assert.deepEqual(await refused(ask('PATCH', `/rooms/${room}/members/${id}`, { pin: null })), [422, 'member_pin_needed']);
      assert.deepEqual(await refused(ask('GET', `/rooms/${room}/members/ext-nobody22`)), [404, 'member_unknown']);
      assert.deepEqual((await ask('DELETE', `/rooms/${room}/members?ids=${id},ext-nobody22`)).body, { removed: [id], unknown: ['ext-nobody22'] });
      assert.deepEqual(await refused(ask('DELETE', `/rooms/${room}/members/${id}`)), [404, 'member_unknown']);
    });

    it('OV-46: one that is removed is expelled and signed out at once; link and PIN are worth nothing', async () => {
      const room = await makeRoom({ pins: { host: '135792' } });
      const member = await added(room, { name: 'Eve' });
      const { accessToken } = await signedIn(tokenIn(member.accessUrl));
      assert.equal((await ask('GET', `/rooms/${room}`, undefined, accessToken)).status, 200);
      assert.equal((await ask('DELETE', `/rooms/${room}/members/${member.memberId}`)).status, 204);
      const news = house.roomNews.at(-1);
      assert.deepEqual([news?.type, news?.type === 'memberRemoved' && news.member, news?.room.members], ['memberRemoved', member.memberId, []]);
      assert.equal((await ask('GET', `/rooms/${room}`, undefined, accessToken)).status, 401);
      assert.deepEqual(await refused(session(tokenIn(member.accessUrl))), [401, 'link_invalid']);
      assert.equal(await identify(room, member.pin), 'none');
    });

    it('a link is renewed: the old one, and who signed in with it, are out', async () => {
      const room = await makeRoom();
      const member = await added(room, { name: 'Eve' });
      const { accessToken } = await signedIn(tokenIn(member.accessUrl));
      const renewed = (await ask('POST', `/rooms/${room}/members/${member.memberId}/renew`)).body as MemberView;
      assert.notEqual(tokenIn(renewed.accessUrl), tokenIn(member.accessUrl));
      assert.deepEqual(await refused(session(tokenIn(member.accessUrl))), [401, 'link_invalid']);
      assert.equal((await ask('GET', `/rooms/${room}`, undefined, accessToken)).status, 401);
      await signedIn(tokenIn(renewed.accessUrl));
    });

    it('an Idempotency-Key adds one member; the repetition holds neither PIN nor link', async () => {
      const room = await makeRoom();
      const [first, again] = [await ask('POST', `/rooms/${room}/members`, { name: 'Once', baseRole: 'speaker' }, admin, { 'idempotency-key': 'm1' }), await ask('POST', `/rooms/${room}/members`, { name: 'Once', baseRole: 'speaker' }, admin, { 'idempotency-key': 'm1' })];
      const { pin = '', accessUrl, memberId } = first.body as MemberView;
      assert.equal((again.body as MemberView).memberId, memberId);
      assert.ok(!again.text.includes(pin) && !again.text.includes(tokenIn(accessUrl)));
    });
  });

  describe('anonymous links', () => {
    it('OV-04, OV-05, OV-34: per role, with its permissions; a disabled one lets nobody in and signs out', async () => {
      const room = await makeRoom();
      const links = await linksOf(room);
      const moderator = await signedIn(tokenIn(links.moderator?.accessUrl));
      const speaker = await signedIn(tokenIn(links.speaker?.accessUrl));
      assert.deepEqual([moderator.role, moderator.permissions.canLock, speaker.role, speaker.permissions.canLock, speaker.member], ['moderator', true, 'speaker', false, undefined]);
      assert.equal((await ask('PATCH', `/rooms/${room}`, { anonymous: { speaker: { enabled: false } } })).status, 200);
      assert.deepEqual(await refused(session(tokenIn(links.speaker?.accessUrl))), [401, 'link_invalid']);
      assert.equal((await ask('GET', `/rooms/${room}`, undefined, speaker.accessToken)).status, 401);
      assert.equal((await ask('GET', `/rooms/${room}`, undefined, moderator.accessToken)).status, 200);
      assert.deepEqual([(await linksOf(room)).speaker?.enabled, (await linksOf(room)).moderator?.enabled], [false, true]);
    });

    it('renewed per role: the old one is worth nothing, the other stays', async () => {
      const room = await makeRoom();
      const before = await linksOf(room);
      const { accessToken } = await signedIn(tokenIn(before.moderator?.accessUrl));
      const renewed = (await ask('POST', `/rooms/${room}/links/moderator/renew`)).body as { accessUrl: string };
      const now = await linksOf(room);
      assert.deepEqual([now.moderator?.accessUrl, now.speaker], [renewed.accessUrl, before.speaker]);
      assert.equal((await ask('GET', `/rooms/${room}`, undefined, accessToken)).status, 401);
      assert.deepEqual(await refused(session(tokenIn(before.moderator?.accessUrl))), [401, 'link_invalid']);
      assert.equal((await ask('POST', `/rooms/${room}/links/king/renew`)).status, 400);
    });

    it('OV-02, OV-10, OV-11: who shares from inside gets the speakers’ link, whatever his role; without canShareAccessLinks none', async () => {
      const room = await makeRoom();
      const links = await linksOf(room);
      const moderator = await signedIn(tokenIn(links.moderator?.accessUrl));
      assert.deepEqual(await linksOf(room, moderator.accessToken), { speaker: links.speaker });
      const speaker = await signedIn(tokenIn(links.speaker?.accessUrl));
      assert.deepEqual(await refused(ask('GET', `/rooms/${room}/links`, undefined, speaker.accessToken)), [403, 'not_permitted']);
      const granted = await added(room, { name: 'Eve', customPermissions: { canShareAccessLinks: true } });
      assert.deepEqual(await linksOf(room, (await signedIn(tokenIn(granted.accessUrl))).accessToken), { speaker: links.speaker });
      const member = await house.signedIn('sharer', 'room_member');
      await added(room, { userId: 'sharer', baseRole: 'moderator' });
      assert.deepEqual(await linksOf(room, member), { speaker: links.speaker });
    });
  });

  describe('member sessions (OV-26, OV-35)', () => {
    it('tell the room, the name and the permissions; they last two hours and lead nowhere else', async () => {
      const [room, other] = [await makeRoom({ name: 'Team' }), await makeRoom()];
      const member = await added(room, { name: 'Eve', customPermissions: { canRecord: true } });
      const { accessToken, ...rest } = await signedIn(tokenIn(member.accessUrl));
      assert.deepEqual(rest, { expiresAt: new Date(house.now + 7_200_000).toISOString(), room: { id: room, name: 'Team' }, member: { memberId: member.memberId, name: 'Eve' }, role: 'speaker', permissions: member.effectivePermissions });
      const seen = (await ask('GET', `/rooms/${room}`, undefined, accessToken)).body as RoomView;
      assert.deepEqual([seen.visibility, seen.member?.name, seen.anonymous, seen.hasHostPin], ['member', 'Eve', undefined, undefined]);
      assert.deepEqual(((await ask('GET', '/rooms', undefined, accessToken)).body as { items: RoomView[] }).items.map(({ id }) => id), [room]);
      assert.equal((await ask('GET', `/rooms/${other}`, undefined, accessToken)).status, 404);
      for (const [method, path] of [['PATCH', `/rooms/${room}`], ['GET', `/rooms/${room}/members`], ['GET', `/rooms/${room}/pins`], ['POST', '/rooms'], ['GET', '/users']] as const) {
        assert.equal((await ask(method, path, method === 'GET' ? undefined : { name: 'x' }, accessToken)).status, 403, `${method} ${path}`);
      }
      house.advance(7_200_001);
      assert.equal((await ask('GET', `/rooms/${room}`, undefined, accessToken)).status, 401);
      admin = await house.token({ kind: 'user', name: 'admin' });
    });

    it('an internal member sees its room by its own account; the user removed, the membership is gone', async () => {
      const room = await makeRoom();
      const dave = await house.signedIn('dave', 'room_member');
      assert.equal((await ask('GET', `/rooms/${room}`, undefined, dave)).status, 404);
      await added(room, { userId: 'dave' });
      assert.equal(((await ask('GET', `/rooms/${room}`, undefined, dave)).body as RoomView).member?.memberId, 'dave');
      assert.deepEqual(((await ask('GET', '/rooms', undefined, dave)).body as { items: RoomView[] }).items.map(({ id }) => id), [room]);
      await ask('DELETE', '/users/dave');
      assert.deepEqual(((await ask('GET', `/rooms/${room}/members`)).body as { items: unknown[] }).items, []);
    });

    it('a token that is none is refused alike, whatever it looks like', async () => {
      for (const token of ['x', 'a'.repeat(26), '\u0000', '🦊'.repeat(20)]) assert.deepEqual(await refused(session(token)), [401, 'link_invalid']);
      assert.equal((await session('a'.repeat(129))).status, 400);
      assert.equal((await session('')).status, 400);
    });
  });
});
