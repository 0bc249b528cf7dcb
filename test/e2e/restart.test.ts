import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openStores } from '../../src/adapters/sqlite/open.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { Child } from './harness/child.ts';
import { Program, startMain } from './harness/program.ts';
import { guestPin, hostPin } from './harness/session.ts';
import { until } from './harness/wait.ts';
import { Phone } from './phone/phone.ts';
import { header } from './phone/sip-message.ts';

/** Programs one after the other on one data folder, and telephones; all of it is gone afterwards. */
class Site {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'vestibule-restart-'));
  readonly env: Readonly<Record<string, string>>;
  readonly #programs: Program[] = [];
  readonly #phones: Phone[] = [];

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.env = env;
  }

  async start(): Promise<Program> {
    const program = await Program.start({ dataDir: this.dataDir, env: this.env });
    this.#programs.push(program);
    return program;
  }

  get log(): string {
    return this.#programs.map(({ log }, run) => `log of run ${run + 1}:\n${log.slice(-3000)}`).join('\n');
  }

  async kill(program: Program): Promise<void> {
    program.signal('SIGKILL');
    await assert.rejects(program.exit());
  }

  async phone(name: string, program: Program, toneHz = 0): Promise<Phone> {
    const phone = await Phone.open(name, program.sip);
    phone.media.tone(toneHz);
    this.#phones.push(phone);
    return phone;
  }

  async inRoom(name: string, program: Program, alias: string, pin: string, toneHz: number): Promise<Phone> {
    const phone = await this.phone(name, program, toneHz);
    await phone.call(alias);
    await phone.press(`${pin}#`);
    await program.untilRoom(alias, `${name} to be there`, (participants) => participants.some(({ caller }) => caller === name));
    return phone;
  }

  /** What was written, when no program runs. */
  async stores<T>(read: (stores: Stores) => Promise<T>): Promise<T> {
    const opened = await openStores({ dataDir: this.dataDir, secretFile: join(this.dataDir, 'secret.key'), lockWaitMs: 1_000 });
    assert.ok(opened.ok, JSON.stringify(opened));
    try {
      return await read(opened.value);
    } finally {
      await opened.value.close();
    }
  }

  end(): void {
    for (const phone of this.#phones) phone.close();
    for (const program of this.#programs) program.signal('SIGKILL');
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

async function onSite(env: Readonly<Record<string, string>>, test: (site: Site) => Promise<void>): Promise<void> {
  const site = new Site(env);
  try {
    await test(site);
  } catch (error) {
    if (error instanceof Error) error.message += `\n${site.log}`;
    throw error;
  } finally {
    site.end();
  }
}

/** The two servers as a process of their own, and the settings by which a controller uses them; or those of the contract suite. */
async function withServers(test: (env: Readonly<Record<string, string>>) => Promise<void>): Promise<void> {
  if (process.env['VESTIBULE_TEST_FREESWITCH_HOST'] !== undefined && process.env['VESTIBULE_TEST_DRACHTIO_HOST'] !== undefined) {
    await test({});
    return;
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-servers-'));
  const secrets = { VESTIBULE_SOFTSWITCH_DRACHTIO_SECRET: 'abc', VESTIBULE_SOFTSWITCH_ESL_SECRET: 'def' };
  const servers: Child = await startMain(dataDir, ['softswitch'], { VESTIBULE_SOFTSWITCH_KEEP_CALLS: 'true', VESTIBULE_SOFTSWITCH_DRACHTIO_PORT: '0', VESTIBULE_SOFTSWITCH_ESL_PORT: '0', VESTIBULE_SOFTSWITCH_MEDIA_SIP_PORT: '0', ...secrets });
  try {
    await until('the servers to be ready', () => /ready\./.exec(servers.stdout)?.[0], () => servers.output);
    const port = (what: string): string => new RegExp(`${what} +127\\.0\\.0\\.1:(\\d+)`).exec(servers.stdout)?.[1] ?? '';
    await test({
      VESTIBULE_DRACHTIO_HOST: '127.0.0.1',
      VESTIBULE_DRACHTIO_PORT: port('drachtio'),
      VESTIBULE_DRACHTIO_SECRET: 'abc',
      VESTIBULE_FREESWITCH_HOST: '127.0.0.1',
      VESTIBULE_FREESWITCH_PORT: port('event socket'),
      VESTIBULE_FREESWITCH_SECRET: 'def',
      VESTIBULE_FREESWITCH_LISTEN_HOST: '127.0.0.1',
    });
  } finally {
    servers.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const dueIn = async (program: Program, alias: string, timer: string): Promise<number> => (await program.participants(alias))[0]?.timers.find(({ name }) => name === timer)?.dueInSeconds ?? Infinity;

describe('kill -9 of the controller on external servers', () => {
  it('media go on; conferences, roles, mutes, waiters and deadlines are taken over; keys count again; what the SIP server no longer tells (F-10) is made up for', () =>
    withServers((env) =>
      onSite({ ...env, VESTIBULE_ENDING_WAITING_FOR_HOST: '600' }, async (site) => {
        const first = await site.start();
        await first.addRoom({ alias: '7000', hostPin, guestPin });
        await first.addRoom({ alias: '7001', hostPin, guestPin });
        const alice = await site.inRoom('alice', first, '7000', hostPin, 1250);
        const bob = await site.inRoom('bob', first, '7000', guestPin, 1650);
        const mute = await site.inRoom('mute', first, '7000', guestPin, 0);
        await mute.press('*6');
        await first.untilRoom('7000', 'mute to be muted', (participants) => participants.some(({ caller, audio }) => caller === 'mute' && audio === 'muted'));
        const carol = await site.inRoom('carol', first, '7001', guestPin, 2050);
        const asked = await site.phone('asked', first);
        await asked.call('7000');
        await alice.hears(1650);
        const before = await first.participants('7000');
        const waitsUntil = performance.now() / 1_000 + (await dueIn(first, '7001', 'wait'));
        // The state is written within a moment; that young a change may be lost.
        await until('the state to be written', async () => ((await site.stores(({ live }) => live.read().then((read) => (read.ok ? read.value.calls.length : 0)))) === 4 ? true : undefined), () => first.log.slice(-2000));
        await site.kill(first);
        await alice.hears(1650);
        await bob.hears(1250);

        const second = await site.start();
        const after = await second.participants('7000');
        const shown = (participants: typeof before) => participants.map(({ id, caller, place, role, rule, audio }) => ({ id, caller, place, role, rule, audio }));
        assert.deepEqual(shown(after), shown(before));
        await alice.hears(1650);
        await bob.hears(1250);
        const [waiter] = await second.participants('7001');
        assert.deepEqual([waiter?.caller, waiter?.place, waiter?.role], ['carol', 'lobby', 'guest']);
        assert.ok(Math.abs(performance.now() / 1_000 + (await dueIn(second, '7001', 'wait')) - waitsUntil) < 3, 'the deadline is the one it was');
        await carol.hearsSound('music again');

        await bob.press('*6');
        await second.untilRoom('7000', 'bob to be muted', (participants) => participants.some(({ caller, audio }) => caller === 'bob' && audio === 'muted'));
        await alice.hearsNot(1650);
        await mute.press('*6');
        await second.untilRoom('7000', 'mute to be heard', (participants) => participants.some(({ caller, audio }) => caller === 'mute' && audio === 'live'));

        // F-10: nobody is told of it; asked in its dialog, the server says that there is none.
        assert.equal((await bob.hangUp()).status, 481);
        await second.untilRoom('7000', 'bob to be gone', (participants) => participants.every(({ caller }) => caller !== 'bob'), 20_000);

        const hanna = await site.inRoom('hanna', second, '7001', hostPin, 2450);
        await carol.hears(2450);
        await hanna.hears(2050);
        assert.equal((await hanna.hangUp()).status, 200);

        for (const alias of ['7000', '7001']) assert.equal((await second.cli('room', 'remove', '--alias', alias)).code, 0);
        for (const phone of [alice, mute, carol]) assert.match(header(await phone.ended(), 'reason'), /text="room_removed"/);
        await second.untilIdle();
        await second.stop();
        const calls = await site.stores(async ({ cdr, live }) => {
          assert.deepEqual(await live.read(), { ok: true, value: { conferences: [], calls: [] } });
          const found = await cdr.calls({ limit: 20 });
          assert.ok(found.ok);
          return found.value.items.map(({ caller, end }) => [caller, end?.reason]);
        });
        assert.deepEqual(Object.fromEntries(calls), { alice: 'room_removed', bob: 'caller_hung_up', mute: 'room_removed', carol: 'room_removed', asked: 'restart', hanna: 'caller_hung_up' });
      }),
    ));
});

describe('kill -9 of the program with its own servers', () => {
  it('ends calls cleanly: no phantom, records closed by restart, and told so in the events', () =>
    onSite({}, async (site) => {
      const first = await site.start();
      await first.addRoom({ alias: '7000', hostPin, guestPin });
      await site.inRoom('alice', first, '7000', hostPin, 0);
      await site.inRoom('bob', first, '7000', guestPin, 0);
      await until('the state to be written', async () => ((await site.stores(({ live }) => live.read().then((read) => (read.ok ? read.value.calls.length : 0)))) === 2 ? true : undefined), () => first.log.slice(-2000));
      await site.kill(first);
      const second = await site.start();
      await second.untilIdle();
      await second.stop();
      await site.stores(async ({ cdr, events }) => {
        const calls = await cdr.calls({ limit: 9 });
        assert.ok(calls.ok);
        assert.deepEqual(calls.value.items.map(({ end }) => end?.reason), ['restart', 'restart']);
        const conferences = await cdr.conferences({ limit: 9 });
        assert.ok(conferences.ok);
        assert.ok(conferences.value.items.every(({ end }) => end !== undefined));
        const told = await events.after(0, { limit: 100 });
        assert.ok(told.ok);
        const ends = told.value.filter(({ event: { type } }) => type === 'participant.left' || type === 'conference.closed').map(({ event }) => [event.type, 'reason' in event.data ? event.data.reason : '']);
        assert.deepEqual(ends, [['participant.left', 'restart'], ['participant.left', 'restart'], ['conference.closed', '']]);
      });
    }));
});
