import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inHouse } from './house.ts';

describe('warnings before a scheduled end (policy section 5)', () => {
  it('COD-17 M-30: text to those whose telephones take it, in the language of the room; voice to all', () =>
    inHouse(async (house) => {
      const start = new Date(house.clock.now()).toISOString().slice(0, 19);
      await house.addRoom('8000', { language: 'de', schedule: { start, timeZone: 'UTC', durationMs: 3_600_000 } });
      const [shows, plain] = [await house.dial('8000', 'shows'), await house.dial('8000', 'plain')];
      plain.leg.texts = 'not_supported';
      await house.after(3_600);
      assert.deepEqual(shows.leg.texts, ['de: ends_in 10', 'de: ends_in 5', 'de: ends_in 1', 'de: about_to_end']);
      assert.equal(plain.leg.texts, 'not_supported');
      await house.after(30);
      assert.deepEqual([shows.endedBy, plain.endedBy], ['schedule_ended', 'schedule_ended']);
    }));
});
