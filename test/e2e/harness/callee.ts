/** sipp as a telephone that is called, by one of the scenarios `callee*` in test/e2e/sipp. Its RTP comes to us, who read the keys in it. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { initialDtmf, readTelephoneEvent, stepDtmf } from '../../../src/protocol/dtmf/telephone-event.ts';
import { emptyPacket, readRtp } from '../../../src/protocol/rtp/packet.ts';
import { Child } from './child.ts';
import { freePorts } from './ports.ts';
import { holds, until } from './wait.ts';

const scenarios = resolve(import.meta.dirname, '../../../../test/e2e/sipp');
const telephoneEventType = 101;
const clockRate = 8_000;

export interface CalleeOptions {
  readonly scenario: 'callee' | 'callee-refuses' | 'callee-rings' | 'callee-hangs-up' | 'callee-asks';
  /** Keywords of the scenario; sipp has none where a status stands. */
  readonly keys?: Readonly<Record<string, string>>;
}

export class Callee {
  readonly port: number;
  readonly #child: Child;
  readonly #folder: string;
  readonly #rtp: Socket;
  #dtmf = initialDtmf;
  /** Keys it heard by RFC 4733. */
  keys = '';
  packets = 0;

  private constructor(child: Child, folder: string, port: number, rtp: Socket) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
    this.#rtp = rtp;
    rtp.on('message', (datagram) => this.#heard(datagram));
  }

  static async start({ scenario, keys = {} }: CalleeOptions): Promise<Callee> {
    const folder = mkdtempSync(join(tmpdir(), 'vestibule-callee-'));
    const port = await freePorts(6);
    const rtp = createSocket('udp4');
    rtp.bind(0, '127.0.0.1');
    await once(rtp, 'listening');
    const keywords = Object.entries({ rtp_port: String(rtp.address().port), ...keys });
    const script = keywords.reduce((text, [name, value]) => text.replaceAll(`[${name}]`, value), readFileSync(join(scenarios, `${scenario}.xml`), 'utf8'));
    writeFileSync(join(folder, 'scenario.xml'), script);
    const child = new Child(
      'sipp',
      [
        ...['-sf', join(folder, 'scenario.xml'), '-t', 'u1', '-i', '127.0.0.1', '-p', String(port), '-mi', '127.0.0.1', '-mp', String(port + 2)],
        ...['-m', '1', '-nostdin', '-nd', '-timeout', '60', '-timeout_error'],
        ...['-trace_err', '-error_file', join(folder, 'errors'), '-trace_msg', '-message_file', join(folder, 'messages'), '-trace_logs', '-log_file', join(folder, 'log')],
      ],
      { cwd: folder, env: { ...process.env, TERM: 'dumb' } },
    );
    const callee = new Callee(child, folder, port, rtp);
    await until('sipp to listen', () => listens(port), () => child.output);
    return callee;
  }

  uri(user: string): string {
    return `sip:${user}@127.0.0.1:${this.port}`;
  }

  /** All SIP it sent and got. */
  get messages(): string {
    return this.#read('messages');
  }

  async logged(text: string): Promise<void> {
    await until(`sipp to log ${text}`, () => holds(this.#read('log').includes(text)), () => this.messages.slice(-4000));
  }

  async hears(keys: string): Promise<void> {
    await until(`${keys} to be keyed`, () => holds(this.keys === keys), () => `heard ${this.keys} in ${this.packets} packets`);
  }

  /** Waits for the end of the scenario; one that did not go as written is an error with its messages. */
  async done(): Promise<string> {
    const code = await this.#child.exit(60_000);
    if (code !== 0) throw new Error(`sipp ended with ${code}\n${this.#child.stderr}${this.#read('errors').slice(0, 4000)}\n${this.messages.slice(-6000)}`);
    return this.messages;
  }

  close(): void {
    this.#child.kill('SIGKILL');
    this.#rtp.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #heard(datagram: Buffer): void {
    const packet = emptyPacket();
    if (readRtp(datagram, packet) !== undefined) return;
    this.packets += 1;
    const event = packet.payloadType === telephoneEventType ? readTelephoneEvent(datagram.subarray(packet.payloadStart, packet.payloadEnd)) : undefined;
    if (event === undefined) return;
    const { state, effects } = stepDtmf(this.#dtmf, { type: 'packet', ssrc: packet.ssrc, timestamp: packet.timestamp, clockRate, ...event });
    this.#dtmf = state;
    for (const effect of effects) if (effect.type === 'digit') this.keys += effect.digit;
  }

  #read(name: string): string {
    const file = join(this.#folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
}

/** Whether somebody has the UDP port. */
async function listens(port: number): Promise<true | undefined> {
  const probe = createSocket('udp4');
  try {
    probe.bind(port, '127.0.0.1');
    await once(probe, 'listening');
    return undefined;
  } catch {
    return true;
  } finally {
    probe.close();
  }
}
