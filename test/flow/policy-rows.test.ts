import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Commander } from '../../src/domain/commands.ts';
import { Pin } from '../../src/domain/pin-format.ts';
import { controlLevel, ownership, type Privilege } from '../../src/domain/privilege.ts';
import type { RoomSettings } from '../../src/domain/room.ts';
import { newUser } from '../../src/domain/user.ts';
import { guestPin, hostPin, inHouse, wrongPin, type Caller, type House } from './house.ts';

/** Rows of the policy that show only when the actors, the store and the clock play together. */

const untold = () => ({ events: [] });
const admin: Commander = { kind: 'user', name: 'root', level: 'full' };

async function enter(house: House, alias: string, name: string, pin: string): Promise<Caller> {
  const caller = await house.dial(alias, name);
  await caller.presses(`${pin}#`);
  return caller;
}

async function change(house: House, alias: string, settings: Partial<RoomSettings>): Promise<void> {
  const room = await house.room(alias);
  const changed = await house.stores.rooms.change(room.id, undefined, { settings: { ...room, ...settings } }, untold);
  assert.ok(changed.ok, JSON.stringify(changed));
  house.registry.roomChanged(changed.value);
  await house.after(0);
}

async function addUser(house: House, name: string): Promise<void> {
  const added = await house.stores.users.add(newUser({ name, display: '', privilege: 'creation' }, 0), untold);
  assert.ok(added.ok, JSON.stringify(added));
}

const opened = (house: House): number => house.events.filter(({ type }) => type === 'conference.opened').length;

describe('host and guest PINs (PX)', () => {
  it('PX-04 PX-24: three wait, the first host lets them in, the fourth enters at once', () =>
    inHouse(async (house) => {
      const waiters = [await enter(house, '1000', 'ada', guestPin), await enter(house, '1000', 'ben', guestPin), await enter(house, '1000', 'cem', guestPin)];
      assert.deepEqual([waiters.map(({ at }) => at), opened(house)], [['lobby:guest', 'lobby:guest', 'lobby:guest'], 0]);
      await enter(house, '1000', 'hanna', hostPin);
      const fourth = await enter(house, '1000', 'dan', guestPin);
      assert.deepEqual([[...waiters, fourth].map(({ at }) => at), opened(house)], [['conference:guest', 'conference:guest', 'conference:guest', 'conference:guest'], 1]);
    }));

  it('PX-08: neither guest PIN, nor `#`, nor time opens a room with a host PIN', () =>
    inHouse(async (house) => {
      await enter(house, '1000', 'ada', guestPin);
      await enter(house, '2000', 'ben', '');
      await house.after(14 * 60);
      assert.deepEqual([house.who('1000'), house.who('2000'), opened(house)], [['ada@lobby:guest'], ['ben@lobby:guest'], 0]);
      await house.after(2 * 60);
      assert.deepEqual([house.who('1000'), house.who('2000'), opened(house)], [[], [], 0]);
    }));

  it('PX-09: two who were told the host PIN are hosts both, and each of the two calls has its decision', () =>
    inHouse(async (house) => {
      assert.equal((await enter(house, '1000', 'hanna', hostPin)).at, 'conference:host');
      assert.equal((await enter(house, '1000', 'trusted', hostPin)).at, 'conference:host');
      assert.deepEqual(house.decisions.filter(({ rule }) => rule === 'host_pin').map(({ callId }) => callId), ['hanna', 'trusted']);
    }));

  it('PX-12: without proof a telephone is asked as long as the room is closed, whoever owns it; open, it is not', () =>
    inHouse(async (house) => {
      await addUser(house, 'olga');
      await house.addRoom('5000', { host: hostPin, owner: 'olga' });
      assert.equal((await house.dial('5000', 'olga')).at, 'pin');
      assert.equal((await house.dial('5000', 'olga-proven', undefined, { identity: 'olga' })).at, 'conference:host');
      assert.equal((await house.dial('5000', 'olga-mobile')).at, 'conference:guest');
    }));

  it('PX-15: nothing that is keyed changes a PIN', () =>
    inHouse(async (house) => {
      const before = await house.room('1000');
      await enter(house, '1000', 'gus', guestPin);
      for (let code = 0; code < 100; code++) {
        // `*94 3` is the end for all.
        if (code === 94) continue;
        const owner = await house.dial('1000', `owner${code}`, undefined, { identity: 'root' });
        await owner.presses(`*${code}${wrongPin}#`);
        await owner.hangsUp();
      }
      assert.deepEqual(await house.room('1000'), before);
      assert.equal((await enter(house, '1000', 'hanna', hostPin)).at, 'conference:host');
      assert.match((await enter(house, '1000', 'gina', guestPin)).at, /:guest$/);
    }));

  it('PX-16: PINs changed in the meeting: who is there stays as he is, who is asked and who comes needs the new ones', () =>
    inHouse(async (house) => {
      const [hanna, gus] = [await enter(house, '1000', 'hanna', hostPin), await enter(house, '1000', 'gus', guestPin)];
      const asked = await house.dial('1000', 'asked');
      await house.setPins('1000', { host: '975310', guest: '246803' });
      assert.deepEqual([hanna.at, gus.at], ['conference:host', 'conference:guest']);
      await asked.presses(`${guestPin}#`);
      assert.equal(asked.at, 'pin');
      await asked.presses('246803#');
      assert.equal(asked.at, 'conference:guest');
      assert.equal((await enter(house, '1000', 'late', hostPin)).at, 'pin');
      assert.equal((await enter(house, '1000', 'later', '975310')).at, 'conference:host');
    }));

  it('PX-16: in the lobby a role stays, too; with the host PIN gone the room opens', () =>
    inHouse(async (house) => {
      const gus = await enter(house, '1000', 'gus', guestPin);
      await house.setPins('1000', { guest: null });
      assert.equal(gus.at, 'lobby:guest');
      await house.setPins('1000', { host: null });
      assert.equal(gus.at, 'conference:guest');
    }));

  it('PX-23 PX-27..31: whoever is in a room or its lobby is host or guest, by the rule that let him in', () =>
    inHouse(async (house) => {
      for (const name of ['ann', 'bob']) await house.dial('3000', name);
      await enter(house, '2000', 'carl', '');
      await enter(house, '2000', 'hanna', hostPin);
      await house.dial('2000', 'dora');
      await enter(house, '1000', 'emil', guestPin);
      await house.dial('1000', 'root', undefined, { identity: 'root' });
      const all = ['3000', '2000', '1000'].flatMap((alias) => house.participants(alias).map(({ caller, role, rule }) => `${caller} ${role} ${rule}`));
      assert.deepEqual(all, [
        'ann host no_pins',
        'bob host no_pins',
        'carl guest host_pin_only_no_pin',
        'hanna host host_pin',
        'dora guest host_pin_only_open',
        'emil guest guest_pin',
        'root host administrator',
      ]);
    }));

  it('PX-26: the same call gets the same, by whatever protocol it comes', async () => {
    const stories: (readonly (string | undefined)[])[] = [];
    for (const protocol of ['sip', 'h323'] as const) {
      await inHouse(async (house) => {
        const direct = await house.dial('3000', 'direct', undefined, { protocol });
        const guest = await house.dial('1000', 'guest', undefined, { protocol });
        await guest.presses(`${guestPin}#`);
        const waited = guest.at;
        const host = await house.dial('1000', 'host', undefined, { protocol });
        await host.presses(`${hostPin}#`);
        const unknown = await house.dial('4444', 'unknown', undefined, { protocol });
        const wrong = await house.dial('2000', 'wrong', undefined, { protocol });
        await wrong.presses(`${wrongPin}#`.repeat(3));
        await house.after(5);
        stories.push([direct.at, waited, guest.at, host.at, unknown.endedBy, wrong.endedBy, ...house.decisions.map(({ rule }) => rule)]);
      });
    }
    assert.deepEqual(stories[0], stories[1]);
    assert.deepEqual(stories[0]?.slice(0, 6), ['conference:host', 'lobby:guest', 'conference:guest', 'conference:host', 'unknown_alias', 'pin_failed']);
  });

  it('PX-37: five minutes to the second, also when the last host was demoted; the host counts who is in, not who waits', () =>
    inHouse(async (house) => {
      const [hanna, gus] = [await enter(house, '1000', 'hanna', hostPin), await enter(house, '1000', 'gus', guestPin)];
      const { id } = await house.room('1000');
      assert.equal(await house.command(id, { type: 'promote', target: 'gus' }, admin), 'done');
      await hanna.hangsUp();
      await house.after(600);
      assert.equal(gus.at, 'conference:host');
      assert.equal(await house.command(id, { type: 'demote', target: 'gus' }, admin), 'done');
      await house.after(299.9);
      assert.equal(gus.at, 'conference:guest');
      await house.after(0.2);
      assert.equal(gus.endedBy, 'guests_only_timeout');
    }));

  it('PX-37 PX-39 PX-40: a room without a host PIN never cuts guests; alone for four hours is alone', () =>
    inHouse(
      async (house) => {
        const [ann, bob] = [await house.dial('3000', 'ann'), await house.dial('3000', 'bob')];
        await house.after(5 * 3_600);
        await ann.hangsUp();
        await house.after(4 * 3_600 - 1);
        assert.equal(bob.at, 'conference:host');
        await house.after(2);
        assert.equal(bob.endedBy, 'lonely_timeout');
      },
      { environment: { VESTIBULE_ENDING_NO_MEDIA: '0' } },
    ));

  it('PX-41 PX-42: both rules also count at the prompt and in the lobby', () =>
    inHouse(
      async (house) => {
        const gus = await enter(house, '1000', 'gus', guestPin);
        await house.after(30);
        gus.media.packets = 'none';
        await house.after(126);
        assert.equal(gus.endedBy, 'no_media');
        const ben = await enter(house, '1000', 'ben', guestPin);
        await house.after(605);
        assert.equal(ben.endedBy, 'max_duration');
      },
      { environment: { VESTIBULE_ENDING_LONGEST_CONNECTION: '600' } },
    ));
});

describe('links, members and users (OV)', () => {
  it('OV-01 OV-02: two ways beside each other: a link admits whoever has it, an account whoever proves it; neither asks for a PIN', () =>
    inHouse(async (house) => {
      await addUser(house, 'olga');
      const room = await house.addRoom('5000', { host: hostPin, guest: guestPin, owner: 'olga' });
      const links = await house.stores.rooms.links(room.id);
      assert.ok(links.ok);
      await house.dial('5000', 'olga', undefined, { identity: 'olga' });
      await house.dial('5000', 'mona', undefined, { credential: links.value.moderator });
      await house.dial('5000', 'sam', undefined, { credential: links.value.speaker });
      assert.deepEqual(house.participants('5000').map(({ caller, place, role, rule }) => [caller, place, role, rule]), [
        ['olga', 'conference', 'host', 'owner'],
        ['mona', 'conference', 'host', 'moderator_link'],
        ['sam', 'conference', 'guest', 'speaker_link'],
      ]);
      // The permissions of the link: a moderator locks, a speaker does not.
      assert.equal(await house.command(room.id, { type: 'lock' }, { kind: 'participant', call: 'sam' }), 'not_permitted');
      assert.equal(await house.command(room.id, { type: 'lock' }, { kind: 'participant', call: 'mona' }), 'done');
    }));

  it('OV-32 OV-35: a member is somebody: his own PIN gives his name, role and permissions, whatever the telephone says; taken back, it gives nothing', () =>
    inHouse(async (house) => {
      const { id } = await house.room('1000');
      for (const [member, name, pin] of [['ext-eva', 'Eva', '531864'], ['ext-ivo', 'Ivo', '702946']] as const) {
        const added = await house.stores.members.add(id, { id: member, kind: 'external', name, role: 'moderator', overrides: { canLock: false }, pin: new Pin(pin) }, untold);
        assert.ok(added.ok, JSON.stringify(added));
      }
      for (const [caller, pin] of [['0301', '531864'], ['0302', '702946']] as const) await enter(house, '1000', caller, pin);
      assert.deepEqual(house.who('1000'), ['Eva@conference:host', 'Ivo@conference:host']);
      assert.equal(await house.command(id, { type: 'lock' }, { kind: 'participant', call: '0301' }), 'not_permitted');
      assert.equal(await house.command(id, { type: 'mute', target: '0302' }, { kind: 'participant', call: '0301' }), 'done');
      assert.ok((await house.stores.members.remove(id, ['ext-eva'], untold)).ok);
      house.registry.memberRemoved(id, 'ext-eva');
      await house.after(1);
      assert.deepEqual(house.who('1000'), ['Ivo@conference:host']);
      assert.equal((await enter(house, '1000', '0301 again', '531864')).at, 'pin');
    }));

  it('OV-05 OV-34: speakers switched off while it runs: the guest PIN is a wrong PIN from then on, the host PIN is not, nobody is dropped', () =>
    inHouse(async (house) => {
      const [, gus] = [await enter(house, '1000', 'hanna', hostPin), await enter(house, '1000', 'gus', guestPin)];
      await change(house, '1000', { anonymous: { moderator: { enabled: true }, speaker: { enabled: false } } });
      assert.equal(gus.at, 'conference:guest');
      assert.equal((await enter(house, '1000', 'late', guestPin)).at, 'pin');
      assert.equal((await enter(house, '1000', 'henry', hostPin)).at, 'conference:host');
      await change(house, '1000', { anonymous: { moderator: { enabled: true }, speaker: { enabled: true } } });
      assert.equal((await enter(house, '1000', 'later', guestPin)).at, 'conference:guest');
    }));

  it('OV-29 CO-44: a user deleted owns nothing: his proof is worth no more than anybody\'s', () =>
    inHouse(async (house) => {
      await addUser(house, 'olga');
      await house.addRoom('5000', { host: hostPin, guest: guestPin, owner: 'olga' });
      const removed = await house.stores.users.remove(['olga'], untold);
      assert.ok(removed.ok, JSON.stringify(removed));
      assert.equal((await house.room('5000')).owner, undefined);
      assert.equal((await house.dial('5000', 'olga', undefined, { identity: 'olga' })).at, 'pin');
    }));
});

describe('ownership and control (CO)', () => {
  const by = (user: string, privilege: Privilege, owner: string | undefined): Commander => ({ kind: 'user', name: user, level: controlLevel(privilege, ownership(user, owner)) });

  it('CO-01 CO-02 CO-03: a scheduled conference has an owner, who controls it from outside; its end is spoken of and comes', () =>
    inHouse(async (house) => {
      await addUser(house, 'olga');
      const start = new Date(house.clock.now() + 60_000).toISOString().slice(0, 19);
      const room = await house.addRoom('5000', { host: hostPin, owner: 'olga', schedule: { start, timeZone: 'UTC', durationMs: 1_800_000, rrule: 'FREQ=DAILY' } });
      const hanna = await enter(house, '5000', 'hanna', hostPin);
      await house.after(60);
      assert.equal(hanna.at, 'conference:host');
      assert.equal(await house.command(room.id, { type: 'lock' }, by('eve', 'creation', room.owner)), 'not_permitted');
      assert.equal(await house.command(room.id, { type: 'lock' }, by('olga', 'creation', room.owner)), 'done');
      await house.after(30 * 60 + 1);
      assert.equal(hanna.endedBy, 'schedule_ended');
      // The next day it is there again.
      await house.after(24 * 3_600 - 30 * 60);
      assert.equal((await enter(house, '5000', 'hanna again', hostPin)).at, 'conference:host');
    }));

  it('CO-06..11 CO-19 CO-20 CO-39: who sees and does what, own and others\', with the same conference running', () =>
    inHouse(async (house) => {
      const { id } = await house.room('3000');
      await house.dial('3000', 'ann');
      await house.dial('3000', 'bob');
      const outcome = async (privilege: Privilege, owner: string): Promise<readonly string[]> => {
        const commander = by('me', privilege, owner);
        return [await house.command(id, { type: 'mute', target: 'bob' }, commander), await house.command(id, { type: 'rename', target: 'bob', name: 'Bob' }, commander)];
      };
      const [full, limited, none] = [['done', 'done'], ['done', 'not_permitted'], ['not_permitted', 'not_permitted']] as const;
      const rows: readonly (readonly [privilege: Privilege, own: readonly string[], others: readonly string[]])[] = [
        ['administrator', full, full],
        ['full_control', full, full],
        ['limited_control', full, limited],
        ['creation', full, none],
        ['detail', none, none],
        ['list_streaming', none, none],
        ['list', none, none],
        ['room_member', none, none],
      ];
      for (const [privilege, ownOutcome, othersOutcome] of rows) assert.deepEqual([await outcome(privilege, 'me'), await outcome(privilege, 'you')], [ownOutcome, othersOutcome], privilege);
      // Names and the state of each, for those who may see them.
      assert.deepEqual(house.participants('3000').map(({ caller, place, role, audio }) => [caller, place, role, audio]), [
        ['ann', 'conference', 'host', 'live'],
        ['Bob', 'conference', 'host', 'muted'],
      ]);
    }));

  it('CO-14 CO-16 CO-26 CO-27 CO-34: full control ends it for all; limited mutes one, sets its gain and makes it the important one', () =>
    inHouse(async (house) => {
      const { id } = await house.room('3000');
      const [ann, bob] = [await house.dial('3000', 'ann'), await house.dial('3000', 'bob')];
      const limited: Commander = { kind: 'user', name: 'lim', level: 'limited' };
      for (const command of [{ type: 'mute', target: 'bob' }, { type: 'setGain', target: 'bob', decibels: -6 }, { type: 'important', target: 'bob', on: true }] as const) {
        assert.equal(await house.command(id, command, limited), 'done', command.type);
      }
      assert.deepEqual([bob.media.muted, bob.media.gain, ann.media.muted, ann.media.gain], ['yes', -6, 'no', 0]);
      assert.ok(house.events.some(({ type, data }) => type === 'participant.changed' && 'important' in data));
      for (const command of [{ type: 'message', to: 'room', text: 'hello' }, { type: 'endForAll' }, { type: 'kick', target: 'bob' }] as const) {
        assert.equal(await house.command(id, command, limited), 'not_permitted', command.type);
      }
      assert.equal(await house.command(id, { type: 'endForAll' }, admin), 'done');
      await house.after(3);
      assert.deepEqual([ann.endedBy, bob.endedBy], ['host_ended', 'host_ended']);
    }));
});
