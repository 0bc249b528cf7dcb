/** What tshark makes of the packets on the loopback interface. Capturing needs root or CAP_NET_RAW. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from './child.ts';
import { holds, until } from './wait.ts';

export class Capture {
  readonly #child: Child;
  readonly #folder: string;
  readonly #file: string;
  readonly #decodeAs: readonly string[];
  readonly #marker: Socket;

  private constructor(child: Child, marker: Socket, folder: string, file: string, decodeAs: readonly string[]) {
    this.#child = child;
    this.#marker = marker;
    this.#folder = folder;
    this.#file = file;
    this.#decodeAs = decodeAs;
  }

  static async start(filter: string, sipPort: number): Promise<Capture> {
    const folder = mkdtempSync(join(tmpdir(), 'vestibule-capture-'));
    const file = join(folder, 'packets.pcap');
    const marker = createSocket('udp4');
    marker.bind(0, '127.0.0.1');
    await once(marker, 'listening');
    const child = new Child('tshark', ['-i', 'lo', '-f', `(${filter}) or udp port ${marker.address().port}`, '-w', file, '-F', 'pcap']);
    const capture = new Capture(child, marker, folder, file, ['-d', `udp.port==${sipPort},sip`, '-d', `tcp.port==${sipPort},sip`, '-o', 'rtp.heuristic_rtp:TRUE']);
    await capture.#untilWritten('tshark to capture');
    return capture;
  }

  /** Ends the capture; everything sent before is in it. */
  async stop(): Promise<void> {
    await this.#untilWritten('the last packets');
    this.#child.kill('SIGINT');
    await this.#child.exit(15_000);
    this.#marker.close();
  }

  /**
   * Packets wait in the kernel's ring and in tshark before they are written, and those waiting at the end are lost. When a packet
   * of our own is in the file, so is all that was sent before it. It is sent anew until seen: at the start nobody captures yet.
   */
  async #untilWritten(what: string): Promise<void> {
    const mark = randomBytes(16);
    await until(
      what,
      () => {
        this.#marker.send(mark, this.#marker.address().port, '127.0.0.1');
        return holds(existsSync(this.#file) && readFileSync(this.#file).includes(mark));
      },
      () => this.#child.output,
    );
  }

  /** The fields of every packet that matches. */
  async fields(display: string, names: readonly string[]): Promise<readonly (readonly string[])[]> {
    const { stdout } = await promisify(execFile)(
      'tshark',
      ['-r', this.#file, ...this.#decodeAs, '-Y', display, '-T', 'fields', ...names.flatMap((name) => ['-e', name])],
      { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
    );
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
