import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { guestPin, hostPin, withPhones, wrongPin } from './harness/session.ts';
import type { Phone } from './phone/phone.ts';

/** `withPhones` ends every test by waiting until the program holds no call, member, endpoint, dialog or timer. */
describe('CANCEL and BYE at every stage leave nothing behind', () => {
  let program: Program;
  before(async () => {
    program = await Program.start({ env: { VESTIBULE_ATTENDANT_ALIASES: '9000' } });
    await program.addRoom({ alias: '5000', hostPin, guestPin });
    await program.addRoom({ alias: '5001' });
  });
  after(() => program.stop());

  /** The instant is the input here: the sweep meets the CANCEL with every step of the set-up. Gives up `afterMs` after the INVITE left: the answer may come first, then it is a BYE (RFC 3261 §9.1, §15). */
  async function giveUp(phone: Phone, afterMs: number): Promise<number> {
    const dialled = phone.dial('5000');
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const cancelled = phone.times.final === undefined ? await phone.cancel() : undefined;
    if (cancelled !== undefined) assert.ok([200, 481].includes(cancelled.status), `CANCEL answered ${cancelled.status}`);
    const { status } = await dialled;
    assert.ok(status === 487 || status === 200, `INVITE answered ${status}`);
    return status;
  }

  for (const afterMs of [0, 1, 2, 4, 6, 8, 12, 16, 24, 40]) {
    it(`CANCEL ${afterMs} ms after the INVITE: 487, or the 200 that crossed it`, () =>
      withPhones(program, async (phones) => {
        await giveUp(await phones.phone('caller'), afterMs);
      }));
  }

  it('twenty callers give up at twenty different instants', () =>
    withPhones(program, async (phones) => {
      const callers = await Promise.all(Array.from({ length: 20 }, (_, i) => phones.phone(`caller${i}`)));
      await Promise.all(callers.map((caller, i) => giveUp(caller, i)));
    }));

  it('forty callers hang up right after the answer, all at once: the BYE may come in one piece with it', () =>
    withPhones(program, async (phones) => {
      const callers = await Promise.all(Array.from({ length: 40 }, (_, i) => phones.phone(`caller${i}`)));
      await Promise.all(
        callers.map(async (caller) => {
          await caller.call('5001');
          await caller.hangUp();
        }),
      );
    }));

  const stages: Readonly<Record<string, (phone: Phone) => Promise<unknown>>> = {
    'right after the answer': (phone) => phone.call('5000'),
    'during the PIN prompt': async (phone) => {
      await phone.call('5000');
      await phone.hearsSound('the prompt', 5);
    },
    'in the middle of the PIN': async (phone) => {
      await phone.call('5000');
      await phone.press(hostPin.slice(0, 3));
    },
    'as the PIN is checked': async (phone) => {
      await phone.call('5000');
      await phone.press(hostPin);
    },
    'during the goodbye': async (phone) => {
      await phone.call('5000');
      await phone.press(`${wrongPin}#`.repeat(3));
      await phone.hearsSound('the goodbye', 5);
    },
    'in the lobby': async (phone) => {
      await phone.call('5000');
      await phone.press(`${guestPin}#`);
      await program.untilRoom('5000', 'the waiter', (participants) => participants.some((one) => one.place === 'lobby'));
    },
    'as it joins': (phone) => phone.call('5001'),
    'in the conference': async (phone) => {
      await phone.call('5001');
      await program.untilRoom('5001', 'the member', (participants) => participants.some((one) => one.place === 'conference'));
    },
    'in the middle of a keypad code': async (phone) => {
      await phone.call('5001');
      await program.untilRoom('5001', 'the member', (participants) => participants.some((one) => one.place === 'conference'));
      await phone.press('*9');
    },
    'at the attendant': async (phone) => {
      await phone.call('9000');
      await phone.hearsSound('the attendant', 5);
    },
  };
  for (const [stage, reach] of Object.entries(stages)) {
    it(`BYE ${stage}`, () =>
      withPhones(program, async (phones) => {
        const phone = await phones.phone('caller');
        await reach(phone);
        const { status } = await phone.hangUp();
        assert.ok(status === 200 || (status === 481 && stage === 'during the goodbye'), `BYE answered ${status}`);
      }));
  }
});
