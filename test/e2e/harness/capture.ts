/** What tshark makes of the packets on the loopback interface. Capturing needs root or CAP_NET_RAW. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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

  private constructor(child: Child, folder: string, file: string, decodeAs: readonly string[]) {
    this.#child = child;
    this.#folder = folder;
    this.#file = file;
    this.#decodeAs = decodeAs;
  }

  static async start(filter: string, sipPort: number): Promise<Capture> {
    const folder = mkdtempSync(join(tmpdir(), 'vestibule-capture-'));
    const file = join(folder, 'packets.pcap');
    const child = new Child('tshark', ['-i', 'lo', '-f', filter, '-w', file, '-F', 'pcap']);
    await until('tshark to capture', () => holds(child.stderr.includes('Capture started') || child.stderr.includes('Capturing on')), () => child.output);
    return new Capture(child, folder, file, ['-d', `udp.port==${sipPort},sip`, '-d', `tcp.port==${sipPort},sip`, '-o', 'rtp.heuristic_rtp:TRUE']);
  }

  /** Ends the capture; what was captured so far is written. */
  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.#child.exit(15_000);
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
