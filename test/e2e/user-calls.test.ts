import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Baresip } from './harness/baresip.ts';
import { Program } from './harness/program.ts';
import { hostPin, withPhones, type Phones } from './harness/session.ts';
import { addUser, contacts, credentials, nonceOf, userSecret } from './harness/users.ts';
import type { Phone } from './phone/phone.ts';
import { holds, until } from './harness/wait.ts';

describe('calls to users', () => {
  let program: Program;
  before(async () => {
    // baresip gives up where SHA-256 is offered at all.
    program = await Program.start({ env: { VESTIBULE_REGISTRAR_ALGORITHMS: 'MD5', VESTIBULE_REGISTRAR_RINGING: '3' } });
    for (const name of ['alice', 'bob', 'carol']) await addUser(program, name);
    await program.addRoom({ alias: '2000', hostPin });
  });
  after(() => program.stop());

  async function registered(phones: Phones, name: string, toneHz: number): Promise<Baresip> {
    const phone = await phones.baresip(name, toneHz, { account: { registrar: program.sip, secret: userSecret, seconds: 600 } });
    await until(`${name} to be registered`, async () => holds((await contacts(program, name)).length > 0), () => program.log.slice(-2000));
    return phone;
  }

  it('two registered telephones: one calls the other, which answers, and hangs up', () =>
    withPhones(program, async (phones) => {
      const alice = await registered(phones, 'alice', 440);
      const bob = await registered(phones, 'bob', 880);
      const established = alice.call('bob', program.sip);
      await bob.answer();
      await established;
      await bob.event('CALL_ESTABLISHED');
      assert.deepEqual((await program.status()).calls.map(({ alias, stage, caller }) => [alias, stage, caller]), [['bob', 'user', 'alice']]);
      bob.hangUp();
      await alice.event('CALL_CLOSED');
      await program.untilIdle();
    }));

  /** The header to call `alias` with, after the challenge. */
  async function proof(phone: Phone, user: string, alias: string): Promise<{ readonly headers: readonly string[] }> {
    const asked = await phone.dial(alias);
    assert.equal(asked.status, 407);
    const nonce = nonceOf(asked.headers.get('proxy-authenticate')?.[0] ?? '');
    return { headers: [`Proxy-Authorization: ${credentials(user, 'INVITE', `sip:${alias}@${program.sip.host}:${program.sip.port}`, nonce, 'MD5')}`] };
  }

  it('media go end to end; hold (re-INVITE) is passed on, and so is the end', () =>
    withPhones(program, async (phones) => {
      const bob = await registered(phones, 'bob', 880);
      const alice = await phones.phone('alice', 440);
      const calling = alice.call('bob', await proof(alice, 'alice', 'bob'));
      await bob.answer();
      await calling;
      await alice.hears(880);
      const held = await alice.reinvite('sendonly');
      assert.equal(held.status, 200);
      assert.match(held.body, /a=recvonly/);
      assert.equal((await alice.reinvite('sendrecv')).status, 200);
      await alice.hears(880);
      assert.equal((await alice.hangUp()).status, 200);
      await bob.event('CALL_CLOSED');
      await program.untilIdle();
    }));

  it('RFC 3261 §9: the caller cancels, the telephone stops ringing', () =>
    withPhones(program, async (phones) => {
      const bob = await registered(phones, 'bob', 880);
      const alice = await phones.phone('alice');
      const calling = alice.dial('bob', await proof(alice, 'alice', 'bob'));
      await bob.event('CALL_INCOMING');
      await alice.cancel();
      assert.equal((await calling).status, 487);
      await bob.event('CALL_CLOSED');
      await program.untilIdle();
    }));

  it('proof for another user than there is, or for another callee: asked again', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('guesser');
      assert.equal((await phone.dial('bob', await proof(phone, 'nobody', 'bob'))).status, 407);
      assert.equal((await phone.dial('carol', await proof(phone, 'alice', 'bob'))).status, 407);
    }));

  it('nobody answers: 480 after registrar.ringing, and the telephone stops ringing', () =>
    withPhones(program, async (phones) => {
      const alice = await registered(phones, 'alice', 440);
      const bob = await registered(phones, 'bob', 880);
      assert.match(await alice.isTurnedAway('bob', program.sip), /480/);
      await bob.event('CALL_CLOSED');
    }));

  it('the telephone is declined: the caller is told', () =>
    withPhones(program, async (phones) => {
      const alice = await registered(phones, 'alice', 440);
      const bob = await registered(phones, 'bob', 880);
      const refused = alice.isTurnedAway('bob', program.sip);
      await bob.event('CALL_INCOMING');
      bob.hangUp();
      assert.match(await refused, /486|603/);
    }));

  it('a user who is registered nowhere: 480', () =>
    withPhones(program, async (phones) => {
      const alice = await registered(phones, 'alice', 440);
      assert.match(await alice.isTurnedAway('carol', program.sip), /480/);
    }));

  it('a stranger cannot call a user, nor learn who is one (407 for all); he can call a room', () =>
    withPhones(program, async (phones) => {
      const stranger = await phones.baresip('stranger', 330);
      for (const alias of ['bob', 'nobody']) {
        const phone = await phones.phone(`${alias}-caller`);
        assert.equal((await phone.dial(alias)).status, 407);
      }
      await stranger.call('2000', program.sip);
      stranger.hangUp();
      await stranger.event('CALL_CLOSED');
    }));
});
