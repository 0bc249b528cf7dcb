import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../properties.ts';
import type { Commander } from '../../src/domain/commands.ts';
import type { CallProof } from '../fakes/leg.ts';
import { guestPin, hostPin, inHouse, wrongPin, type Caller, type House } from './house.ts';

const admin: Commander = { kind: 'user', name: 'root', level: 'full' };
const rooms = ['1000', '2000', '3000', '5000'] as const;
type Alias = (typeof rooms)[number];

type Action =
  | { readonly act: 'dial'; readonly alias: Alias; readonly proof: CallProof }
  | { readonly act: 'press'; readonly pick: number; readonly keys: string }
  | { readonly act: 'hangUp' | 'silent'; readonly pick: number }
  | { readonly act: 'order'; readonly alias: Alias; readonly type: 'promote' | 'demote' | 'kick' | 'admit' | 'mute'; readonly pick: number }
  | { readonly act: 'pins'; readonly alias: '1000' | '2000'; readonly guest: string | null }
  | { readonly act: 'mixer'; readonly state: 'works' | 'fails' }
  | { readonly act: 'wait'; readonly seconds: number };

const pick = fc.nat(9);
const alias = fc.constantFrom(...rooms);
const keys = ['#', `${hostPin}#`, `${guestPin}#`, `${guestPin}#`, `${wrongPin}#`, '12', '*', '*0', '*3', '*5', '*6', '*7', '*91', '*92', '*943', `*1${hostPin}#`, `*1${wrongPin}#`];
const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ act: fc.constant('dial' as const), alias, proof: fc.constantFrom<CallProof>({}, {}, {}, { identity: 'root' }, { identity: 'olga' }, { credential: 'nobody' }) }) },
  { weight: 20, arbitrary: fc.record({ act: fc.constant('press' as const), pick, keys: fc.constantFrom(...keys) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('hangUp' as const, 'silent' as const), pick }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('order' as const), alias, type: fc.constantFrom('promote' as const, 'demote' as const, 'kick' as const, 'admit' as const, 'mute' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('pins' as const), alias: fc.constantFrom('1000' as const, '2000' as const), guest: fc.constantFrom(guestPin, null) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('mixer' as const), state: fc.constantFrom('works' as const, 'works' as const, 'fails' as const) }) },
  { weight: 6, arbitrary: fc.record({ act: fc.constant('wait' as const), seconds: fc.constantFrom(1, 11, 130, 320, 1_000) }) },
);

/** Callers of one house, and what must hold of them at any time. */
class Story {
  readonly #house: House;
  readonly #callers: Caller[] = [];
  readonly #raised = new Set<string>();

  constructor(house: House) {
    this.#house = house;
  }

  async run(action: Action): Promise<void> {
    const house = this.#house;
    switch (action.act) {
      case 'dial':
        this.#callers.push(await house.dial(action.alias, `c${this.#callers.length}`, undefined, action.proof));
        break;
      case 'press': {
        const caller = this.#caller(action.pick);
        if (caller === undefined || caller.leg.state !== 'answered') break;
        // Whoever knows the host PIN may become host by it.
        if (action.keys.includes(hostPin)) this.#raised.add(caller.leg.id);
        await caller.presses(action.keys);
        break;
      }
      case 'hangUp':
        await this.#caller(action.pick)?.hangsUp();
        break;
      case 'silent': {
        const caller = this.#caller(action.pick);
        if (caller?.leg.state === 'answered') caller.media.packets = 'none';
        break;
      }
      case 'order': {
        const target = this.#caller(action.pick)?.leg.id ?? '';
        if (action.type === 'promote') this.#raised.add(target);
        await house.command((await house.room(action.alias)).id, { type: action.type, target }, admin);
        break;
      }
      case 'pins':
        await house.setPins(action.alias, { guest: action.guest });
        break;
      case 'mixer':
        house.media.joinFailure = action.state === 'fails' ? 'join_failed' : undefined;
        break;
      case 'wait':
        await house.after(action.seconds);
        break;
    }
    await house.after(0);
    await this.#check();
  }

  #caller(index: number): Caller | undefined {
    return this.#callers[index % (this.#callers.length || 1)];
  }

  async #check(): Promise<void> {
    const house = this.#house;
    for (const alias of rooms) {
      const { id } = await house.room(alias);
      for (const { id: call, place, role, rule } of house.participants(alias)) {
        const caller = this.#callers.find(({ leg }) => leg.id === call);
        assert.ok(caller !== undefined);
        if (place === 'lobby') assert.equal(caller.media.conference, undefined, `${call} waits, and is in the mixer`);
        else if (caller.media.conference !== undefined) assert.equal(caller.media.conference, id, `${call} is in another mixer`);
        if (rule === 'guest_pin' && !this.#raised.has(call)) assert.equal(role, 'guest', `${call} is host by a guest PIN`);
        if (rule === 'owner') assert.equal(caller.leg.identity, 'olga');
        if (rule === 'administrator') assert.equal(caller.leg.identity, 'root');
      }
    }
    for (const caller of this.#callers) if (['pin', 'attendant', 'arrived'].includes(caller.at)) assert.equal(caller.media.conference, undefined, `${caller.leg.id} is asked, and is in the mixer`);
  }
}

describe('stories of calls', () => {
  it('PX-08 PX-23 N-03: whatever is dialled, keyed and ordered: who waits or is asked is in no mixer, roles come by their rules, nothing is left, and no PIN is told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actions, { minLength: 5, maxLength: 40, size: 'max' }), (story) =>
        inHouse(async (house) => {
          const start = new Date(house.clock.now() + 600_000).toISOString().slice(0, 19);
          await house.addRoom('5000', { host: hostPin, guest: guestPin, schedule: { start, timeZone: 'UTC', durationMs: 1_800_000 } });
          const told = new Story(house);
          for (const action of story) await told.run(action);
          assert.ok(!JSON.stringify([house.events, house.decisions]).includes(hostPin), 'a PIN is in an event or a decision');
        }),
      ),
      { numRuns: 12 },
    );
  });
});
