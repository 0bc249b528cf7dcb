import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';

describe('keypad and attendant', () => {
  let program: Program;
  before(async () => {
    program = await Program.start({ env: { VESTIBULE_ATTENDANT_ALIASES: '9000' } });
    await program.addRoom({ alias: '7000', hostPin, guestPin, more: ['--pin-host-controls', 'full'] });
  });
  after(() => program.stop());

  it('*6 really silences, and *6 again brings the voice back', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '7000', hostPin, 2750);
      const guest = await phones.inRoom('guest', '7000', guestPin, 3050);
      await host.hears(3050);
      await guest.press('*6');
      await program.untilRoom('7000', 'the guest muted', (participants) => participants.some((one) => one.caller.includes('guest') && one.audio === 'muted'));
      await host.hearsNot(3050);
      await guest.hears(2750);
      await guest.press('*6');
      await host.hears(3050);
    }));

  it('*5 by the host silences the guests and not the host', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '7000', hostPin, 2750);
      const guest = await phones.inRoom('guest', '7000', guestPin, 3050);
      await host.hears(3050);
      await host.press('*5');
      await host.hearsNot(3050);
      await guest.hears(2750);
      await host.press('*5');
      await host.hears(3050);
    }));

  it('*4 says how many are there, to the one who asks', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '7000', hostPin);
      const guest = await phones.inRoom('guest', '7000', guestPin);
      await guest.quiet();
      await host.quiet();
      const silent = host.staysQuiet();
      await guest.press('*4');
      await guest.hearsSound('the count');
      silent();
    }));

  it('*94 then 3 ends the conference for all', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '7000', hostPin);
      const guest = await phones.inRoom('guest', '7000', guestPin);
      await host.press('*94');
      await host.hearsSound('the question');
      await host.press('3');
      await Promise.all([host.ended(), guest.ended()]);
    }));

  it('*1, host PIN, #: the guest becomes host', () =>
    withPhones(program, async (phones) => {
      await phones.inRoom('host', '7000', hostPin);
      const guest = await phones.inRoom('guest', '7000', guestPin);
      await guest.press(`*1${hostPin}#`);
      await program.untilRoom('7000', 'two hosts', (participants) => participants.filter((one) => one.role === 'host').length === 2);
    }));

  it('attendant: room number, then its PIN', () =>
    withPhones(program, async (phones) => {
      const caller = await phones.phone('caller');
      await caller.call('9000');
      await caller.hearsSound('the attendant');
      await caller.press('7000#');
      await caller.hearsSound('the PIN prompt');
      await caller.press(`${hostPin}#`);
      await program.untilRoom('7000', 'the host', (participants) => participants.some((one) => one.role === 'host' && one.place === 'conference'));
    }));

  it('attendant: number and PIN keyed in one go', () =>
    withPhones(program, async (phones) => {
      const caller = await phones.phone('caller');
      await caller.call('9000');
      await caller.press(`7000#${guestPin}#`);
      await program.untilRoom('7000', 'the waiter', (participants) => participants.some((one) => one.role === 'guest' && one.place === 'lobby'));
    }));

  it('attendant: a wrong number three times ends the call', () =>
    withPhones(program, async (phones) => {
      const caller = await phones.phone('caller');
      await caller.call('9000');
      await caller.press('1111#2222#3333#');
      await caller.ended();
    }));
});
