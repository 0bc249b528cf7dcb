import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { description } from '../fakes/media.ts';
import { guestPin, hostPin, inHouse, type Caller, type House } from './house.ts';

const held = { lines: description.lines.map((line) => ({ ...line, direction: 'inactive' as const })) };

async function host(house: House, name = 'hanna'): Promise<Caller> {
  const caller = await house.dial('1000', name);
  await caller.presses(`${hostPin}#`);
  return caller;
}

async function guest(house: House, name: string): Promise<Caller> {
  const caller = await house.dial('1000', name);
  await caller.presses(`${guestPin}#`);
  return caller;
}

describe('the lobby', () => {
  it('three guests wait and hear music and prompts; the host lets all in, in order of arrival (PX-04, PX-08)', () =>
    inHouse(async (house) => {
      const ada = await guest(house, 'ada');
      const guests = [ada, await guest(house, 'ben'), await guest(house, 'cem')];
      assert.deepEqual(house.who('1000'), ['ada@lobby:guest', 'ben@lobby:guest', 'cem@lobby:guest']);
      for (const waiter of guests) assert.equal(waiter.media.conference, undefined);
      guests.forEach((waiter) => waiter.heard());
      await house.after(5);
      assert.deepEqual(ada.heard(), ['waiting_host']);
      await house.after(1);
      assert.deepEqual(ada.heard(), ['(music)']);
      await house.after(59);
      assert.deepEqual(ada.heard(), ['waiting_host']);
      const hanna = await host(house);
      assert.deepEqual(house.who('1000'), ['ada@conference:guest', 'ben@conference:guest', 'cem@conference:guest', 'hanna@conference:host']);
      const { id } = await house.room('1000');
      for (const member of [...guests, hanna]) assert.equal(member.media.conference, id);
    }));

  it('what a waiter is told as he is let in is said in the conference', () =>
    inHouse(async (house) => {
      const ada = await guest(house, 'ada');
      ada.heard();
      await host(house);
      await house.after(1);
      assert.deepEqual(ada.heard(), ['conference:admitted']);
    }));

  it('waiting for a host ends after 15 min, spoken', () =>
    inHouse(async (house) => {
      const ada = await guest(house, 'ada');
      await house.after(15 * 60 - 0.1);
      assert.equal(ada.at, 'lobby:guest');
      await house.after(0.1);
      assert.equal(ada.heard().at(-1), 'wait_timeout_host');
      await house.after(1);
      assert.equal(ada.endedBy, 'wait_host_timeout');
    }));

  it('held by the lock, let in by *91, turned away by *92, ended after 15 min', () =>
    inHouse(async (house) => {
      const hanna = await host(house);
      await hanna.presses('*7');
      const [ada, ben, cem] = [await guest(house, 'ada'), await guest(house, 'ben'), await guest(house, 'cem')];
      assert.equal(ada.at, 'lobby:guest');
      await hanna.presses('*91');
      assert.equal(ada.at, 'conference:guest');
      await hanna.presses('*92');
      await house.after(1);
      assert.equal(ben.endedBy, 'refused');
      await house.after(15 * 60);
      assert.equal(cem.endedBy, 'locked_timeout');
    }));
});

describe('policy section 5: endings', () => {
  it('guests only: told at the start, at 120 s and 60 s, just before, then cut at 300 s', () =>
    inHouse(async (house) => {
      const hanna = await host(house);
      const ada = await guest(house, 'ada');
      await house.after(2);
      await hanna.hangsUp();
      const said = (): readonly (readonly string[])[] => house.media.announced.splice(0).map(({ keys }) => keys);
      assert.deepEqual(said(), [['guests_only:5']]);
      await house.after(180);
      assert.deepEqual(said(), [['ends_in:2']]);
      await house.after(60);
      assert.deepEqual(said(), [['ends_in:1']]);
      await house.after(59.9);
      assert.equal(ada.at, 'conference:guest');
      await house.after(10);
      assert.equal(ada.endedBy, 'guests_only_timeout');
      const [conference] = await house.conferenceRecords();
      assert.deepEqual([conference?.['end_reason'], conference?.['peak_participants']], ['guests_only_timeout', 2]);
    }));

  it('guests only: cancelled and told when a host returns', () =>
    inHouse(async (house) => {
      const hanna = await host(house);
      const ada = await guest(house, 'ada');
      await hanna.hangsUp();
      await house.after(200);
      house.media.announced.splice(0);
      await host(house, 'henry');
      await house.after(600);
      assert.equal(ada.at, 'conference:guest');
      assert.ok(house.media.announced.some(({ keys }) => keys.includes('guests_only_cancelled')));
    }));

  it('lone participant: 4 h, spoken just before', () =>
    inHouse(async (house) => {
      const ann = await house.dial('3000', 'ann');
      await house.after(4 * 3_600 - 1);
      assert.equal(ann.at, 'conference:host');
      await house.after(60);
      assert.ok(ann.heard().includes('conference:lone_ending'));
      assert.equal(ann.endedBy, 'lonely_timeout');
    }));

  it('no media: 120 s, at whatever stage', () =>
    inHouse(async (house) => {
      const ann = await house.dial('3000', 'ann');
      await house.after(60);
      ann.media.packets = 'none';
      await house.after(119);
      assert.equal(ann.at, 'conference:host');
      await house.after(10);
      assert.equal(ann.endedBy, 'no_media');
    }));

  it('no media: paused while held', () =>
    inHouse(async (house) => {
      const ann = await house.dial('3000', 'ann');
      await house.after(60);
      ann.media.packets = 'none';
      assert.equal((await ann.leg.offers(held)).ok, true);
      await house.after(600);
      assert.equal(ann.at, 'conference:host');
      await ann.leg.offers(description);
      await house.after(130);
      assert.equal(ann.endedBy, 'no_media');
    }));

  it('longest connection: 12 h, spoken 1 min before', () =>
    inHouse(
      async (house) => {
        const ann = await house.dial('3000', 'ann');
        const bob = await house.dial('3000', 'bob');
        await house.after(12 * 3_600 - 61);
        ann.heard();
        await house.after(1);
        assert.deepEqual(ann.heard(), ['conference:max_duration_1']);
        await house.after(61);
        assert.equal(ann.endedBy, 'max_duration');
        assert.equal(bob.endedBy, 'max_duration');
      },
      { environment: { VESTIBULE_ENDING_NO_MEDIA: '0' } },
    ));

  it('the lock is released after 24 h', () =>
    inHouse(
      async (house) => {
        const hanna = await host(house);
        await guest(house, 'ada');
        await hanna.presses('*7');
        await house.after(24 * 3_600);
        const [room] = house.registry.roomStatus();
        assert.equal(room?.lock, 'unlocked');
      },
      { environment: { VESTIBULE_ENDING_NO_MEDIA: '0', VESTIBULE_ENDING_LONGEST_CONNECTION: '0' } },
    ));

  it('*94 3 ends for all, the lobby too, each with the goodbye in full', () =>
    inHouse(async (house) => {
      const hanna = await host(house);
      const ada = await guest(house, 'ada');
      await hanna.presses('*7');
      const ben = await guest(house, 'ben');
      await hanna.presses('*94');
      await hanna.presses('3');
      for (const caller of [hanna, ada, ben]) {
        assert.equal(caller.heard().at(-1), 'ended_by_host');
        assert.equal(caller.leg.state, 'answered');
      }
      await house.after(1);
      assert.deepEqual([hanna, ada, ben].map(({ endedBy }) => endedBy), ['host_ended', 'host_ended', 'host_ended']);
    }));

  it('*1, host PIN, # in the lobby: a host, who opens the room', () =>
    inHouse(async (house) => {
      const ada = await guest(house, 'ada');
      await ada.presses(`*1${hostPin}#`);
      assert.equal(ada.at, 'conference:host');
    }));

  it('*6 mutes and unmutes oneself in the mixer', () =>
    inHouse(async (house) => {
      const hanna = await host(house);
      await hanna.presses('*6');
      assert.equal(hanna.media.muted, 'yes');
      await house.after(4);
      await hanna.presses('*6');
      assert.equal(hanna.media.muted, 'no');
    }));

  it('a room removed ends everybody in it, waiting for it, or asked for its PIN', () =>
    inHouse(async (house) => {
      const callers = [await host(house), await guest(house, 'ada'), await house.dial('1000', 'eve')];
      await house.removeRoom('1000');
      await house.after(2);
      assert.deepEqual(callers.map(({ endedBy }) => endedBy), ['room_removed', 'room_removed', 'room_removed']);
    }));

  it('prompts are in the language of the room', () =>
    inHouse(async (house) => {
      await house.addRoom('6000', { host: hostPin, guest: guestPin, language: 'de' });
      const ada = await house.dial('6000', 'ada');
      assert.deepEqual(ada.heard(), ['de:enter_pin']);
    }));
});
