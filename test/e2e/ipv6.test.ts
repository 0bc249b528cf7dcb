import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { hostPin, withPhones } from './harness/session.ts';
import { Phone } from './phone/phone.ts';

describe('IPv6 beside IPv4', () => {
  let program: Program;
  before(async () => {
    program = await Program.start({ env: { VESTIBULE_SIP_HOSTS: '::1' } });
    await program.addRoom({ alias: '2000', hostPin });
  });
  after(() => program.stop());

  it('signalling and audio of a caller are in his family; both families meet in one room', () =>
    withPhones(program, async (phones) => {
      const old = await phones.inRoom('old', '2000', hostPin, 2750);
      const six = await Phone.open('six', { host: '::1', port: program.sip.port }, '::1');
      try {
        six.media.tone(3050);
        await six.call('2000');
        assert.match(six.answer?.body ?? '', /^c=IN IP6 ::1\r$/m);
        await six.hears(2750);
        await old.hears(3050);
        await six.hangUp();
      } finally {
        six.close();
      }
    }));
});
