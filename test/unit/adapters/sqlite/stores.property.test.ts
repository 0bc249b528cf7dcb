import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import fc from '../../../properties.ts';
import { Pin } from '../../../../src/domain/pin-format.ts';
import { newRoomSettings, type Room } from '../../../../src/domain/room.ts';
import type { Stores } from '../../../../src/ports/stores.ts';
import { codeOf, Folder, must, person, untold } from './fixture.ts';

/** A room as the model has it: PINs in clear, members by id. */
interface ModelRoom {
  readonly id: string;
  alias: string;
  owner: string | undefined;
  readonly pins: Map<string, string>;
  readonly members: Map<string, { name: string; pin: string | undefined }>;
  version: number;
}

/** What the stores are to be: plain maps, and the rules as they are told. */
class Model {
  readonly users = new Set<string>();
  readonly rooms: ModelRoom[] = [];
  readonly events = new Map<string, number>();

  room(at: number): ModelRoom | undefined {
    return this.rooms[at % Math.max(this.rooms.length, 1)];
  }

  tell(room: string): void {
    this.events.set(room, (this.events.get(room) ?? 0) + 1);
  }
}

const user = fc.constantFrom('u1', 'u2', 'u3');
const alias = fc.constantFrom('1', '2', '3', '4');
const pin = fc.constantFrom('1111', '2222', '3333');
const which = fc.nat(5);
const member = fc.constantFrom('ext-a', 'ext-b', 'u1', 'u2');
const external = (id: string): boolean => id.startsWith('ext-');

type Step =
  | { readonly do: 'addUser' | 'removeUser'; readonly name: string }
  | { readonly do: 'addRoom'; readonly alias: string; readonly owner: string | undefined; readonly host: string | undefined }
  | { readonly do: 'changeRoom'; readonly room: number; readonly alias: string; readonly owner: string | undefined; readonly stale: boolean }
  | { readonly do: 'setPins'; readonly room: number; readonly host: string | null | undefined; readonly guest: string | null | undefined }
  | { readonly do: 'removeRoom'; readonly room: number }
  | { readonly do: 'addMember' | 'changeMember'; readonly room: number; readonly id: string; readonly pin: string | null | undefined }
  | { readonly do: 'removeMember'; readonly room: number; readonly id: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('addUser', 'removeUser'), name: user }),
  fc.record({ do: fc.constant('addRoom'), alias, owner: fc.option(user, { nil: undefined }), host: fc.option(pin, { nil: undefined }) }),
  fc.record({ do: fc.constant('changeRoom'), room: which, alias, owner: fc.option(user, { nil: undefined }), stale: fc.boolean() }),
  fc.record({ do: fc.constant('setPins'), room: which, host: fc.constantFrom('1111', '2222', null, undefined), guest: fc.constantFrom('1111', '3333', null, undefined) }),
  fc.record({ do: fc.constant('removeRoom'), room: which }),
  fc.record({ do: fc.constantFrom('addMember', 'changeMember'), room: which, id: member, pin: fc.constantFrom('1111', '3333', '4444', null, undefined) }),
  fc.record({ do: fc.constant('removeMember'), room: which, id: member }),
);

const event = (roomId: string) => ({ events: [{ type: 'conference.opened' as const, at: 1, roomId, data: {} }] });
const asPin = (digits: string | null | undefined) => (digits === undefined ? {} : { pin: digits === null ? null : new Pin(digits) });

/** PINs of a room beside those of `holder`. */
const othersPins = (room: ModelRoom, holder: string): readonly (string | undefined)[] => [
  ...[...room.pins].filter(([role]) => role !== holder).map(([, digits]) => digits),
  ...[...room.members].filter(([id]) => id !== holder).map(([, { pin: digits }]) => digits),
];

/** Does the step to both; what the stores answer is what the model expects. */
async function take(stores: Stores, model: Model, given: Step): Promise<void> {
  switch (given.do) {
    case 'addUser': {
      const added = await stores.users.add(person(given.name), untold);
      assert.equal(codeOf(added), model.users.has(given.name) ? 'user_exists' : 'ok');
      model.users.add(given.name);
      return;
    }
    case 'removeUser': {
      const { removed, freed, memberships } = must(await stores.users.remove([given.name], ({ freed: rooms }) => ({ events: rooms.flatMap(({ id }) => event(id).events) })));
      const owned = model.rooms.filter(({ owner }) => owner === given.name);
      const memberOf = model.rooms.filter(({ members }) => members.has(given.name));
      assert.deepEqual([removed.length, new Set(freed.map(({ id }) => id)), new Set(memberships.map(({ room }) => room))], [Number(model.users.delete(given.name)), new Set(owned.map(({ id }) => id)), new Set(memberOf.map(({ id }) => id))]);
      for (const room of memberOf) room.members.delete(given.name);
      for (const room of owned) {
        room.owner = undefined;
        room.version += 1;
        model.tell(room.id);
      }
      return;
    }
    case 'addRoom': {
      const pins = given.host === undefined ? {} : { host: new Pin(given.host) };
      const added = await stores.rooms.add(newRoomSettings({ name: 'Room', aliases: [given.alias], ...(given.owner === undefined ? {} : { owner: given.owner }) }), pins, ({ id }) => event(id));
      const expected = ownerProblem(model, given.owner) ?? aliasProblem(model, given.alias, undefined) ?? 'ok';
      assert.equal(codeOf(added), expected);
      if (!added.ok) return;
      model.rooms.push({ id: added.value.id, alias: given.alias, owner: given.owner, pins: new Map(given.host === undefined ? [] : [['host', given.host]]), members: new Map(), version: 1 });
      model.tell(added.value.id);
      return;
    }
    case 'changeRoom': {
      const room = model.room(given.room);
      if (room === undefined) return;
      const settings = newRoomSettings({ name: 'Room', aliases: [given.alias], ...(given.owner === undefined ? {} : { owner: given.owner }) });
      const changed = await stores.rooms.change(room.id, given.stale ? room.version - 1 : room.version, { settings }, ({ id }) => event(id));
      const expected = given.stale ? 'version_conflict' : (ownerProblem(model, given.owner) ?? aliasProblem(model, given.alias, room) ?? 'ok');
      assert.equal(codeOf(changed), expected);
      if (!changed.ok) return;
      [room.alias, room.owner] = [given.alias, given.owner];
      room.version += 1;
      model.tell(room.id);
      return;
    }
    case 'setPins': {
      const room = model.room(given.room);
      if (room === undefined) return;
      const change = { ...(given.host === undefined ? {} : { host: given.host === null ? null : new Pin(given.host) }), ...(given.guest === undefined ? {} : { guest: given.guest === null ? null : new Pin(given.guest) }) };
      const after = new Map(room.pins);
      for (const [role, digits] of [['host', given.host], ['guest', given.guest]] as const) {
        if (digits === null) after.delete(role);
        else if (digits !== undefined) after.set(role, digits);
      }
      const all = [...after.values(), ...[...room.members.values()].flatMap(({ pin: digits }) => (digits === undefined ? [] : [digits]))];
      const changed = await stores.rooms.change(room.id, undefined, { pins: change }, ({ id }) => event(id));
      assert.equal(codeOf(changed), new Set(all).size < all.length ? 'pins_equal' : 'ok');
      if (!changed.ok) return;
      room.pins.clear();
      for (const [role, digits] of after) room.pins.set(role, digits);
      room.version += 1;
      model.tell(room.id);
      return;
    }
    case 'removeRoom': {
      const room = model.room(given.room);
      if (room === undefined) return;
      assert.deepEqual(must(await stores.rooms.remove([room.id], ([removed]) => event(removed?.id ?? ''))).map(({ id }) => id), [room.id]);
      model.rooms.splice(model.rooms.indexOf(room), 1);
      model.tell(room.id);
      return;
    }
    case 'addMember':
    case 'changeMember': {
      const room = model.room(given.room);
      if (room === undefined) return;
      const there = room.members.get(given.id);
      const taken = given.pin != null && othersPins(room, given.id).includes(given.pin);
      const whole = { id: given.id, kind: external(given.id) ? 'external' : 'internal', name: given.do, role: 'speaker', overrides: {}, ...asPin(given.pin) } as const;
      const done = given.do === 'addMember' ? await stores.members.add(room.id, whole, () => event(room.id)) : await stores.members.change(room.id, whole, () => event(room.id));
      const unknown = given.do === 'addMember' ? (there !== undefined ? 'member_exists' : !external(given.id) && !model.users.has(given.id) ? 'user_unknown' : undefined) : there === undefined ? 'member_unknown' : undefined;
      assert.equal(codeOf(done), unknown ?? (taken ? 'pins_equal' : 'ok'));
      if (!done.ok) return;
      room.members.set(given.id, { name: given.do, pin: given.pin === undefined ? there?.pin : (given.pin ?? undefined) });
      model.tell(room.id);
      return;
    }
    case 'removeMember': {
      const room = model.room(given.room);
      if (room === undefined) return;
      const removed = must(await stores.members.remove(room.id, [given.id], () => event(room.id)));
      assert.equal(removed.length, Number(room.members.delete(given.id)));
      if (removed.length > 0) model.tell(room.id);
      return;
    }
  }
}

const ownerProblem = (model: Model, owner: string | undefined) => (owner !== undefined && !model.users.has(owner) ? 'user_unknown' : undefined);
const aliasProblem = (model: Model, wanted: string, room: ModelRoom | undefined) => (model.rooms.some((other) => other !== room && other.alias === wanted) ? 'alias_taken' : undefined);

/** A room of the store said in the words of the model. */
function told(stores: Stores, room: Room): unknown {
  const known = (digits: string): string => {
    const match = stores.rooms.identify(room, new Pin(digits));
    return typeof match === 'string' ? match : match.id;
  };
  return {
    alias: room.aliases.join(),
    owner: room.owner,
    version: room.version,
    members: room.members.map(({ id, name }) => [id, name]),
    pins: ['1111', '2222', '3333', '4444'].map(known),
  };
}

function expected(room: ModelRoom): unknown {
  const holder = (digits: string): string => [...room.members].find(([, each]) => each.pin === digits)?.[0] ?? [...room.pins].find(([, each]) => each === digits)?.[0] ?? 'none';
  return { alias: room.alias, owner: room.owner, version: room.version, members: [...room.members].map(([id, { name }]) => [id, name]), pins: ['1111', '2222', '3333', '4444'].map(holder) };
}

describe('the stores', () => {
  it('are what a plain model is after any sequence of writes, also after a restart', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
        const folder = new Folder(t);
        const stores = await folder.open();
        const model = new Model();
        for (const each of steps) await take(stores, model, each);
        const again = await folder.open();
        for (const opened of [stores, again]) {
          const listed = must(await opened.rooms.list({ limit: 100 })).items;
          assert.deepEqual(listed.map(({ id, memberCount }) => [id, memberCount]), model.rooms.map(({ id, members }) => [id, members.size]));
          for (const room of model.rooms) assert.deepEqual(told(opened, must(await opened.rooms.byId(room.id))!), expected(room));
          assert.deepEqual(new Set(must(await opened.users.all()).map(({ name }) => name)), model.users);
        }
        const raw = new Database(folder.database, { readonly: true });
        const counted = raw.prepare<[], { room: string; n: number; last: number }>('select room_id as room, count(*) as n, max(seq) as last from events group by room_id').all();
        raw.close();
        assert.deepEqual(new Map(counted.map(({ room, n }) => [room, n])), model.events, 'an event for each change, none for a refusal');
        for (const { n, last } of counted) assert.equal(last, n, 'no gap');
        await stores.close();
        await again.close();
      }),
      { numRuns: 40 },
    );
  });
});
