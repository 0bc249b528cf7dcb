import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { frameTone, heardAmplitude } from './phone/media.ts';

describe('two media workers', () => {
  let program: Program;
  before(async () => {
    program = await Program.start({ env: { VESTIBULE_MEDIA_WORKERS: '2', VESTIBULE_ATTENDANT_ALIASES: '9000' } });
    for (const alias of ['6000', '7000']) await program.addRoom({ alias, hostPin, guestPin });
  });
  after(() => program.stop());

  it('a room on each: its callers hear each other and nobody else; one who came through the attendant hears the room of the other worker', () =>
    withPhones(program, async (phones) => {
      assert.equal((await program.status()).media?.workers, 2);
      const here = [await phones.inRoom('here1', '6000', hostPin, 2750), await phones.inRoom('here2', '6000', hostPin)] as const;
      const there = [await phones.inRoom('there1', '7000', hostPin, 2250), await phones.inRoom('there2', '7000', hostPin)] as const;
      await Promise.all([here[1].hears(2750), there[1].hears(2250)]);
      // Two callers on either worker: the attendant's are the third of each.
      const guests = [await phones.phone('guest1', 1750), await phones.phone('guest2', 1750)];
      for (const guest of guests) {
        await guest.call('9000');
        await guest.press(`6000#${guestPin}#`);
        await guest.hears(2750);
      }
      await here[1].hears(1750);
      for (const guest of guests) {
        const frames = guest.media.heard.slice(-10);
        assert.ok(frames.filter((frame) => frameTone(frame, 2750) > heardAmplitude).length >= 8, `${guest.name} hears the room steadily`);
      }
      for (const hz of [2750, 1750]) assert.ok(there[1].media.heard.slice(-10).every((frame) => frameTone(frame, hz) < heardAmplitude), 'the other room is apart');
    }));
});
