import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoomEvent } from '../../../../src/domain/events.ts';
import type { EventsToKeep } from '../../../../src/ports/events.ts';
import { codeOf, Folder, must, settings, untold } from './fixture.ts';

const opened = (roomId: string, at = 1): RoomEvent => ({ type: 'conference.opened', at, roomId, data: {} });
const ids = (events: readonly { readonly id: number }[]) => events.map(({ id }) => id);
const keeping = (keep: Partial<EventsToKeep>): EventsToKeep => ({ since: 0, most: 100, mostUndelivered: 1_000, ...keep });

describe('events', () => {
  it('are numbered over all, and without a gap in each room', async (t) => {
    const { events } = await new Folder(t).open();
    const user: RoomEvent = { type: 'user.created', at: 1, data: { user: 'alice' } };
    const stored = must(await events.append([opened('a'), opened('b'), user, opened('a')]));
    assert.deepEqual(stored.map(({ id, seq }) => [id, seq]), [[1, 1], [2, 1], [3, undefined], [4, 2]]);
    assert.deepEqual(must(await events.after(0, { limit: 10 })), stored);
  });

  it('are read after a cursor, of a room, of types', async (t) => {
    const { events } = await new Folder(t).open();
    const call: RoomEvent = { type: 'call.arrived', at: 1, callId: 'c', data: { caller: 'x', alias: '1' } };
    must(await events.append([opened('a'), opened('b'), call, opened('a'), opened('a')]));
    assert.deepEqual([ids(must(await events.after(2, { limit: 2 }))), ids(must(await events.after(0, { limit: 9, room: 'a' }))), ids(must(await events.after(0, { limit: 9, types: ['call.arrived'] }))), ids(must(await events.afterInRoom('a', 1, 9)))], [[3, 4], [1, 4, 5], [3], [4, 5]]);
    assert.deepEqual(must(await events.after(0, { limit: 9, types: ['call.arrived'] }))[0]?.event, call);
  });

  it('of a change are kept with it, or neither', async (t) => {
    const { rooms, events, audit } = await new Folder(t).open();
    const entry = { at: 5, actor: 'user:alice', from: '192.0.2.1', action: 'room.add', object: 'room', after: { name: 'Team' } };
    const created = (id: string): RoomEvent => ({ type: 'room.created', at: 5, roomId: id, data: { name: 'Team', aliases: [], owner: null } });
    const room = must(await rooms.add(settings, {}, ({ id }) => ({ audit: entry, events: [created(id)] })));
    assert.deepEqual(must(await events.after(0, { limit: 9 })), [{ id: 1, seq: 1, event: created(room.id) }]);
    assert.equal(codeOf(await rooms.add({ ...settings, aliases: ['9'] }, {}, () => { throw new Error('the trail cannot be made'); })), 'store_failed');
    assert.equal(codeOf(await rooms.change(room.id, 7, { settings }, () => ({ audit: entry, events: [created(room.id)] }))), 'version_conflict');
    assert.deepEqual([must(await rooms.byAlias('9')), must(await events.range()), must(await audit.list({ limit: 9 })).items.length], [[], { oldest: 1, newest: 1 }, 1]);
  });

  it('are told of after the commit, whoever added them, and not after a refusal', async (t) => {
    const { rooms, events } = await new Folder(t).open();
    let told = 0;
    const end = events.onAppended(() => (told += 1));
    must(await events.append([opened('a')]));
    must(await events.append([]));
    must(await rooms.add(settings, {}, untold));
    assert.equal(told, 1);
    must(await rooms.add({ ...settings, aliases: ['9'] }, {}, ({ id }) => ({ events: [opened(id)] })));
    await rooms.add(settings, {}, ({ id }) => ({ events: [opened(id)] }));
    assert.equal(told, 2);
    end();
    must(await events.append([opened('a')]));
    assert.equal(told, 2);
  });

  it('are dropped by age and by number from the beginning; numbers go on', async (t) => {
    const { events } = await new Folder(t).open();
    must(await events.append([10, 20, 15, 30, 40].map((at) => opened('a', at))));
    assert.equal(must(await events.prune(keeping({ since: 20 }), 9)), 1, 'one that is old between younger ones leaves no gap');
    assert.deepEqual([ids(must(await events.after(0, { limit: 9 }))), must(await events.range())], [[2, 3, 4, 5], { oldest: 2, newest: 5 }]);
    assert.equal(must(await events.prune(keeping({ most: 2 }), 9)), 2);
    assert.equal(must(await events.prune(keeping({ since: 100 }), 9)), 2);
    assert.deepEqual(must(await events.range()), { oldest: 0, newest: 5 });
    assert.deepEqual(must(await events.append([opened('b')])).map(({ id, seq }) => [id, seq]), [[6, 1]]);
  });

  it('are dropped a few at a time', async (t) => {
    const { events } = await new Folder(t).open();
    must(await events.append([1, 2, 3, 4, 5].map((at) => opened('a', at))));
    const dropped = [must(await events.prune(keeping({ since: 5 }), 3)), must(await events.prune(keeping({ since: 5 }), 3)), must(await events.prune(keeping({ since: 5 }), 3))];
    assert.deepEqual([dropped, ids(must(await events.after(0, { limit: 9 })))], [[3, 1, 0], [5]]);
  });

  it('are kept for the slowest webhook, paused or not, up to a bound', async (t) => {
    const { events, webhooks } = await new Folder(t).open();
    must(await events.append([opened('a', 1)]));
    const hook = must(await webhooks.add({ url: 'https://example.com', state: 'paused' }, 'secret', untold));
    must(await events.append([2, 3, 4, 5].map((at) => opened('a', at))));
    must(await webhooks.progress(hook.id, { cursor: 2, failures: 0 }, []));
    assert.equal(must(await events.prune(keeping({ since: 100, most: 1 }), 9)), 2, 'those it has got');
    assert.equal(must(await events.prune(keeping({ mostUndelivered: 2 }), 9)), 1);
    assert.deepEqual(ids(must(await events.after(0, { limit: 9 }))), [4, 5]);
    must(await webhooks.remove(hook.id, untold));
    assert.equal(must(await events.prune(keeping({ since: 100 }), 9)), 2);
  });

  it('of a room that stays count on when they have been dropped', async (t) => {
    const { events, rooms } = await new Folder(t).open();
    const { id } = must(await rooms.add(settings, {}, untold));
    must(await events.append([opened(id), opened(id)]));
    must(await events.prune(keeping({ since: 100 }), 9));
    assert.deepEqual(must(await events.append([opened(id)])).map(({ seq }) => seq), [3]);
  });
});
