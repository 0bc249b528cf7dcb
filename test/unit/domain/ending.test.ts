import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { EndingPolicy, RoomRules } from '../../../src/domain/policy.ts';
import { bothPins, hour, minute, noPins, policy, second } from './fixtures.ts';
import { Meeting } from './meeting.ts';

function withEnding(room: RoomRules, ending: Partial<EndingPolicy>): Meeting {
  return new Meeting(room, { ...policy, ending: { ...policy.ending, ...ending } });
}

/** The last host has just left two guests; nothing said since. */
function guestsAlone(): Meeting {
  const meeting = new Meeting(bothPins).host('h1').guest('g1', 'g2');
  meeting.heard();
  return meeting.leave('h1');
}

describe('guests only, policy section 5', () => {
  it('PX-37 PX-38 M-24: the ladder', () => {
    const meeting = guestsAlone();
    assert.deepEqual(meeting.heard(), ['room hears guests_only 5']);
    assert.deepEqual(meeting.after(3 * minute - 1).heard(), []);
    assert.deepEqual(meeting.after(1).heard(), ['room hears ends_in 2']);
    assert.deepEqual(meeting.after(minute).heard(), ['room hears ends_in 1']);
    assert.deepEqual(meeting.after(55 * second).heard(), ['room hears about_to_end, goodbye']);
    assert.deepEqual(meeting.after(5 * second - 1).heard(), []);
    assert.deepEqual(meeting.after(1).heard('with facts'), ['end g1 guests_only_timeout: ', 'end g2 guests_only_timeout: ', 'fact closed', 'fact left g1', 'fact left g2', 'idle']);
    assert.equal(meeting.now, 300 * second);
    assert.deepEqual(meeting.timers(), {});
  });

  it('M-24: the host returns at 299 s: told again, nobody cut', () => {
    const meeting = guestsAlone().after(299 * second);
    meeting.heard();
    meeting.host('h1');
    assert.deepEqual(meeting.heard(), ['join h1', 'h1 hears entered', 'room hears guests_only_cancelled']);
    meeting.after(10 * minute);
    assert.deepEqual(meeting.who(), ['g1 conference', 'g2 conference', 'h1 conference']);
  });

  it('a host on his way in cancels nothing until he is in; if he fails, the time runs on', () => {
    const meeting = guestsAlone().after(200 * second);
    meeting.mixer = 'silent';
    meeting.host('h2');
    meeting.post({ type: 'joinFailed', call: 'h2', reason: 'media_unavailable' });
    meeting.after(100 * second);
    assert.deepEqual(meeting.who(), []);
  });

  it('cancelled when a guest is made host by `*1`', () => {
    const meeting = guestsAlone();
    meeting.heard();
    meeting.claims('g1', 'host');
    assert.deepEqual(meeting.heard(), ['g1 hears host_accepted', 'room hears guests_only_cancelled']);
  });

  it('one of two hosts leaves: nothing', () => {
    const meeting = new Meeting(bothPins).host('h1', 'h2').guest('g1');
    meeting.heard();
    assert.deepEqual(meeting.leave('h1').heard(), []);
  });

  it('the room stays open: new guests still enter, and are cut with the others', () => {
    const meeting = guestsAlone().after(200 * second).guest('g3');
    assert.deepEqual(meeting.who(), ['g1 conference', 'g2 conference', 'g3 conference']);
    meeting.after(100 * second);
    assert.deepEqual(meeting.who(), []);
  });

  it('those held by a lock go on waiting, for a host now, with a new 15 min', () => {
    const meeting = new Meeting({ ...bothPins, pinHostControls: 'full' }).host('h1').guest('g1').does('h1', 'toggleLock').guest('g2').leave('h1').after(300 * second);
    assert.deepEqual(meeting.who(), ['g2 lobby']);
    assert.equal(meeting.participant('g2').waitsFor, 'host');
    assert.equal(meeting.timers()['wait:g2'], 20 * minute);
  });

  it('the guests leave by themselves: nothing is left', () => {
    const meeting = guestsAlone().leave('g1', 'g2');
    assert.deepEqual(meeting.timers(), {});
  });

  it('PX-40 PX-29: no host PIN, no guests-only end', () => {
    const meeting = new Meeting(noPins).host('a').guest('g1').leave('a');
    assert.deepEqual(Object.keys(meeting.timers()), ['lone']);
  });

  it('the host PIN is removed: the conference goes on', () => {
    const meeting = guestsAlone();
    meeting.heard();
    assert.deepEqual(meeting.changes({ hasHostPin: false, hasGuestPin: false }).heard(), ['room hears end_cancelled']);
  });

  it('the last host leaves while another fails to join: it starts then', () => {
    const meeting = new Meeting(bothPins).host('h1').guest('g1');
    meeting.mixer = 'silent';
    meeting.host('h2').leave('h1');
    meeting.heard();
    meeting.post({ type: 'joinFailed', call: 'h2', reason: 'media_unavailable' });
    assert.deepEqual(meeting.heard().at(-1), 'room hears guests_only 5');
  });

  for (const [name, guestsOnlyMs, lines] of [
    ['0: at once, with a goodbye', 0, ['end g1 guests_only_timeout: ended', 'idle']],
    ['3 s: no time for the last warning, so a goodbye at the cut', 3 * second, ['room hears guests_only 0', 'end g1 guests_only_timeout: ended', 'idle']],
    ['10 s', 10 * second, ['room hears guests_only 0', 'room hears about_to_end, goodbye', 'end g1 guests_only_timeout: ', 'idle']],
    ['90 s', 90 * second, ['room hears guests_only 1', 'room hears ends_in 1', 'room hears about_to_end, goodbye', 'end g1 guests_only_timeout: ', 'idle']],
  ] as const) {
    it(`a time of ${name}`, () => {
      const meeting = withEnding(bothPins, { guestsOnlyMs }).host('h1').guest('g1');
      meeting.heard();
      assert.deepEqual(meeting.leave('h1').after(guestsOnlyMs).heard(), lines);
    });
  }
});

describe('lone participant, policy section 5', () => {
  it('PX-39: announced just before, ended after 4 h', () => {
    const meeting = new Meeting(noPins).host('a');
    meeting.heard();
    assert.deepEqual(meeting.after(4 * hour - 15 * second - 1).heard(), []);
    assert.deepEqual(meeting.after(1).heard(), ['a hears lone_ending, help_extend, star, numbers/0']);
    assert.deepEqual(meeting.after(15 * second - 1).heard(), []);
    assert.deepEqual(meeting.after(1).heard(), ['end a lonely_timeout: ended', 'idle']);
    assert.deepEqual(meeting.timers(), {});
  });

  it('`*0` after the announcement extends it, by the lone participant himself', () => {
    const meeting = new Meeting(bothPins).host('a').after(4 * hour - second);
    meeting.heard();
    meeting.does('a', 'help');
    assert.deepEqual(meeting.heard(), ['a hears extended']);
    assert.deepEqual(meeting.after(4 * hour - 15 * second).heard(), ['a hears lone_ending, help_extend, star, numbers/0']);
  });

  it('somebody joins: it is off; he leaves: it begins anew', () => {
    const meeting = new Meeting(noPins).host('a').after(3 * hour).host('b');
    assert.deepEqual(meeting.timers(), {});
    meeting.leave('b').after(4 * hour - second);
    assert.deepEqual(meeting.who(), ['a conference']);
    meeting.after(second);
    assert.deepEqual(meeting.who(), []);
  });

  it('waiters do not count', () => {
    const meeting = new Meeting({ ...bothPins, pinHostControls: 'full' }).host('a').does('a', 'toggleLock').after(4 * hour - minute).guest('g1').after(minute);
    assert.deepEqual(meeting.who(), ['g1 lobby']);
  });

  it('somebody who fails to join changes nothing', () => {
    const meeting = new Meeting(noPins).host('a').after(3 * hour);
    meeting.mixer = 'silent';
    meeting.host('b');
    meeting.post({ type: 'joinFailed', call: 'b', reason: 'media_unavailable' });
    meeting.after(hour);
    assert.deepEqual(meeting.who(), []);
  });

  it('section 5: at the same instant the earlier row wins: guests only before lone', () => {
    const meeting = withEnding(bothPins, { guestsOnlyMs: minute, loneParticipantMs: minute }).host('h1').guest('g1').leave('h1');
    meeting.heard();
    // Out of order, as a scheduler may fire two timers of one instant.
    meeting.now = minute;
    meeting.post({ type: 'timer', name: 'lone' }, { type: 'timer', name: 'lone' });
    assert.equal(meeting.heard().find((text) => text.startsWith('end')), 'end g1 guests_only_timeout: ');
  });
});
