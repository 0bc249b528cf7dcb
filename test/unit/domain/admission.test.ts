import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { admit, judgeMedia, judgePin, type AdmissionInput, type AdmissionVerdict, type PinMatch, type PinVerdict, type Standing } from '../../../src/domain/admission.ts';
import type { Member } from '../../../src/domain/member.ts';
import type { RoomRules } from '../../../src/domain/policy.ts';
import { bothPins, hostPinOnly, noPins } from './fixtures.ts';

const nobody: ReadonlySet<string> = new Set();
const closed: Standing = { open: false, locked: false, members: nobody };
const open: Standing = { open: true, locked: false, members: nobody };
const locked: Standing = { open: true, locked: true, members: nobody };
/** A call of somebody unknown. */
const call = { media: 'clear', now: Date.parse('2026-11-22T12:00:00Z'), source: 'free' } as const;

const withWays = (room: RoomRules, moderator: boolean, speaker: boolean): RoomRules => ({ ...room, anonymous: { moderator, speaker } });
const askedAsRow10: AdmissionVerdict = { kind: 'askPin', rule: 'way_disabled', noPin: 'end' };

describe('admission, policy section 1', () => {
  const rows: readonly (readonly [name: string, room: RoomRules | undefined, conference: typeof closed, verdict: AdmissionVerdict])[] = [
    ['row 1: unknown alias', undefined, closed, { kind: 'reject', rule: 'unknown_alias', reason: 'unknown_alias' }],
    ['row 7, PX-11 PX-27: no PINs, closed', noPins, closed, { kind: 'admit', rule: 'no_pins', role: 'host' }],
    ['row 7, PX-27: no PINs, open', noPins, open, { kind: 'admit', rule: 'no_pins', role: 'host' }],
    ['row 7, PXD-22: no PINs, locked: a host whom the lock holds', noPins, locked, { kind: 'admit', rule: 'no_pins', role: 'host' }],
    ['row 7, OV-05: moderator disabled', withWays(noPins, false, true), closed, askedAsRow10],
    ['row 8, PX-12 PX-31: host PIN only, open', hostPinOnly, open, { kind: 'admit', rule: 'host_pin_only_open', role: 'guest' }],
    ['row 8, OV-05: speaker disabled', withWays(hostPinOnly, true, false), open, askedAsRow10],
    ['row 9, PX-08 PX-31: host PIN only, closed', hostPinOnly, closed, { kind: 'askPin', rule: 'host_pin_only_closed', noPin: 'guest' }],
    ['row 9, PXD-21: host PIN only, locked', hostPinOnly, locked, { kind: 'askPin', rule: 'host_pin_only_closed', noPin: 'guest' }],
    ['row 9, OV-05: speaker disabled: no way in without PIN', withWays(hostPinOnly, true, false), closed, askedAsRow10],
    ['row 9, OV-05: moderator disabled: guests still come in', withWays(hostPinOnly, false, true), closed, { kind: 'askPin', rule: 'host_pin_only_closed', noPin: 'guest' }],
    ['row 10, PX-13: both PINs, closed', bothPins, closed, { kind: 'askPin', rule: 'both_pins', noPin: 'end' }],
    ['row 10, PX-13: both PINs, open: asked all the same', bothPins, open, { kind: 'askPin', rule: 'both_pins', noPin: 'end' }],
    ['row 10: both PINs, locked', bothPins, locked, { kind: 'askPin', rule: 'both_pins', noPin: 'end' }],
  ];
  for (const [name, room, conference, verdict] of rows) it(name, () => assert.deepEqual(admit({ room, conference, ...call }), verdict));
});

describe('PXD-35: encrypted media required', () => {
  const strict = (room: RoomRules): RoomRules => ({ ...room, mediaEncryption: 'required' });
  const rejected: AdmissionVerdict = { kind: 'reject', rule: 'encryption_required', reason: 'encryption_required' };
  for (const room of [noPins, hostPinOnly, bothPins]) {
    it('in the clear: turned away before any PIN, open or not', () => {
      for (const conference of [open, closed, locked]) assert.deepEqual(admit({ ...call, room: strict(room), conference }), rejected);
    });
    it('encrypted: as any other room', () => assert.deepEqual(admit({ ...call, room: strict(room), conference: closed, media: 'encrypted' }), admit({ ...call, room, conference: closed })));
  }
  it('row 1 comes first', () => assert.equal(admit({ ...call, room: undefined, conference: closed }).rule, 'unknown_alias'));
  it('optional: both are accepted; required: encrypted ones', () => {
    assert.deepEqual((['encrypted', 'clear'] as const).map((media) => [judgeMedia(noPins, media), judgeMedia(strict(noPins), media)]), [
      ['accepted', 'accepted'],
      ['accepted', 'encryption_required'],
    ]);
  });
});

describe('a PIN judged', () => {
  const wrong: PinVerdict = { kind: 'wrong' };
  const rows: readonly (readonly [name: string, match: PinMatch, room: RoomRules, verdict: PinVerdict])[] = [
    ['row 9, PX-07 PX-09: host PIN', 'host', hostPinOnly, { kind: 'admit', rule: 'host_pin', role: 'host' }],
    ['row 10, PX-28: host PIN', 'host', bothPins, { kind: 'admit', rule: 'host_pin', role: 'host' }],
    ['row 10, PX-30: guest PIN', 'guest', bothPins, { kind: 'admit', rule: 'guest_pin', role: 'guest' }],
    ['wrong PIN', 'none', bothPins, wrong],
    ['OV-05: a disabled host PIN is a wrong PIN', 'host', withWays(bothPins, false, true), wrong],
    ['OV-05: a disabled guest PIN is a wrong PIN', 'guest', withWays(bothPins, true, false), wrong],
    ['OV-05: the other PIN still works', 'host', withWays(bothPins, true, false), { kind: 'admit', rule: 'host_pin', role: 'host' }],
    ['PX-16: the PINs were removed meanwhile: row 7', 'none', noPins, { kind: 'admit', rule: 'no_pins', role: 'host' }],
    ['OV-05: no PINs and no way in', 'none', withWays(noPins, false, true), wrong],
  ];
  for (const [name, match, room, verdict] of rows) it(name, () => assert.deepEqual(judgePin(match, room), verdict));
});

const member = (id: string, kind: Member['kind'], role: Member['role']): Member => ({ id, kind, name: id, role, overrides: {} });
const peopled = (room: RoomRules): RoomRules => ({ ...room, owner: 'olga', members: [member('max', 'internal', 'moderator'), member('sam', 'internal', 'speaker'), member('ext-1', 'external', 'speaker')] });
const user = (name: string, privilege: 'administrator' | 'creation' | 'full_control' = 'creation') => ({ identity: { user: name, privilege } });
const asked: AdmissionVerdict = { kind: 'askPin', rule: 'both_pins', noPin: 'end' };
const askedOnceWrong: AdmissionVerdict = { ...asked, wrong: 1 };
/** Tuesday, 10 to 11 in Berlin. */
const scheduled = (room: RoomRules): RoomRules => ({ ...room, schedule: { start: '2026-12-01T10:00:00', timeZone: 'Europe/Berlin', durationMs: 3_600_000 } });
const time = (text: string) => ({ now: Date.parse(`2026-12-01T${text}:00Z`) });

describe('admission by who calls, rows 1 to 6', () => {
  const rows: readonly (readonly [name: string, room: RoomRules | undefined, given: Partial<AdmissionInput>, verdict: AdmissionVerdict])[] = [
    ['row 1: a blocked source', bothPins, { source: 'blocked' }, { kind: 'reject', rule: 'source_blocked', reason: 'source_blocked' }],
    ['row 1: a blocked source and no such room: the same', undefined, { source: 'blocked' }, { kind: 'reject', rule: 'source_blocked', reason: 'source_blocked' }],
    ['row 1, section 6: an account that guessed, at a room of others', peopled(bothPins), { source: 'blocked', ...user('nobody') }, { kind: 'reject', rule: 'source_blocked', reason: 'source_blocked' }],
    ['row 1, N-06: a blocked source, authenticated', peopled(bothPins), { source: 'blocked', ...user('olga') }, { kind: 'admit', rule: 'owner', role: 'host' }],
    ['row 2: eleven minutes before the start', scheduled(bothPins), time('08:49'), { kind: 'turnAway', rule: 'not_started_yet', reason: 'not_started_yet' }],
    ['row 2: too early for the owner, too', scheduled(peopled(bothPins)), { ...time('08:49'), ...user('olga') }, { kind: 'turnAway', rule: 'not_started_yet', reason: 'not_started_yet' }],
    ['row 2: ten minutes before: on with row 3', scheduled(bothPins), time('08:50'), asked],
    ['row 2: inside the window', scheduled(bothPins), time('09:30'), asked],
    ['row 2: at the end', scheduled(bothPins), time('10:00'), { kind: 'turnAway', rule: 'has_ended', reason: 'has_ended' }],
    ['row 2: extended', scheduled(bothPins), { ...time('10:00'), conference: { ...open, extendedTo: Date.parse('2026-12-01T10:15:00Z') } }, asked],
    ['row 3, PX-32 PX-33: dialled, no host PIN', noPins, { dialled: {} }, { kind: 'admit', rule: 'dialled_no_host_pin', role: 'host' }],
    ['row 3, PX-34: dialled, the registered owner', peopled(bothPins), { dialled: {}, ...user('olga') }, { kind: 'admit', rule: 'dialled_owner', role: 'host' }],
    ['row 3, PX-34: dialled, a registered administrator', bothPins, { dialled: {}, ...user('root', 'administrator') }, { kind: 'admit', rule: 'dialled_owner', role: 'host' }],
    ['row 3, PX-35: dialled, anybody else', peopled(bothPins), { dialled: {}, ...user('max') }, { kind: 'admit', rule: 'dialled_guest', role: 'guest' }],
    ['row 3: the role given wins, host', bothPins, { dialled: { role: 'host' } }, { kind: 'admit', rule: 'dialled_with_role', role: 'host' }],
    ['row 3: the role given wins, guest', peopled(bothPins), { dialled: { role: 'guest' }, ...user('olga') }, { kind: 'admit', rule: 'dialled_with_role', role: 'guest' }],
    ['row 4, PX-05 M-13: the owner', peopled(bothPins), user('olga'), { kind: 'admit', rule: 'owner', role: 'host' }],
    ['row 4, PX-06: an administrator', bothPins, user('root', 'administrator'), { kind: 'admit', rule: 'administrator', role: 'host' }],
    ['row 4: full control over conferences is no way in', bothPins, user('root', 'full_control'), asked],
    ['row 4, CO-04: the owner, not authenticated', peopled(bothPins), {}, asked],
    ['row 5, OV-08 OV-39: a member, moderator', peopled(bothPins), user('max'), { kind: 'admit', rule: 'member_identity', role: 'host', member: 'max' }],
    ['row 5: a member, speaker', peopled(bothPins), user('sam'), { kind: 'admit', rule: 'member_identity', role: 'guest', member: 'sam' }],
    ['row 5, PX-29: a speaker, no host PIN: host by role', peopled(noPins), user('sam'), { kind: 'admit', rule: 'member_identity', role: 'host', member: 'sam' }],
    ['row 5: an external member is nobody\'s account', peopled(bothPins), user('ext-1'), asked],
    ['row 6, OV-06 OV-07 M-15: the link of a member', peopled(bothPins), { credential: { kind: 'member', id: 'ext-1' } }, { kind: 'admit', rule: 'member_credential', role: 'guest', member: 'ext-1' }],
    ['row 6, OV-45 M-16: of a member removed: one wrong attempt', peopled(bothPins), { credential: { kind: 'member', id: 'ext-9' } }, askedOnceWrong],
    ['row 6, OV-38: a second use, flagged', peopled(bothPins), { credential: { kind: 'member', id: 'ext-1' }, conference: { ...open, members: new Set(['ext-1']) } }, { kind: 'admit', rule: 'member_credential', role: 'guest', member: 'ext-1' }],
    ['row 6, OV-38: a second use, refused', { ...peopled(bothPins), memberReuse: 'refuse' }, { credential: { kind: 'member', id: 'ext-1' }, conference: { ...open, members: new Set(['ext-1']) } }, { kind: 'turnAway', rule: 'member_in_use', reason: 'member_in_use' }],
    ['row 6, OV-04: the link of moderators', bothPins, { credential: { kind: 'moderatorLink' } }, { kind: 'admit', rule: 'moderator_link', role: 'host' }],
    ['row 6, OV-04: the link of speakers', bothPins, { credential: { kind: 'speakerLink' } }, { kind: 'admit', rule: 'speaker_link', role: 'guest' }],
    ['row 6, OV-05 M-17: the link of speakers, disabled', withWays(bothPins, true, false), { credential: { kind: 'speakerLink' } }, askedOnceWrong],
    ['row 6: revoked, in a room without PINs: on with row 7', noPins, { credential: { kind: 'unknown' } }, { kind: 'admit', rule: 'no_pins', role: 'host', wrong: 1 }],
    ['row 6, PX-14: a guest PIN remembered', bothPins, { credential: { kind: 'rememberedGuestPin' } }, { kind: 'admit', rule: 'guest_pin_remembered', role: 'guest' }],
    ['row 6, PX-14 OV-05: remembered, then disabled: asked, and no attempt', withWays(bothPins, true, false), { credential: { kind: 'rememberedGuestPin' } }, asked],
  ];
  for (const [name, room, given, verdict] of rows) it(name, () => { assert.deepEqual(admit({ ...call, conference: closed, ...given, room }), verdict); });

  it('OV-33: a member\'s PIN comes first, whatever is disabled', () => {
    assert.deepEqual(judgePin({ kind: 'member', id: 'max' }, withWays(peopled(bothPins), false, false)), { kind: 'admit', rule: 'member_pin', role: 'host', member: 'max' });
    assert.deepEqual(judgePin({ kind: 'member', id: 'gone' }, peopled(bothPins)), { kind: 'wrong' });
    assert.deepEqual(judgePin({ kind: 'member', id: 'ext-1' }, { ...peopled(bothPins), memberReuse: 'refuse' }, new Set(['ext-1'])), { kind: 'inUse' });
  });
});
