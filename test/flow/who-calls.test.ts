import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Commander } from '../../src/domain/commands.ts';
import { Pin } from '../../src/domain/pin-format.ts';
import { newUser } from '../../src/domain/user.ts';
import { guestPin, hostPin, inHouse, wrongPin, type House } from './house.ts';

const untold = () => ({ events: [] });
const admin: Commander = { kind: 'user', name: 'root', level: 'full' };
const memberPin = '531864';

async function addUser(house: House, name: string): Promise<void> {
  const added = await house.stores.users.add(newUser({ name, display: '', privilege: 'creation' }, 0), untold);
  assert.ok(added.ok, JSON.stringify(added));
}

/** An external member of room 1000; its token. */
async function addMember(house: House): Promise<string> {
  const { id } = await house.room('1000');
  const added = await house.stores.members.add(id, { id: 'ext-eva', kind: 'external', name: 'Eva', role: 'speaker', overrides: { canLock: true }, pin: new Pin(memberPin) }, untold);
  assert.ok(added.ok, JSON.stringify(added));
  const token = await house.stores.members.token(id, 'ext-eva');
  assert.ok(token.ok && token.value !== undefined);
  return token.value;
}

describe('policy section 1, rows 4 to 6: who calls', () => {
  it('rows 4 and 5, PX-05 PX-06 CO-04: owner and administrator are hosts without a PIN, by proof alone', () =>
    inHouse(async (house) => {
      await addUser(house, 'olga');
      await house.addRoom('5000', { host: hostPin, guest: guestPin, owner: 'olga' });
      assert.equal((await house.dial('5000', 'olga')).at, 'pin');
      assert.equal((await house.dial('5000', 'olga-at-home', undefined, { identity: 'olga' })).at, 'conference:host');
      assert.equal((await house.dial('5000', 'root', undefined, { identity: 'root' })).at, 'conference:host');
      assert.deepEqual(house.participants('5000').map(({ rule }) => rule), ['owner', 'administrator']);
    }));

  it('row 6, OV-06 M-15 OV-46: the link of a member admits with its name and permissions; deleted, it is ended', () =>
    inHouse(async (house) => {
      const credential = await addMember(house);
      await (await house.dial('1000', 'hanna')).presses(`${hostPin}#`);
      const eva = await house.dial('1000', '4711', undefined, { credential });
      assert.equal(eva.at, 'conference:guest');
      const { id } = await house.room('1000');
      assert.deepEqual(house.participants('1000').map(({ caller, rule }) => [caller, rule]), [['hanna', 'host_pin'], ['Eva', 'member_credential']]);
      assert.ok(house.events.some(({ type, data }) => type === 'participant.joined' && 'member' in data && data.member === 'ext-eva'));
      await house.stores.members.remove(id, ['ext-eva'], untold);
      house.registry.memberRemoved(id, 'ext-eva');
      await house.after(1);
      assert.equal(eva.endedBy, 'member_removed');
      const again = await house.dial('1000', 'again', undefined, { credential });
      assert.equal(again.at, 'pin');
      assert.ok(!house.logText.includes(credential));
    }));

  it('OV-33: the PIN of a member at the prompt; OV-38: a second use is told', () =>
    inHouse(async (house) => {
      await addMember(house);
      const eva = await house.dial('1000', 'eva');
      await eva.presses(`${memberPin}#`);
      assert.equal(eva.at, 'lobby:guest');
      await (await house.dial('1000', 'hanna')).presses(`${hostPin}#`);
      await (await house.dial('1000', 'another')).presses(`${memberPin}#`);
      assert.equal(house.events.filter(({ type, data }) => type === 'participant.joined' && 'reused' in data).length, 1);
      assert.deepEqual(house.decisions.filter(({ stage }) => stage === 'pin').map(({ rule }) => rule), ['member_pin', 'host_pin', 'member_pin']);
      assert.ok(!JSON.stringify([house.events, house.decisions]).includes(memberPin));
    }));

  it('row 6, OV-04 OV-05: an anonymous link; renewed, the old one is a wrong attempt', () =>
    inHouse(async (house) => {
      const { id } = await house.room('1000');
      const links = await house.stores.rooms.links(id);
      assert.ok(links.ok);
      const { moderator } = links.value;
      assert.equal((await house.dial('1000', 'mona', undefined, { credential: moderator })).at, 'conference:host');
      await house.stores.rooms.renewLink(id, 'moderator', untold);
      const late = await house.dial('1000', 'late', undefined, { credential: moderator });
      await late.presses(`${wrongPin}#`);
      await late.presses(`${wrongPin}#`);
      await house.after(1);
      assert.equal(late.endedBy, 'pin_failed');
    }));

  it('PX-14: a device is not asked again for the guest PIN until it changes', () =>
    inHouse(async (house) => {
      const first = await house.dial('1000', 'first', undefined, { identity: 'gus' });
      await first.presses(`${guestPin}#`);
      assert.equal(first.at, 'lobby:guest');
      assert.equal((await house.dial('1000', 'second', undefined, { identity: 'gus' })).at, 'lobby:guest');
      await house.setPins('1000', { guest: '975310' });
      assert.equal((await house.dial('1000', 'third', undefined, { identity: 'gus' })).at, 'pin');
    }));
});

describe('policy section 1, row 2 and step (a): scheduled rooms', () => {
  it('too early is told so; within early entry all wait; at the start they go in; extended, who comes late does too', () =>
    inHouse(async (house) => {
      const start = (minutes: number): string => new Date(house.clock.now() + minutes * 60_000).toISOString().slice(0, 19);
      const room = await house.addRoom('6000', { host: hostPin, schedule: { start: start(15), timeZone: 'UTC', durationMs: 600_000 } });
      const eager = await house.dial('6000', 'eager');
      await house.after(1);
      assert.deepEqual([eager.endedBy, eager.heard()], ['not_started_yet', ['not_started_yet']]);
      await house.after(6 * 60);
      const hanna = await house.dial('6000', 'hanna');
      await hanna.presses(`${hostPin}#`);
      assert.equal(hanna.at, 'lobby:host');
      await house.after(9 * 60);
      assert.equal(hanna.at, 'conference:host');
      assert.equal(await house.command(room.id, { type: 'extend', seconds: 600 }, admin), 'done');
      await house.after(15 * 60);
      assert.equal((await house.dial('6000', 'late')).at, 'conference:guest');
      await house.after(5 * 60 + 1);
      assert.equal(hanna.endedBy, 'schedule_ended');
      const latest = await house.dial('6000', 'latest');
      await house.after(1);
      assert.equal(latest.endedBy, 'has_ended');
    }));
});

describe('policy section 6: abuse', () => {
  it('section 6: an account that guesses is blocked wherever it calls from, but for its own rooms; others on its address are not', () =>
    inHouse(async (house) => {
      await addUser(house, 'mallory');
      await house.addRoom('6000', { host: hostPin, owner: 'mallory' });
      for (let call = 0; call < 4; call++) {
        const mallory = await house.dial('1000', `guess-${call}`, undefined, { identity: 'mallory', address: `192.0.2.${call}` });
        for (let n = 0; n < 3; n++) await mallory.presses(`${wrongPin}#`);
        await house.after(5);
      }
      const dialled = async (alias: string, identity: string): Promise<string> => (await house.dial(alias, `${identity}-${alias}`, undefined, { identity, address: '192.0.2.0' })).at;
      assert.deepEqual([await dialled('1000', 'mallory'), await dialled('2000', 'mallory'), await dialled('1000', 'ann')], ['source_blocked', 'source_blocked', 'pin']);
      assert.equal(await dialled('6000', 'mallory'), 'conference:host');
    }));

  it('N-06: a guesser is blocked and told what an unknown number is told; others, and the owner, come in', () =>
    inHouse(async (house) => {
      for (let i = 0; i < 4; i++) await (await house.dial('1000', `eve${i}`)).presses(`${wrongPin}#`.repeat(3));
      await house.after(1);
      assert.equal((await house.dial('1000', 'eve')).endedBy, 'source_blocked');
      assert.equal((await house.dial('1000', 'root', undefined, { identity: 'root' })).at, 'conference:host');
      const ann = await house.dial('1000', 'ann', undefined, { address: '192.0.2.77' });
      await ann.presses(`${guestPin}#`);
      assert.equal(ann.at, 'conference:guest');
      await house.after(600);
      assert.equal((await house.dial('1000', 'eve again')).at, 'pin');
    }));

  it('a room guessed at from everywhere: strangers wait for the prompt, what they key meanwhile counts', () =>
    inHouse(async (house) => {
      for (let i = 0; i < 7; i++) await (await house.dial('1000', `eve${i}`, undefined, { address: `192.0.2.${100 + i}` })).presses(`${wrongPin}#`.repeat(3));
      await house.after(1);
      const slow = await house.dial('1000', 'slow', undefined, { address: '192.0.2.50' });
      assert.deepEqual(slow.heard(), []);
      await slow.presses(`${hostPin}#`);
      assert.equal(slow.at, 'pin');
      await house.after(1);
      assert.equal(slow.at, 'conference:host');
    }));
});

describe('live control', () => {
  it('N-12: a command is answered when the mixer has it; refused, with the reason', () =>
    inHouse(async (house) => {
      const ann = await house.dial('3000', 'ann');
      const { id } = await house.room('3000');
      assert.equal(await house.command(id, { type: 'mute', target: 'ann' }, admin), 'done');
      assert.equal(house.participants('3000')[0]?.audio, 'muted');
      assert.equal(await house.command(id, { type: 'kick', target: 'nobody' }, admin), 'target_unknown');
      assert.equal(await house.command(id, { type: 'kick', target: 'ann' }, { kind: 'user', name: 'lim', level: 'limited' }), 'not_permitted');
      assert.equal(await house.command('nowhere', { type: 'lock' }, admin), 'not_now');
      assert.equal(await house.command(id, { type: 'kick', target: 'ann' }, admin), 'done');
      await house.after(1);
      assert.equal(ann.endedBy, 'kicked');
    }));
});

describe('rules of a room (section 5)', () => {
  it('PX-42: its own longest connection counts', () =>
    inHouse(async (house) => {
      await house.addRoom('7000', { rules: { longestConnection: 120 } });
      const [own, general] = [await house.dial('7000', 'own'), await house.dial('3000', 'general')];
      await house.after(119);
      assert.equal(own.endedBy, undefined);
      await house.after(3);
      assert.deepEqual([own.endedBy, general.endedBy], ['max_duration', undefined]);
    }));

  it('PX-42: also for who comes by the attendant, counted from the answer', () =>
    inHouse(async (house) => {
      await house.addRoom('7000', { rules: { longestConnection: 120 } });
      const caller = await house.dial('100', 'caller');
      await house.after(8);
      await caller.presses('7000#');
      assert.equal(caller.at, 'conference:host');
      await house.after(111);
      assert.equal(caller.endedBy, undefined);
      await house.after(3);
      assert.equal(caller.endedBy, 'max_duration');
    }));
});
