import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Pin } from '../../../../src/domain/pin-format.ts';
import type { Room } from '../../../../src/domain/room.ts';
import type { MemberGiven } from '../../../../src/ports/members.ts';
import type { Stores } from '../../../../src/ports/stores.ts';
import { codeOf, Folder, must, person, settings, untold } from './fixture.ts';

const pin = new Pin('4321');
const ann: MemberGiven = { id: 'ext-annannan', kind: 'external', name: 'Ann', role: 'moderator', overrides: { canRecord: false }, pin };
const alice: MemberGiven = { id: 'alice', kind: 'internal', name: 'Alice', role: 'speaker', overrides: {} };

async function opened(t: TestContext): Promise<Stores & { readonly room: Room; readonly folder: Folder }> {
  const folder = new Folder(t);
  const stores = await folder.open();
  must(await stores.users.add(person('alice'), untold));
  return { ...stores, folder, room: must(await stores.rooms.add(settings, { host: new Pin('135792') }, untold)) };
}

describe('members', () => {
  it('are kept as they are, in order of adding, with the room', async (t) => {
    const { members, rooms, room } = await opened(t);
    const added = [must(await members.add(room.id, ann, untold)).member, must(await members.add(room.id, alice, untold)).member];
    const { pin: annPin, ...annRest } = added[0]!;
    assert.deepEqual([annRest, annPin?.length, added[1]], [{ id: ann.id, kind: 'external', name: 'Ann', role: 'moderator', overrides: { canRecord: false } }, 4, alice]);
    assert.deepEqual(must(await rooms.byId(room.id)), { ...room, members: added });
    const one = must(await members.list(room.id, { limit: 1 }));
    assert.deepEqual([one.items, must(await members.list(room.id, { limit: 1, after: one.next! }))], [[added[0]], { items: [added[1]] }]);
    assert.equal(must(await rooms.list({ limit: 1 })).items[0]?.memberCount, 2);
  });

  it('are told with their room inside the transaction', async (t) => {
    const { members, room } = await opened(t);
    const told: unknown[] = [];
    must(await members.add(room.id, ann, (added, at) => (told.push([added.id, at.members.length]), untold())));
    must(await members.change(room.id, { ...ann, name: 'Anna' }, (after, before, at) => (told.push([after.name, before.name, at.members.length]), untold())));
    must(await members.remove(room.id, [ann.id], (removed, at) => (told.push([removed.length, at.members.length]), untold())));
    assert.deepEqual(told, [[ann.id, 1], ['Anna', 'Ann', 1], [1, 0]]);
  });

  it('are refused with a reason, and nothing of them is kept', async (t) => {
    const { members, rooms, room } = await opened(t);
    must(await members.add(room.id, ann, untold));
    const other = { ...ann, id: 'ext-otherone', pin: null };
    assert.deepEqual(
      [
        await members.add('nobody', alice, untold),
        await members.add(room.id, ann, untold),
        await members.add(room.id, { ...alice, id: 'nobody' }, untold),
        await members.add(room.id, { ...other, pin }, untold),
        await members.add(room.id, { ...other, pin: new Pin('135792') }, untold),
        await members.change(room.id, other, untold),
        await members.renewToken(room.id, other.id, untold),
        await members.list('nobody', { limit: 1 }),
      ].map(codeOf),
      ['room_unknown', 'member_exists', 'user_unknown', 'pins_equal', 'pins_equal', 'member_unknown', 'member_unknown', 'room_unknown'],
    );
    assert.equal(must(await rooms.byId(room.id))?.members.length, 1);
  });

  it('have a PIN that can be had back, changed and removed', async (t) => {
    const { members, rooms, room } = await opened(t);
    must(await members.add(room.id, ann, untold));
    assert.equal(must(await members.pin(room.id, ann.id))?.reveal(), '4321');
    const { id, kind, role, overrides } = ann;
    const renamed = must(await members.change(room.id, { id, kind, role, overrides, name: 'Anna' }, untold));
    assert.deepEqual([renamed.member.name, rooms.identify(renamed.room, pin)], ['Anna', { kind: 'member', id }], 'a PIN that is not named stays');
    must(await members.change(room.id, ann, untold));
    const changed = must(await members.change(room.id, { ...ann, pin: new Pin('8642') }, untold));
    assert.deepEqual([rooms.identify(changed.room, pin), rooms.identify(changed.room, new Pin('8642'))], ['none', { kind: 'member', id: ann.id }]);
    assert.equal(must(await members.change(room.id, { ...ann, pin: null }, untold)).member.pin, undefined);
    assert.equal(must(await members.pin(room.id, ann.id)), undefined);
  });

  it('OV-45 have a link of their own, renewed on request; it ends with them', async (t) => {
    const { members, rooms, room, folder } = await opened(t);
    const { room: full } = must(await members.add(room.id, ann, untold));
    const first = must(await members.token(room.id, ann.id))!;
    assert.deepEqual(must(await rooms.byToken(first)), { room: full, grant: { kind: 'member', id: ann.id } });
    const second = must(await members.renewToken(room.id, ann.id, untold));
    assert.deepEqual([must(await rooms.byToken(first)), must(await members.token(room.id, ann.id))], [undefined, second]);
    assert.ok(!folder.bytes().includes(second), 'no token in clear in the files');
    must(await members.remove(room.id, [ann.id, 'nobody'], untold));
    assert.deepEqual([must(await rooms.byToken(second)), must(await members.token(room.id, ann.id))], [undefined, undefined]);
  });

  it('are at most 1,000 in a room', async (t) => {
    const { members, room } = await opened(t);
    for (let n = 0; n < 1_000; n++) must(await members.add(room.id, { id: `ext-${n}`, kind: 'external', name: 'X', role: 'speaker', overrides: {} }, untold));
    assert.equal(codeOf(await members.add(room.id, alice, untold)), 'room_full_of_members');
  });
});
