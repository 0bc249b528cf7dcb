import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createRoomCommands } from '../../src/cli/room-commands.ts';
import { Pin } from '../../src/domain/pin-format.ts';
import type { Room } from '../../src/domain/room.ts';
import type { MemberView } from '../../src/manage/member-view.ts';
import type { RoomView } from '../../src/manage/room-view.ts';
import { codeOf, must, type Reply } from './house.ts';
import { OperationsHouse } from './operations-house.ts';

/** Rows of the policy that are about who may ask the API for what. */

const hostPin = '135792';
const guestPin = '864209';

interface LinksShown {
  readonly anonymous: { readonly moderator?: { readonly accessUrl: string }; readonly speaker: { readonly accessUrl: string; readonly sipUri: string } };
}

describe('rows of the policy by REST', () => {
  let house: OperationsHouse;
  let admin: string;
  let owner: string;
  let stranger: string;
  let last = 4_999;

  before(async () => {
    house = await OperationsHouse.open();
    admin = await house.api.signedIn('admin', 'administrator');
    owner = await house.api.signedIn('olga', 'creation');
    stranger = await house.api.signedIn('eve', 'creation');
  });
  after(() => house.close());

  const ask = (method: string, path: string, bearer: string | undefined, body?: unknown): Promise<Reply> =>
    house.api.ask(method, `/api/v1${path}`, { ...(bearer === undefined ? {} : { bearer }), ...(body === undefined ? {} : { body }) });
  const statuses = async (...replies: readonly Promise<Reply>[]): Promise<readonly number[]> => (await Promise.all(replies)).map(({ status }) => status);

  /** A room of olga's with both PINs. */
  async function room(settings: object = {}): Promise<RoomView> {
    const made = await ask('POST', '/rooms', owner, { aliases: [String(++last)], pins: { host: hostPin, guest: guestPin }, ...settings });
    assert.equal(made.status, 201, made.text);
    return made.body as RoomView;
  }

  const stored = async (id: string): Promise<Room> => {
    const found = must(await house.api.stores.rooms.byId(id));
    assert.ok(found !== undefined);
    return found;
  };

  async function member(id: string, body: object): Promise<MemberView> {
    const added = await ask('POST', `/rooms/${id}/members`, owner, body);
    assert.equal(added.status, 201, added.text);
    return added.body as MemberView;
  }

  /** Signs in with the link of a page. */
  async function signInBy(accessUrl: string): Promise<string> {
    const session = await ask('POST', '/member-session', undefined, { token: accessUrl.slice(accessUrl.lastIndexOf('/') + 1) });
    assert.equal(session.status, 200, session.text);
    return (session.body as { readonly accessToken: string }).accessToken;
  }

  it('PX-01 PX-05: the owner sets the PINs of his room; another user does not', async () => {
    const { id } = await room();
    assert.deepEqual(await statuses(ask('PATCH', `/rooms/${id}/pins`, owner, { guest: '2468' }), ask('PATCH', `/rooms/${id}/pins`, stranger, { guest: '1357' }), ask('PATCH', `/rooms/${id}/pins`, undefined, { guest: '1357' })), [200, 403, 401]);
    const now = await stored(id);
    assert.deepEqual(['2468', '1357', guestPin].map((digits) => house.api.stores.rooms.identify(now, new Pin(digits))), ['guest', 'none', 'none']);
  });

  it('PX-02: PINs set by REST and by the command line are the same PINs, refused for the same reasons', async () => {
    const [byRest, byCommand] = [await room(), await room()];
    const command = createRoomCommands({ rooms: house.api.rooms, store: house.api.stores.rooms, now: () => house.api.now })['room.setPin'];
    assert.ok(command !== undefined);
    const alias = byCommand.aliases?.[0];
    const changes: readonly (readonly [pins: { readonly host?: string | null; readonly guest?: string | null }, outcome: string])[] = [
      [{ host: '975310' }, 'changed'],
      [{ guest: '975310' }, 'pins_equal'],
      [{ host: null }, 'guest_pin_needs_host_pin'],
      [{ host: '123' }, 'pin_too_short'],
      [{ guest: '1234567890' }, 'pin_too_long'],
      [{ guest: null }, 'changed'],
    ];
    for (const [pins, outcome] of changes) {
      const rest = await ask('PATCH', `/rooms/${byRest.id}/pins`, owner, pins);
      const keyed = await command({ alias, ...(pins.host === undefined ? {} : { hostPin: pins.host }), ...(pins.guest === undefined ? {} : { guestPin: pins.guest }) });
      assert.deepEqual([rest.status === 200 ? 'changed' : codeOf(rest), keyed.ok ? 'changed' : keyed.error[0]?.code], [outcome, outcome]);
    }
    for (const { id } of [byRest, byCommand]) {
      const now = await stored(id);
      assert.deepEqual(['975310', guestPin, hostPin].map((digits) => house.api.stores.rooms.identify(now, new Pin(digits))), ['host', 'none', 'none']);
    }
  });

  it('PX-22: an invitation repeats the guest PIN to speakers, the own one to a member, and the host PIN to nobody', async () => {
    const { id } = await room({ schedule: { start: '2026-12-01T10:00:00', timeZone: 'Europe/Berlin' } });
    const ivo = await member(id, { name: 'Ivo', baseRole: 'moderator', pin: '702946' });
    await member(id, { name: 'Eva', baseRole: 'speaker', pin: '531864' });
    for (const format of ['text', 'html', 'ics']) {
      const inIt = async (recipient: string): Promise<readonly string[]> => {
        const { status, text } = await ask('GET', `/rooms/${id}/invitation?for=${recipient}&format=${format}`, owner);
        assert.equal(status, 200, text);
        // Long lines of iCalendar are folded (RFC 5545 §3.1).
        const whole = text.replaceAll('\r\n ', '');
        return [hostPin, guestPin, '702946', '531864'].filter((pin) => whole.includes(pin));
      };
      assert.deepEqual([await inIt('speaker'), await inIt('moderator'), await inIt(ivo.memberId)], [[guestPin], [], ['702946']], format);
    }
  });

  it('OV-03 OV-16 OV-26: an account decides who makes and manages rooms and their recordings', async () => {
    const { id } = await room();
    const [lister, belongs] = [await house.api.signedIn('lister', 'list'), await house.api.signedIn('belongs', 'room_member')];
    const everybody = [undefined, lister, belongs, stranger, owner, admin];
    const answers = async (method: string, path: string, body?: () => object): Promise<readonly number[]> => {
      const seen: number[] = [];
      for (const bearer of everybody) seen.push((await ask(method, path, bearer, body?.())).status);
      return seen;
    };
    assert.deepEqual(await answers('POST', '/rooms', () => ({ aliases: [String(++last)] })), [401, 403, 403, 201, 201, 201]);
    assert.deepEqual(await answers('PATCH', `/rooms/${id}`, () => ({ name: 'Changed' })), [401, 403, 404, 403, 200, 200]);
    assert.deepEqual(await answers('GET', `/rooms/${id}/recordings`), [401, 403, 404, 403, 200, 200]);
    assert.deepEqual(await answers('GET', '/users'), [401, 403, 403, 403, 403, 200]);
    assert.deepEqual(await answers('GET', '/recordings'), [401, 403, 403, 403, 403, 200]);
  });

  it('OV-09: who manages a room shares both anonymous links; who does not sees none', async () => {
    const { id } = await room();
    const { anonymous } = (await ask('GET', `/rooms/${id}/links`, owner)).body as LinksShown;
    assert.match(anonymous.moderator?.accessUrl ?? '', /\/r\/\w{26}$/);
    assert.match(anonymous.speaker.accessUrl, /\/r\/\w{26}$/);
    assert.match(anonymous.speaker.sipUri, /^sip:\d+;token=\w{26}@sip\.example\.com$/);
    assert.deepEqual(await statuses(ask('GET', `/rooms/${id}/links`, stranger), ask('GET', `/rooms/${id}/links`, undefined)), [403, 401]);
  });

  it('OV-10 OV-11: from inside links are shared by who has canShareAccessLinks, and are those of speakers, whoever shares', async () => {
    const { id } = await room();
    const shared = (await ask('GET', `/rooms/${id}/links`, owner)).body as LinksShown;
    const moderator = await signInBy(shared.anonymous.moderator?.accessUrl ?? '');
    const speaker = await signInBy(shared.anonymous.speaker.accessUrl);
    const sharing = await signInBy((await member(id, { name: 'Sharing', baseRole: 'speaker', customPermissions: { canShareAccessLinks: true } })).accessUrl ?? '');
    assert.deepEqual(await statuses(...[moderator, speaker, sharing].map((bearer) => ask('GET', `/rooms/${id}/links`, bearer))), [200, 403, 200]);
    for (const bearer of [moderator, sharing]) assert.deepEqual((await ask('GET', `/rooms/${id}/links`, bearer)).body, { anonymous: { speaker: shared.anonymous.speaker } });
    assert.deepEqual(await statuses(ask('GET', `/rooms/${id}/invitation?for=moderator`, moderator), ask('GET', `/rooms/${id}/invitation?for=speaker`, moderator), ask('GET', `/rooms/${id}/invitation`, speaker)), [403, 200, 403]);
  });

  it('OV-14 OV-15 OV-38: internal members share the address of the room, each external one has his own', async () => {
    const made = await room();
    const { accessUrl } = (await ask('GET', `/rooms/${made.id}`, owner)).body as RoomView;
    await house.api.user('ina', 'room_member');
    const ina = await member(made.id, { userId: 'ina', baseRole: 'speaker' });
    const [eva, ivo] = [await member(made.id, { name: 'Eva', baseRole: 'speaker' }), await member(made.id, { name: 'Ivo', baseRole: 'moderator' })];
    assert.equal(ina.accessUrl, accessUrl);
    assert.equal(new Set([accessUrl, eva.accessUrl, ivo.accessUrl]).size, 3);
    for (const { accessUrl: url } of [eva, ivo]) assert.match(url ?? '', /\/r\/\w{26}$/);
  });

  it('OV-30 OV-31: the root administrator stays, and its password changes; credentials of users change, SIP secrets too', async () => {
    const removed = await ask('DELETE', '/users/admin', admin);
    assert.deepEqual([removed.status, codeOf(removed)], [403, 'root_user']);
    const login = (name: string, password: string): Promise<Reply> => ask('POST', '/auth/login', undefined, { name, password });
    assert.equal((await ask('POST', '/users', admin, { name: 'cleo', privilege: 'creation', password: 'first password', sip: 'generate' })).status, 201);
    for (const name of ['admin', 'cleo']) {
      const set = await ask('PUT', `/users/${name}/password`, admin, { password: 'second password', mustChangePassword: false });
      assert.equal(set.status, 204, set.text);
      assert.deepEqual(await statuses(login(name, 'first password'), login(name, 'second password')), [401, 200]);
      // Its logins have ended.
      if (name === 'admin') admin = await house.api.token({ kind: 'user', name: 'admin' });
    }
    const cleo = await house.api.token({ kind: 'user', name: 'cleo' });
    const before = must(await house.api.stores.users.byName('cleo'))?.sip;
    assert.deepEqual(await statuses(ask('PUT', '/users/cleo/sip-secret', cleo, { sip: 'generate' }), ask('PUT', '/users/cleo/sip-secret', stranger, { sip: 'generate' })), [200, 403]);
    const sip = must(await house.api.stores.users.byName('cleo'))?.sip;
    assert.ok(before !== undefined && sip !== undefined);
    assert.notDeepEqual(sip, before);
  });

  it('OV-36 OV-37: a member is a user or has a name: both or neither is 422', async () => {
    const { id } = await room();
    for (const body of [{ baseRole: 'speaker' }, { userId: 'olga', name: 'Olga', baseRole: 'speaker' }]) {
      const refused = await ask('POST', `/rooms/${id}/members`, owner, body);
      assert.deepEqual([refused.status, codeOf(refused)], [422, 'member_internal_or_external']);
    }
    assert.deepEqual([(await member(id, { userId: 'eve', baseRole: 'moderator' })).memberId, (await member(id, { name: 'Eva', baseRole: 'speaker' })).memberId.replace(/[a-z2-9]{8}$/, '*')], ['eve', 'ext-*']);
  });

  it('CO-02 CO-15: who schedules owns; start, repetition and who is called are changed with full control only', async () => {
    const made = await room({ schedule: { start: '2026-12-01T10:00:00', timeZone: 'Europe/Berlin' } });
    assert.equal(made.owner, 'olga');
    const limited = await house.api.signedIn('limited', 'limited_control');
    const changes: readonly object[] = [
      { schedule: { start: '2026-12-02T10:00:00', timeZone: 'Europe/Berlin', duration: 1_800, rrule: 'FREQ=WEEKLY;COUNT=4' } },
      { preconfigured: [{ uri: 'sip:recorder@example.com' }] },
    ];
    for (const change of changes) {
      assert.deepEqual(await statuses(...[limited, stranger, owner, admin].map((bearer) => ask('PATCH', `/rooms/${made.id}`, bearer, change))), [403, 403, 200, 200]);
    }
    const { schedule, preconfigured } = await stored(made.id);
    assert.deepEqual([schedule?.start, schedule?.rrule, preconfigured.length], ['2026-12-02T10:00:00', 'FREQ=WEEKLY;COUNT=4', 1]);
  });
});
