import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Commander } from '../../../src/domain/commands.ts';
import type { ConferenceCommand } from '../../../src/domain/conference-commands.ts';
import type { RoomRules } from '../../../src/domain/policy.ts';
import { bothPins, minute, noPins, second } from './fixtures.ts';
import { Meeting } from './meeting.ts';

const admin: Commander = { kind: 'user', name: 'root', level: 'full' };
const limited: Commander = { kind: 'user', name: 'lim', level: 'limited' };

function running(room: RoomRules = bothPins): Meeting {
  const meeting = new Meeting(room).host('h1').guest('g1', 'g2');
  meeting.heard();
  return meeting;
}

/** What comes of a command, the answer last. */
const outcome = (meeting: Meeting, command: ConferenceCommand, by: Commander = admin): readonly string[] => meeting.orders(by, command, 'q').heard();
const answer = (meeting: Meeting, command: ConferenceCommand, by: Commander = admin): string | undefined => outcome(meeting, command, by).at(-1);

describe('control of participants, policy sections 3 and 4', () => {
  it('CO-26 N-12: mute and unmute one; who muted himself stays muted', () => {
    const meeting = running();
    assert.deepEqual(outcome(meeting, { type: 'mute', target: 'g1' }, limited), ['mute g1', 'g1 hears muted_by_host', 'answer q done']);
    meeting.does('g1', 'toggleMuteSelf');
    assert.deepEqual(meeting.heard(), ['g1 hears muted_by_host']);
    assert.deepEqual(outcome(meeting, { type: 'unmute', target: 'g1' }), ['unmute g1', 'g1 hears unmuted_by_host', 'answer q done']);
    meeting.does('g1', 'toggleMuteSelf').heard();
    assert.deepEqual(outcome(meeting, { type: 'unmute', target: 'g1' }), ['g1 hears unmuted_by_host', 'answer q done']);
    assert.deepEqual(meeting.participant('g1').muted, { self: true, host: false, policy: false });
  });

  it('everybody mutes and unmutes himself, as himself', () => {
    const meeting = running();
    const g1: Commander = { kind: 'participant', call: 'g1' };
    assert.deepEqual(outcome(meeting, { type: 'mute', target: 'g1' }, g1), ['mute g1', 'g1 hears muted', 'answer q done']);
    assert.equal(meeting.participant('g1').muted.self, true);
    assert.deepEqual(outcome(meeting, { type: 'unmute', target: 'g1' }, g1), ['unmute g1', 'g1 hears unmuted', 'answer q done']);
    assert.equal(answer(meeting, { type: 'mute', target: 'g2' }, g1), 'answer q not_permitted');
    meeting.orders(admin, { type: 'mute', target: 'g1' });
    assert.equal(answer(meeting, { type: 'unmute', target: 'g1' }, g1), 'answer q muted_by_host');
  });

  it('mute all: hosts too, and guests to come; unmute all', () => {
    const meeting = running();
    outcome(meeting, { type: 'muteAll' }, limited);
    assert.deepEqual(['h1', 'g1', 'g2'].map((call) => meeting.participant(call).muted.host), [true, true, true]);
    meeting.guest('g3');
    assert.equal(meeting.participant('g3').muted.host, true);
    outcome(meeting, { type: 'unmuteAll' }, limited);
    assert.deepEqual(['h1', 'g1', 'g2', 'g3'].map((call) => meeting.participant(call).muted.host), [false, false, false, false]);
  });

  it('CO-12: kick, with full control; limited control is refused, and told as a fact', () => {
    const meeting = running();
    assert.deepEqual(meeting.orders(limited, { type: 'kick', target: 'g1' }, 'q').heard('with facts'), ['fact refusedCommand  not_permitted', 'answer q not_permitted']);
    assert.deepEqual(outcome(meeting, { type: 'kick', target: 'g1' }), ['end g1 kicked: kicked', 'answer q done']);
    assert.equal(answer(meeting, { type: 'kick', target: 'g1' }), 'answer q target_unknown');
  });

  it('OVD-09: promoted, demoted to what he was; who was not promoted cannot be demoted', () => {
    const meeting = running();
    const before = meeting.participant('g1');
    assert.deepEqual(outcome(meeting, { type: 'promote', target: 'g1' }), ['g1 hears host_accepted', 'answer q done']);
    assert.deepEqual([meeting.participant('g1').role, meeting.participant('g1').hostBy, meeting.participant('g1').permissions.has('canKickParticipants')], ['host', 'promoted', true]);
    assert.equal(answer(meeting, { type: 'promote', target: 'g1' }), 'answer q role_conflict');
    outcome(meeting, { type: 'demote', target: 'g1' });
    assert.deepEqual(meeting.participant('g1'), before);
    for (const target of ['g1', 'h1']) assert.equal(answer(meeting, { type: 'demote', target }), 'answer q role_conflict');
  });

  it('OVD-09: claimed, then promoted: demoted to a guest', () => {
    const meeting = running().claims('g1', 'host');
    outcome(meeting, { type: 'promote', target: 'g1' });
    outcome(meeting, { type: 'demote', target: 'g1' });
    assert.deepEqual([meeting.participant('g1').role, meeting.participant('g1').permissions.has('canLock')], ['guest', false]);
  });

  it('PX-37: the last host demoted starts the guests-only end', () => {
    const meeting = running();
    outcome(meeting, { type: 'promote', target: 'g1' });
    meeting.leave('h1').heard();
    assert.ok(outcome(meeting, { type: 'demote', target: 'g1' }).includes('room hears guests_only 5'));
  });

  it('a waiter promoted opens the room', () => {
    const meeting = new Meeting(bothPins).guest('g1');
    meeting.heard();
    outcome(meeting, { type: 'promote', target: 'g1' });
    assert.deepEqual(meeting.who(), ['g1 conference']);
  });

  it('PXD-21: admit or refuse one of those held by a lock; one who waits for a host is not admitted', () => {
    const meeting = running();
    outcome(meeting, { type: 'lock' });
    meeting.guest('w1', 'w2').heard();
    assert.equal(answer(meeting, { type: 'admit', target: 'g1' }), 'answer q target_elsewhere');
    assert.deepEqual(outcome(meeting, { type: 'admit', target: 'w2' }), ['join w2', 'answer q done', 'w2 hears admitted']);
    assert.deepEqual(outcome(meeting, { type: 'refuse', target: 'w1' }), ['end w1 refused: admission_refused', 'answer q done']);
    assert.deepEqual([answer(meeting, { type: 'lock' }), answer(meeting, { type: 'unlock' }), meeting.state.lock], ['answer q done', 'answer q done', 'unlocked']);
    assert.equal(answer(new Meeting(bothPins).guest('w'), { type: 'admit', target: 'w' }), 'answer q room_closed');
  });

  it('rename, gain, deaf, lower a hand, important (CO-27, CO-34)', () => {
    const meeting = running().does('g1', 'toggleHand');
    meeting.heard();
    outcome(meeting, { type: 'rename', target: 'g1', name: ' Anna ' });
    assert.deepEqual(outcome(meeting, { type: 'setGain', target: 'g1', decibels: -6 }), ['gain g1 -6', 'answer q done']);
    assert.deepEqual(outcome(meeting, { type: 'setDeaf', target: 'g1', deaf: true }), ['deafen g1', 'answer q done']);
    outcome(meeting, { type: 'lowerHand', target: 'g1' });
    outcome(meeting, { type: 'important', target: 'g1', on: true });
    outcome(meeting, { type: 'important', target: 'g2', on: true });
    const { name, gain, deaf, handRaised, important } = meeting.participant('g1');
    assert.deepEqual([name, gain, deaf, handRaised, important, meeting.participant('g2').important], ['Anna', -6, true, false, false, true]);
    for (const command of [{ type: 'setGain', target: 'g1', decibels: 13 }, { type: 'rename', target: 'g1', name: '' }, { type: 'rename', target: 'g1', name: 'a\nb' }] as const) assert.equal(answer(meeting, command), 'answer q value_invalid');
  });

  it('what others carry out is checked first', () => {
    const meeting = running();
    assert.deepEqual(outcome(meeting, { type: 'move', target: 'g1', room: 'r2' }), ['perform move']);
    assert.equal(answer(meeting, { type: 'move', target: 'nobody', room: 'r2' }), 'answer q target_unknown');
    assert.equal(answer(meeting, { type: 'message', to: { call: 'nobody' }, text: '' }), 'answer q target_unknown');
    assert.equal(answer(meeting, { type: 'recordStart' }, limited), 'answer q not_permitted');
    assert.equal(answer(meeting, { type: 'extend', seconds: 60 }), 'answer q not_now');
  });

  it('CO-14: end for all, the lobby too', () => {
    const meeting = running();
    outcome(meeting, { type: 'endForAll' });
    assert.deepEqual(meeting.who(), []);
  });

  it('OV-46: a member deleted is ended at once, in conference and lobby', () => {
    const meeting = new Meeting(bothPins);
    meeting.enter('m1', 'guest', 'member_pin', 0, { member: 'ext-1' });
    meeting.host('h1').enter('m2', 'guest', 'member_pin', 0, { member: 'ext-1' });
    meeting.heard();
    meeting.post({ type: 'memberRemoved', member: 'ext-1' });
    assert.deepEqual(meeting.heard(), ['end m1 member_removed: kicked', 'end m2 member_removed: kicked']);
  });
});

describe('step (c) and (d): who passes', () => {
  it('PXD-21: those whom the conference called pass a lock; full holds them, too, but not the owner', () => {
    const meeting = running({ ...bothPins, participantLimit: 4 });
    meeting.orders(admin, { type: 'lock' }).enter('d1', 'guest', 'dialled_guest');
    meeting.enter('d2', 'guest', 'dialled_guest');
    meeting.enter('o', 'host', 'owner');
    assert.deepEqual(meeting.who(), ['h1 conference', 'g1 conference', 'g2 conference', 'd1 conference', 'o conference']);
  });
});

describe('keep-alive (PXD-27, COD-20)', () => {
  it('only legs left that keep nothing up: ended at once', () => {
    const meeting = new Meeting(noPins).host('a');
    meeting.enter('rec', 'host', 'dialled_no_host_pin', 0, { keepAlive: 'never' });
    meeting.heard();
    assert.ok(meeting.leave('a').heard().includes('end rec unattended: '));
  });
  it('two that keep it up together stay, one alone does not', () => {
    const meeting = new Meeting(noPins).host('a');
    for (const call of ['b', 'c']) meeting.enter(call, 'host', 'dialled_no_host_pin', 0, { keepAlive: 'ifMultiple' });
    meeting.leave('a');
    assert.deepEqual(meeting.who(), ['b conference', 'c conference']);
    meeting.leave('b');
    assert.deepEqual(meeting.who(), []);
  });
});

describe('scheduled rooms, step (a) and section 5', () => {
  /** The clock of a meeting begins at `zero`; the room starts ten minutes later. */
  const scheduled = (durationMs: number, room: RoomRules = bothPins): RoomRules => {
    const zero = new Meeting(room).now;
    return { ...room, schedule: { start: new Date(zero + 10 * minute).toISOString().slice(0, 19), timeZone: 'UTC', durationMs } };
  };

  it('early: everyone waits, hosts too; at the start the lobby is judged, and the wait for a host counts from there', () => {
    const meeting = new Meeting(scheduled(60 * minute)).guest('g1').host('h1').guest('g2');
    assert.deepEqual(meeting.who(), ['g1 lobby', 'h1 lobby', 'g2 lobby']);
    meeting.after(10 * minute);
    assert.deepEqual(meeting.who(), ['g1 conference', 'h1 conference', 'g2 conference']);
    const waiting = new Meeting(scheduled(60 * minute)).guest('g1');
    assert.deepEqual(waiting.after(25 * minute - second).who(), ['g1 lobby']);
    assert.deepEqual(waiting.after(second).who(), []);
  });

  for (const [name, length, expected] of [
    ['an hour', 60, ['50 reads ends_in 10', '55 reads ends_in 5', '58 hears ends_in 2', '59 reads ends_in 1', '59.9 hears about_to_end', '59.9 reads about_to_end']],
    ['ten minutes', 10, ['5 reads ends_in 5', '8 hears ends_in 2', '9 reads ends_in 1', '9.9 hears about_to_end', '9.9 reads about_to_end']],
    ['five minutes', 5, ['3 hears ends_in 2', '4 reads ends_in 1', '4.9 hears about_to_end', '4.9 reads about_to_end']],
    ['two minutes', 2, ['1 reads ends_in 1', '1.9 hears about_to_end', '1.9 reads about_to_end']],
  ] as const) {
    it(`COD-17 M-30: warnings of a conference of ${name}, then the end for all`, () => {
      const meeting = new Meeting(scheduled(length * minute)).after(10 * minute).host('h1').guest('g1');
      meeting.heard();
      const said: string[] = [];
      for (let at = second; at < length * minute; at += second) {
        const lines = meeting.after(second).heard('with facts');
        const warnings = lines.filter((line) => line.startsWith('room '));
        assert.equal(lines.includes('fact ending'), warnings.length > 0);
        said.push(...warnings.map((line) => `${Math.floor(at / 6_000) / 10} ${line.slice('room '.length)}`));
      }
      assert.deepEqual(said, expected);
      assert.deepEqual(meeting.after(second).heard(), ['end h1 schedule_ended: ended', 'end g1 schedule_ended: ended', 'idle'].map((line) => line));
    });
  }

  it('announced, *0 extends it, for who may end the meeting; REST at any time', () => {
    const meeting = new Meeting(scheduled(10 * minute, { ...bothPins, pinHostControls: 'full' })).after(10 * minute).host('h1').guest('g1');
    meeting.after(5 * minute).does('g1', 'help').heard();
    meeting.does('h1', 'help');
    assert.deepEqual(meeting.heard().filter((line) => !line.endsWith('Timer')), ['h1 hears extended']);
    assert.equal(meeting.after(19 * minute).who().length, 2);
    assert.equal(answer(meeting, { type: 'extend', seconds: 600 }), 'answer q done');
    assert.equal(meeting.after(10 * minute).who().length, 2);
    assert.equal(meeting.after(minute).who().length, 0);
  });
});
