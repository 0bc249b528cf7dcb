import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guestPin, hostPin, inHouse } from './house.ts';

describe('drain', () => {
  it('no new calls; all hear the goodbye in full, wherever they are; then it is done', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      await hanna.presses(`${hostPin}#`);
      const ada = await house.dial('2000', 'ada');
      await ada.presses('#');
      const eve = await house.dial('1000', 'eve');
      let drained = false;
      const done = house.registry.drain().then(() => {
        drained = true;
      });
      await house.after(0);
      for (const caller of [hanna, ada, eve]) assert.equal(caller.heard().at(-1), 'service_closing');
      const late = await house.dial('1000', 'late');
      assert.equal(late.endedBy, 'shutdown');
      assert.equal(drained, false);
      await house.after(1);
      await done;
      assert.deepEqual([hanna, ada, eve].map(({ endedBy }) => endedBy), ['shutdown', 'shutdown', 'shutdown']);
      house.assertEmpty();
    }));

  it('without calls it is done at once', () => inHouse((house) => house.registry.drain()));

  it('cut: no goodbye, BYE at once', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      await hanna.presses(`${hostPin}#`);
      house.registry.cutAll('shutdown');
      await house.after(0);
      assert.equal(hanna.endedBy, 'shutdown');
      house.assertEmpty();
    }));
});

describe('loss', () => {
  it('media server lost: its calls end as media_lost, without a goodbye; new ones are refused until it is back', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      await hanna.presses(`${hostPin}#`);
      const ada = await house.dial('1000', 'ada');
      house.media.lose();
      house.media.allocateFailure = 'media_unavailable';
      await house.after(0);
      assert.deepEqual([hanna.endedBy, ada.endedBy], ['media_lost', 'media_lost']);
      assert.equal((await house.dial('1000', 'late')).endedBy, 'media_unavailable');
      house.media.allocateFailure = undefined;
      assert.equal((await house.dial('1000', 'later')).at, 'pin');
    }));

  it('the mixer refuses the leg: the caller is told and ended', () =>
    inHouse(async (house) => {
      house.media.joinFailure = 'join_failed';
      const ann = await house.dial('3000', 'ann');
      assert.equal(ann.heard().at(-1), 'system_error');
      await house.after(1);
      assert.equal(ann.endedBy, 'media_unavailable');
    }));

  it('database locked: calls in progress are untouched, PINs known are still checked, records are written later', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      const ada = await house.dial('1000', 'ada');
      await ada.presses(`${guestPin}#`);
      const unlock = house.lockStore();
      await hanna.presses(`${hostPin}#`);
      assert.equal(hanna.at, 'conference:host');
      assert.equal(ada.at, 'conference:guest');
      await ada.hangsUp();
      assert.equal(hanna.at, 'conference:host');
      unlock();
      await house.after(2);
      const rows = await house.records();
      assert.deepEqual(rows.map((row) => row['end_reason']), [null, 'caller_hung_up']);
    }));
});

describe('room changes reach what is live', () => {
  it('the host PIN removed opens the room: waiters enter with the role they have', () =>
    inHouse(async (house) => {
      const ada = await house.dial('2000', 'ada');
      await ada.presses('#');
      await house.setPins('2000', { host: null });
      assert.equal(ada.at, 'conference:guest');
    }));

  it('limits.calls: one more is answered 503', () =>
    inHouse(
      async (house) => {
        await house.dial('3000', 'ann');
        assert.equal((await house.dial('3000', 'bob')).endedBy, 'media_unavailable');
      },
      { environment: { VESTIBULE_LIMITS_CALLS: '1' } },
    ));
});

describe('status', () => {
  it('says who is where, by which rule, and what will end when', () =>
    inHouse(async (house) => {
      const ada = await house.dial('1000', 'ada');
      await ada.presses(`${guestPin}#`);
      const eve = await house.dial('1000', 'eve');
      await house.after(10);
      const [room] = house.registry.roomStatus();
      assert.deepEqual([room?.aliases, room?.state, room?.lock], [['1000'], 'closed', 'unlocked']);
      const [waiter] = room?.participants ?? [];
      assert.deepEqual([waiter?.caller, waiter?.place, waiter?.role, waiter?.rule, waiter?.forSeconds], ['ada', 'lobby', 'guest', 'guest_pin', 10]);
      assert.deepEqual(waiter?.timers.find(({ name }) => name === 'wait'), { name: 'wait', dueInSeconds: 890 });
      assert.deepEqual(house.registry.callStatus().map(({ caller, alias, stage }) => ({ caller, alias, stage })), [{ caller: 'eve', alias: '1000', stage: 'pin' }]);
      assert.equal(eve.at, 'pin');
    }));
});
