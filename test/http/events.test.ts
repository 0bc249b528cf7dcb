import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RoomEvent } from '../../src/domain/events.ts';
import type { Room } from '../../src/domain/room.ts';
import { EventStream } from '../../src/http/event-stream.ts';
import { EventSight } from '../../src/manage/event-sight.ts';
import { FakeClock, settle } from '../fakes/clock.ts';
import { EventClient } from './event-client.ts';
import { codeOf, must } from './house.ts';
import { OperationsHouse } from './operations-house.ts';

const at = Date.UTC(2026, 0, 1);
const hand = (roomId: string, callId = 'c1'): RoomEvent => ({ type: 'participant.handRaised', at, roomId, callId, data: {} });

interface Page {
  readonly items: readonly { readonly id: number; readonly seq?: number; readonly type: string; readonly room?: string; readonly data: Readonly<Record<string, unknown>> }[];
  readonly next: number;
  readonly missed?: object;
}

describe('GET /events (N-16)', () => {
  let house: OperationsHouse;
  let [mine, theirs]: (Room | undefined)[] = [];
  let root: string;

  before(async () => {
    house = await OperationsHouse.open();
    await house.api.user('owner', 'creation');
    mine = await house.room({ aliases: ['1'], owner: 'owner' });
    theirs = await house.room({ aliases: ['2'] });
    root = await house.api.signedIn('root', 'administrator');
    await house.happen(hand(mine.id), hand(theirs.id), hand(mine.id), { type: 'user.created', at, data: { user: 'x' } }, { type: 'call.arrived', at, callId: 'c9', data: { caller: 'sip:a', alias: '1' } });
    await house.happen({ type: 'conference.extended', at, roomId: mine.id, data: { rule: 'schedule', endsAt: at } }, { type: 'participant.roleChanged', at, roomId: mine.id, callId: 'c1', data: { role: 'host', hostBy: 'promoted' } });
  });
  after(() => house.close());

  const read = async (bearer: string, query = ''): Promise<Page> => (await house.api.ask('GET', `/api/v1/events${query}`, { bearer })).body as Page;

  it('gives all to an administrator, oldest first, with a sequence per room that has no gap', async () => {
    const { items, next } = await read(root);
    assert.deepEqual(items.filter(({ room }) => room === mine?.id).map(({ seq }) => seq), [1, 2, 3, 4]);
    assert.deepEqual(items.filter(({ room }) => room === theirs?.id).map(({ seq }) => seq), [1]);
    assert.ok(items.some(({ type }) => type === 'user.created'));
    assert.equal(next, items.at(-1)?.id);
  });

  it('goes on where the page before ended, and tells where to go on when there is nothing', async () => {
    const first = await read(root, '?limit=2');
    const second = await read(root, `?limit=200&after=${first.next}`);
    const all = await read(root, '?limit=200');
    assert.deepEqual([...first.items, ...second.items], all.items);
    const none = await read(root, `?after=${second.next}`);
    assert.deepEqual([none.items, none.next], [[], second.next]);
  });

  it('has times and roles as the API has them everywhere', async () => {
    const { items } = await read(root, `?room=${mine?.id ?? ''}`);
    assert.deepEqual(items.find(({ type }) => type === 'conference.extended')?.data, { rule: 'schedule', endsAt: '2026-01-01T00:00:00.000Z' });
    assert.equal(items.find(({ type }) => type === 'participant.roleChanged')?.data['role'], 'moderator');
  });

  it('by room and sequence, and by type', async () => {
    const bySeq = await read(root, `?room=${mine?.id ?? ''}&afterSeq=2`);
    assert.deepEqual([bySeq.items.map(({ seq }) => seq), bySeq.next], [[3, 4], 4]);
    assert.deepEqual((await read(root, '?types=user.created,call.arrived')).items.map(({ type }) => type), ['user.created', 'call.arrived']);
    assert.equal(codeOf(await house.api.ask('GET', '/api/v1/events?afterSeq=1', { bearer: root })), 'invalid');
  });

  it('policy section 4: owners are told of their rooms, who sees names of nothing, other controllers of all but users', async () => {
    const owner = await house.api.token({ kind: 'user', name: 'owner' });
    assert.ok((await read(owner)).items.every(({ room }) => room === mine?.id));
    assert.equal((await read(owner)).items.length, 4);
    assert.equal(codeOf(await house.api.ask('GET', `/api/v1/events?room=${theirs?.id ?? ''}`, { bearer: owner })), 'room_unknown');
    assert.deepEqual((await read(await house.api.signedIn('lister', 'list'))).items, []);
    const full = (await read(await house.api.signedIn('full', 'full_control'))).items.map(({ type }) => type);
    assert.ok(full.includes('call.arrived') && !full.includes('user.created'));
  });

  it('a member of a room who may mute others is told what goes on in it; a speaker is told nothing', async () => {
    const moderator = await house.api.token({ kind: 'link', room: mine?.id ?? '', role: 'moderator' });
    const speaker = await house.api.token({ kind: 'link', room: mine?.id ?? '', role: 'speaker' });
    assert.equal((await read(moderator)).items.length, 4);
    assert.deepEqual((await read(speaker)).items, []);
  });

  it('says so when events before the cursor are not kept any more', async () => {
    must(await house.api.stores.events.prune({ since: at + 1, most: 1_000, mostUndelivered: 1_000 }, 3));
    assert.deepEqual((await read(root, '?after=1')).missed, { oldest: 4 });
    assert.equal((await read(root, '?after=3')).missed, undefined);
  });
});

describe('GET /events/stream (server-sent events)', () => {
  let clock: FakeClock;
  let house: OperationsHouse;
  let room: Room;
  let root: string;

  before(async () => {
    clock = new FakeClock();
    house = await OperationsHouse.open({ scheduler: clock, streamMs: 900_000 });
    room = await house.room({ aliases: ['1'] });
    root = await house.api.signedIn('root', 'administrator');
  });
  after(() => house.close());

  const listen = (query: string, headers: Readonly<Record<string, string>> = {}, bearer = root): Promise<EventClient> =>
    EventClient.open(`${house.api.http.url}/api/v1/events/stream${query}`, { authorization: `Bearer ${bearer}`, ...headers });

  const happen = async (...events: readonly RoomEvent[]): Promise<void> => {
    await house.happen(...events);
    await clock.advance(10);
  };

  it('tells what happens from now on, with its id', async () => {
    const client = await listen('');
    await happen(hand(room.id), hand(room.id, 'c2'));
    const received = await client.until(() => client.ids().length >= 2);
    assert.deepEqual(received.filter(({ data }) => data !== undefined).map(({ event }) => event), ['participant.handRaised', 'participant.handRaised']);
    client.close();
  });

  it('goes on after Last-Event-ID, in order and without a gap, across the seam between store and stream', async () => {
    const first = await listen('');
    await happen(...Array.from({ length: 30 }, () => hand(room.id)));
    await first.until(() => first.ids().length >= 30);
    first.close();
    const from = first.ids()[4] ?? 0;
    const again = await listen('', { 'last-event-id': String(from) });
    await happen(...Array.from({ length: 10 }, () => hand(room.id)));
    await again.until(() => again.ids().length >= 35);
    assert.deepEqual(again.ids(), Array.from({ length: 35 }, (_, index) => from + 1 + index));
    again.close();
  });

  it('beats every 15 s, and the id goes with it', async () => {
    const client = await listen('?types=user.created');
    await client.until((received) => received.length >= 1);
    await happen(hand(room.id));
    await clock.advance(15_000);
    const beat = (await client.until((received) => received.some(({ id, data }) => id !== undefined && data === undefined))).find(({ id }) => id !== undefined);
    assert.equal(beat?.id, house.operations.feed.newest);
    client.close();
  });

  it('CO-33: audio levels go to who asked for those of the room, are not kept, and nobody listens when he has gone', async () => {
    const client = await listen(`?room=${room.id}&levels=true`);
    await client.until((received) => received.length >= 1);
    assert.equal(house.live.listening, 1);
    house.live.level({ room: room.id, call: 'c1', talking: true, level: -20 });
    house.live.say({ type: 'participant.talking', at, roomId: room.id, callId: 'c1', data: { talking: true } });
    const received = await client.until((all) => all.some(({ event }) => event === 'participant.talking'));
    assert.deepEqual(received.find(({ event }) => event === 'level')?.data, { room: room.id, call: 'c1', talking: true, level: -20 });
    client.close();
    const listening = (): number => house.live.listening;
    while (listening() > 0) await settle();
    assert.equal(codeOf(await house.api.ask('GET', '/api/v1/events/stream?levels=true', { bearer: root })), 'invalid');
  });

  it('a client that does not read holds no more than its buffer, is cut after 10 s, and gets the rest by Last-Event-ID', async () => {
    const before = house.operations.feed.newest;
    const closed: string[] = [];
    // What the sockets between take is the system's: here nobody reads at all.
    const stuck = new EventStream({
      feed: house.operations.feed,
      sight: new EventSight({ kind: 'local' }, house.api.stores.rooms),
      live: house.live,
      scheduler: clock,
      after: before,
      oldest: 1,
      room: undefined,
      types: undefined,
      levels: 'left_out',
      longestMs: 900_000,
      onClosed: () => void closed.push('closed'),
    });
    const ended = new Promise<Error>((resolve) => stuck.on('error', resolve));
    const name = 'x'.repeat(1_000);
    for (let batch = 0; batch < 10; batch++) await happen(...Array.from({ length: 100 }, (): RoomEvent => ({ type: 'participant.renamed', at, roomId: room.id, callId: 'c1', data: { name } })));
    await settle();
    const largestBatch = 200 * 1_300;
    assert.ok(stuck.readableLength >= 65_536 && stuck.readableLength < 65_536 + largestBatch, String(stuck.readableLength));
    await clock.advance(10_000);
    assert.match((await ended).message, /does not read/);
    assert.ok(closed.includes('closed'));
    const back = await listen('', { 'last-event-id': String(before) });
    await back.until(() => back.ids().length >= 1_000);
    assert.deepEqual(back.ids(), Array.from({ length: 1_000 }, (_, index) => before + 1 + index));
    back.close();
  });

  it('ends when the rights of who listens may be others, and after its time', async () => {
    const token = await house.api.signedIn('vera', 'full_control');
    const client = await listen('', {}, token);
    await client.until((received) => received.length >= 1);
    await happen({ type: 'user.changed', at, data: { user: 'vera', changed: ['privilege'] } });
    await client.ended;
    const other = await listen('');
    await other.until((received) => received.length >= 1);
    await clock.advance(900_000);
    await other.ended;
  });

  it('a Last-Event-ID that is none of ours is 400', async () => {
    assert.equal(codeOf(await house.api.ask('GET', '/api/v1/events/stream', { bearer: root, headers: { 'last-event-id': 'x' } })), 'invalid');
  });
});
