import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { Recording } from './harness/recording.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { header } from './phone/sip-message.ts';

describe('encrypted media (SRTP by SDES, RFC 4568)', () => {
  let program: Program;
  before(async () => {
    program = await Program.start({ env: { VESTIBULE_LOG_LEVEL: 'trace' } });
    await program.addRoom({ alias: '7000', hostPin, guestPin, more: ['--encryption', 'required'] });
    await program.addRoom({ alias: '7001' });
  });
  after(() => program.stop());

  it('PXD-35: baresips that insist on SRTP key their PINs into a room that requires it; no key is in the log', () =>
    withPhones(program, async (phones) => {
      const host = await phones.baresip('host', 1650, { encrypted: true });
      await host.call('7000', program.sip);
      host.press(`${hostPin}#`);
      await program.untilRoom('7000', 'the host in the conference', ([one]) => one?.place === 'conference' && one.role === 'host');
      const guest = await phones.baresip('guest', 2550, { encrypted: true });
      await guest.call('7000', program.sip);
      guest.press(`${guestPin}#`);
      await program.untilRoom('7000', 'both in the conference', (participants) => participants.length === 2 && participants.every(({ place }) => place === 'conference'));
      for (const baresip of [host, guest]) baresip.hangUp();
      for (const baresip of [host, guest]) await baresip.event('CALL_CLOSED');
      assert.doesNotMatch(program.log, /inline:[A-Za-z0-9]/);
    }));

  it('PXD-35: in the clear it is 488 with a warning, before any PIN', () =>
    withPhones(program, async (phones) => {
      const plain = await phones.baresip('plain', 1650);
      assert.match(await plain.isTurnedAway('7000', program.sip), /^488/);
      const phone = await phones.phone('phone');
      const answer = await phone.dial('7000');
      assert.equal(answer.status, 488);
      assert.equal(header(answer, 'warning'), '399 vestibule "Encryption required"');
      assert.match(header(answer, 'reason'), /text="encryption_required"/);
    }));

  it('two encrypted ones and one in the clear hear each other where both may come', () =>
    withPhones(program, async (phones) => {
      const first = await phones.baresip('first', 1650, { encrypted: true });
      const second = await phones.baresip('second', 2550, { encrypted: true });
      await first.call('7001', program.sip);
      await second.call('7001', program.sip);
      // From when it hears both, the recordings hold what is to be proven.
      const phone = await phones.inRoom('phone', '7001', '', 3050);
      await phone.hears(1650);
      await phone.hears(2550);
      await phone.hearsNot(1000);
      for (const baresip of [first, second]) baresip.hangUp();
      for (const baresip of [first, second]) await baresip.event('CALL_CLOSED');
      for (const [baresip, other] of [[first, 2550], [second, 1650]] as const) {
        assert.ok(new Recording(baresip.recording()).secondsWith([other, 3050], 1500) >= 0.1, `${baresip.name} hears both others`);
      }
    }));
});
