import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { withPhones } from './harness/session.ts';
import { addUser, contacts, userSecret as secret } from './harness/users.ts';
import { holds, until } from './harness/wait.ts';

/** The telephones of these tests give up where SHA-256 is offered at all. */
const env = { VESTIBULE_REGISTRAR_ALGORITHMS: 'MD5', VESTIBULE_REGISTRAR_MIN_EXPIRES: '2' };

describe('REGISTER with real telephones', () => {
  let program: Program;
  before(async () => {
    program = await Program.start({ env });
    for (const name of ['alice', 'bob', 'carol']) await addUser(program, name);
  });
  after(() => program.stop());

  it('baresip registers with its secret, is listed, and takes itself off when it quits', async () => {
    await withPhones(program, async (phones) => {
      const phone = await phones.baresip('alice', 440, { account: { registrar: program.sip, secret, seconds: 120 } });
      const contact = await until('alice to be registered', async () => (await contacts(program, 'alice'))[0], () => program.log.slice(-2000));
      assert.ok(phone.name === 'alice' && contact.uri.includes('alice') && contact.expiresInSeconds > 90, JSON.stringify(contact));
      assert.match(contact.userAgent, /baresip/);
    });
    await until('nothing registered', async () => holds((await contacts(program, 'alice')).length === 0), () => program.log.slice(-2000));
  });

  it('a wrong secret, and a user there is not: refused alike, and neither is in the log', async () => {
    await withPhones(program, async (phones) => {
      for (const alias of ['bob', 'nobody']) {
        const sipp = await phones.sipp({ scenario: 'register', alias, secret: 'wrong-secret', keys: { seconds: '60' } });
        assert.match(await sipp.done(), /refused/);
      }
    });
    assert.deepEqual(await contacts(program, 'bob'), []);
    assert.ok(!program.log.includes(secret) && !/response="|Authorization/.test(program.log));
  });

  it('RFC 3261 §10.3: too brief a time is refused (423), and a registration not renewed is over', () =>
    withPhones(program, async (phones) => {
      const brief = await phones.sipp({ scenario: 'register', alias: 'bob', secret, keys: { seconds: '1' } });
      assert.match(await brief.done(), /too brief/);
      const short = await phones.sipp({ scenario: 'register', alias: 'bob', secret, keys: { seconds: '3' } });
      assert.match(await short.done(), /registered/);
      await until('the registration to be over', async () => holds((await contacts(program, 'bob')).length === 0), () => program.log.slice(-2000));
    }));

  it('a user removed is registered no more', () =>
    withPhones(program, async (phones) => {
      const first = await phones.sipp({ scenario: 'register', alias: 'carol', secret, keys: { seconds: '60' } });
      assert.match(await first.done(), /registered/);
      assert.equal((await program.cli('user', 'remove', '--name', 'carol')).code, 0);
      const second = await phones.sipp({ scenario: 'register', alias: 'carol', secret, keys: { seconds: '60' } });
      assert.match(await second.done(), /refused/);
    }));
});

it('a restart keeps users and registrations', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-e2e-'));
  try {
    const first = await Program.start({ dataDir, env });
    await addUser(first, 'dora');
    await withPhones(first, async (phones) => {
      const sipp = await phones.sipp({ scenario: 'register', alias: 'dora', secret, keys: { seconds: '600' } });
      assert.match(await sipp.done(), /registered/);
    });
    const [before] = await contacts(first, 'dora');
    await first.stop();
    const second = await Program.start({ dataDir, env });
    assert.equal((await contacts(second, 'dora'))[0]?.uri, before?.uri);
    assert.ok(before !== undefined);
    await second.stop();
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
