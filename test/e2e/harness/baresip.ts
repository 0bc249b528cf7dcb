/**
 * baresip as a telephone: sends a tone of its own, records what it hears, and is driven over its control socket
 * (module ctrl_tcp: netstrings holding JSON).
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../phone/phone.ts';
import { Child } from './child.ts';
import { freePorts } from './ports.ts';
import { holds, until } from './wait.ts';

/** Debian keeps them in /usr/lib/baresip; later releases in the folder of the architecture. */
const moduleFolders = ['/usr/lib/baresip/modules', '/usr/lib/x86_64-linux-gnu/baresip/modules', '/usr/lib/aarch64-linux-gnu/baresip/modules'];
const rtpPorts = 20;

interface BaresipEvent {
  readonly type?: string;
  readonly param?: string;
}

export interface BaresipOptions {
  /** SRTP by SDES, which it insists on (`RTP/SAVP`); default: in the clear. */
  readonly encrypted?: true;
  /** Registers there as the user of its name. */
  readonly account?: { readonly registrar: Target; readonly secret: string; readonly seconds: number };
  /** In the order it offers them, as it names them; default: G.711. */
  readonly codecs?: readonly ('pcmu' | 'pcma' | 'G722/16000/1' | 'opus/48000/2')[];
}

export class Baresip {
  readonly name: string;
  readonly #child: Child;
  readonly #folder: string;
  readonly #control: Socket;
  readonly #events: BaresipEvent[] = [];

  private constructor(name: string, child: Child, folder: string, control: Socket) {
    this.name = name;
    this.#child = child;
    this.#folder = folder;
    this.#control = control;
    let buffered = '';
    control.on('data', (data: Buffer) => {
      buffered += data.toString('latin1');
      for (let head = /^(\d+):/.exec(buffered); head !== null; head = /^(\d+):/.exec(buffered)) {
        const start = head[0].length;
        const end = start + Number(head[1]);
        if (buffered.length <= end) return;
        this.#events.push(JSON.parse(buffered.slice(start, end)) as BaresipEvent);
        buffered = buffered.slice(end + 1);
      }
    });
    control.on('error', () => undefined); // baresip resets the connection when it quits
  }

  static async start(name: string, toneHz: number, { encrypted, account, codecs = ['pcmu', 'pcma'] }: BaresipOptions = {}): Promise<Baresip> {
    const modules = moduleFolders.find((folder) => existsSync(folder));
    if (modules === undefined) throw new Error(`baresip's modules are in none of ${moduleFolders.join(', ')}`);
    const folder = mkdtempSync(join(tmpdir(), 'vestibule-baresip-'));
    // baresip takes the SIP port and the one above it (for TLS).
    const ports = await freePorts(4 + rtpPorts);
    const control = ports + 2;
    writeFileSync(join(folder, 'accounts'), `${accountOf(name, account)};audio_codecs=${codecs.join(',')}${encrypted === true ? ';mediaenc=srtp-mand' : ''}\n`);
    writeFileSync(
      join(folder, 'config'),
      [
        'poll_method epoll',
        `sip_listen 127.0.0.1:${ports}`,
        'sip_verify_server no',
        'net_interface 127.0.0.1',
        `rtp_ports ${ports + 4}-${ports + 3 + rtpPorts}`,
        `audio_source ausine,${toneHz}`,
        'audio_player aubridge,nil',
        'audio_alert aubridge,nil',
        'ausrc_srate 48000',
        'ausrc_channels 2',
        `module_path ${modules}`,
        ...['g711', 'g722', 'opus', 'ausine', 'aubridge', 'sndfile', 'srtp'].map((module) => `module ${module}.so`),
        'module_tmp account.so',
        'module_app menu.so',
        'module ctrl_tcp.so',
        `ctrl_tcp_listen 127.0.0.1:${control}`,
        `snd_path ${folder}`,
        '',
      ].join('\n'),
    );
    const child = new Child('baresip', ['-f', folder]);
    await until(`baresip ${name} to be ready`, () => holds(child.output.includes('baresip is ready')), () => child.output);
    const socket = connect(control, '127.0.0.1');
    await once(socket, 'connect');
    return new Baresip(name, child, folder, socket);
  }

  /** Dials where it is turned away; answers why, as it says it: `488 Not Acceptable Here`. */
  async isTurnedAway(alias: string, target: Target): Promise<string> {
    this.#command('dial', `sip:${alias}@${target.host}:${target.port}`);
    return this.event('CALL_CLOSED');
  }

  /** Dials and waits until the call is answered. */
  async call(alias: string, target: Target, transport: 'udp' | 'tls' = 'udp'): Promise<void> {
    this.#command('dial', `sip:${alias}@${target.host}:${target.port}${transport === 'tls' ? ';transport=tls' : ''}`);
    await this.event('CALL_ESTABLISHED');
  }

  /** Keys digits: RFC 4733 events of about a fifth of a second each. */
  press(digits: string): void {
    this.#command('sndcode', digits);
  }

  hangUp(): void {
    this.#command('hangup');
  }

  /** Waits for an event of the call; answers what baresip says about it (for CALL_CLOSED: why). */
  async event(type: 'CALL_INCOMING' | 'CALL_RINGING' | 'CALL_ESTABLISHED' | 'CALL_CLOSED' | 'CALL_RTPESTAB', deadlineMs = 30_000): Promise<string> {
    const event = await until(
      `${type} at baresip ${this.name}`,
      () => this.#events.find((candidate) => candidate.type === type),
      () => this.#child.output.slice(-2000),
      deadlineMs,
    );
    return event.param ?? '';
  }

  /** The recording of what it heard: complete once the call is over. */
  recording(): string {
    const file = readdirSync(this.#folder).find((name) => name.endsWith('-dec.wav'));
    if (file === undefined) throw new Error(`baresip ${this.name} recorded nothing:\n${this.#child.output.slice(-2000)}`);
    return join(this.#folder, file);
  }

  async stop(): Promise<void> {
    if (!this.#child.exited) this.#command('quit');
    await this.#child.exit(10_000);
    this.#control.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Answers the call that rings. */
  async answer(): Promise<void> {
    await this.event('CALL_INCOMING');
    this.#command('accept');
  }

  #command(command: string, params?: string): void {
    const text = JSON.stringify(params === undefined ? { command, token: command } : { command, params, token: command });
    this.#control.write(`${Buffer.byteLength(text)}:${text},`);
  }
}

function accountOf(name: string, account: BaresipOptions['account']): string {
  if (account === undefined) return `<sip:${name}@127.0.0.1>;regint=0`;
  const { registrar, secret, seconds } = account;
  return `<sip:${name}@${registrar.host}:${registrar.port}>;auth_user=${name};auth_pass=${secret};regint=${seconds}`;
}
