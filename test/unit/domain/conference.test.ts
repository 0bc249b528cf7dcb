import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { conferenceStep } from '../../../src/domain/conference.ts';
import { Turn } from '../../../src/domain/conference-state.ts';
import { findPlace } from '../../../src/domain/lobby.ts';
import type { RoomRules } from '../../../src/domain/policy.ts';
import { bothPins, hostPinOnly, hour, minute, noPins, policy, second } from './fixtures.ts';
import { Meeting } from './meeting.ts';

const withControls: RoomRules = { ...bothPins, pinHostControls: 'full' };

/** A conference with one PIN host who may do everything, and guests; what was said so far is dropped. */
function running(room: RoomRules, ...guests: readonly string[]): Meeting {
  const meeting = new Meeting(room).host('h1').guest(...guests);
  meeting.heard();
  return meeting;
}

function locked(room: RoomRules, ...guests: readonly string[]): Meeting {
  const meeting = running({ ...room, pinHostControls: 'full' }, ...guests).does('h1', 'toggleLock');
  meeting.heard();
  return meeting;
}

describe('open and closed, policy section 1', () => {
  it('PX-08: guests alone never open the room', () => {
    const meeting = new Meeting(bothPins).guest('g1', 'g2').after(10 * minute);
    assert.deepEqual(meeting.who(), ['g1 lobby', 'g2 lobby']);
    assert.equal(meeting.state.access, 'closed');
  });

  it('PX-04: the first host opens it, and the lobby is let in in order of arrival', () => {
    const meeting = new Meeting(bothPins).guest('g1', 'g2', 'g3');
    meeting.heard();
    meeting.mixer = 'silent';
    meeting.host('h1');
    assert.deepEqual(meeting.heard('with facts'), ['join h1', 'fact opened', 'opened', 'join g1', 'join g2', 'join g3']);
  });

  it('PX-04: all later participants enter at once', () => {
    const meeting = running(bothPins).guest('g1');
    assert.deepEqual(meeting.heard(), ['join g1', 'g1 hears entered']);
  });

  it('M-20: 50 waiters and one host: 50 admitted, none lost, none twice', () => {
    const waiters = Array.from({ length: 50 }, (_, index) => `g${index}`);
    const meeting = new Meeting(bothPins).guest(...waiters);
    meeting.heard();
    meeting.host('h1').host('h2');
    const joins = meeting.heard().filter((text) => text.startsWith('join g'));
    assert.deepEqual(joins, waiters.map((call) => `join ${call}`));
  });

  it('PX-11 PX-27: without PINs the first caller enters directly, and hears that he is the first', () => {
    const meeting = new Meeting(noPins).host('a', 'b');
    assert.deepEqual(meeting.heard(), ['join a', 'opened', 'a hears first_alone', 'join b', 'b hears entered']);
  });

  it('a host whom waiters follow in is not told that he is alone; they hear that they are let in', () => {
    const meeting = new Meeting(bothPins).guest('g1');
    meeting.heard();
    meeting.mixer = 'silent';
    meeting.host('h1');
    meeting.post({ type: 'joined', call: 'h1' }, { type: 'joined', call: 'g1' });
    assert.deepEqual(meeting.heard().slice(-2), ['h1 hears entered', 'g1 hears admitted']);
  });

  it('the mixer does not take the one who opened: he is ended, the others stay and only guests are left', () => {
    const meeting = new Meeting(bothPins).guest('g1');
    meeting.heard();
    meeting.mixer = 'silent';
    meeting.host('h1');
    meeting.post({ type: 'joined', call: 'g1' });
    assert.deepEqual(meeting.heard().slice(-1), ['g1 hears admitted']);
    meeting.post({ type: 'joinFailed', call: 'h1', reason: 'media_unavailable' });
    assert.deepEqual(meeting.heard(), ['end h1 media_unavailable: system_error', 'room hears guests_only 5']);
  });

  it('the mixer takes nobody: the room closes, and nothing is left', () => {
    const meeting = new Meeting(bothPins);
    meeting.mixer = 'silent';
    meeting.host('h1');
    meeting.post({ type: 'joinFailed', call: 'h1', reason: 'media_unavailable' });
    assert.deepEqual(meeting.heard('with facts'), ['join h1', 'fact opened', 'opened', 'end h1 media_unavailable: system_error', 'fact closed', 'fact left h1', 'idle']);
  });

  it('it closes when nobody is left in the conference: the next guest waits', () => {
    const meeting = running(bothPins).leave('h1').guest('g1');
    assert.deepEqual(meeting.heard(), ['idle', 'lobby g1 for host']);
  });

  it('a call that enters twice is one call', () => {
    const meeting = running(bothPins).host('h1');
    assert.deepEqual(meeting.heard(), []);
  });
});

describe('participant limit, step (d)', () => {
  const limited: RoomRules = { ...withControls, participantLimit: 2 };

  it('who comes too many hears "full" and is ended; the lobby does not count', () => {
    const meeting = running(limited, 'g1').guest('g2');
    assert.deepEqual(meeting.heard(), ['end g2 full: full']);
  });

  it('PX-04: of the lobby, who no longer fits hears "full"', () => {
    const meeting = new Meeting(limited).guest('g1', 'g2', 'g3').host('h1');
    assert.deepEqual(meeting.heard().filter((text) => /^(join|end)/.test(text)), ['join h1', 'join g1', 'end g2 full: full', 'end g3 full: full']);
  });

  it('joining legs count', () => {
    const meeting = new Meeting(limited);
    meeting.mixer = 'silent';
    meeting.host('h1').guest('g1', 'g2');
    assert.deepEqual(meeting.who(), ['h1 joining', 'g1 joining']);
  });

  it('a place becomes free again', () => {
    const meeting = running(limited, 'g1').leave('g1').guest('g2');
    assert.deepEqual(meeting.who(), ['h1 conference', 'g2 conference']);
  });

  it('PXD-25: a limit lowered drops nobody', () => {
    const meeting = running(limited, 'g1').changes({ participantLimit: 1 });
    assert.deepEqual(meeting.heard(), []);
  });

  it('admitting one more is refused, and the waiter waits on', () => {
    const meeting = locked(limited, 'g1').guest('g2').does('h1', 'admitNext');
    assert.deepEqual(meeting.heard('with facts').slice(-2), ['h1 hears refused_not_now', 'fact refusedCommand h1 full']);
    assert.deepEqual(meeting.who().at(-1), 'g2 lobby');
  });
});

describe('owner and administrators, known by identity', () => {
  function identified(meeting: Meeting): readonly string[] {
    const turn = new Turn(meeting.state, policy, 0);
    findPlace(turn, { ...meeting.participant('h1'), call: 'owner', place: 'joining', hostBy: 'identity' });
    return turn.effects.map((effect) => effect.do);
  }

  it('step (d): may exceed the limit', () => assert.deepEqual(identified(running({ ...bothPins, participantLimit: 1 })), ['join']));
  it('PXD-22: pass the lock of a room without a host PIN', () => assert.deepEqual(identified(locked(noPins)), ['join']));
});

describe('lobby, policy section 5', () => {
  it('the waiting prompt after 5 s, then every 60 s', () => {
    const meeting = new Meeting(bothPins).guest('g1');
    meeting.heard();
    assert.deepEqual(meeting.after(5 * second - 1).heard(), []);
    assert.deepEqual(meeting.after(1).heard(), ['g1 hears waiting_host']);
    assert.deepEqual(meeting.after(60 * second - 1).heard(), []);
    assert.deepEqual(meeting.after(1).heard(), ['g1 hears waiting_host']);
  });

  it('15 min without a host: spoken, ended, nothing left', () => {
    const meeting = new Meeting(bothPins).guest('g1').after(15 * minute - 1);
    meeting.heard();
    assert.deepEqual(meeting.after(1).heard(), ['end g1 wait_host_timeout: wait_timeout_host', 'idle']);
    assert.deepEqual(meeting.timers(), {});
  });

  it('15 min behind the lock', () => {
    const meeting = locked(bothPins).guest('g1').after(15 * minute - 1);
    meeting.heard();
    assert.deepEqual(meeting.after(1).heard(), ['end g1 locked_timeout: wait_timeout_locked']);
  });

  it('let in, nothing of the wait is left', () => {
    const meeting = new Meeting(bothPins).guest('g1').host('h1');
    assert.deepEqual(meeting.timers(), {});
  });
});

describe('lock, step (c)', () => {
  it('PXD-21: guests wait, whoever may admit is told, hosts pass', () => {
    const meeting = locked(bothPins, 'g1').guest('g2').host('h2');
    assert.deepEqual(meeting.heard(), ['lobby g2 for unlock', 'h1 hears knock, waiting_count 1', 'join h2', 'h2 hears entered']);
    assert.deepEqual(meeting.after(5 * second).heard(), ['g2 hears waiting_locked']);
  });

  it('M-22: `*7` tells the one who did it and the others; again, all who were held come in', () => {
    const meeting = running(withControls, 'g1').does('h1', 'toggleLock').guest('g2', 'g3');
    assert.deepEqual(meeting.heard(), ['h1 hears locked', 'g1 hears is_locked', 'lobby g2 for unlock', 'h1 hears knock, waiting_count 1', 'lobby g3 for unlock', 'h1 hears knock, waiting_count 2']);
    meeting.does('h1', 'toggleLock');
    assert.deepEqual(meeting.heard().filter((text) => /^join|h1|g1/.test(text)), ['join g2', 'join g3', 'h1 hears unlocked', 'g1 hears is_unlocked']);
  });

  it('N-11: `*91` admits the one who has waited longest, and only him', () => {
    const meeting = locked(bothPins).guest('g1', 'g2');
    meeting.heard();
    meeting.does('h1', 'admitNext');
    assert.deepEqual(meeting.heard(), ['join g1', 'h1 hears caller_admitted', 'g1 hears admitted']);
    assert.deepEqual(meeting.who(), ['h1 conference', 'g1 conference', 'g2 lobby']);
  });

  it('N-11: `*92` refuses him', () => {
    const meeting = locked(bothPins).guest('g1', 'g2');
    meeting.heard();
    meeting.does('h1', 'refuseNext');
    assert.deepEqual(meeting.heard(), ['end g1 refused: admission_refused', 'h1 hears caller_refused']);
  });

  for (const command of ['admitNext', 'refuseNext'] as const) {
    it(`${command}: nobody is waiting`, () => assert.deepEqual(locked(bothPins).does('h1', command).heard(), ['h1 hears nobody_waiting']));
    it(`${command} in a closed room: room_closed`, () => {
      const meeting = new Meeting(bothPins).guest('g1', 'g2');
      meeting.heard();
      meeting.does('g1', command);
      assert.deepEqual(meeting.heard('with facts'), ['g1 hears refused_not_now', 'fact refusedCommand g1 room_closed']);
    });
  }

  it('released after 24 h', () => {
    const meeting = locked(bothPins, 'g1').host('h2').after(24 * hour - 1);
    meeting.guest('g2').heard();
    assert.deepEqual(meeting.after(1).heard('with facts'), ['fact unlocked', 'join g2', 'room hears is_unlocked', 'fact joined g2', 'g2 hears admitted']);
  });

  it('the last one leaves: the lock is released, and who was held waits for a host with a new 15 min', () => {
    const meeting = locked(bothPins).guest('g1').after(14 * minute);
    meeting.leave('h1');
    assert.deepEqual(meeting.state.lock, 'unlocked');
    assert.equal(meeting.participant('g1').waitsFor, 'host');
    meeting.after(14 * minute);
    assert.deepEqual(meeting.who(), ['g1 lobby']);
    meeting.heard();
    meeting.after(minute);
    assert.deepEqual(meeting.heard().slice(-2), ['end g1 wait_host_timeout: wait_timeout_host', 'idle']);
  });

  it('guests are left alone in a locked room: those held go on waiting', () => {
    const meeting = locked(bothPins, 'g1').guest('g2').leave('h1');
    assert.equal(meeting.participant('g2').waitsFor, 'unlock');
  });

  describe('PXD-22: without a host PIN', () => {
    const open: RoomRules = { ...noPins, pinHostControls: 'full' };
    it('the lock holds back everyone', () => assert.deepEqual(locked(open).host('b').who(), ['h1 conference', 'b lobby']));
    it('everyone inside may admit, whatever the host controls', () => {
      const meeting = locked(open).changes({ pinHostControls: 'none' }).host('b');
      meeting.does('h1', 'admitNext').host('c').does('b', 'admitNext');
      assert.deepEqual(meeting.who(), ['h1 conference', 'b conference', 'c conference']);
    });
    it('PX-16: a host PIN is set, and the last one leaves: who was held as a host is one, opens the room and lets in the others', () => {
      const meeting = locked(open).host('b').changes({ hasHostPin: true }).guest('g1').leave('h1');
      assert.deepEqual(meeting.who(), ['b conference', 'g1 conference']);
    });
    it('the last one leaves: who was held comes in, for there is no host to wait for', () => {
      const meeting = locked(open).host('b').leave('h1');
      assert.deepEqual(meeting.who(), ['b conference']);
    });
  });
});

describe('the room changes', () => {
  it('removing the host PIN opens the room: waiters enter with the role they have', () => {
    const meeting = new Meeting(hostPinOnly).guest('g1', 'g2');
    meeting.heard();
    meeting.changes({ hasHostPin: false });
    assert.deepEqual(meeting.heard(), ['join g1', 'opened', 'join g2', 'g1 hears admitted', 'g2 hears admitted']);
    assert.equal(meeting.participant('g1').role, 'guest');
  });

  it('removing the host PIN while nobody waits: who is asked comes in', () => assert.deepEqual(new Meeting(hostPinOnly).changes({ hasHostPin: false }).heard(), ['opened']));

  it('PX-16: setting one on a running room: those inside stay hosts, the room stays open', () => {
    const meeting = new Meeting(noPins).host('a').changes({ hasHostPin: true }).guest('g1');
    assert.deepEqual(meeting.who(), ['a conference', 'g1 conference']);
    assert.equal(meeting.participant('a').role, 'host');
  });

  it('removed: all are ended, and who still comes from a prompt too', () => {
    const meeting = running(bothPins, 'g1');
    meeting.post({ type: 'roomRemoved' });
    meeting.guest('g2');
    assert.deepEqual(meeting.heard(), ['end h1 room_removed: ended', 'end g1 room_removed: ended', 'idle', 'end g2 room_removed: ended', 'idle']);
  });

  it('drained: all are told and ended, the lobby too', () => {
    const meeting = locked(bothPins).guest('g1');
    meeting.heard();
    meeting.post({ type: 'endAll', reason: 'shutdown' });
    assert.deepEqual(meeting.heard(), ['end h1 shutdown: service_closing', 'end g1 shutdown: service_closing', 'idle']);
    assert.deepEqual(meeting.timers(), {});
  });
});

describe('claiming host, `*1`', () => {
  it('in the conference: role and permissions change, and he keeps what he had', () => {
    const meeting = running(withControls, 'g1').claims('g1', 'host');
    assert.deepEqual(meeting.heard(), ['g1 hears host_accepted']);
    assert.equal(meeting.participant('g1').role, 'host');
    assert.equal(meeting.participant('g1').hostBy, 'claimed');
    assert.ok(meeting.participant('g1').permissions.has('canEndMeeting'));
  });

  it('PX-10: with the default controls a claimed host controls nothing', () => {
    const meeting = running(bothPins, 'g1').claims('g1', 'host').does('g1', 'endForAll');
    assert.deepEqual(meeting.heard(), ['g1 hears host_accepted', 'g1 hears refused_not_permitted']);
  });

  it('in the lobby: opens the room, and the others follow in order of arrival', () => {
    const meeting = new Meeting(bothPins).guest('g1', 'g2');
    meeting.heard();
    meeting.claims('g2', 'host');
    assert.deepEqual(meeting.heard().filter((text) => !text.includes('hears')), ['join g2', 'opened', 'join g1']);
  });

  it('in the lobby of a locked room: passes', () => assert.deepEqual(locked(bothPins).guest('g1').claims('g1', 'host').who(), ['h1 conference', 'g1 conference']));

  it('the third wrong PIN of the call ends it, those at the prompt included', () => {
    const meeting = running(bothPins);
    meeting.enter('g1', 'guest', 'guest_pin', 1);
    meeting.claims('g1', 'none');
    assert.equal(meeting.heard().at(-1), 'g1 hears host_refused');
    meeting.claims('g1', 'none');
    assert.deepEqual(meeting.heard(), ['end g1 pin_failed: pin_invalid_3']);
  });

  it('OV-05: a disabled host PIN is a wrong PIN', () => {
    const meeting = running({ ...bothPins, anonymous: { moderator: false, speaker: true } }, 'g1').claims('g1', 'host');
    assert.deepEqual(meeting.heard(), ['g1 hears host_refused']);
  });

  it('by a host: said, and no attempt', () => {
    const meeting = running(bothPins).claims('h1', 'none').claims('h1', 'none').claims('h1', 'none');
    assert.deepEqual(meeting.heard(), ['h1 hears host_already', 'h1 hears host_already', 'h1 hears host_already']);
  });

  it('muted with all guests, he is not muted as a host', () => {
    const meeting = running(withControls, 'g1').does('h1', 'toggleMuteGuests');
    meeting.heard();
    assert.deepEqual(meeting.claims('g1', 'host').heard(), ['g1 hears host_accepted', 'unmute g1']);
  });
});

describe('leaving', () => {
  for (const [name, arrive] of [
    ['lobby', (meeting: Meeting) => meeting.guest('x')],
    ['conference', (meeting: Meeting) => meeting.host('x')],
    [
      'joining',
      (meeting: Meeting) => {
        meeting.mixer = 'silent';
        return meeting.host('x');
      },
    ],
  ] as const) {
    it(`from the ${name}: no timer, nobody, idle once`, () => {
      const meeting = arrive(new Meeting(bothPins)).leave('x').leave('x');
      assert.deepEqual(meeting.timers(), {});
      assert.deepEqual(meeting.who(), []);
      const heard = meeting.heard('with facts');
      assert.equal(heard.filter((text) => text === 'idle').length, 1);
      assert.equal(heard.filter((text) => text === 'fact left x').length, 1);
    });
  }

  it('what comes late about a call that has gone changes nothing', () => {
    const meeting = running(bothPins, 'g1').leave('g1');
    meeting.heard();
    const before = meeting.state;
    meeting.does('g1', 'toggleHand').claims('g1', 'host');
    meeting.post({ type: 'joined', call: 'g1' }, { type: 'joinFailed', call: 'g1', reason: 'media_lost' }, { type: 'timer', name: 'wait:g1' }, { type: 'timer', name: 'lobbyPrompt:h1' });
    assert.deepEqual(meeting.heard('with facts'), []);
    assert.deepEqual(meeting.state, before);
  });

  it('idle comes when the last one who is told goodbye has gone', () => {
    const state = new Meeting(bothPins).guest('g1').state;
    const ended = conferenceStep(state, { type: 'endAll', reason: 'shutdown' }, policy, 0);
    assert.ok(!ended.effects.some((effect) => effect.do === 'idle'));
    assert.deepEqual(conferenceStep(ended.state, { type: 'left', call: 'g1' }, policy, 0).effects.at(-1), { do: 'idle' });
  });
});

describe('a room without timers', () => {
  it('a lone time of 0 turns the rule off', () => {
    const meeting = new Meeting(noPins, { ...policy, ending: { ...policy.ending, loneParticipantMs: 0 } }).host('a');
    assert.deepEqual(meeting.timers(), {});
  });
});
