import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { header } from './phone/sip-message.ts';

/** Times by configuration: that they hold exactly is proven with the fake clock (test/flow). */
const env = { VESTIBULE_ENDING_GUESTS_ONLY: '6', VESTIBULE_ENDING_GUESTS_ONLY_WARNINGS: '2' };

describe('guests only (PX-37..39)', () => {
  let program: Program;
  before(async () => {
    program = await Program.start({ env });
    await program.addRoom({ alias: '4000', hostPin, guestPin });
  });
  after(() => program.stop());

  it('the host leaves: guests are warned, then cut with the reason', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '4000', hostPin, 2750);
      const guests = await Promise.all(['guest1', 'guest2'].map((name) => phones.inRoom(name, '4000', guestPin)));
      for (const guest of guests) await guest.hears(2750);
      await host.hangUp();
      await Promise.all(guests.map((guest) => guest.hearsSound('the warning', 25, 3_000)));
      const byes = await Promise.all(guests.map((guest) => guest.ended()));
      for (const bye of byes) assert.match(header(bye, 'reason'), /text="guests_only_timeout"/);
    }));

  it('the host returns in time: nobody is cut, and no timer is left', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '4000', hostPin);
      const guest = await phones.inRoom('guest', '4000', guestPin);
      await host.hangUp();
      await guest.hearsSound('the warning', 25, 3_000);
      await phones.inRoom('again', '4000', hostPin, 2750);
      await guest.hears(2750);
      const rooms = (await program.status()).rooms.filter((room) => room.aliases.includes('4000'));
      assert.deepEqual(
        rooms.flatMap((room) => room.timers.map((timer) => timer.name).filter((name) => name.startsWith('guestsOnly'))),
        [],
      );
      // Past the time of the cut by the room's own clock: the guest's age in the room shows it.
      const [first] = await program.untilRoom('4000', 'the guest to stay longer than the guests-only time', (participants) =>
        participants.some((one) => one.caller.includes('again') && one.forSeconds >= 7),
      );
      assert.ok(first !== undefined && guest.isUp);
    }));
});
