import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admit } from '../../../src/domain/admission.ts';
import type { Commander } from '../../../src/domain/commands.ts';
import type { ConferenceCommand } from '../../../src/domain/conference-commands.ts';
import { mayControl, type Controller } from '../../../src/domain/control.ts';
import type { DialTarget } from '../../../src/domain/dial.ts';
import { effectivePermissions, generateMemberId } from '../../../src/domain/member.ts';
import { allPermissions } from '../../../src/domain/permissions.ts';
import { allPrivileges, controlLevel, ownership, visibility, type Privilege } from '../../../src/domain/privilege.ts';
import { bothPins, hostPinOnly, hour, minute, noPins, second } from './fixtures.ts';
import { Meeting } from './meeting.ts';

const admin: Commander = { kind: 'user', name: 'root', level: 'full' };
const nobody = { open: false, locked: false, members: new Set<string>() };

describe('roles, policy sections 1 and 3', () => {
  it('PX-24: the role decides when the meeting starts: no number of guests, one host', () => {
    const meeting = new Meeting(bothPins).guest('g1', 'g2', 'g3').after(14 * minute);
    assert.equal(meeting.state.access, 'closed');
    meeting.host('h1');
    assert.equal(meeting.state.access, 'open');
  });

  it('PX-25 PX-37: the role decides who is cut: the last host gone, guests are; the last guest gone, hosts are not', () => {
    const guestsLeft = new Meeting(bothPins).host('h1').guest('g1', 'g2').leave('h1').after(5 * minute);
    assert.deepEqual(guestsLeft.who(), []);
    const hostsLeft = new Meeting(bothPins).host('h1', 'h2').guest('g1').leave('g1').after(hour);
    assert.deepEqual(hostsLeft.who(), ['h1 conference', 'h2 conference']);
  });

  it('PX-39: the four hours of a lone participant begin when the number falls to one, each time anew', () => {
    const meeting = new Meeting(noPins).host('a').after(3 * hour).host('b').after(3 * hour).leave('b').after(4 * hour - second);
    assert.deepEqual(meeting.who(), ['a conference']);
    assert.deepEqual(meeting.after(second).who(), []);
  });

  it('OV-12 PX-37: a guest promoted keeps the conference up when the last other host leaves; demoted, no longer', () => {
    const meeting = new Meeting(bothPins);
    meeting.enter('olga', 'host', 'owner');
    meeting.guest('g1', 'g2');
    const byOlga = (command: ConferenceCommand): readonly string[] => meeting.orders({ kind: 'participant', call: 'olga' }, command, 'q').heard();
    assert.equal(byOlga({ type: 'promote', target: 'g1' }).at(-1), 'answer q done');
    meeting.leave('olga').after(hour);
    assert.deepEqual(meeting.who(), ['g1 conference', 'g2 conference']);
    meeting.orders(admin, { type: 'demote', target: 'g1' }).after(5 * minute);
    assert.deepEqual(meeting.who(), []);
  });

  it('OV-12: without canMakeModerator nobody is promoted', () => {
    const meeting = new Meeting(bothPins).host('pinHost').guest('g1', 'g2');
    meeting.heard();
    for (const call of ['pinHost', 'g2']) assert.equal(meeting.orders({ kind: 'participant', call }, { type: 'promote', target: 'g1' }, 'q').heard().at(-1), 'answer q not_permitted');
    assert.equal(meeting.participant('g1').role, 'guest');
  });

  it('PX-10: who is host by PIN locks, mutes, disconnects and invites nobody; the owner does', () => {
    const to: DialTarget = { uri: 'sip:ann@example.com', role: 'speaker', keepAlive: 'always', redial: 'none' };
    const commands: readonly ConferenceCommand[] = [{ type: 'lock' }, { type: 'mute', target: 'g1' }, { type: 'kick', target: 'g1' }, { type: 'dial', to }];
    const answers = (call: string): readonly string[] =>
      commands.map((command) => {
        const meeting = new Meeting(bothPins).host('pinHost').guest('g1');
        meeting.enter('olga', 'host', 'owner');
        meeting.heard();
        return meeting.orders({ kind: 'participant', call }, command, 'q').heard().at(-1) ?? '';
      });
    assert.deepEqual(answers('pinHost'), commands.map(() => 'answer q not_permitted'));
    assert.deepEqual(answers('olga'), ['answer q done', 'answer q done', 'answer q done', 'perform dial']);
  });

  it('PX-36 CO-13: people are called from a meeting by who may invite, and by full control', () => {
    const dial: ConferenceCommand = { type: 'dial', to: { uri: 'sip:ann@example.com', role: 'speaker', keepAlive: 'always', redial: 'none' } };
    const outcome = (by: Commander): string | undefined => new Meeting(bothPins).host('h1').guest('g1').orders(by, dial, 'q').heard().at(-1);
    assert.deepEqual(
      [admin, { kind: 'user', name: 'lim', level: 'limited' } as const, { kind: 'participant', call: 'g1' } as const].map(outcome),
      ['perform dial', 'answer q not_permitted', 'answer q not_permitted'],
    );
  });
});

describe('members and anonymous ways in (OV)', () => {
  it('OV-34: an anonymous way switched off counts for who comes later, and nobody inside is touched', () => {
    const meeting = new Meeting(hostPinOnly).host('h1').guest('g1').changes({ anonymous: { moderator: true, speaker: false } });
    assert.deepEqual(meeting.who(), ['h1 conference', 'g1 conference']);
    const later = admit({ room: meeting.state.room, conference: { ...nobody, open: true }, media: 'clear', now: 0, source: 'free' });
    assert.deepEqual(later, { kind: 'askPin', rule: 'way_disabled', noPin: 'end' });
  });

  it('OV-34 OV-41 OV-42 OV-44: standard permissions by role, a member\'s own on top, listed whole', () => {
    const rolePermissions = { moderator: {}, speaker: { canWriteChat: false } };
    const of = (role: 'moderator' | 'speaker', overrides = {}): readonly string[] => [...effectivePermissions({ role, overrides }, { rolePermissions })];
    assert.deepEqual(of('moderator'), [...allPermissions]);
    assert.deepEqual(of('speaker'), ['canJoinMeeting', 'canPublishAudio', 'canPublishVideo', 'canShareScreen', 'canReadChat', 'canRetrieveRecordings']);
    assert.deepEqual(of('speaker', { canRecord: true, canReadChat: false }), ['canJoinMeeting', 'canPublishAudio', 'canPublishVideo', 'canShareScreen', 'canRecord', 'canRetrieveRecordings']);
  });

  it('OV-37: ids of external members are ext- and 8 characters', () => {
    let seed = 0;
    for (let i = 0; i < 100; i++) assert.match(generateMemberId((below) => (seed += 7) % below), /^ext-[a-z2-9]{8}$/);
  });
});

describe('ownership and control (CO)', () => {
  it('CO-03 CO-04: ownership is read by the control of users, and by admission of who proves to be the owner only', () => {
    const room = { ...bothPins, owner: 'olga' };
    const input = { conference: nobody, media: 'clear', now: 0, source: 'free' } as const;
    assert.deepEqual(admit({ ...input, room }), admit({ ...input, room: bothPins }));
    assert.deepEqual(admit({ ...input, room, identity: { user: 'eve', privilege: 'creation' } }), admit({ ...input, room: bothPins }));
    assert.deepEqual((['olga', 'eve'] as const).map((user) => controlLevel('creation', ownership(user, room.owner))), ['full', 'none']);
  });

  it('CO-40: of others\' conferences a privilege shows all, or names with or without more, or nothing', () => {
    assert.deepEqual(allPrivileges.map((privilege: Privilege) => visibility(privilege, 'others')), ['all', 'all', 'all', 'names', 'detail', 'streaming', 'names', 'none']);
  });

  it('CO-17 CO-21 CO-24 CO-25 CO-28..32: what needs pictures passes the check of its level first, then there are none', () => {
    const why = (by: Controller, command: ConferenceCommand, mediaEncryption: 'optional' | 'required'): string => {
      const verdict = mayControl(by, command, { mediaEncryption });
      return verdict.kind === 'refused' ? verdict.why : verdict.kind;
    };
    const ofOne: readonly ConferenceCommand[] = [
      { type: 'allowLayoutControl', target: 'a', allowed: true },
      { type: 'participantLayout', target: 'a', layout: '2x2' },
      { type: 'aspect', target: 'a', aspect: 'wide' },
      { type: 'camera', target: 'a', move: 'left' },
      { type: 'thumbnail', target: 'a' },
    ];
    const layout: ConferenceCommand = { type: 'layout', layout: '2x2' };
    const level = (level: 'full' | 'limited' | 'none'): Controller => ({ kind: 'user', level });
    for (const command of ofOne) assert.deepEqual([why(level('limited'), command, 'optional'), why(level('none'), command, 'optional')], ['no_video', 'not_permitted'], command.type);
    assert.deepEqual([why(level('full'), layout, 'optional'), why(level('limited'), layout, 'optional')], ['no_video', 'not_permitted']);
    // CO-24, CO-25: it is the room's encryption that forbids a picture, whoever asks; where it is optional nothing but the lack of pictures does.
    const thumbnail: ConferenceCommand = { type: 'thumbnail', target: 'a' };
    assert.deepEqual([why(level('full'), thumbnail, 'required'), why({ kind: 'system' }, thumbnail, 'required'), why(level('full'), thumbnail, 'optional')], ['encryption_required', 'encryption_required', 'no_video']);
  });
});

describe('changes of a room while it runs (PXD-39)', () => {
  it('PXD-39 PX-16: PINs, limits and muting count for who comes later; roles, places and mutes stay', () => {
    const meeting = new Meeting(bothPins).host('h1').guest('g1');
    const before = [meeting.participant('h1'), meeting.participant('g1')];
    meeting.changes({ hasGuestPin: false, muteGuestsOnJoin: true, participantLimit: 2, pinHostControls: 'full', rolePermissions: { moderator: {}, speaker: { canRecord: true } } });
    assert.deepEqual([meeting.participant('h1'), meeting.participant('g1')], before);
    meeting.guest('g2');
    assert.deepEqual(meeting.heard().at(-1), 'end g2 full: full');
    meeting.changes({ participantLimit: 3 }).guest('g3');
    assert.equal(meeting.participant('g3').muted.policy, true);
    assert.ok(meeting.participant('g3').permissions.has('canRecord'));
  });

  it('PXD-39: a rule changed counts from the next time it begins; one that is turned off ends nobody', () => {
    const guestsOnly = new Meeting(bothPins).host('h1').guest('g1').leave('h1').after(minute).changes({ rules: { guestsOnly: 10 } }).after(3 * minute);
    assert.deepEqual(guestsOnly.who(), ['g1 conference']);
    guestsOnly.host('h2').leave('h2').after(10 * second);
    assert.deepEqual(guestsOnly.who(), []);
    const lone = new Meeting(noPins).host('a').after(hour).changes({ rules: { loneParticipant: 0 } });
    assert.deepEqual(lone.timers(), {});
    lone.changes({ rules: { loneParticipant: 60 } }).after(minute);
    assert.deepEqual(lone.who(), []);
  });

  it('a start put off while people wait: they wait for the new one; beyond early entry they are told so', () => {
    const starting = (start: string) => ({ schedule: { start, timeZone: 'UTC', durationMs: hour } });
    const meeting = new Meeting({ ...bothPins, ...starting('1970-01-01T00:05:00') }).host('h1');
    meeting.changes(starting('1970-01-01T00:08:00')).after(5 * minute);
    assert.deepEqual(meeting.who(), ['h1 lobby']);
    meeting.heard();
    meeting.changes(starting('1970-01-01T05:00:00'));
    assert.deepEqual([meeting.who(), meeting.heard()], [[], ['end h1 not_started_yet: not_started_yet', 'idle']]);
    const waiting = new Meeting(bothPins).guest('g1').changes(starting('1970-01-01T00:05:00')).changes({ hasHostPin: false, hasGuestPin: false });
    assert.deepEqual(waiting.who(), ['g1 lobby']);
    assert.deepEqual(waiting.after(5 * minute).who(), ['g1 conference']);
  });

  it('permission comes first: a user without it is not told how the room stands; a lock needs somebody inside', () => {
    const meeting = new Meeting(bothPins).guest('g1');
    const answer = (by: Commander, command: ConferenceCommand): string | undefined => meeting.orders(by, command, 'q').heard().at(-1);
    assert.equal(answer({ kind: 'user', name: 'lim', level: 'limited' }, { type: 'admitNext' }), 'answer q not_permitted');
    assert.equal(answer(admin, { type: 'lock' }), 'answer q not_now');
    meeting.host('h1');
    assert.equal(answer(admin, { type: 'lock' }), 'answer q done');
  });
});
