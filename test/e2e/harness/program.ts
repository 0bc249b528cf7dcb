/** The built program as a child process, with a data folder and ports of its own, on loopback. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { askRunning } from '../../../src/adapters/control-socket/client.ts';
import { controlSocketPath } from '../../../src/adapters/control-socket/path.ts';
import type { ParticipantStatus, Status } from '../../../src/ports/status.ts';
import type { Target } from '../phone/phone.ts';
import { Child } from './child.ts';
import { freePorts } from './ports.ts';
import { holds, until } from './wait.ts';

const main = resolve(import.meta.dirname, '../../../src/main.js');
const rtpPorts = 600;
const startDeadlineMs = 20_000;
const stopDeadlineMs = 20_000;

export interface ProgramOptions {
  /** Settings by variable, e.g. `VESTIBULE_ENDING_GUESTS_ONLY: '3'`. */
  readonly env?: Readonly<Record<string, string>>;
  /** A folder of a former run; by default a new one, removed at the end. */
  readonly dataDir?: string;
}

export interface RoomOptions {
  readonly alias: string;
  readonly hostPin?: string;
  readonly guestPin?: string;
  readonly more?: readonly string[];
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  readonly dataDir: string;
  readonly #child: Child;
  readonly #env: NodeJS.ProcessEnv;
  readonly #ownDataDir: boolean;
  /** Where it listens for SIP. */
  sip: Target = { host: '127.0.0.1', port: 0 };

  private constructor(child: Child, env: NodeJS.ProcessEnv, dataDir: string, ownDataDir: boolean) {
    this.#child = child;
    this.#env = env;
    this.dataDir = dataDir;
    this.#ownDataDir = ownDataDir;
  }

  static async start(options: ProgramOptions = {}): Promise<Program> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'vestibule-e2e-'));
    const env = await environment(dataDir, options.env);
    const child = new Child(process.execPath, ['--enable-source-maps', main, 'serve'], { env });
    const program = new Program(child, env, dataDir, options.dataDir === undefined);
    program.sip = await until(
      'the program to be ready for calls',
      async () => {
        assert.ok(!child.exited, `the program ended at once:\n${child.output}`);
        const uri = (await program.#ask())?.listening.find((address) => address.includes('127.0.0.1'));
        const port = /:(\d+)/.exec(uri?.slice('sip:'.length) ?? '')?.[1];
        return port === undefined ? undefined : { host: '127.0.0.1', port: Number(port) };
      },
      () => child.output,
      startDeadlineMs,
    );
    return program;
  }

  get pid(): number {
    return this.#child.process.pid ?? 0;
  }

  /** What it printed for people, and its log. */
  get stdout(): string {
    return this.#child.stdout;
  }

  get log(): string {
    return this.#child.stderr;
  }

  get exited(): boolean {
    return this.#child.exited;
  }

  async status(): Promise<Status> {
    const status = await this.#ask();
    assert.ok(status !== undefined, `no answer on the control socket:\n${this.#child.output.slice(-4000)}`);
    return status;
  }

  /** Every counter of every part, as the program itself sees it. */
  async debugState(): Promise<unknown> {
    const outcome = await askRunning(controlSocketPath(this.dataDir), { method: 'debug', params: {} });
    assert.ok(outcome.kind === 'answered' && outcome.answer.ok, `no debug state: ${JSON.stringify(outcome)}`);
    return outcome.answer.value;
  }

  /** The participants of a room by alias; none when nobody is there. */
  async participants(alias: string): Promise<readonly ParticipantStatus[]> {
    return (await this.status()).rooms.find((room) => room.aliases.includes(alias))?.participants ?? [];
  }

  /** Waits until the room's participants are as wanted. */
  async untilRoom(alias: string, what: string, test: (participants: readonly ParticipantStatus[]) => boolean, deadlineMs = 15_000): Promise<readonly ParticipantStatus[]> {
    let last: readonly ParticipantStatus[] = [];
    return until(
      `room ${alias}: ${what}`,
      async () => {
        last = await this.participants(alias);
        return test(last) ? last : undefined;
      },
      () => `${JSON.stringify(last, null, 1)}\n${this.log.slice(-3000)}`,
      deadlineMs,
    );
  }

  async untilLocked(alias: string): Promise<void> {
    await until(
      `room ${alias} to be locked`,
      async () => holds((await this.status()).rooms.some((room) => room.aliases.includes(alias) && room.lock === 'locked')),
      () => this.log.slice(-3000),
    );
  }

  /** Waits until no call, member, lobby, endpoint, dialog or timer is left: every counter of the program is back to zero. */
  async untilIdle(): Promise<void> {
    let left: readonly string[] = [];
    await until(
      'everything to be released',
      async () => {
        const { rooms, calls } = await this.status();
        left = [...leftovers('rooms', rooms), ...leftovers('calls', calls), ...leftovers('debug', await this.debugState())];
        return holds(left.length === 0);
      },
      () => left.join(', '),
    );
  }

  async cli(...args: readonly string[]): Promise<CliResult> {
    return cli(this.#env, args);
  }

  async addRoom(room: RoomOptions): Promise<void> {
    const pins = [...(room.hostPin === undefined ? [] : ['--host-pin', room.hostPin]), ...(room.guestPin === undefined ? [] : ['--guest-pin', room.guestPin])];
    const result = await this.cli('room', 'add', '--alias', room.alias, ...pins, ...(room.more ?? []));
    assert.equal(result.code, 0, `room add failed: ${result.stderr}`);
  }

  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void {
    this.#child.kill(name);
  }

  async exit(): Promise<number> {
    return this.#child.exit(stopDeadlineMs);
  }

  /** Ends it as an operator does; anything but a clean exit is a failure. */
  async stop(): Promise<void> {
    try {
      if (this.#child.exited) return;
      this.signal('SIGTERM');
      assert.equal(await this.exit(), 0, this.#child.output.slice(-4000));
    } finally {
      this.#child.kill('SIGKILL');
      if (this.#ownDataDir) rmSync(this.dataDir, { recursive: true, force: true });
    }
  }

  async #ask(): Promise<Status | undefined> {
    const outcome = await askRunning(controlSocketPath(this.dataDir), { method: 'status', params: {} });
    return outcome.kind === 'answered' && outcome.answer.ok ? (outcome.answer.value as Status) : undefined;
  }
}

/** Starts the command line with ports of its own, to run on. */
export async function startMain(dataDir: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Child> {
  return new Child(process.execPath, ['--enable-source-maps', main, ...args], { env: await environment(dataDir, env) });
}

/** Runs the command line without a running program, or one that is expected to fail at the start. */
export async function runMain(dataDir: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  return cli(await environment(dataDir, env), args);
}

async function cli(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<CliResult> {
  const child = new Child(process.execPath, [main, ...args], { env });
  const code = await child.exit(30_000);
  return { code, stdout: child.stdout, stderr: child.stderr };
}

async function environment(dataDir: string, settings: Readonly<Record<string, string>> = {}): Promise<NodeJS.ProcessEnv> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VESTIBULE_') && !name.startsWith('NODE_')));
  const rtp = await freePorts(rtpPorts + 1);
  return {
    ...inherited,
    VESTIBULE_DATA_DIR: dataDir,
    VESTIBULE_SIP_HOST: '127.0.0.1',
    VESTIBULE_SIP_PORT: String(rtp + rtpPorts),
    VESTIBULE_RTP_PORT_MIN: String(rtp),
    VESTIBULE_RTP_PORT_MAX: String(rtp + rtpPorts - 1),
    VESTIBULE_HTTP_PORT: '0',
    VESTIBULE_H323_PORT: '0',
    VESTIBULE_LOG_LEVEL: 'debug',
    // A busy machine is no reason to refuse calls here; overload has tests of its own.
    VESTIBULE_LIMITS_LOOP_LAG: '10',
    // All calls come from one address; protection against guessing has tests of its own.
    VESTIBULE_ABUSE_EXEMPT: '127.0.0.0/8,::1/128',
    ...external('FREESWITCH', ['HOST', 'PORT', 'SECRET', 'PROFILE']),
    ...external('DRACHTIO', ['HOST', 'PORT', 'SECRET']),
    ...settings,
  };
}

/** The servers of the contract suite (VESTIBULE_TEST_FREESWITCH_HOST ...), where they are named, in place of the embedded ones. */
function external(server: 'FREESWITCH' | 'DRACHTIO', keys: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(keys.flatMap((key) => {
    const value = process.env[`VESTIBULE_TEST_${server}_${key}`];
    return value === undefined ? [] : [[`VESTIBULE_${server}_${key}`, value]];
  }));
}

/** Counters that are not zero and lists that are not empty, with their paths. */
function leftovers(path: string, value: unknown): readonly string[] {
  if (typeof value === 'number') return value === 0 ? [] : [`${path}=${value}`];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.length === 0 ? [] : [`${path}=${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, inner]) => leftovers(`${path}.${key}`, inner));
}
