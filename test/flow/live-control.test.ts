/** Live control by those who are not in the conference by telephone (policy.md section 4), through the port the API uses. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Commander, ControlCommand } from '../../src/domain/commands.ts';
import type { RoomEvent } from '../../src/domain/events.ts';
import type { CommandOutcome, Level } from '../../src/ports/live.ts';
import { promptMs } from '../fakes/media.ts';
import { guestPin, hostPin, inHouse, type Caller, type House } from './house.ts';

const admin: Commander = { kind: 'user', name: 'admin', level: 'full' };
const limited: Commander = { kind: 'user', name: 'lim', level: 'limited' };

type Told = CommandOutcome | string;

/** What came of it: the outcome, or why it was refused. */
async function command(house: House, alias: string, order: ControlCommand, by: Commander = admin, seconds = 1): Promise<Told> {
  const { id } = await house.room(alias);
  const answered = house.live.command(id, order, by);
  await house.after(seconds);
  const outcome = await answered;
  if (outcome.ok) return outcome.value;
  assert.notEqual(outcome.error.advice, '');
  return outcome.error.why;
}

const done = { kind: 'done' };

/** A host and a guest in room 1000. */
async function meeting(house: House): Promise<readonly [host: Caller, guest: Caller]> {
  const host = await house.dial('1000', 'hanna');
  await host.presses(`${hostPin}#`);
  const guest = await house.dial('1000', 'gus');
  await guest.presses(`${guestPin}#`);
  await house.after(1);
  return [host, guest];
}

const types = (house: House): readonly string[] => house.events.map(({ type }) => type);

describe('live control: what is shown', () => {
  it('CO-19 CO-20: a conference with its participants: role, place, rule, mute causes, hand, how it came, timers', () =>
    inHouse(async (house) => {
      await meeting(house);
      assert.deepEqual(await command(house, '1000', { type: 'mute', target: 'gus' }, limited), done);
      const { id } = await house.room('1000');
      const conference = house.live.conference(id);
      assert.ok(conference !== undefined);
      const { access, lock, guestsMuted, recording, participants } = conference;
      assert.deepEqual([access, lock, guestsMuted, recording, house.live.conferences().length], ['open', 'unlocked', false, 'off', 1]);
      assert.deepEqual(
        participants.map(({ call, role, rule, place, muted, handRaised, protocol, direction, alias, held }) => ({ call, role, rule, place, muted, handRaised, protocol, direction, alias, held })),
        [
          { call: 'hanna', role: 'host', rule: 'host_pin', place: 'conference', muted: { self: false, host: false, policy: false }, handRaised: false, protocol: 'sip', direction: 'in', alias: '1000', held: false },
          { call: 'gus', role: 'guest', rule: 'guest_pin', place: 'conference', muted: { self: false, host: true, policy: false }, handRaised: false, protocol: 'sip', direction: 'in', alias: '1000', held: false },
        ],
      );
      assert.ok(participants[0]?.timers.some(({ name }) => name === 'longest'));
      assert.equal(house.live.roomOf('gus'), id);
      assert.equal(house.live.roomOf('nobody'), undefined);
      assert.deepEqual(house.live.decisions('gus').map(({ stage, rule }) => [stage, rule]).slice(0, 2), [['arrival', 'both_pins'], ['pin', 'guest_pin']]);
    }));

  it('CO-37 CO-38 N-04: statistics and what is known of the far end; of a call that is not there, nothing', () =>
    inHouse(async (house) => {
      await meeting(house);
      assert.equal((await house.live.statistics('gus'))?.packetsLost, 0);
      assert.deepEqual(house.live.details('gus'), { uri: 'sip:gus@caller.example', source: { address: '192.0.2.9', port: 5060, transport: 'udp' }, protocolId: 'gus@caller', codec: 'PCMU', encrypted: false, dtmf: ['rtp'] });
      assert.deepEqual([await house.live.statistics('nobody'), house.live.details('nobody'), house.live.decisions('nobody')], [undefined, undefined, []]);
    }));

  it('CO-33: who speaks is told to who listens, and not kept', () =>
    inHouse(async (house) => {
      const [, guest] = await meeting(house);
      const { id } = await house.room('1000');
      const levels: Level[] = [];
      const live: RoomEvent[] = [];
      const stop = house.live.onLevel(id, (level) => levels.push(level));
      const stopEvents = house.live.onEvent((event) => live.push(event));
      guest.media.handlers.onTalking?.(true, 18);
      assert.deepEqual(levels, [{ room: id, call: 'gus', talking: true, level: 18 }]);
      assert.deepEqual(live.map(({ type }) => type), ['participant.talking']);
      assert.ok(!types(house).includes('participant.talking'));
      stop();
      stopEvents();
      guest.media.handlers.onTalking?.(false, 127);
      assert.deepEqual([levels.length, live.length], [1, 1]);
    }));
});

describe('live control: commands', () => {
  const allowed: readonly (readonly [what: string, order: ControlCommand, by: Commander])[] = [
    ['CO-26: mute one', { type: 'mute', target: 'gus' }, limited],
    ['CO-34: gain', { type: 'setGain', target: 'gus', decibels: 6 }, limited],
    ['deaf', { type: 'setDeaf', target: 'gus', deaf: true }, limited],
    ['all guests muted', { type: 'muteGuests' }, limited],
    ['rename', { type: 'rename', target: 'gus', name: 'Gustav' }, admin],
    ['OVD-09: promote', { type: 'promote', target: 'gus' }, admin],
    ['lock', { type: 'lock' }, admin],
  ];
  for (const [what, order, by] of allowed) {
    it(`${what}: done once it took effect in the mixer`, () =>
      inHouse(async (house) => {
        const [, guest] = await meeting(house);
        assert.deepEqual(await command(house, '1000', order, by), done);
        const { id } = await house.room('1000');
        const gus = house.live.conference(id)?.participants.find(({ call }) => call === 'gus');
        const shown: Readonly<Record<string, unknown>> = {
          mute: guest.media.muted,
          setGain: guest.media.gain,
          setDeaf: guest.media.deaf,
          muteGuests: guest.media.muted,
          rename: gus?.name,
          promote: gus?.role,
          lock: house.live.conference(id)?.lock,
        };
        const wanted: Readonly<Record<string, unknown>> = { mute: 'yes', setGain: 6, setDeaf: 'yes', muteGuests: 'yes', rename: 'Gustav', promote: 'host', lock: 'locked' };
        assert.equal(shown[order.type], wanted[order.type]);
      }));
  }

  const refusals: readonly (readonly [what: string, order: ControlCommand, by: Commander, why: string])[] = [
    ['CO-12: limited control kicks nobody', { type: 'kick', target: 'gus' }, limited, 'not_permitted'],
    ['CO-13: limited control calls nobody', { type: 'dial', to: { uri: 'sip:x@example.com', role: 'speaker', keepAlive: 'always', redial: 'none' } }, limited, 'not_permitted'],
    ['CO-14: limited control ends nothing', { type: 'endForAll' }, limited, 'not_permitted'],
    ['CO-39: no control at all', { type: 'mute', target: 'gus' }, { kind: 'user', name: 'none', level: 'none' }, 'not_permitted'],
    ['CO-16: limited control writes to one, not to all', { type: 'message', to: 'room', text: 'x' }, limited, 'not_permitted'],
    ['limited control records nothing', { type: 'recordStart' }, limited, 'not_permitted'],
    ['a guest records nothing', { type: 'recordStart' }, { kind: 'participant', call: 'gus' }, 'not_permitted'],
    ['a guest moves nobody', { type: 'move', target: 'hanna', room: 'x' }, { kind: 'participant', call: 'gus' }, 'not_permitted'],
    ['a host moves nobody past the PINs of a room he does not control', { type: 'move', target: 'gus', room: 'x' }, { kind: 'participant', call: 'hanna' }, 'not_permitted'],
    ['who is not there gives no commands', { type: 'lock' }, { kind: 'participant', call: 'nobody' }, 'target_unknown'],
    ['nobody of this name', { type: 'kick', target: 'nobody' }, admin, 'target_unknown'],
    ['gain out of range', { type: 'setGain', target: 'gus', decibels: 13 }, admin, 'value_invalid'],
    ['no such room to move to', { type: 'move', target: 'gus', room: 'nowhere' }, admin, 'value_invalid'],
    ['nothing is recorded', { type: 'recordStop' }, admin, 'not_now'],
    ['nothing to go on with', { type: 'recordResume' }, admin, 'not_now'],
    ['neither text nor file', { type: 'announce', to: 'room' }, admin, 'value_invalid'],
    ['both text and file', { type: 'announce', to: 'room', text: 'x', file: 'there.wav' }, admin, 'value_invalid'],
    ['an empty text', { type: 'announce', to: 'room', text: ' ' }, admin, 'value_invalid'],
    ['a text without end', { type: 'announce', to: 'room', text: 'x'.repeat(1_001) }, admin, 'value_invalid'],
    ['no such file', { type: 'announce', to: 'room', file: 'elsewhere.wav' }, admin, 'value_invalid'],
    ['a message without text', { type: 'message', to: { call: 'gus' }, text: '' }, admin, 'value_invalid'],
    ['a message that fits no datagram', { type: 'message', to: { call: 'gus' }, text: 'ü'.repeat(401) }, admin, 'value_invalid'],
    ['a user is in no conference', { type: 'toggleHand' }, admin, 'not_permitted'],
    ['pictures', { type: 'layout', layout: 'grid' }, admin, 'no_video'],
    ['nothing that ends', { type: 'extend', seconds: 600 }, admin, 'not_now'],
  ];
  for (const [what, order, by, why] of refusals) {
    it(`refused: ${what} (${why})`, () =>
      inHouse(async (house) => {
        await meeting(house);
        assert.equal(await command(house, '1000', order, by), why);
      }));
  }

  it('in an empty room: permission first, then not_now', () =>
    inHouse(async (house) => {
      assert.equal(await command(house, '1000', { type: 'lock' }), 'not_now');
      assert.equal(await command(house, '1000', { type: 'lock' }, limited), 'not_permitted');
      assert.equal(await command(house, '1000', { type: 'lock' }, { kind: 'participant', call: 'x' }), 'target_unknown');
      const gone = await house.live.command('no-such-room', { type: 'lock' }, admin);
      assert.ok(!gone.ok);
    }));

  it('CO-14: the end for all stops what is recorded; CO-12: one is kicked', () =>
    inHouse(async (house) => {
      const [host, guest] = await meeting(house);
      assert.deepEqual(await command(house, '1000', { type: 'kick', target: 'gus' }, admin, 5), done);
      assert.deepEqual([guest.endedBy, host.at], ['kicked', 'conference:host']);
      assert.equal(typeof (await command(house, '1000', { type: 'recordStart' })), 'object');
      assert.deepEqual(await command(house, '1000', { type: 'endForAll' }, admin, 5), done);
      assert.equal(host.endedBy, 'host_ended');
      assert.ok(types(house).length > 0);
      const listed = await house.stores.recordings.list({ limit: 5 });
      assert.deepEqual(listed.ok && listed.value.items.map(({ state }) => state), ['complete']);
    }));

  it('OV-46: who is no member any more is out at once', () =>
    inHouse(async (house) => {
      const [, guest] = await meeting(house);
      const { id } = await house.room('1000');
      house.live.memberRemoved(id, 'somebody-else');
      await house.after(1);
      assert.equal(guest.at, 'conference:guest');
    }));
});

describe('live control: moving (N-19)', () => {
  it('to another room and back: mute, gain and name are kept, and the role in the room it comes back to', () =>
    inHouse(async (house) => {
      const [host] = await meeting(house);
      const from = await house.room('1000');
      const to = await house.room('3000');
      await command(house, '1000', { type: 'mute', target: 'hanna' });
      await command(house, '1000', { type: 'setGain', target: 'hanna', decibels: -6 });
      await command(house, '1000', { type: 'rename', target: 'hanna', name: 'Hanna B.' });
      host.heard();
      assert.deepEqual(await command(house, '1000', { type: 'move', target: 'hanna', room: to.id }), done);
      const [there] = house.live.conference(to.id)?.participants ?? [];
      assert.deepEqual([there?.call, there?.name, there?.role, there?.rule, there?.muted.host, there?.gain], ['hanna', 'Hanna B.', 'host', 'no_pins', true, -6]);
      assert.deepEqual([host.media.conference, host.media.muted, host.media.gain, host.leg.state], [to.id, 'yes', -6, 'answered']);
      assert.deepEqual(host.heard(), ['conference:first_alone', 'conference:muted_by_host']);
      assert.deepEqual(house.who('1000'), ['gus@conference:guest']);
      assert.ok(house.participants('1000').length === 1 && house.registry.roomStatus().some(({ timers }) => timers.some(({ name }) => name === 'guestsOnly')), 'the last host has left');

      assert.deepEqual(await command(house, '3000', { type: 'move', target: 'hanna', room: from.id }), done);
      const back = house.live.conference(from.id)?.participants.find(({ call }) => call === 'hanna');
      assert.deepEqual([back?.role, back?.rule, back?.hostBy, back?.muted.host, back?.gain], ['host', 'host_pin', 'pin', true, -6]);
      assert.equal(house.live.conference(to.id), undefined);
      assert.deepEqual(house.events.filter(({ type }) => type === 'participant.moved').map(({ data }) => data), [{ to: to.id, outcome: 'moved' }, { to: from.id, outcome: 'moved' }]);
      assert.deepEqual(house.events.flatMap((event) => (event.type === 'participant.left' ? [event.data.reason] : [])), ['moved', 'moved']);
      const [record] = await house.records();
      assert.equal(record?.['room_id'], from.id);
    }));

  it('into a room it would be asked for a PIN of: as a guest, who waits for a host; its keys are for the room it is in', () =>
    inHouse(async (house) => {
      const [, guest] = await meeting(house);
      const to = await house.room('2000');
      assert.deepEqual(await command(house, '1000', { type: 'move', target: 'gus', room: to.id }), done);
      assert.deepEqual(house.who('2000'), ['gus@lobby:guest']);
      assert.equal(house.live.conference(to.id)?.participants[0]?.rule, 'moved');
      await guest.presses('*1');
      await guest.presses(`${hostPin}#`);
      await house.after(2 * promptMs / 1_000);
      assert.equal(guest.at, 'conference:host');
      assert.deepEqual(house.who('1000'), ['hanna@conference:host']);
    }));

  it('the other room is full: it stays where it is, and heard nothing of it', () =>
    inHouse(async (house) => {
      const [, guest] = await meeting(house);
      const full = await house.addRoom('7000', { participantLimit: 1 });
      await house.dial('7000', 'one');
      await house.after(3);
      guest.heard();
      assert.equal(await command(house, '1000', { type: 'move', target: 'gus', room: full.id }), 'full');
      assert.deepEqual([guest.at, guest.media.conference, guest.heard()], ['conference:guest', (await house.room('1000')).id, []]);
      assert.deepEqual(house.who('7000'), ['one@conference:host']);
      assert.deepEqual(house.events.flatMap((event) => (event.type === 'participant.moved' ? [event.data.outcome] : [])), ['returned']);
      assert.deepEqual(await command(house, '1000', { type: 'mute', target: 'gus' }), done);
      assert.equal(guest.media.muted, 'yes');
    }));

  it('the mixer does not take it: it is put back, muted as it is to be by then', () =>
    inHouse(async (house) => {
      const [, guest] = await meeting(house);
      const [from, to] = [await house.room('1000'), await house.room('3000')];
      house.points.hold('join');
      const moving = house.live.command(from.id, { type: 'move', target: 'gus', room: to.id }, admin);
      await house.after(0);
      assert.equal(guest.media.conference, undefined);
      house.registry.actor(from.id)?.post({ type: 'command', by: admin, command: { type: 'mute', target: 'gus' } });
      house.media.joinFailure = 'join_failed';
      house.media.joinFailures = 1;
      house.points.letGo();
      await house.after(1);
      assert.deepEqual(await moving.then((outcome) => outcome.ok || outcome.error.why), 'failed');
      assert.deepEqual([guest.at, guest.media.conference, guest.media.muted], ['conference:guest', from.id, 'yes']);
      assert.equal(house.live.conference(to.id), undefined);
    }));

  it('it cannot be put back either: the call is ended, and nothing is left', () =>
    inHouse(async (house) => {
      const [, guest] = await meeting(house);
      house.media.joinFailure = 'join_failed';
      assert.equal(await command(house, '1000', { type: 'move', target: 'gus', room: (await house.room('3000')).id }, admin, 5), 'failed');
      assert.equal(guest.endedBy, 'media_lost');
      assert.deepEqual(house.who('1000'), ['hanna@conference:host']);
    }));

  for (const how of ['hangs up', 'is kicked'] as const) {
    it(`it ${how} on the way: gone from both rooms`, () =>
      inHouse(async (house) => {
        const [, guest] = await meeting(house);
        const [from, to] = [await house.room('1000'), await house.room('3000')];
        house.points.hold('join');
        const moving = house.live.command(from.id, { type: 'move', target: 'gus', room: to.id }, admin);
        await house.after(0);
        if (how === 'hangs up') await guest.hangsUp();
        else house.registry.actor(from.id)?.post({ type: 'command', by: admin, command: { type: 'kick', target: 'gus' } });
        house.points.letGo();
        await house.after(5);
        assert.ok(!(await moving).ok);
        assert.equal(guest.endedBy ?? 'gone', how === 'hangs up' ? 'gone' : 'kicked');
        assert.deepEqual([house.who('1000'), house.who('3000')], [['hanna@conference:host'], []]);
      }));
  }

  it('where it is already, and while it is moved: refused', () =>
    inHouse(async (house) => {
      await meeting(house);
      const [from, to] = [await house.room('1000'), await house.room('3000')];
      assert.equal(await command(house, '1000', { type: 'move', target: 'gus', room: from.id }), 'value_invalid');
      house.points.hold('join');
      const moving = house.live.command(from.id, { type: 'move', target: 'gus', room: to.id }, admin);
      await house.after(0);
      assert.equal(await command(house, '1000', { type: 'move', target: 'gus', room: to.id }), 'not_now');
      house.points.letGo();
      await house.after(1);
      assert.ok((await moving).ok);
    }));

  it('PXD-35: from a call in the clear no move into a room for encrypted ones', () =>
    inHouse(async (house) => {
      await meeting(house);
      const secret = await house.addRoom('8000', { mediaEncryption: 'required' });
      assert.equal(await command(house, '1000', { type: 'move', target: 'gus', room: secret.id }), 'encryption_required');
    }));
});

describe('live control: recording', () => {
  const recordings = async (house: House): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const listed = await house.stores.recordings.list({ limit: 10 });
    assert.ok(listed.ok);
    return listed.value.items.map(({ state, bytes, endedAt }) => ({ state, bytes, ended: endedAt !== undefined }));
  };
  /** Events that are kept, of the store: what the recorder writes is written with its rows. */
  const kept = async (house: House): Promise<readonly string[]> => {
    const stored = await house.stores.events.after(0, { limit: 100 });
    assert.ok(stored.ok);
    return stored.value.map(({ event }) => event.type).filter((type) => type.startsWith('recording'));
  };

  it('begun, paused, resumed, stopped: each when the mixer has done it, in the books and as events', () =>
    inHouse(async (house) => {
      await meeting(house);
      const { id } = await house.room('1000');
      const told: string[] = [];
      house.live.onEvent(({ type }) => told.push(type));
      const state = (): unknown => house.live.conference(id)?.recording;
      const started = await command(house, '1000', { type: 'recordStart' });
      assert.ok(typeof started === 'object' && started.kind === 'recording');
      assert.equal(state(), 'on');
      assert.equal(await command(house, '1000', { type: 'recordStart' }), 'not_now');
      assert.equal(await command(house, '1000', { type: 'recordResume' }), 'not_now');
      assert.deepEqual(await command(house, '1000', { type: 'recordPause' }), started);
      assert.deepEqual([state(), await recordings(house)], ['paused', [{ state: 'paused', bytes: 0, ended: false }]]);
      assert.deepEqual(await command(house, '1000', { type: 'recordResume' }), started);
      house.recordedBytes = 4_711;
      assert.deepEqual(await command(house, '1000', { type: 'recordStop' }), started);
      assert.deepEqual([state(), await recordings(house)], ['off', [{ state: 'complete', bytes: 4_711, ended: true }]]);
      const all = ['recording.started', 'recording.paused', 'recording.resumed', 'recording.stopped'];
      assert.deepEqual([await kept(house), told.filter((type) => type.startsWith('recording'))], [all, all]);
    }));

  it('the mixer does not record: failed, and nothing in the books', () =>
    inHouse(async (house) => {
      await meeting(house);
      house.media.recordFailure = 'failed';
      assert.equal(await command(house, '1000', { type: 'recordStart' }), 'failed');
      assert.deepEqual([await recordings(house), await kept(house)], [[], []]);
      house.media.recordFailure = undefined;
      assert.equal(typeof (await command(house, '1000', { type: 'recordStart' })), 'object', 'the next one is begun');
    }));

  it('it ends before its time: failed in the books', () =>
    inHouse(async (house) => {
      await meeting(house);
      await command(house, '1000', { type: 'recordStart' });
      for (const recording of house.media.recordings.values()) recording.end('failed');
      await house.after(1);
      assert.deepEqual(await recordings(house), [{ state: 'failed', bytes: 0, ended: true }]);
    }));

  it('the disk limit: what is under way is stopped, and nothing begins until there is room', () =>
    inHouse(
      async (house) => {
        await meeting(house);
        assert.equal(typeof (await command(house, '1000', { type: 'recordStart' })), 'object');
        house.recordedBytes = 999;
        await house.after(11);
        assert.equal((await recordings(house))[0]?.['state'], 'active');
        house.recordedBytes = 1_000;
        await house.after(11);
        assert.deepEqual(await recordings(house), [{ state: 'complete', bytes: 1_000, ended: true }]);
        assert.equal(await command(house, '1000', { type: 'recordStart' }), 'storage_full');
      },
      { environment: { VESTIBULE_RECORDING_MAX_BYTES: '1000' } },
    ));

  it('what a former process left under way is over', () =>
    inHouse(async (house) => {
      const { id } = await house.room('1000');
      await house.stores.recordings.add({ id: 'left', roomId: id, conferenceId: 'c', startedAt: 1, bytes: 0, path: 'left.wav', state: 'paused' }, () => ({ events: [] }));
      house.recordedBytes = 9;
      await house.recorder.closeLeftOpen();
      assert.deepEqual(await recordings(house), [{ state: 'complete', bytes: 9, ended: true }]);
    }));
});

describe('live control: announcements and messages', () => {
  it('a text is made to speech and said to all; its file is gone afterwards', () =>
    inHouse(async (house) => {
      await meeting(house);
      assert.deepEqual(await command(house, '1000', { type: 'announce', to: 'room', text: 'Five minutes left' }), done);
      assert.deepEqual(house.media.announced.at(-1)?.keys, ['spoken:Five minutes left']);
      await house.after(2);
      assert.equal(house.spoken, 0);
    }));

  it('a file is said to one, in the conference or in the lobby', () =>
    inHouse(async (house) => {
      const [host, guest] = await meeting(house);
      const waiting = await house.dial('2000', 'waiter');
      await waiting.presses('#');
      await house.after(1);
      for (const caller of [host, guest, waiting]) caller.heard();
      assert.deepEqual(await command(house, '1000', { type: 'announce', to: { call: 'gus' }, file: 'there.wav' }, limited), done);
      assert.deepEqual(await command(house, '2000', { type: 'announce', to: { call: 'waiter' }, file: 'there.wav' }), done);
      assert.deepEqual([host.heard(), guest.heard(), waiting.heard().filter((sound) => sound !== '(music)')], [[], ['conference:/there.wav'], ['/there.wav']]);
    }));

  for (const failure of ['no_speech', 'failed'] as const) {
    it(`nothing makes speech of it: ${failure}`, () =>
      inHouse(async (house) => {
        await meeting(house);
        house.speechFailure = failure;
        assert.equal(await command(house, '1000', { type: 'announce', to: 'room', text: 'x' }), failure);
      }));
  }

  it('four at a time in one room, no more', () =>
    inHouse(async (house) => {
      await meeting(house);
      const { id } = await house.room('1000');
      house.points.hold('speech');
      const answers = Array.from({ length: 5 }, () => house.live.command(id, { type: 'announce', to: 'room', text: 'x' }, admin));
      await house.after(0);
      house.points.letGo();
      await house.after(1);
      const outcomes = await Promise.all(answers);
      assert.deepEqual(outcomes.map((outcome) => (outcome.ok ? 'done' : outcome.error.why)), ['done', 'done', 'done', 'done', 'not_now']);
      await house.after(2);
    }));
});
