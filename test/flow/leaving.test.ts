import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Point } from '../fakes/points.ts';
import { guestPin, hostPin, inHouse, wrongPin, type Caller, type House } from './house.ts';

/** Each place where a call waits for something outside, and the keys whose last one leads there. */
const waits: Readonly<Record<string, { readonly point: Point; readonly alias?: string; readonly keys?: string }>> = {
  'the room is looked up': { point: 'store' },
  'the endpoint is made': { point: 'allocate' },
  'the call is answered': { point: 'answer' },
  'the prompt begins': { point: 'play' },
  'the PIN is checked': { point: 'store', keys: hostPin },
  'the mixer takes the leg': { point: 'join', keys: hostPin },
  'the music begins': { point: 'play', keys: guestPin },
  'the goodbye begins': { point: 'play', keys: wrongPin.repeat(3) },
  'the media is polled': { point: 'packets', alias: '3000' },
};

async function reach(house: House, place: string, then: 'go' | 'throw'): Promise<Caller> {
  const { point, alias = '1000', keys } = waits[place] ?? assert.fail(place);
  if (keys === undefined) {
    house.points.hold(point, then);
    const caller = await house.dial(alias, 'ann');
    if (point === 'packets') await house.after(5);
    assert.ok(house.points.reached > 0, `${place} was not reached`);
    return caller;
  }
  const caller = await house.dial(alias, 'ann');
  await caller.presses(keys.slice(0, -1));
  house.points.hold(point, then);
  await caller.presses(keys.slice(-1));
  assert.ok(house.points.reached > 0, `${place} was not reached`);
  return caller;
}

describe('a call gone at any moment leaves nothing behind', () => {
  for (const place of Object.keys(waits)) {
    it(`the caller hangs up while ${place}`, () =>
      inHouse(async (house) => {
        const caller = await reach(house, place, 'go');
        await caller.hangsUp();
        house.points.letGo();
        await house.after(20);
        house.assertEmpty();
        assert.equal((await house.records()).length, 1);
      }));

    it(`signalling is lost while ${place}`, () =>
      inHouse(async (house) => {
        const caller = await reach(house, place, 'go');
        caller.leg.loseSignalling();
        await house.after(0);
        house.points.letGo();
        await house.after(20);
        house.assertEmpty();
      }));

    it(`the media server is lost while ${place}`, () =>
      inHouse(async (house) => {
        const caller = await reach(house, place, 'go');
        house.media.lose();
        await house.after(0);
        house.points.letGo();
        await house.after(20);
        if (caller.leg.state === 'over') house.assertEmpty();
      }));

    it(`an unforeseen throw while ${place} ends this call and no other`, () =>
      inHouse(async (house) => {
        const other = await house.dial('3000', 'other');
        assert.equal(other.at, 'conference:host');
        const caller = await reach(house, place, 'throw');
        house.points.letGo();
        await house.after(20);
        assert.equal(caller.leg.state, place === 'the media is polled' ? caller.leg.state : 'over');
        assert.equal(other.leg.state, place === 'the media is polled' ? other.leg.state : 'answered');
      }));

    it(`the process is told to end at once while ${place}`, () =>
      inHouse(async (house) => {
        await reach(house, place, 'go');
        house.registry.cutAll('shutdown');
        house.points.letGo();
        await house.after(20);
        house.assertEmpty();
      }));
  }

  it('the caller hangs up during the goodbye: it is cut, the record keeps the first reason', () =>
    inHouse(async (house) => {
      const eve = await house.dial('1000', 'eve');
      await eve.presses(`${wrongPin}#`.repeat(3));
      assert.equal(eve.leg.state, 'answered');
      await eve.hangsUp();
      house.assertEmpty();
      const [row] = await house.records();
      assert.equal(row?.['end_reason'], 'pin_failed');
    }));

  it('a goodbye that never ends is given up after 15 s', () =>
    inHouse(async (house) => {
      const eve = await house.dial('1000', 'eve');
      await eve.presses(wrongPin.repeat(3).slice(0, -1));
      house.points.hold('play');
      await eve.presses(wrongPin.slice(-1));
      await house.after(14.9);
      assert.equal(eve.leg.state, 'answered');
      await house.after(0.1);
      assert.equal(eve.endedBy, 'pin_failed');
    }));

  it('the BYE goes out before the media is released', () =>
    inHouse(async (house) => {
      const eve = await house.dial('1000', 'eve');
      house.points.hold('end');
      await eve.presses(`${wrongPin}#`.repeat(3));
      await house.after(1);
      assert.equal(eve.leg.state, 'over');
      assert.equal(eve.media.releases, 0);
      house.points.letGo();
      await house.after(0);
      assert.equal(eve.media.releases, 1);
    }));

  it('a call stuck in its end is reported after 5 min', () =>
    inHouse(async (house) => {
      const eve = await house.dial('3000', 'eve');
      house.points.hold('release');
      await eve.hangsUp();
      await house.after(299);
      assert.ok(!house.logText.includes('call_stuck'));
      await house.after(1);
      assert.ok(house.logText.includes('call_stuck'));
    }));
});
