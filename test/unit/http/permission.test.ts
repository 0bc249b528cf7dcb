import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { allPermissions, type Permission } from '../../../src/domain/permissions.ts';
import { allPrivileges, type Privilege } from '../../../src/domain/privilege.ts';
import { newRoomSettings, type Room } from '../../../src/domain/room.ts';
import { judge, type Verdict } from '../../../src/http/permission.ts';
import type { Need } from '../../../src/http/route.ts';
import type { Actor } from '../../../src/manage/actor.ts';

const roomOf = (given: Partial<Room> = {}): Room => ({ ...newRoomSettings({ name: 'Team', aliases: ['2000'] }), id: 'r1', pins: {}, version: 1, createdAt: 0, members: [], ...given });
const user = (privilege: Privilege): Actor => ({ kind: 'user', name: 'alice', privilege });
const member = (room: string, ...permissions: readonly Permission[]): Actor => ({ kind: 'member', room, member: 'ext-1', permissions: new Set(permissions) });
const asked = (needs: Need, room?: Room) => ({ needs, area: 'live' as const, access: 'write' as const, named: undefined, room });
const withAlice = (role: 'moderator' | 'speaker', overrides = {}): Partial<Room> => ({ members: [{ id: 'alice', kind: 'internal', name: 'Alice', role, overrides }] });

describe('who may use a route of a room (policy.md section 4)', () => {
  const full: Need = { room: 'full' };
  const limited: Need = { room: 'limited' };
  const kick: Need = { room: 'full', permission: 'canKickParticipants' };
  const seen: Need = { room: 'seen' };

  const rows: readonly (readonly [string, Actor | undefined, Need, Room | undefined, Verdict])[] = [
    ['nobody signs in first', undefined, full, roomOf(), 'sign_in'],
    ['CO-07 administrator, of others', user('administrator'), full, roomOf(), 'allowed'],
    ['CO-07 full control, of others', user('full_control'), full, roomOf(), 'allowed'],
    ['CO-08 limited control, of others: not full', user('limited_control'), full, roomOf(), 'not_permitted'],
    ['CO-08 limited control, of others: limited', user('limited_control'), limited, roomOf(), 'allowed'],
    ['CO-08 limited control, own: full', user('limited_control'), full, roomOf({ owner: 'alice' }), 'allowed'],
    ['CO-09 creation, own: full', user('creation'), full, roomOf({ owner: 'alice' }), 'allowed'],
    ['CO-09 creation, of others: none, though it sees the name', user('creation'), limited, roomOf({ owner: 'bob' }), 'not_permitted'],
    ['CO-10 detail: no control', user('detail'), limited, roomOf(), 'not_permitted'],
    ['CO-10 detail: owning counts for nothing', user('detail'), full, roomOf({ owner: 'alice' }), 'not_permitted'],
    ['CO-40 list: sees the name', user('list'), seen, roomOf(), 'allowed'],
    ['OV-26 room_member: a room there is not', user('room_member'), seen, roomOf(), 'unknown'],
    ['OV-26 room_member: knows its own rooms', user('room_member'), full, roomOf(withAlice('speaker')), 'not_permitted'],
    ['OV-44 membership gives its permissions', user('room_member'), kick, roomOf(withAlice('moderator')), 'allowed'],
    ['OV-43 a permission taken from a member', user('room_member'), kick, roomOf(withAlice('moderator', { canKickParticipants: false })), 'not_permitted'],
    ['OV-43 a permission given to a member', user('room_member'), kick, roomOf(withAlice('speaker', { canKickParticipants: true })), 'allowed'],
    ['OV-44 membership counts where the privilege does not reach', user('creation'), kick, roomOf(withAlice('moderator')), 'allowed'],
    ['member token: its permission, its room', member('r1', 'canKickParticipants'), kick, roomOf(), 'allowed'],
    ['member token: without the permission', member('r1', 'canReadChat'), kick, roomOf(), 'not_permitted'],
    ['member token: not what needs control', member('r1', ...allPermissions), full, roomOf(), 'not_permitted'],
    ['member token: another room is not there', member('r2', ...allPermissions), kick, roomOf(), 'unknown'],
    ['a room there is not, for an administrator', user('administrator'), full, undefined, 'unknown'],
    ['local', { kind: 'local' }, full, roomOf(), 'allowed'],
    ['key in its scope', { kind: 'apiKey', id: '1', name: 'k', scopes: ['live:write'] }, full, roomOf(), 'allowed'],
    ['key of reading', { kind: 'apiKey', id: '1', name: 'k', scopes: ['live:read'] }, full, roomOf(), 'not_permitted'],
    ['key of another scope', { kind: 'apiKey', id: '1', name: 'k', scopes: ['rooms:write'] }, full, roomOf(), 'not_permitted'],
  ];
  for (const [name, actor, needs, room, verdict] of rows) it(name, () => assert.equal(judge(actor, asked(needs, room)), verdict));

  it('CO-18: whoever may what needs full control may what needs limited control', () => {
    const level = fc.constantFrom(...allPrivileges);
    fc.assert(
      fc.property(level, fc.boolean(), fc.constantFrom('none' as const, 'moderator' as const, 'speaker' as const), (privilege, owns, role) => {
        const room = roomOf({ ...(owns ? { owner: 'alice' } : {}), ...(role === 'none' ? {} : withAlice(role)) });
        if (judge(user(privilege), asked(full, room)) === 'allowed') assert.equal(judge(user(privilege), asked(limited, room)), 'allowed');
      }),
    );
  });
});
