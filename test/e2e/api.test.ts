import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Program, runMain } from './harness/program.ts';
import { hostPin, withPhones } from './harness/session.ts';
import { holds, until } from './harness/wait.ts';

const urlOf = ({ stdout }: Program): string => /Manage it at (\S+)\/api\/v1\/docs/.exec(stdout)?.[1] ?? '';
const passwordOf = ({ stdout }: Program): string => /user admin, password (\S+)/.exec(stdout)?.[1] ?? '';

/** Starts the program on one data folder as often as asked. */
async function inFolder(test: (start: (env?: Readonly<Record<string, string>>) => Promise<Program>, dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-api-'));
  const programs: Program[] = [];
  try {
    await test(async (env = {}) => {
      const program = await Program.start({ dataDir, env });
      programs.push(program);
      return program;
    }, dataDir);
  } finally {
    for (const program of programs) program.signal('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function login(program: Program, password: string): Promise<number> {
  const answer = await fetch(`${urlOf(program)}/api/v1/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'admin', password }) });
  await answer.arrayBuffer();
  return answer.status;
}

describe('the REST API of the program', () => {
  it('OV-20, OV-21: the first start shows the password of admin once, never logs it; it counts after a restart', () =>
    inFolder(async (start) => {
      const first = await start();
      const password = passwordOf(first);
      assert.equal(await login(first, password), 200);
      assert.equal(await login(first, `${password}x`), 401);
      await first.stop();
      assert.ok(!first.log.includes(password));

      const second = await start({ VESTIBULE_ADMIN_INITIAL_PASSWORD: 'too late for this' });
      assert.equal(passwordOf(second), '');
      assert.equal(await login(second, password), 200);
      assert.equal(await login(second, 'too late for this'), 401, 'OV-23');
      await second.stop();
    }));

  it('OV-22: the configured password; the command line does what the API does, as the local administrator', () =>
    inFolder(async (start, dataDir) => {
      const program = await start({ VESTIBULE_ADMIN_INITIAL_PASSWORD: 'from the installer' });
      assert.equal(await login(program, 'from the installer'), 200);
      assert.ok(!program.stdout.includes('from the installer') && !program.log.includes('from the installer'));
      assert.ok(!(await runMain(dataDir, ['config', 'check', '--json'], { VESTIBULE_ADMIN_INITIAL_PASSWORD: 'from the installer' })).stdout.includes('from the installer'));

      const made = await program.cli('api', 'POST', '/users', '{"name":"bob","role":"user"}', '--json');
      assert.equal(made.code, 0, made.stderr);
      assert.equal((JSON.parse(made.stdout) as { user: { privilege: string } }).user.privilege, 'creation');
      assert.match((await program.cli('api', 'POST', '/users', '{"name":"bob"}')).stderr, /user_exists/);
      assert.match((await program.cli('user', 'list')).stdout, /bob +creation +no telephone/);
      assert.match((await program.cli('api', 'GET', '/audit?limit=1')).stdout, /"actor": "local"/);
      await program.stop();
    }));

  it('/healthz and /readyz answer; the port is free again after the end', () =>
    inFolder(async (start) => {
      const program = await start();
      const url = urlOf(program);
      assert.equal((await fetch(`${url}/healthz`)).status, 200);
      const ready = await fetch(`${url}/readyz`);
      assert.deepEqual([ready.status, await ready.json()], [200, { state: 'ready', stores: 'up', signalling: 'up', media: 'up', calls: 'taken' }]);
      await program.stop();
      await assert.rejects(fetch(`${url}/healthz`));
    }));

  it('while it drains /readyz says so (503) and the event stream goes on; at the end the stream is closed, and the exit code is 0', () =>
    inFolder(async (start) => {
      const program = await start({ VESTIBULE_ADMIN_INITIAL_PASSWORD: 'correct horse' });
      const url = urlOf(program);
      const signedIn = await fetch(`${url}/api/v1/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'admin', password: 'correct horse' }) });
      const { accessToken } = (await signedIn.json()) as { accessToken: string };
      await program.addRoom({ alias: '2000', hostPin });
      await withPhones(program, async (phones) => {
        const host = await phones.inRoom('host', '2000', hostPin);
        const stream = await fetch(`${url}/api/v1/events/stream?after=0`, { headers: { authorization: `Bearer ${accessToken}` } });
        const told = stream.text();
        program.signal('SIGTERM');
        let answer = '';
        await until(
          '/readyz to say that it drains',
          async () => {
            const ready = await fetch(`${url}/readyz`);
            answer = `${ready.status} ${await ready.text()}`;
            return holds(/^503 .*"calls":"draining"/.test(answer));
          },
          () => answer,
        );
        await host.ended();
        assert.equal(await program.exit(), 0);
        // Settled at all: it was ended, not cut.
        const events = [...(await told).matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
        assert.ok(events.includes('participant.joined') && events.includes('participant.left'), events.join(' '));
      });
    }));
});
