import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../src/adapters/system/log.ts';
import { DialOut } from '../../src/call/dial-out.ts';
import { DialPlanner } from '../../src/call/dial-planner.ts';
import { DialPreconfigured } from '../../src/call/dial-preconfigured.ts';
import type { Commander } from '../../src/domain/commands.ts';
import type { DialTarget } from '../../src/domain/dial.ts';
import type { RoomEvent } from '../../src/domain/events.ts';
import type { NumberRule } from '../../src/domain/number-rules.ts';
import { newUser } from '../../src/domain/user.ts';
import type { Binding } from '../../src/domain/registrar.ts';
import { FakeDial } from '../fakes/dial.ts';
import { hostPin, inHouse, type House } from './house.ts';

const log = createLogger('error', { write: () => undefined });
const full: Commander = { kind: 'user', name: 'root', level: 'full' };
const target = (change: Partial<DialTarget> = {}): DialTarget => ({ uri: 'sip:bob@elsewhere.example', role: 'speaker', keepAlive: 'always', redial: 'none', ...change });
const trunk: NumberRule = { id: 'r', version: 1, name: 'Trunk', priority: 1, match: { kind: 'prefix', text: '0' }, strip: 1, prepend: '+49', target: 'sip:{number}@trunk.example', dtmf: ',1', username: 'us', grant: { users: [], rooms: 'all', anyone: false } };

/** Room owner `olga` has a telephone, everybody else has none. */
const telephone: Binding = { key: 'k', uri: 'sip:olga@192.0.2.7', host: '192.0.2.7', parameters: '', callId: '', cseq: 1, expiresAt: Infinity, updatedAt: 0, path: [], source: { address: '192.0.2.7', port: 5060, transport: 'udp' }, userAgent: '' };
const registrar = {
  user: (name: string) => (name === 'olga' || name === 'otto' ? newUser({ name, display: 'Olga O.', privilege: 'creation' }, 0) : undefined),
  contacts: (name: string) => (name === 'olga' ? [telephone, { ...telephone, key: 'l', uri: 'sip:olga@192.0.2.8', host: '192.0.2.8' }] : []),
};

function dialling(house: House) {
  const port = new FakeDial();
  const planner = new DialPlanner({ registrar, isOurs: (host) => host === 'here.example' });
  planner.rulesChanged([{ rule: trunk, password: 'secret of the trunk' }]);
  const events: RoomEvent[] = [];
  const options = { registry: house.registry, planner, port, rooms: house.stores.rooms, ringingMs: 60_000, onEvent: (event: RoomEvent) => void events.push(event), scheduler: house.clock, log };
  const dialOut = new DialOut(options);
  return { port, dialOut, events, options, told: () => events.map((event) => (event.type === 'dial.failed' ? `${event.type} ${event.data.reason}` : event.type)) };
}

describe('calls from a conference', () => {
  it('PX-32, PX-36: INVITE with our offer, in the room without a prompt when it answers; each step is told', () =>
    inHouse(async (house) => {
      const { port, dialOut, told } = dialling(house);
      const host = await house.dial('1000', 'host');
      await host.presses(`${hostPin}#`);
      const room = await house.room('1000');
      const dialled = await dialOut.dial(room.id, target({ name: 'Bob' }), full);
      assert.ok(dialled.ok);
      await house.after(1);
      port.last.rings();
      port.last.rings();
      assert.deepEqual([port.last.state, port.last.request.targets[0].from.name], ['called', '1000']);
      port.last.picksUp();
      await house.after(1);
      assert.deepEqual(house.who('1000'), ['host@conference:host', 'Bob@conference:guest']);
      assert.deepEqual([...house.media.legs].flatMap(({ heard }) => heard).filter((key) => key.includes('enter_pin')), ['enter_pin']);
      assert.deepEqual(told(), ['dial.started', 'dial.ringing', 'dial.answered']);
      port.last.ends('callee_hung_up');
      await host.hangsUp();
      assert.deepEqual(told().slice(3), []);
    }));

  for (const [name, alias, to, by, expected, role] of [
    ['PX-33: host where the room has no host PIN', '3000', target(), { kind: 'participant', call: 'host' }, 'dialled_no_host_pin', 'host'],
    ['PX-35: guest otherwise', '2000', target(), { kind: 'participant', call: 'host' }, 'dialled_guest', 'guest'],
    ['PX-34: the owner at her telephone is host', '5000', target({ uri: 'olga' }), { kind: 'participant', call: 'host' }, 'dialled_owner', 'host'],
    ['PX-34: a user who is not the owner is guest', '2000', target({ uri: 'olga' }), { kind: 'participant', call: 'host' }, 'dialled_guest', 'guest'],
    ['row 3: the role given with full control wins', '2000', target({ role: 'moderator' }), full, 'dialled_with_role', 'host'],
    ['row 3: the role a participant asks for does not count', '2000', target({ role: 'moderator' }), { kind: 'participant', call: 'host' }, 'dialled_guest', 'guest'],
  ] as const) {
    it(name, () =>
      inHouse(async (house) => {
        const { port, dialOut } = dialling(house);
        await house.stores.users.add(newUser({ name: 'olga', display: '', privilege: 'creation' }, 0), () => ({ events: [] }));
        await house.addRoom('5000', { host: hostPin, owner: 'olga' });
        const host = await house.dial(alias, 'host');
        if (alias !== '3000') await host.presses(`${hostPin}#`);
        assert.ok((await dialOut.dial((await house.room(alias)).id, to, by)).ok);
        await house.after(1);
        port.last.picksUp();
        await house.after(1);
        const found = house.participants(alias).find(({ id }) => id === port.last.id);
        assert.deepEqual([found?.rule, found?.role], [expected, role]);
        port.last.ends('callee_hung_up');
        await house.after(1);
      }));
  }

  it('PX-08: a dialled guest waits in the lobby of a closed room; PXD-21: passes the lock of an open one', () =>
    inHouse(async (house) => {
      const { port, dialOut } = dialling(house);
      const guest = await house.dial('2000', 'guest');
      await guest.presses('#');
      const { id } = await house.room('2000');
      await dialOut.dial(id, target({ name: 'Bob' }), full);
      await house.after(1);
      port.last.picksUp();
      await house.after(1);
      assert.deepEqual(house.who('2000'), ['guest@lobby:guest', 'Bob@lobby:guest']);
      const host = await house.dial('2000', 'host');
      await host.presses(`${hostPin}#`);
      await house.registry.command(id, { type: 'lock' }, full);
      await dialOut.dial(id, target({ name: 'Carol' }), full);
      await house.after(1);
      port.last.picksUp();
      await house.after(1);
      assert.ok(house.who('2000').includes('Carol@conference:guest'));
      for (const leg of port.called) leg.ends('callee_hung_up');
      await house.after(1);
    }));

  for (const [reason, expected] of [
    ['callee_busy', 'dial.failed callee_busy'],
    ['callee_declined', 'dial.failed callee_declined'],
    ['callee_unavailable', 'dial.failed callee_unavailable'],
  ] as const) {
    it(`${reason}: told, spoken to who asked, and nothing is left`, () =>
      inHouse(async (house) => {
        const { port, dialOut, told } = dialling(house);
        const host = await house.dial('3000', 'host');
        await house.after(5);
        host.heard();
        await dialOut.dial((await house.room('3000')).id, target(), { kind: 'participant', call: 'host' });
        await house.after(1);
        port.last.ends(reason);
        await house.after(1);
        assert.deepEqual(told(), ['dial.started', expected]);
        assert.deepEqual(host.heard(), ['conference:refused_not_now']);
        assert.deepEqual(house.who('3000'), ['host@conference:host']);
      }));
  }

  it('nobody answers: cancelled after the ringing limit', () =>
    inHouse(async (house) => {
      const { port, dialOut, told } = dialling(house);
      await house.dial('3000', 'host');
      await dialOut.dial((await house.room('3000')).id, target(), full);
      await house.after(59);
      assert.equal(port.last.state, 'called');
      await house.after(1);
      assert.deepEqual([port.last.endedBy, told()], ['no_answer', ['dial.started', 'dial.failed no_answer']]);
    }));

  it('everybody leaves while it rings: it stops ringing', () =>
    inHouse(async (house) => {
      const { port, dialOut } = dialling(house);
      const host = await house.dial('3000', 'host');
      await dialOut.dial((await house.room('3000')).id, target(), full);
      await house.after(1);
      await host.hangsUp();
      await house.after(1);
      assert.equal(port.last.endedBy, 'unattended');
    }));

  it('PXD-27: keys after the answer, `,` being 2 s; those that lead there by rule come first; digest is ours', () =>
    inHouse(async (house) => {
      const { port, dialOut } = dialling(house);
      await house.dial('3000', 'host');
      await dialOut.dial((await house.room('3000')).id, target({ uri: '030123', dtmf: '2,34#' }), full);
      await house.after(1);
      assert.deepEqual([port.last.request.targets[0].uri, port.last.request.credentials?.username], ['sip:+4930123@trunk.example', 'us']);
      const media = [...house.media.legs].at(-1);
      port.last.picksUp();
      await house.after(1);
      assert.equal(media?.keyed, '');
      await house.after(1);
      assert.equal(media.keyed, '12');
      await house.after(3);
      assert.equal(media.keyed, '1234#');
      assert.ok(!house.logText.includes('secret of the trunk'));
      port.last.ends('callee_hung_up');
      await house.after(0);
    }));

  it('PXD-27: keepAlive never: nobody but it is left, and it is ended', () =>
    inHouse(async (house) => {
      const { port, dialOut } = dialling(house);
      const host = await house.dial('3000', 'host');
      await dialOut.dial((await house.room('3000')).id, target({ keepAlive: 'never' }), full);
      await house.after(1);
      port.last.picksUp();
      await house.after(1);
      await host.hangsUp();
      await house.after(1);
      assert.equal(port.last.endedBy, 'unattended');
    }));

  it('a user with two telephones: both are called as one call', () =>
    inHouse(async (house) => {
      const { port, dialOut } = dialling(house);
      await house.dial('3000', 'host');
      await dialOut.dial((await house.room('3000')).id, target({ uri: 'sip:olga@here.example' }), full);
      assert.deepEqual([port.last.request.targets.map(({ uri }) => uri), port.last.identity, port.last.caller.name], [['sip:olga@192.0.2.7', 'sip:olga@192.0.2.8'], 'olga', 'Olga O.']);
    }));

  for (const [what, to, why] of [
    ['a user who is registered nowhere', target({ uri: 'otto' }), 'not_now'],
    ['a number without a rule', target({ uri: '112' }), 'value_invalid'],
    ['the trunk by its address', target({ uri: 'sip:900@trunk.example' }), 'not_permitted'],
    ['ourselves', target({ uri: 'sip:1000@here.example' }), 'value_invalid'],
    ['no URI', target({ uri: 'a b' }), 'value_invalid'],
    ['keys that are none', target({ dtmf: 'x' }), 'value_invalid'],
  ] as const) {
    it(`refused: ${what}`, () =>
      inHouse(async (house) => {
        const { port, dialOut } = dialling(house);
        await house.dial('3000', 'host');
        const refused = await dialOut.dial((await house.room('3000')).id, to, full);
        assert.deepEqual([refused.ok ? 'dialled' : refused.error, port.called.length], [why, 0]);
      }));
  }
});

describe('preconfigured participants', () => {
  const preconfigured = [target({ uri: 'sip:recorder@elsewhere.example', name: 'Recorder', role: 'moderator', redial: 'ladder' })];

  async function running(house: House) {
    const made = dialling(house);
    const caller = new DialPreconfigured({ ...made.options, dialOut: made.dialOut });
    house.onEvent = (event) => caller.onEvent(event);
    await house.addRoom('6000', { host: hostPin, preconfigured });
    return { ...made, caller };
  }

  it('COD-19, PXD-26: called 10 s after the first admission, with its role and no PIN; not for who waits in the lobby', () =>
    inHouse(async (house) => {
      const { port, caller } = await running(house);
      const guest = await house.dial('6000', 'guest');
      await guest.presses('#');
      await house.after(60);
      assert.equal(port.called.length, 0);
      const host = await house.dial('6000', 'host');
      await host.presses(`${hostPin}#`);
      await house.after(9);
      assert.equal(port.called.length, 0);
      await house.after(1);
      port.last.picksUp();
      await house.after(1);
      assert.ok(house.who('6000').includes('Recorder@conference:host'));
      port.last.ends('callee_hung_up');
      await house.after(29);
      assert.equal(port.called.length, 1);
      await house.after(1);
      assert.equal(port.called.length, 2);
      port.last.ends('callee_busy');
      await house.after(0);
      assert.equal(port.called.length, 3);
      port.last.ends('callee_busy');
      await house.after(59);
      assert.equal(port.called.length, 3);
      await host.hangsUp();
      await guest.hangsUp();
      await house.after(600);
      assert.deepEqual([port.called.length, caller.timers], [3, 0]);
    }));

  it('PXD-26: not who is there already', () =>
    inHouse(async (house) => {
      const { port } = await running(house);
      await house.addRoom('7000', { preconfigured: [target({ uri: 'sip:recorder@caller.example', redial: 'ladder' })] });
      await house.dial('7000', 'recorder');
      await house.after(600);
      assert.equal(port.called.length, 0);
    }));

  it('each time the conference runs; what still rings when it is over stops', () =>
    inHouse(async (house) => {
      const { port } = await running(house);
      for (const times of [1, 2]) {
        const host = await house.dial('6000', `host${times}`);
        await host.presses(`${hostPin}#`);
        await house.after(10);
        assert.equal(port.called.length, times);
        await host.hangsUp();
        await house.after(1);
        assert.equal(port.last.endedBy, 'unattended');
      }
    }));
});
