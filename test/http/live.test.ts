import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Privilege } from '../../src/domain/privilege.ts';
import type { Room } from '../../src/domain/room.ts';
import { err, ok } from '../../src/lib/result.ts';
import { codeOf, must, type Reply } from './house.ts';
import { OperationsHouse } from './operations-house.ts';

/** Row, method, path after `/rooms/{id}`, body, and the control level it needs (policy.md section 4; `features.md` CO-12 to CO-39). */
type Row = readonly [row: string, method: 'GET' | 'POST', path: string, body: object | undefined, level: 'full' | 'limited', answer?: string];

const table: readonly Row[] = [
  ['CO-12 disconnect', 'POST', '/participants/c1/kick', {}, 'full'],
  ['CO-13 connect', 'POST', '/conference/dial', { uri: 'sip:bob@example.com', role: 'speaker' }, 'full'],
  ['CO-14 end', 'POST', '/conference/end', {}, 'full'],
  ['CO-15 extend', 'POST', '/conference/extend', { seconds: 600 }, 'full'],
  ['CO-16 message to all', 'POST', '/conference/message', { text: 'hello' }, 'full'],
  ['CO-17 layout of the conference', 'POST', '/conference/layout', { layout: '2x2' }, 'full', 'no_video'],
  ['CO-19 names', 'GET', '/participants', undefined, 'limited'],
  ['CO-20 status', 'GET', '/participants/c1', undefined, 'limited'],
  ['CO-21 thumbnail', 'POST', '/participants/c1/thumbnail', {}, 'limited', 'no_video'],
  ['CO-26 mute', 'POST', '/participants/c1/mute', {}, 'limited'],
  ['CO-26 unmute', 'POST', '/participants/c1/unmute', {}, 'limited'],
  ['CO-27 important', 'POST', '/participants/c1/important', { on: true }, 'limited'],
  ['CO-28 allow layout control', 'POST', '/participants/c1/layout-control', { allowed: false }, 'limited', 'no_video'],
  ['CO-29, CO-30 layout of a participant', 'POST', '/participants/c1/layout', { layout: '2x2' }, 'limited', 'no_video'],
  ['CO-31 aspect', 'POST', '/participants/c1/aspect', { aspect: 'wide' }, 'limited', 'no_video'],
  ['CO-32 camera', 'POST', '/participants/c1/camera', { move: 'left' }, 'limited', 'no_video'],
  ['CO-34 gain', 'POST', '/participants/c1/gain', { decibels: -6 }, 'limited'],
  ['CO-35 mute all guests', 'POST', '/conference/mute-guests', {}, 'limited'],
  ['CO-35 mute all', 'POST', '/conference/mute-all', {}, 'limited'],
  ['CO-36 message to one', 'POST', '/participants/c1/message', { text: 'hello' }, 'limited'],
  ['CO-37 statistics', 'GET', '/participants/c1/statistics', undefined, 'limited'],
  ['CO-38 endpoint', 'GET', '/participants/c1/endpoint', undefined, 'limited'],
  ['timers', 'GET', '/timers', undefined, 'limited'],
  ['why', 'GET', '/participants/c1/explain', undefined, 'limited'],
  ['lock', 'POST', '/conference/lock', {}, 'full'],
  ['unlock', 'POST', '/conference/unlock', {}, 'full'],
  ['admit', 'POST', '/participants/c1/admit', {}, 'full'],
  ['refuse', 'POST', '/participants/c1/refuse', {}, 'full'],
  ['promote', 'POST', '/participants/c1/promote', {}, 'full'],
  ['demote', 'POST', '/participants/c1/demote', {}, 'full'],
  ['transfer host', 'POST', '/participants/c1/transfer-host', {}, 'full'],
  ['rename', 'POST', '/participants/c1/rename', { name: 'Bob' }, 'full'],
  ['announce to all', 'POST', '/conference/announce', { text: 'hello' }, 'full'],
  ['announce to one', 'POST', '/participants/c1/announce', { text: 'hello' }, 'limited'],
  ['record', 'POST', '/conference/record/start', {}, 'full'],
  ['recordings', 'GET', '/recordings', undefined, 'full'],
  ['deaf', 'POST', '/participants/c1/deaf', { deaf: true }, 'limited'],
  ['lower hand', 'POST', '/participants/c1/lower-hand', {}, 'limited'],
];

/** CO-07 to CO-10, by hand: the levels each privilege gives over its own and over others' conferences, and what is said to who has none. */
const levels: Readonly<Record<Privilege, { readonly own: readonly string[]; readonly others: readonly string[]; readonly hidden: boolean }>> = {
  administrator: { own: ['limited', 'full'], others: ['limited', 'full'], hidden: false },
  full_control: { own: ['limited', 'full'], others: ['limited', 'full'], hidden: false },
  limited_control: { own: ['limited', 'full'], others: ['limited'], hidden: false },
  creation: { own: ['limited', 'full'], others: [], hidden: false },
  detail: { own: [], others: [], hidden: false },
  list_streaming: { own: [], others: [], hidden: false },
  list: { own: [], others: [], hidden: false },
  room_member: { own: [], others: [], hidden: true },
};

describe('control of conferences by REST: CO-06 to CO-39, each privilege, own and others\' rooms', () => {
  let house: OperationsHouse;
  let others: Room;

  before(async () => {
    house = await OperationsHouse.open();
    await house.api.user('somebody', 'creation');
    others = await house.room({ aliases: ['2000'], owner: 'somebody' });
    inhabit(others.id);
    must(await house.api.stores.decisions.add([{ callId: 'c1', at: 1, stage: 'arrival', rule: 'guest_pin', outcome: 'admit', inputs: { room: others.id } }]));
  });
  beforeEach(() => {
    house.live.answer = ok({ kind: 'done' });
    house.live.commands.length = 0;
  });
  after(() => house.close());

  function inhabit(room: string): void {
    house.live.enters(room, 'c1');
    house.live.endpoints.set('c1', { uri: 'sip:bob@example.com', source: { address: '192.0.2.1', port: 5060, transport: 'udp' }, protocolId: 'x', encrypted: false, dtmf: ['rtp'] });
  }

  const ask = (bearer: string, room: string, [, method, path, body]: Row): Promise<Reply> => house.api.ask(method, `/api/v1/rooms/${room}${path}`, { bearer, ...(body === undefined ? {} : { body }) });

  for (const [privilege, given] of Object.entries(levels) as [Privilege, (typeof levels)[Privilege]][]) {
    it(`${privilege}: own and others'`, async () => {
      const name = `u-${privilege.replaceAll('_', '-')}`;
      const bearer = await house.api.signedIn(name, privilege);
      const mine = given.own.length === 0 ? undefined : await house.room({ aliases: [`30${Object.keys(levels).indexOf(privilege)}`], owner: name });
      const wrong: string[] = [];
      for (const whose of ['own', 'others'] as const) {
        const room = whose === 'own' ? mine : others;
        if (room === undefined) continue;
        if (whose === 'own') {
          house.live.running.clear();
          inhabit(room.id);
          must(await house.api.stores.decisions.add([{ callId: 'c1', at: 2, stage: 'arrival', rule: 'guest_pin', outcome: 'admit', inputs: { room: room.id } }]));
        } else {
          house.live.running.clear();
          inhabit(room.id);
        }
        for (const row of table) {
          house.live.commands.length = 0;
          const reply = await ask(bearer, room.id, row);
          const [label, method, , , level, answer] = row;
          const expected = given[whose].includes(level) ? (answer ?? (method === 'GET' ? 'done 200' : 'done 204')) : given.hidden ? 'room_unknown' : 'not_permitted';
          const got = reply.status < 300 ? `done ${reply.status}` : codeOf(reply);
          if (got !== expected) wrong.push(`${label} ${whose}: ${got}, not ${expected}`);
          if (!expected.startsWith('done') && house.live.commands.length > 0) wrong.push(`${label} ${whose}: reached the conference`);
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  it('without signing in nothing is known of any room', async () => {
    for (const [label, method, path, body] of table) {
      const reply = await house.api.ask(method, `/api/v1/rooms/${others.id}${path}`, body === undefined ? {} : { body });
      assert.equal(codeOf(reply), 'not_signed_in', label);
    }
  });

  it('CO-24: where encryption is required there is no thumbnail, for whatever role, and that is said before no_video', async () => {
    const room = await house.room({ aliases: ['2400'], mediaEncryption: 'required' });
    const bearer = await house.api.signedIn('root24', 'administrator');
    assert.equal(codeOf(await ask(bearer, room.id, ['', 'POST', '/participants/c1/thumbnail', {}, 'limited'])), 'encryption_required');
    const limited = await house.api.signedIn('nobody24', 'creation');
    assert.equal(codeOf(await ask(limited, room.id, ['', 'POST', '/participants/c1/thumbnail', {}, 'limited'])), 'not_permitted');
  });

  it('CO-25: where encryption is optional it is no_video that is said, with 409', async () => {
    const bearer = await house.api.signedIn('root25', 'administrator');
    const reply = await ask(bearer, others.id, ['', 'POST', '/participants/c1/thumbnail', {}, 'limited']);
    assert.deepEqual([reply.status, codeOf(reply)], [409, 'no_video']);
  });

  it('OV-44: an internal member does by its permissions what its privilege does not give', async () => {
    const room = await house.room({ aliases: ['4400'] });
    const bearer = await house.api.signedIn('member44', 'room_member');
    must(await house.api.stores.members.add(room.id, { id: 'member44', kind: 'internal', name: 'Mem', role: 'speaker', overrides: { canMuteOthers: true } }, () => ({ events: [] })));
    house.live.enters(room.id, 'c9');
    assert.equal((await house.api.ask('POST', `/api/v1/rooms/${room.id}/participants/c9/mute`, { bearer, body: {} })).status, 204);
    assert.deepEqual(house.live.commands[0]?.by.kind, 'member');
    assert.equal(codeOf(await house.api.ask('POST', `/api/v1/rooms/${room.id}/participants/c9/kick`, { bearer, body: {} })), 'not_permitted');
  });

  it('a link token controls its own room as its role may, and knows no other', async () => {
    const room = await house.room({ aliases: ['4500'] });
    const bearer = await house.api.token({ kind: 'link', room: room.id, role: 'moderator' });
    const speaker = await house.api.token({ kind: 'link', room: room.id, role: 'speaker' });
    assert.equal((await house.api.ask('POST', `/api/v1/rooms/${room.id}/conference/lock`, { bearer, body: {} })).status, 204);
    assert.equal(codeOf(await house.api.ask('POST', `/api/v1/rooms/${room.id}/conference/lock`, { bearer: speaker, body: {} })), 'not_permitted');
    assert.equal(codeOf(await house.api.ask('POST', `/api/v1/rooms/${others.id}/conference/lock`, { bearer, body: {} })), 'room_unknown');
  });

  it('N-19: moving somebody needs full control of the room he is moved to, too', async () => {
    const target = await house.room({ aliases: ['4600'] });
    const bearer = await house.api.signedIn('mover', 'limited_control');
    const own = await house.room({ aliases: ['4601'], owner: 'mover' });
    const other = await house.room({ aliases: ['4602'], owner: 'mover' });
    const move = (room: string): Promise<Reply> => house.api.ask('POST', `/api/v1/rooms/${own.id}/participants/c1/move`, { bearer, body: { room } });
    assert.equal(codeOf(await move(target.id)), 'target_room_unknown');
    assert.equal(codeOf(await move('none')), 'target_room_unknown');
    assert.deepEqual(house.live.commands, []);
    assert.equal((await move(other.id)).status, 204);
  });

  it('answers the call that is dialled, and the id of a recording', async () => {
    const bearer = await house.api.signedIn('root-d', 'administrator');
    house.live.answer = ok({ kind: 'dialling', call: 'c7' });
    const dialled = await house.api.ask('POST', `/api/v1/rooms/${others.id}/conference/dial`, { bearer, body: { uri: 'sip:x@example.com', role: 'moderator', dtmf: '4711#' } });
    assert.deepEqual([dialled.status, dialled.body], [200, { call: 'c7' }]);
    assert.deepEqual(house.live.commands[0]?.command, { type: 'dial', to: { keepAlive: 'always', redial: 'none', uri: 'sip:x@example.com', role: 'moderator', dtmf: '4711#' } });
    house.live.answer = ok({ kind: 'recording', recording: 'r1' });
    const started = await house.api.ask('POST', `/api/v1/rooms/${others.id}/conference/record/start`, { bearer, body: {} });
    assert.deepEqual([started.status, started.body], [200, { recording: 'r1' }]);
  });

  it('a refusal keeps its code and its advice; an unknown participant is 404', async () => {
    const bearer = await house.api.signedIn('root-r', 'administrator');
    house.live.answer = err({ why: 'target_unknown', advice: 'look again' });
    const reply = await house.api.ask('POST', `/api/v1/rooms/${others.id}/participants/gone/mute`, { bearer, body: {} });
    assert.deepEqual([reply.status, codeOf(reply)], [404, 'target_unknown']);
    assert.match(reply.text, /look again/);
    house.live.answer = err({ why: 'room_closed', advice: '' });
    assert.equal((await house.api.ask('POST', `/api/v1/rooms/${others.id}/participants/c1/admit`, { bearer, body: {} })).status, 409);
  });

  it('commands are in the audit log, without keys and messages', async () => {
    const bearer = await house.api.signedIn('root-a', 'administrator');
    await house.api.ask('POST', `/api/v1/rooms/${others.id}/conference/dial`, { bearer, body: { uri: 'sip:x@example.com', role: 'moderator', dtmf: '98765#' } });
    await house.api.ask('POST', `/api/v1/rooms/${others.id}/conference/message`, { bearer, body: { text: 'between us' } });
    const audit = await house.api.ask('GET', '/api/v1/audit?actor=user:root-a', { bearer });
    assert.match(audit.text, /conference\.dial/);
    assert.match(audit.text, /conference\.message/);
    assert.doesNotMatch(audit.text, /98765|between us/);
  });

  it('policy section 4: GET conference tells state and counts to privilege detail, and nothing to who sees names', async () => {
    house.live.running.clear();
    inhabit(others.id);
    house.live.enters(others.id, 'c2', { place: 'lobby' });
    const detail = await house.api.signedIn('detail1', 'detail');
    const reply = await house.api.ask('GET', `/api/v1/rooms/${others.id}/conference`, { bearer: detail });
    assert.deepEqual(reply.body, { room: others.id, conference: 'conference-1', state: 'open', lock: 'unlocked', guestsMuted: false, recording: 'off', participantCount: 1, waitingCount: 1 });
    const list = await house.api.signedIn('list1', 'list');
    assert.equal(codeOf(await house.api.ask('GET', `/api/v1/rooms/${others.id}/conference`, { bearer: list })), 'not_permitted');
  });

  it('GET timers tells what will happen and when, the next first', async () => {
    house.live.running.clear();
    house.live.enters(others.id, 'c1');
    const bearer = await house.api.signedIn('root-t', 'administrator');
    const reply = await house.api.ask('GET', `/api/v1/rooms/${others.id}/timers`, { bearer });
    assert.deepEqual(reply.body, {
      items: [
        { name: 'maxDuration', dueInSeconds: 60, participant: 'c1', dueAt: '2026-01-01T00:01:00.000Z' },
        { name: 'lone', dueInSeconds: 90, dueAt: '2026-01-01T00:01:30.000Z' },
      ],
    });
  });
});
