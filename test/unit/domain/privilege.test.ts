import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { mayAsk, mayControl, needOf, type Controller } from '../../../src/domain/control.ts';
import type { ControlCommand } from '../../../src/domain/commands.ts';
import { allPrivileges, controlLevel, judgeOwner, mayChooseOwner, mayCreate, privilegeOfRole, reaches, visibility, type Privilege } from '../../../src/domain/privilege.ts';

describe('privileges, policy section 4', () => {
  const rows: readonly (readonly [ids: string, privilege: Privilege, creates: boolean, choosesOwner: boolean, own: string, others: string, seesOwn: string, seesOthers: string])[] = [
    ['CO-07', 'administrator', true, true, 'full', 'full', 'all', 'all'],
    ['CO-07', 'full_control', true, true, 'full', 'full', 'all', 'all'],
    ['CO-08', 'limited_control', true, false, 'full', 'limited', 'all', 'all'],
    ['CO-09', 'creation', true, false, 'full', 'none', 'all', 'names'],
    ['CO-10', 'detail', false, false, 'none', 'none', 'detail', 'detail'],
    ['CO-10', 'list_streaming', false, false, 'none', 'none', 'streaming', 'streaming'],
    ['CO-10 CO-40', 'list', false, false, 'none', 'none', 'names', 'names'],
    ['OV-26', 'room_member', false, false, 'none', 'none', 'none', 'none'],
  ];
  for (const [ids, privilege, ...expected] of rows) {
    it(`${ids}, CO-06 CO-11: ${privilege}`, () => {
      assert.deepEqual([mayCreate(privilege), mayChooseOwner(privilege), controlLevel(privilege, 'own'), controlLevel(privilege, 'others'), visibility(privilege, 'own'), visibility(privilege, 'others')], expected);
    });
  }
  it('each has a row', () => { assert.deepEqual(rows.map(([, privilege]) => privilege), [...allPrivileges]); });
  it('OV-17 OV-24 OV-25: OpenVidu\'s roles', () => { assert.deepEqual((['admin', 'user', 'room_member'] as const).map(privilegeOfRole), ['administrator', 'creation', 'room_member']); });

  const owners: readonly (readonly [name: string, by: Privilege, before: string | undefined, owner: Privilege | undefined, ownerName: string, verdict: string])[] = [
    ['CO-41: an administrator changes the owner', 'administrator', 'bob', 'creation', 'eve', 'allowed'],
    ['CO-41: full control changes the owner', 'full_control', 'bob', 'limited_control', 'eve', 'allowed'],
    ['CO-41: limited control does not', 'limited_control', 'bob', 'creation', 'eve', 'owner_not_permitted'],
    ['CO-41: nor the owner himself', 'creation', 'me', 'creation', 'eve', 'owner_not_permitted'],
    ['CO-42: to none', 'administrator', 'bob', undefined, '', 'allowed'],
    ['CO-42: a user who may own nothing', 'administrator', 'bob', 'list', 'eve', 'owner_unfit'],
    ['CO-43: at creation, himself', 'creation', undefined, 'creation', 'me', 'allowed'],
    ['CO-43: at creation, another', 'creation', undefined, 'creation', 'eve', 'owner_not_permitted'],
    ['as it was', 'creation', 'bob', 'creation', 'bob', 'allowed'],
  ];
  for (const [name, privilege, before, owner, ownerName, verdict] of owners) {
    it(name, () => { assert.equal(judgeOwner({ user: 'me', privilege }, before, owner === undefined ? undefined : { name: ownerName, privilege: owner }), verdict); });
  }
});

/** One of each command users may give, by the level it needs. */
const full: readonly ControlCommand[] = [
  { type: 'kick', target: 'a' }, { type: 'move', target: 'a', room: 'r' }, { type: 'dial', to: { uri: 'sip:a@b', role: 'speaker', keepAlive: 'always', redial: 'none' } }, { type: 'endForAll' }, { type: 'extend', seconds: 60 },
  { type: 'message', to: 'room', text: 'hi' }, { type: 'announce', to: 'room', text: 'hi' }, { type: 'layout', layout: '1x1' }, { type: 'lock' }, { type: 'unlock' }, { type: 'admit', target: 'a' }, { type: 'refuse', target: 'a' },
  { type: 'promote', target: 'a' }, { type: 'demote', target: 'a' }, { type: 'transferHost', target: 'a' }, { type: 'rename', target: 'a', name: 'x' }, { type: 'recordStart' }, { type: 'recordStop' }, { type: 'recordPause' }, { type: 'recordResume' },
];
const limited: readonly ControlCommand[] = [
  { type: 'mute', target: 'a' }, { type: 'unmute', target: 'a' }, { type: 'muteGuests' }, { type: 'unmuteGuests' }, { type: 'muteAll' }, { type: 'unmuteAll' }, { type: 'lowerHand', target: 'a' }, { type: 'setGain', target: 'a', decibels: 3 },
  { type: 'setDeaf', target: 'a', deaf: true }, { type: 'important', target: 'a', on: true }, { type: 'message', to: { call: 'a' }, text: 'hi' }, { type: 'announce', to: { call: 'a' }, text: 'hi' },
  { type: 'participantLayout', target: 'a', layout: '1' }, { type: 'allowLayoutControl', target: 'a', allowed: true }, { type: 'aspect', target: 'a', aspect: 'wide' }, { type: 'camera', target: 'a', move: 'left' }, { type: 'thumbnail', target: 'a' },
];
const keypad = ['help', 'claimHost', 'toggleHand', 'count', 'toggleMuteSelf', 'toggleMuteGuests', 'toggleLock', 'nextLayout', 'admitNext', 'refuseNext'] as const;

describe('control levels, policy section 4', () => {
  const asks = (level: 'full' | 'limited' | 'none', command: ControlCommand): string => mayAsk({ kind: 'user', level }, command).kind;
  it('CO-12 CO-13 CO-14 CO-16 CO-17: what needs full control', () => { for (const command of full) assert.deepEqual([asks('full', command), asks('limited', command), asks('none', command)], ['allowed', 'refused', 'refused'], command.type); });
  it('CO-21 CO-26 CO-27 CO-28..32 CO-34 CO-35 CO-36: what limited control is enough for', () => { for (const command of limited) assert.deepEqual([asks('full', command), asks('limited', command), asks('none', command)], ['allowed', 'allowed', 'refused'], command.type); });
  it('CO-39: without control, and by keypad codes, users do nothing', () => {
    for (const type of keypad) for (const level of ['full', 'limited', 'none'] as const) assert.equal(mayAsk({ kind: 'user', level }, { type }).kind, 'refused', type);
  });
  it('CO-18: full control includes limited control, whatever the command', () => {
    fc.assert(fc.property(fc.constantFrom(...full, ...limited), (command) => asks('limited', command) !== 'allowed' || asks('full', command) === 'allowed'));
    assert.deepEqual([reaches('full', 'limited'), reaches('limited', 'full'), reaches('none', 'limited')], [true, false, false]);
  });
  it('a permission lets a participant and a member do exactly what needs it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...full, ...limited), fc.constantFrom('participant', 'member'), (command, kind) => {
        const { permission } = needOf(command);
        assert.ok(permission !== 'anyone');
        const by = (permissions: ReadonlySet<typeof permission>): Controller => (kind === 'member' ? { kind, permissions } : { kind: 'participant', place: 'conference', permissions });
        return mayAsk(by(new Set([permission])), command).kind === 'allowed' && mayAsk(by(new Set()), command).kind === 'refused';
      }),
    );
  });
  it('CO-24: no thumbnail where encryption is required, for any role; then: there is no video', () => {
    const why = (level: 'full' | 'none', mediaEncryption: 'required' | 'optional'): unknown => mayControl({ kind: 'user', level }, { type: 'thumbnail', target: 'a' }, { mediaEncryption });
    assert.deepEqual([why('full', 'required'), why('full', 'optional'), why('none', 'required')], ['encryption_required', 'no_video', 'not_permitted'].map((reason) => ({ kind: 'refused', why: reason })));
    for (const command of [...full, ...limited].filter(({ type }) => ['layout', 'participantLayout', 'allowLayoutControl', 'aspect', 'camera'].includes(type))) {
      assert.deepEqual(mayControl({ kind: 'system' }, command, { mediaEncryption: 'required' }), { kind: 'refused', why: 'no_video' }, command.type);
    }
  });
});
