import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { frameTone, heardAmplitude } from './phone/media.ts';

const crowd = 50;

describe('a room opens', () => {
  let program: Program;
  before(async () => {
    program = await Program.start();
    await program.addRoom({ alias: '6000', hostPin, guestPin });
  });
  after(() => program.stop());

  it(`${crowd} waiters and one host: all admitted, none lost, none twice, each hears the host (PX-04)`, () =>
    withPhones(program, async (phones) => {
      const names = Array.from({ length: crowd }, (_, i) => `waiter${String(i).padStart(2, '0')}`);
      const waiters = await Promise.all(names.map((name) => phones.phone(name)));
      await Promise.all(
        waiters.map(async (waiter) => {
          await waiter.call('6000');
          await waiter.press(`${guestPin}#`);
        }),
      );
      await program.untilRoom('6000', `${crowd} in the lobby`, (participants) => participants.length === crowd && participants.every((one) => one.place === 'lobby'), 30_000);
      const host = await phones.phone('host', 2750);
      // Listening starts before the room opens: admission and audio are proven together.
      const heard = Promise.all(waiters.map((waiter) => waiter.hears(2750, 30_000)));
      await host.call('6000');
      await host.press(`${hostPin}#`);
      const inside = await program.untilRoom('6000', 'all in the conference', (participants) => participants.filter((one) => one.place === 'conference').length === crowd + 1, 30_000);
      assert.equal(inside.length, crowd + 1);
      assert.equal(new Set(inside.map((one) => one.id)).size, crowd + 1, 'nobody is there twice');
      await heard;
      for (const waiter of waiters) {
        const frames = waiter.media.heard.slice(-10);
        assert.ok(frames.filter((frame) => frameTone(frame, 2750) > heardAmplitude).length >= 8, `${waiter.name} hears the host steadily`);
        assert.ok(waiter.isUp);
      }
      // One voice of fifty is heard by the host: the mix has them all.
      const speaker = waiters[crowd - 1];
      speaker?.media.tone(3050);
      await host.hears(3050);
    }));
});
