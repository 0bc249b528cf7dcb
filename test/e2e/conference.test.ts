import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { Recording } from './harness/recording.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { audible, frameTone } from './phone/media.ts';
import type { Phone } from './phone/phone.ts';

const allIn = (count: number) => (participants: readonly { readonly place: string }[]) =>
  participants.length === count && participants.every((participant) => participant.place === 'conference');

/** The strongest of the tones in any frame of these phones, while `timekeeper` hears two seconds of music. */
async function loudestTones(timekeeper: Phone, watched: readonly { readonly phone: Phone; readonly hz: readonly number[] }[]): Promise<number> {
  await timekeeper.hearsSound('the music');
  let loudest = 0;
  const stops = watched.map(({ phone, hz }) =>
    phone.media.watch((frame) => {
      loudest = Math.max(loudest, ...hz.map((one) => frameTone(frame, one)));
    }),
  );
  await timekeeper.hearsSound('two seconds of music', 100);
  for (const stop of stops) stop();
  return loudest;
}

describe('conference audio', () => {
  let program: Program;
  before(async () => {
    program = await Program.start();
    await program.addRoom({ alias: '3000', hostPin, guestPin });
    await program.addRoom({ alias: '3100', hostPin, guestPin, more: ['--pin-host-controls', 'full'] });
  });
  after(() => program.stop());

  it('three baresips wait, a host comes: all four hear the others and not themselves (PX-04)', () =>
    withPhones(program, async (phones) => {
      // baresip's tone is near full scale, three of them clip: no third- or fifth-order product of three falls on the fourth.
      const tones = [1600, 1650, 2550, 2750];
      const listener = await phones.phone('listener');
      const baresips = await Promise.all(['guest1', 'guest2', 'guest3', 'host'].map((name, i) => phones.baresip(name, tones[i] ?? 0)));
      for (const guest of baresips.slice(0, 3)) {
        await guest.call('3000', program.sip);
        guest.press(`${guestPin}#`);
      }
      await program.untilRoom('3000', 'three guests waiting', (waiters) => waiters.length === 3 && waiters.every((waiter) => waiter.place === 'lobby'));
      await baresips[3]?.call('3000', program.sip);
      baresips[3]?.press(`${hostPin}#`);
      await program.untilRoom('3000', 'all four in the conference', allIn(4));
      // A fifth party who says nothing hears all four at once: from then on the recordings hold what is to be proven.
      await listener.call('3000');
      await listener.press(`${guestPin}#`);
      for (const tone of tones) await listener.hears(tone);
      await listener.hearsNot(1000);
      for (const baresip of baresips) baresip.hangUp();
      for (const baresip of baresips) await baresip.event('CALL_CLOSED');
      baresips.forEach((baresip, i) => {
        const recording = new Recording(baresip.recording());
        const own = tones[i] ?? 0;
        const others = tones.filter((tone) => tone !== own);
        assert.ok(recording.secondsWith(others, 3000) >= 0.2, `${baresip.name} hears ${others.join(', ')} Hz at once (of ${recording.seconds} s)`);
        assert.equal(recording.secondsWith([own], 1500), 0, `${baresip.name} does not hear itself`);
      });
    }));

  it('waiters hear music, not each other (N-03)', () =>
    withPhones(program, async (phones) => {
      const first = await phones.inRoom('first', '3000', guestPin, 2750);
      const second = await phones.inRoom('second', '3000', guestPin, 3050);
      await program.untilRoom('3000', 'two in the lobby', (participants) => participants.length === 2 && participants.every((one) => one.place === 'lobby'));
      const loudest = await loudestTones(first, [{ phone: first, hz: [3050, 2750] }, { phone: second, hz: [2750, 3050] }]);
      assert.ok(loudest < audible, `a waiter's tone is heard in the lobby: ${loudest}`);
    }));

  it('a waiter at the lock is not heard and hears nothing of the room; let in, it is and does (N-03, PXD-21)', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '3100', hostPin, 2750);
      const member = await phones.inRoom('member', '3100', guestPin, 3050);
      await host.hears(3050);
      await member.hears(2750);
      await host.press('*7');
      await program.untilLocked('3100');
      const waiter = await phones.inRoom('waiter', '3100', guestPin, 3250);
      await program.untilRoom('3100', 'the waiter in the lobby', (participants) => participants.some((one) => one.place === 'lobby'));

      const loudest = await loudestTones(waiter, [{ phone: member, hz: [3250] }, { phone: waiter, hz: [2750, 3050] }]);
      assert.ok(loudest < audible, `a tone crosses the lobby's wall: ${loudest}`);
      // The control: what was listened for was there all the time.
      await member.hears(2750);

      await host.press('*91');
      await program.untilRoom('3100', 'three in the conference', allIn(3));
      await waiter.hears(2750);
      await member.hears(3250);
    }));
});
