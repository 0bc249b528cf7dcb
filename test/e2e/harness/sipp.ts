/**
 * sipp as a telephone: one call by one of the scenarios in test/e2e/sipp. Digits by RFC 4733 (`play_dtmf`) go through a raw
 * socket, which needs root or CAP_NET_RAW.
 */
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Target } from '../phone/phone.ts';
import { Child } from './child.ts';
import { freePorts } from './ports.ts';
import { holds, until } from './wait.ts';

const scenarios = resolve(import.meta.dirname, '../../../../test/e2e/sipp');
let calls = 0;

export interface SippOptions {
  readonly scenario: string;
  readonly alias: string;
  /** Keywords of the scenario: `[digits]` and so on. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Calls one after the other, for scenarios without `proceed`. */
  readonly calls?: number;
  readonly transport?: 'udp' | 'tcp';
  /** For `[authentication]`: the user is `alias`. */
  readonly secret?: string;
}

export class Sipp {
  readonly #child: Child;
  readonly #folder: string;
  readonly #port: number;
  readonly #callId: string;

  private constructor(child: Child, folder: string, port: number, callId: string) {
    this.#child = child;
    this.#folder = folder;
    this.#port = port;
    this.#callId = callId;
  }

  static async start(target: Target, options: SippOptions): Promise<Sipp> {
    const folder = mkdtempSync(join(tmpdir(), 'vestibule-sipp-'));
    const port = await freePorts(8);
    const callId = `sipp-${process.pid}-${calls++}`;
    const keys = Object.entries(options.keys ?? {}).flatMap(([name, value]) => ['-key', name, value]);
    const child = new Child(
      'sipp',
      [
        ...['-sf', join(scenarios, `${options.scenario}.xml`), '-s', options.alias, '-t', options.transport === 'tcp' ? 't1' : 'u1'],
        ...['-i', '127.0.0.1', '-p', String(port), '-mi', '127.0.0.1', '-mp', String(port + 2), '-cid_str', `%u-${callId}`],
        ...['-m', String(options.calls ?? 1), '-l', '1', '-r', '1', '-nostdin', '-nd', '-timeout', '40', '-timeout_error'],
        ...['-trace_err', '-error_file', join(folder, 'errors'), '-trace_msg', '-message_file', join(folder, 'messages'), '-trace_logs', '-log_file', join(folder, 'log')],
        ...keys,
        ...(options.secret === undefined ? [] : ['-au', options.alias, '-ap', options.secret]),
        `${target.host}:${target.port}`,
      ],
      { cwd: folder, env: { ...process.env, TERM: 'dumb' } },
    );
    return new Sipp(child, folder, port, callId);
  }

  /** Lets a scenario that waits for a MESSAGE go on: the test decides when, sipp has no sleep in it. */
  async proceed(): Promise<void> {
    // A MESSAGE before the scenario waits for one would be an unexpected message to sipp.
    await until('sipp to wait for the MESSAGE', () => holds(this.#read('log').includes('waiting')), () => this.#read('messages').slice(-3000));
    const socket = createSocket('udp4');
    const text = [
      `MESSAGE sip:sipp@127.0.0.1:${this.#port} SIP/2.0`,
      'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKproceed',
      'From: <sip:test@127.0.0.1>;tag=1',
      'To: <sip:sipp@127.0.0.1>',
      `Call-ID: 1-${this.#callId}`,
      'CSeq: 1 MESSAGE',
      'Max-Forwards: 70',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
    await new Promise((resolve) => socket.send(text, this.#port, '127.0.0.1', resolve));
    socket.close();
  }

  /** Waits for the end of the scenario and answers its log; one that did not go as written is an error with its messages. */
  async done(deadlineMs = 60_000): Promise<string> {
    try {
      const code = await this.#child.exit(deadlineMs);
      if (code !== 0) throw new Error(`sipp ended with ${code}\n${this.#child.stderr}${this.#read('errors').slice(0, 4000)}\n${this.#read('messages').slice(-6000)}`);
      return this.#read('log');
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** For one whose test failed: its call stays where it is. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #read(name: string): string {
    const file = join(this.#folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
}
