import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Program, runMain } from './harness/program.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { Phone } from './phone/phone.ts';
import { header } from './phone/sip-message.ts';

const shownPin = (role: 'host' | 'guest', text: string): string => new RegExp(`${role} PIN +(\\d+)`).exec(text)?.[1] ?? '';

/** A data folder that outlives the programs started on it, one after the other. */
async function inFolder(test: (folder: string, start: (env?: Readonly<Record<string, string>>) => Promise<Program>) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-e2e-'));
  const programs: Program[] = [];
  try {
    await test(dataDir, async (env = {}) => {
      const program = await Program.start({ dataDir, env });
      programs.push(program);
      return program;
    });
  } finally {
    for (const program of programs) program.signal('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

describe('the process', () => {
  it('first start shows where to dial and both PINs of the demo room; they work; the second start remembers, and shows no host PIN', () =>
    inFolder(async (_, start) => {
      const first = await start();
      assert.match(first.stdout, new RegExp(`sip:1000@127\\.0\\.0\\.1:${first.sip.port}`));
      const hostPinShown = shownPin('host', first.stdout);
      const guestPinShown = shownPin('guest', first.stdout);
      assert.equal((await first.cli('status', '--json')).code, 0);
      assert.equal(await roleOf(first, hostPinShown), 'host');
      await first.stop();

      const second = await start();
      assert.equal(await roleOf(second, hostPinShown), 'host');
      assert.equal(await roleOf(second, guestPinShown), 'guest');
      assert.ok(!second.stdout.includes(hostPinShown), 'the host PIN is shown once');
      await second.stop();
    }));

  it('a room added while it runs counts for the next call, and after a restart', () =>
    inFolder(async (_, start) => {
      const first = await start();
      await first.addRoom({ alias: '2000', hostPin, guestPin });
      assert.equal(await roleOf(first, hostPin, '2000'), 'host');
      await first.stop();
      const second = await start();
      assert.equal(await roleOf(second, guestPin, '2000'), 'guest');
      await second.stop();
    }));

  it('killed with calls up, it starts again without a phantom', () =>
    inFolder(async (_, start) => {
      const first = await start();
      await first.addRoom({ alias: '2000', hostPin, guestPin });
      const phone = await Phone.open('lost', first.sip);
      await phone.call('2000');
      await phone.press(`${hostPin}#`);
      await first.untilRoom('2000', 'the host', (participants) => participants.length === 1);
      first.signal('SIGKILL');
      await assert.rejects(first.exit());
      phone.close();
      const second = await start();
      await second.untilIdle();
      await second.stop();
    }));

  it('SIGTERM: new calls are refused, those in progress hear a goodbye and are ended with the reason, exit 0', () =>
    inFolder(async (_, start) => {
      const program = await start();
      await program.addRoom({ alias: '2000', hostPin, guestPin });
      await withPhones(program, async (phones) => {
        const host = await phones.inRoom('host', '2000', hostPin);
        await host.quiet();
        const late = await phones.phone('late');
        program.signal('SIGTERM');
        await host.hearsSound('the goodbye', 10);
        const refused = await late.dial('2000', { deadlineMs: 5_000 });
        assert.ok([480, 503].includes(refused.status), `a call while draining: ${refused.status}`);
        assert.match(header(await host.ended(), 'reason'), /text="shutdown"/);
        assert.equal(await program.exit(), 0);
      });
    }));

  it('a second signal ends it at once', () =>
    inFolder(async (_, start) => {
      const program = await start({ VESTIBULE_DRAIN_TIMEOUT: '60' });
      await program.addRoom({ alias: '2000', hostPin, guestPin });
      const phone = await Phone.open('caller', program.sip);
      await phone.call('2000');
      program.signal('SIGTERM');
      await phone.hearsSound('the goodbye or the prompt', 2);
      program.signal('SIGTERM');
      await program.exit();
      phone.close();
    }));

  it('a SIP port in use: one clear line naming it, exit 1', () =>
    inFolder(async (dataDir) => {
      const taken = createSocket('udp4');
      taken.bind(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address();
      const result = await runMain(dataDir, ['serve'], { VESTIBULE_SIP_PORT: String(port) });
      taken.close();
      assert.equal(result.code, 1, result.stderr);
      assert.match(result.stderr, new RegExp(`^error: .*${port}.*\\(sip_port_in_use\\): .+$`, 'm'));
      assert.doesNotMatch(result.stderr, /^\s+at /m, 'no stack trace');
    }));

  it('a configuration that does not parse, or has an unknown key: path and line, exit 1', () =>
    inFolder(async (dataDir) => {
      const file = join(dataDir, 'vestibule.yaml');
      writeFileSync(file, 'sip:\n  port: 5070\n  prot: 1\n');
      const unknown = await runMain(dataDir, ['serve'], { VESTIBULE_CONFIG: file });
      assert.equal(unknown.code, 1);
      assert.match(unknown.stderr, /sip\.prot/);
      assert.match(unknown.stderr, /:3\b|line 3/);
      writeFileSync(file, 'sip: [\n');
      const broken = await runMain(dataDir, ['serve'], { VESTIBULE_CONFIG: file });
      assert.equal(broken.code, 1);
      assert.match(broken.stderr, /^error: /m);
    }));

  it('without a running process, status says so (exit 3), and room commands work on the database', () =>
    inFolder(async (dataDir) => {
      assert.equal((await runMain(dataDir, ['status'])).code, 3);
      const added = await runMain(dataDir, ['room', 'add', '--alias', '2000', '--host-pin', hostPin]);
      assert.equal(added.code, 0, added.stderr);
      const list = await runMain(dataDir, ['room', 'list', '--json']);
      assert.equal(list.code, 0, list.stderr);
      assert.match(list.stdout, /2000/);
      assert.ok(!list.stdout.includes(hostPin), 'a host PIN cannot be had back');
    }));
});

/** The role a PIN gives. */
async function roleOf(program: Program, pin: string, alias = '1000'): Promise<string> {
  let role = '';
  await withPhones(program, async (phones) => {
    await phones.inRoom('caller', alias, pin);
    role = (await program.participants(alias))[0]?.role ?? '';
  });
  return role;
}
