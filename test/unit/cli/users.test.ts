import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Binding } from '../../../src/domain/registrar.ts';
import { createDigestHashes } from '../../../src/adapters/system/digest-hashes.ts';
import { ha1Of } from '../../../src/domain/digest.ts';
import type { UserView } from '../../../src/manage/user-view.ts';
import { Desk } from './fixture.ts';

const shownSecret = (text: string): string => /SIP secret: (\S+)/.exec(text)?.[1] ?? '';

describe('user commands', () => {
  it('add shows the secret once; it is the one that counts; list shows none', async (t) => {
    const desk = new Desk(t);
    const added = await desk.run('user', 'add', '--name', 'Alice', '--display', 'Alice B');
    assert.equal(added.code, 0, added.stderr);
    const secret = shownSecret(added.stdout);
    assert.equal(secret.length, 20);
    const [user] = await desk.stores().then(async (stores) => {
      const users = await stores.users.all();
      return users.ok ? users.value : [];
    });
    assert.equal(user?.sip?.ha1['SHA-256'], ha1Of(createDigestHashes(), 'SHA-256', 'alice', 'vestibule', secret));
    for (const args of [[], ['--json']]) {
      const listed = await desk.run('user', 'list', ...args);
      assert.ok(listed.stdout.includes('alice') && !listed.stdout.includes(secret) && !listed.stdout.includes(user.sip.ha1.MD5));
    }
  });

  it('a secret of standard input is taken and not shown', async (t) => {
    const desk = new Desk(t);
    desk.input = 'open-sesame\n';
    const added = await desk.run('user', 'add', '--name', 'alice', '--secret', '-', '--json');
    assert.equal(added.code, 0, added.stderr);
    const { user, ...rest } = JSON.parse(added.stdout) as { user: UserView };
    assert.deepEqual([rest, user.name, user.sip, user.contacts], [{ realm: 'vestibule' }, 'alice', 'fits', []]);
  });

  const refused: readonly (readonly [string, readonly string[], string])[] = [
    ['a name that cannot be', ['--name', 'a b'], 'user_name_invalid'],
    ['a secret too short', ['--name', 'alice', '--secret', 'short'], 'secret_unfit'],
    ['no secret on standard input', ['--name', 'alice', '--secret', '-'], 'secret_missing'],
    ['a user there is', ['--name', 'bob'], 'user_exists'],
    ['the alias of a room', ['--name', '2000'], 'alias_taken'],
    ['the attendant', ['--name', '100'], 'alias_taken'],
  ];
  for (const [name, args, code] of refused) {
    it(`${name}: ${code}`, async (t) => {
      const desk = new Desk(t);
      await desk.run('user', 'add', '--name', 'bob');
      await desk.run('room', 'add', '--alias', '2000');
      const answered = await desk.run('user', 'add', ...args, '--json');
      assert.equal(answered.code, 1);
      assert.deepEqual((JSON.parse(answered.stderr.split('\n')[0] ?? '') as { problems: { code: string }[] }).problems.map((problem) => problem.code), [code]);
    });
  }

  it('list shows where a user is registered, until it is over', async (t) => {
    const desk = new Desk(t);
    await desk.run('user', 'add', '--name', 'alice');
    const contact = (name: string, expiresAt: number): Binding => ({ key: name, uri: `sip:${name}`, host: name, parameters: '', callId: '', cseq: 1, expiresAt, updatedAt: 0, path: [], source: { address: '192.0.2.1', port: 5062, transport: 'udp' }, userAgent: 'tel' });
    assert.ok((await (await desk.stores()).users.writeBindings([{ user: 'alice', bindings: [contact('live', Date.now() + 3_600_000), contact('dead', 1)] }])).ok);
    const { stdout } = await desk.run('user', 'list');
    assert.ok(/sip:live +udp 192\.0\.2\.1:5062/.test(stdout) && !stdout.includes('dead'), stdout);
  });

  it('another realm: told, as the secrets fit no more', async (t) => {
    const desk = new Desk(t);
    await desk.run('user', 'add', '--name', 'alice');
    desk.environment = { VESTIBULE_REGISTRAR_REALM: 'elsewhere' };
    assert.match((await desk.run('user', 'list')).stdout, /another registrar\.realm/);
  });

  it('remove; a user there is not: user_unknown', async (t) => {
    const desk = new Desk(t);
    await desk.run('user', 'add', '--name', 'alice');
    assert.equal((await desk.run('user', 'remove', '--name', 'ALICE')).stdout, 'user alice removed\n');
    assert.match((await desk.run('user', 'remove', '--name', 'alice')).stderr, /user_unknown/);
  });
});
