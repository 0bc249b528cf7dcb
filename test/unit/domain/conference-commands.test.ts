import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { KeypadCommand } from '../../../src/domain/commands.ts';
import { mayAsk } from '../../../src/domain/control.ts';
import { permissionsOf } from '../../../src/domain/permissions.ts';
import type { HostBy, RoomRules } from '../../../src/domain/policy.ts';
import { bothPins, noPins } from './fixtures.ts';
import { Meeting } from './meeting.ts';

const withControls: RoomRules = { ...bothPins, pinHostControls: 'full' };

function running(room: RoomRules, ...guests: readonly string[]): Meeting {
  const meeting = new Meeting(room).host('h1').guest(...guests);
  meeting.heard();
  return meeting;
}

describe('who may do what, policy section 3', () => {
  const controls: readonly KeypadCommand['type'][] = ['toggleMuteGuests', 'toggleLock', 'nextLayout', 'admitNext', 'refuseNext', 'endForAll'];
  const own: readonly KeypadCommand['type'][] = ['help', 'toggleHand', 'count', 'toggleMuteSelf'];
  const rows: readonly (readonly [name: string, role: 'host' | 'guest', hostBy: HostBy | undefined, room: RoomRules, allowed: readonly string[]])[] = [
    ['PX-10: PIN host', 'host', 'pin', bothPins, []],
    ['PX-10: PIN host, pinHostControls full', 'host', 'pin', withControls, controls],
    ['claimed host', 'host', 'claimed', bothPins, []],
    ['claimed host, pinHostControls full', 'host', 'claimed', withControls, controls],
    ['host by identity', 'host', 'identity', bothPins, controls],
    ['promoted host', 'host', 'promoted', bothPins, controls],
    ['guest', 'guest', undefined, bothPins, []],
    ['guest, pinHostControls full', 'guest', undefined, withControls, []],
    ['PXD-22: room without PINs: everyone inside may admit', 'host', 'no_pins', noPins, ['admitNext', 'refuseNext']],
  ];
  for (const [name, role, hostBy, room, allowed] of rows) {
    it(name, () => {
      const controller = { kind: 'participant', place: 'conference', permissions: permissionsOf(role, hostBy, room) } as const;
      for (const command of controls) {
        assert.deepEqual(mayAsk(controller, { type: command }), allowed.includes(command) ? { kind: 'allowed' } : { kind: 'refused', why: 'not_permitted' }, command);
      }
      for (const command of own) assert.deepEqual(mayAsk(controller, { type: command }), { kind: 'allowed' }, command);
    });
  }

  it('in the lobby: help and claiming host only', () => {
    const controller = { kind: 'participant', place: 'lobby', permissions: permissionsOf('host', 'identity', bothPins) } as const;
    const allowed = ([...controls, ...own, 'claimHost'] as const).filter((command) => mayAsk(controller, { type: command }).kind === 'allowed');
    assert.deepEqual(allowed, ['help', 'claimHost']);
  });

  it('only hosts by identity and those made host get the permissions of the first column', () => {
    const full = permissionsOf('host', 'identity', bothPins);
    assert.equal(full.size, 18);
    assert.deepEqual([...permissionsOf('guest', undefined, bothPins)], ['canJoinMeeting', 'canPublishAudio', 'canPublishVideo', 'canShareScreen', 'canReadChat', 'canWriteChat', 'canRetrieveRecordings']);
  });
});

describe('a refused code is answered with a spoken reason', () => {
  for (const command of ['toggleMuteGuests', 'toggleLock', 'nextLayout', 'admitNext', 'refuseNext', 'endForAll'] as const) {
    it(`PX-10: ${command} by a PIN host`, () => {
      assert.deepEqual(running(bothPins).does('h1', command).heard('with facts'), ['h1 hears refused_not_permitted', 'fact refusedCommand h1 not_permitted']);
    });
  }
  it('`*8` without a picture', () => assert.deepEqual(running(withControls).does('h1', 'nextLayout').heard(), ['h1 hears refused_not_now']));
  it('a waiter', () => {
    const meeting = new Meeting(bothPins).guest('g1');
    meeting.heard();
    assert.deepEqual(meeting.does('g1', 'toggleHand').heard(), ['g1 hears refused_not_now']);
  });
});

describe('`*6`, three causes of being muted (N-12)', () => {
  it('self: on and off', () => {
    const meeting = running(bothPins, 'g1').does('g1', 'toggleMuteSelf');
    assert.deepEqual(meeting.heard(), ['mute g1', 'g1 hears muted']);
    assert.deepEqual(meeting.does('g1', 'toggleMuteSelf').heard(), ['unmute g1', 'g1 hears unmuted']);
  });

  it('host: says so and leaves it', () => {
    const meeting = running(withControls, 'g1').does('h1', 'toggleMuteGuests');
    meeting.heard();
    assert.deepEqual(meeting.does('g1', 'toggleMuteSelf').heard('with facts'), ['g1 hears muted_by_host', 'fact refusedCommand g1 muted_by_host']);
  });

  it('policy: a guest who joined muted may unmute himself', () => {
    const meeting = running({ ...bothPins, muteGuestsOnJoin: true }).guest('g1');
    assert.deepEqual(meeting.heard(), ['join g1 muted', 'g1 hears entered, muted']);
    assert.deepEqual(meeting.does('g1', 'toggleMuteSelf').heard(), ['unmute g1', 'g1 hears unmuted']);
  });

  it('policy does not mute hosts', () => assert.deepEqual(running({ ...bothPins, muteGuestsOnJoin: true }).host('h2').heard(), ['join h2', 'h2 hears entered']));
});

describe('`*5`', () => {
  it('mutes all guests, tells the one who did it and the others; again, unmutes', () => {
    const meeting = running(withControls, 'g1', 'g2').host('h2');
    meeting.heard();
    meeting.does('h1', 'toggleMuteGuests');
    assert.deepEqual(meeting.heard(), ['mute g1', 'mute g2', 'h1 hears guests_muted', 'g1 hears guests_muted_room', 'g2 hears guests_muted_room', 'h2 hears guests_muted_room']);
    meeting.does('h1', 'toggleMuteGuests');
    assert.deepEqual(meeting.heard().slice(0, 3), ['unmute g1', 'unmute g2', 'h1 hears guests_unmuted']);
  });

  it('AST-02: guests who come later start muted and hear it', () => {
    const meeting = running(withControls).does('h1', 'toggleMuteGuests');
    meeting.heard();
    assert.deepEqual(meeting.guest('g1').heard(), ['join g1 muted', 'g1 hears entered, muted_by_host']);
  });

  it('who muted himself stays muted', () => {
    const meeting = running(withControls, 'g1').does('g1', 'toggleMuteSelf').does('h1', 'toggleMuteGuests').does('h1', 'toggleMuteGuests');
    assert.deepEqual(meeting.participant('g1').muted, { self: true, host: false, policy: false });
    assert.ok(!meeting.heard().includes('unmute g1'));
  });

  it('unmutes those muted by policy too: "all guests can speak"', () => {
    const meeting = running({ ...withControls, muteGuestsOnJoin: true }, 'g1').does('h1', 'toggleMuteGuests');
    meeting.heard();
    assert.equal(meeting.does('h1', 'toggleMuteGuests').heard()[0], 'unmute g1');
  });

  it('a guest who is just joining is muted as soon as the mixer has him', () => {
    const meeting = running(withControls);
    meeting.mixer = 'silent';
    meeting.guest('g1').does('h1', 'toggleMuteGuests');
    assert.deepEqual(meeting.heard(), ['join g1', 'h1 hears guests_muted']);
    meeting.post({ type: 'joined', call: 'g1' });
    assert.deepEqual(meeting.heard(), ['mute g1', 'g1 hears entered, muted_by_host']);
  });

  it('is over when the conference is', () => {
    const meeting = running(withControls, 'g1').does('h1', 'toggleMuteGuests').leave('h1', 'g1');
    meeting.heard();
    meeting.host('h1');
    meeting.heard();
    assert.deepEqual(meeting.guest('g1').heard(), ['join g1', 'g1 hears entered']);
  });
});

describe('the other codes', () => {
  it('`*3`: the hand, told to the hosts', () => {
    const meeting = running(bothPins, 'g1', 'g2').does('g1', 'toggleHand');
    assert.deepEqual(meeting.heard('with facts'), ['fact handRaised g1', 'g1 hears hand_raised', 'h1 hears hand_raised_host']);
    assert.deepEqual(meeting.does('g1', 'toggleHand').heard('with facts'), ['fact handLowered g1', 'g1 hears hand_lowered']);
  });

  it('`*4`: how many are here, the lobby not counted', () => {
    const meeting = running(withControls, 'g1').does('h1', 'toggleLock').guest('g2');
    meeting.heard();
    assert.deepEqual(meeting.does('g1', 'count').heard(), ['g1 hears count 2']);
  });

  it('`*94` and `3`: ends all, the lobby too, and closes', () => {
    const meeting = running(withControls, 'g1').does('h1', 'toggleLock').guest('g2');
    meeting.heard();
    meeting.does('h1', 'endForAll');
    assert.deepEqual(meeting.heard('with facts'), [
      'end h1 host_ended: ended_by_host',
      'end g1 host_ended: ended_by_host',
      'end g2 host_ended: ended_by_host',
      'fact closed',
      'fact unlocked',
      'fact left h1',
      'fact left g1',
      'fact left g2',
      'idle',
    ]);
    assert.deepEqual(meeting.timers(), {});
  });

  it('`*0`: the codes he may use, spoken', () => {
    assert.deepEqual(running(bothPins, 'g1').does('g1', 'help').heard(), [
      'g1 hears help_start, help_claim_host, star, numbers/1, help_hand, star, numbers/3, help_count, star, numbers/4, help_mute, star, numbers/6',
    ]);
    assert.match(running(withControls).does('h1', 'help').heard()[0] ?? '', /^h1 hears help_start, help_hand.*help_mute_guests, star, numbers\/5.*help_end, star, numbers\/9, numbers\/4$/);
  });

  it('`*0` in the lobby: how to become host', () => {
    const meeting = new Meeting(bothPins).guest('g1');
    meeting.heard();
    assert.deepEqual(meeting.does('g1', 'help').heard(), ['g1 hears help_start, help_claim_host, star, numbers/1']);
  });

  it('`*0` after the guests-only announcement extends nothing', () => {
    const meeting = running(bothPins, 'g1').leave('h1');
    meeting.heard();
    meeting.does('g1', 'help').after(300_000);
    assert.deepEqual(meeting.who(), []);
  });
});
