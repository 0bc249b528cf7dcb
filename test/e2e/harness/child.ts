/** A child process whose output is kept, and which does not outlive the test file whatever happens to it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const running = new Set<ChildProcess>();
const keptOutput = 2_000_000;

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
process.on('exit', killAll);
// The runner ends a file that hangs with SIGTERM, on which `exit` would not be emitted.
process.once('SIGTERM', () => {
  killAll();
  process.exit(143);
});

export class Child {
  readonly process: ChildProcess;
  readonly #closed: Promise<unknown>;
  stdout = '';
  stderr = '';

  constructor(command: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}) {
    this.process = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.process);
    this.process.stdout?.on('data', (data: Buffer) => (this.stdout = (this.stdout + data.toString()).slice(-keptOutput)));
    this.process.stderr?.on('data', (data: Buffer) => (this.stderr = (this.stderr + data.toString()).slice(-keptOutput)));
    this.#closed = once(this.process, 'close');
    this.#closed.finally(() => running.delete(this.process)).catch((error: unknown) => (this.stderr += String(error)));
  }

  get exited(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  get output(): string {
    return `${this.stdout}${this.stderr}`;
  }

  /** The exit code when it ended by itself; after `deadlineMs` it is killed and that is an error. */
  async exit(deadlineMs: number): Promise<number> {
    const timer = setTimeout(() => this.process.kill('SIGKILL'), deadlineMs);
    await this.#closed;
    clearTimeout(timer);
    if (this.process.exitCode === null) throw new Error(`${this.process.spawnfile} ended by ${this.process.signalCode ?? 'nothing'}\n${this.output.slice(-4000)}`);
    return this.process.exitCode;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }
}
