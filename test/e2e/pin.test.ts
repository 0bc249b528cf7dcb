import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { Recording } from './harness/recording.ts';
import { guestPin, hostPin, withPhones, wrongPin } from './harness/session.ts';
import { header } from './phone/sip-message.ts';

const oneWith = (role: string, rule: string, place: string) => (participants: readonly { readonly role: string; readonly rule: string; readonly place: string }[]) =>
  participants.length === 1 && participants[0]?.role === role && participants[0].rule === rule && participants[0].place === place;

describe('PIN prompt with real telephones', () => {
  let program: Program;
  before(async () => {
    program = await Program.start();
    await program.addRoom({ alias: '2000', hostPin, guestPin });
    await program.addRoom({ alias: '2001', hostPin });
    await program.addRoom({ alias: '2002' });
  });
  after(() => program.stop());

  it('baresip, RFC 4733, host PIN and #: host, in the conference (PX-13)', () =>
    withPhones(program, async (phones) => {
      const alice = await phones.baresip('alice', 1600);
      await alice.call('2000', program.sip);
      alice.press(`${hostPin}#`);
      await program.untilRoom('2000', 'one host', oneWith('host', 'host_pin', 'conference'));
    }));

  it('baresip, RFC 4733, guest PIN and #: guest, in the lobby (PX-13, PX-08)', () =>
    withPhones(program, async (phones) => {
      const bob = await phones.baresip('bob', 1600);
      await bob.call('2000', program.sip);
      bob.press(`${guestPin}#`);
      await program.untilRoom('2000', 'one guest waiting', oneWith('guest', 'guest_pin', 'lobby'));
    }));

  it('baresip, wrong PIN three times: goodbye in full, then BYE (PXD-01)', () =>
    withPhones(program, async (phones) => {
      const carol = await phones.baresip('carol', 1600);
      await carol.call('2000', program.sip);
      for (let attempt = 0; attempt < 3; attempt++) carol.press(`${wrongPin}#`);
      await carol.event('CALL_CLOSED');
      assert.ok(new Recording(carol.recording()).soundAtEnd(3) > 1.5, 'the goodbye is heard to its end');
    }));

  it('sipp, RFC 4733 as type-ahead right after the ACK, host PIN', () =>
    withPhones(program, async (phones) => {
      const sipp = await phones.sipp({ scenario: 'call', alias: '2000', keys: { digits: `${hostPin}#` } });
      await program.untilRoom('2000', 'one host', oneWith('host', 'host_pin', 'conference'));
      await sipp.proceed();
      await sipp.done();
    }));

  it('sipp over TCP, guest PIN; the room is removed: BYE with that reason', () =>
    withPhones(program, async (phones) => {
      await program.addRoom({ alias: '2003', hostPin, guestPin });
      const sipp = await phones.sipp({ scenario: 'hung-up', alias: '2003', keys: { digits: `${guestPin}#` }, transport: 'tcp' });
      await program.untilRoom('2003', 'one guest waiting', oneWith('guest', 'guest_pin', 'lobby'));
      assert.equal((await program.cli('room', 'remove', '--alias', '2003')).code, 0);
      assert.match(await sipp.done(), /Reason: .*text="room_removed"/);
    }));

  it('sipp, wrong PIN three times: BYE with Reason pin_failed', () =>
    withPhones(program, async (phones) => {
      const sipp = await phones.sipp({ scenario: 'hung-up', alias: '2000', keys: { digits: `${wrongPin}#`.repeat(3) } });
      assert.match(await sipp.done(), /Reason: .*text="pin_failed"/);
    }));

  it('sipp, SIP INFO, dtmf-relay and dtmf in turn, without telephone-event', () =>
    withPhones(program, async (phones) => {
      const digits = Object.fromEntries(Array.from(`${hostPin}#`, (digit, i) => [`d${i + 1}`, digit]));
      const sipp = await phones.sipp({ scenario: 'info', alias: '2000', keys: digits });
      await program.untilRoom('2000', 'one host', oneWith('host', 'host_pin', 'conference'));
      await sipp.proceed();
      await sipp.done();
    }));

  it('# alone where only hosts have a PIN: guest, in the lobby (PX-31)', () =>
    withPhones(program, async (phones) => {
      const dave = await phones.phone('dave');
      await dave.call('2001');
      await dave.hearsSound('the prompt');
      await dave.press('#');
      await program.untilRoom('2001', 'one guest waiting', oneWith('guest', 'host_pin_only_no_pin', 'lobby'));
    }));

  it('the digit that reaches the longest PIN submits without #', () =>
    withPhones(program, async (phones) => {
      const erin = await phones.phone('erin');
      await erin.call('2000');
      await erin.press(hostPin);
      await program.untilRoom('2000', 'one host', oneWith('host', 'host_pin', 'conference'), 4_000);
    }));

  it('* clears the entry', () =>
    withPhones(program, async (phones) => {
      const frank = await phones.phone('frank');
      await frank.call('2000');
      await frank.press(`99*${guestPin}#`);
      await program.untilRoom('2000', 'one guest waiting', oneWith('guest', 'guest_pin', 'lobby'));
    }));

  it('one digit keyed by RFC 4733 and by INFO at once counts once', () =>
    withPhones(program, async (phones) => {
      const grace = await phones.phone('grace');
      await grace.call('2000');
      for (const digit of `${hostPin}#`) {
        const [, answer] = await Promise.all([grace.press(digit), grace.info(digit, 'application/dtmf-relay')]);
        assert.equal(answer.status, 200);
      }
      await program.untilRoom('2000', 'one host', oneWith('host', 'host_pin', 'conference'));
    }));

  it('wrong twice, then right: in', () =>
    withPhones(program, async (phones) => {
      const heidi = await phones.phone('heidi');
      await heidi.call('2000');
      for (let attempt = 0; attempt < 2; attempt++) {
        await heidi.press(`${wrongPin}#`);
        await heidi.hearsSound('that the PIN is wrong');
      }
      await heidi.press(`${hostPin}#`);
      await program.untilRoom('2000', 'one host', oneWith('host', 'host_pin', 'conference'));
    }));

  it('wrong three times: goodbye is heard before the BYE, which says why', () =>
    withPhones(program, async (phones) => {
      const ivan = await phones.phone('ivan');
      await ivan.call('2000');
      await ivan.press(`${wrongPin}#${wrongPin}#`);
      const last = ivan.press(`${wrongPin}#`);
      await last;
      // Two seconds of speech: the goodbye is longer, the two prompts before it were cut by the digits.
      await ivan.hearsSound('the goodbye', 100);
      const bye = await ivan.ended();
      assert.match(header(bye, 'reason'), /text="pin_failed"/);
      assert.match(header(bye, 'reason'), /^Q\.850;cause=\d+/);
    }));

  it('no PINs: host, in at once (PX-27)', () =>
    withPhones(program, async (phones) => {
      const judy = await phones.phone('judy');
      await judy.call('2002');
      await program.untilRoom('2002', 'one host', oneWith('host', 'no_pins', 'conference'));
    }));

  it('no PIN and no keyed digit reaches the log (N-05)', () => {
    for (const secret of [hostPin, guestPin, wrongPin]) assert.ok(!program.log.includes(secret), `${secret} is in the log`);
  });
});
