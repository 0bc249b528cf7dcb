import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { permissionsByRule } from '../../../src/domain/entry.ts';
import { effectivePermissions, generateMemberId, mostMembers, validateMember, type Member } from '../../../src/domain/member.ts';
import { allPermissions, parseOverrides, permissionAliases, permissionsOf } from '../../../src/domain/permissions.ts';
import { checkRules, policyWith } from '../../../src/domain/room-rules.ts';
import { bothPins, noPins, policy } from './fixtures.ts';

const member: Member = { id: 'ext-1', kind: 'external', name: 'Eva', role: 'speaker', overrides: {} };
const none = { moderator: {}, speaker: {} };

describe('permissions of members, policy section 3', () => {
  it('OV-42 OVD-03: the base role sets them', () => {
    assert.deepEqual([...effectivePermissions({ ...member, role: 'moderator' }, { rolePermissions: none })], [...allPermissions]);
    assert.deepEqual(effectivePermissions(member, { rolePermissions: none }), permissionsOf('guest', undefined, bothPins));
  });
  it('OV-43 OVD-04: role set of the room, then the member\'s own grants and denials', () => {
    const rolePermissions = { moderator: {}, speaker: { canRecord: true, canReadChat: false, canWriteChat: false } };
    const has = effectivePermissions({ ...member, overrides: { canWriteChat: true, canRecord: false, canLock: true } }, { rolePermissions });
    assert.deepEqual((['canRecord', 'canReadChat', 'canWriteChat', 'canLock', 'canPublishAudio'] as const).map((permission) => has.has(permission)), [false, false, true, true, true]);
  });
  it('PX-10 OVD-04: what a room grants its moderators is not for PIN hosts, what it takes is', () => {
    const room = { ...bothPins, rolePermissions: { moderator: { canRetrieveRecordings: false, canLock: true }, speaker: {} } };
    const byPin = permissionsOf('host', 'pin', room);
    assert.deepEqual([byPin.has('canLock'), byPin.has('canRetrieveRecordings'), permissionsOf('host', 'link', room).has('canRetrieveRecordings'), permissionsOf('host', 'link', room).has('canLock')], [false, false, false, true]);
  });
  it('PX-29 PXD-22: without a host PIN a member is host with its own permissions, and may admit', () => {
    const room = { ...noPins, members: [member] };
    const has = permissionsByRule('member_identity', 'host', member.id, room);
    assert.deepEqual([has.has('canAdmit'), has.has('canLock'), permissionsByRule('speaker_link', 'host', undefined, room).has('canLock')], [true, false, false]);
  });
});

describe('names of permissions, OVD-01 OVD-02', () => {
  it('newer names are taken for the older ones', () => {
    assert.equal(permissionAliases.length, 15);
    assert.deepEqual(parseOverrides({ recordingControl: true, recordingList: false, canLock: true }, 'permissions'), { ok: true, value: { canRecord: true, canRetrieveRecordings: false, canLock: true } });
    assert.deepEqual(parseOverrides({ recordingControl: true, canRecord: true }, 'permissions'), { ok: true, value: { canRecord: true } });
  });
  for (const [given, code, field] of [
    [{ recordingControl: true, canRecord: false }, 'alias_contradiction', 'permissions.canRecord'],
    [{ recordingList: true, recordingPlay: false }, 'alias_contradiction', 'permissions.recordingPlay'],
    [{ canFly: true }, 'permission_unknown', 'permissions.canFly'],
    [{ constructor: true }, 'permission_unknown', 'permissions.constructor'],
  ] as const) {
    it(`${JSON.stringify(given)}: ${code}`, () => {
      const result = parseOverrides(given, 'permissions');
      assert.deepEqual(result.ok ? [] : result.error.map((problem) => [problem.code, problem.field]), [[code, field]]);
    });
  }
});

describe('validateMember', () => {
  const codes = (change: Partial<Member>, others: readonly { readonly id: string }[] = []): readonly string[] => {
    const result = validateMember({ ...member, ...change }, others);
    return result.ok ? [] : result.error.map(({ code }) => code);
  };
  it('names, one membership a user, a bound', () => {
    assert.deepEqual([codes({}), codes({ name: ' ' }), codes({ name: 'a\nb' }), codes({}, [{ id: 'ext-1' }]), codes({}, Array.from({ length: mostMembers }, (_, at) => ({ id: `m${at}` })))], [[], ['member_name_invalid'], ['member_name_invalid'], ['member_exists'], ['members_too_many']]);
    assert.match(generateMemberId(() => 0), /^ext-a{8}$/);
  });
});

describe('rules of a room', () => {
  it('within their bounds', () => {
    assert.equal(checkRules({ guestsOnly: 0, loneParticipant: 0, noMedia: 15, longestConnection: 60, waitingForHost: 30, lockedOut: 86_400 }, 0).ok, true);
    const problems = checkRules({ guestsOnly: -1, loneParticipant: 59, noMedia: 601, longestConnection: 3_601, waitingForHost: 29, lockedOut: 1.5 }, 3_600);
    assert.deepEqual(problems.ok ? [] : problems.error.map(({ field }) => field), ['guestsOnly', 'loneParticipant', 'noMedia', 'longestConnection', 'waitingForHost', 'lockedOut'].map((name) => `rules.${name}`));
  });
  it('take the place of the configuration\'s; the longest connection never goes beyond it', () => {
    const { ending, lobby } = policyWith(policy, { guestsOnly: 60, loneParticipant: 0, longestConnection: 86_400, lockedOut: 30 });
    assert.deepEqual([ending.guestsOnlyMs, ending.guestsOnlyWarningsMs, ending.loneParticipantMs, ending.longestConnectionMs, ending.noMediaMs, lobby.lockedOutMs, lobby.waitingForHostMs], [60_000, [], 0, policy.ending.longestConnectionMs, policy.ending.noMediaMs, 30_000, policy.lobby.waitingForHostMs]);
  });
});
