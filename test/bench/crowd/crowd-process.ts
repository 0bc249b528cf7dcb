/** The crowd as the bench has it: a process beside it, kept to one core. */
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { CrowdAnswer, CrowdCommand, CrowdSettings, Grown, Measured, Rushed, TurnedOver } from './messages.ts';

/** Keeps all threads of a process to one core, where there are two to share out; says whether it could. */
export function pin(pid: number, core: number): boolean {
  if (availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export class CrowdProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(settings: CrowdSettings, core: number): Promise<CrowdProcess> {
    const child = fork(fileURLToPath(new URL('./generator.js', import.meta.url)));
    const crowd = new CrowdProcess(child);
    if (child.pid !== undefined) pin(child.pid, core);
    await crowd.#ask({ type: 'start', settings }, 'started');
    return crowd;
  }

  grow(to: number): Promise<Grown> {
    return this.#ask({ type: 'grow', to }, 'grown');
  }

  measure(settleMs: number, ms: number): Promise<Measured> {
    return this.#ask({ type: 'measure', settleMs, ms }, 'measured');
  }

  rush(rate: number, ms: number, holdMs: number, rooms: number): Promise<Rushed> {
    return this.#ask({ type: 'rush', rate, ms, holdMs, rooms }, 'rushed');
  }

  turnOver(roomEveryMs: number, ms: number): Promise<TurnedOver> {
    return this.#ask({ type: 'turnOver', roomEveryMs, ms }, 'turnedOver');
  }

  async end(): Promise<void> {
    await this.#ask({ type: 'end' }, 'ended');
    this.kill();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #ask<T extends CrowdAnswer['type']>(command: CrowdCommand, wanted: T): Promise<Extract<CrowdAnswer, { readonly type: T }>> {
    this.#child.send(command);
    const [answer] = (await Promise.race([once(this.#child, 'message'), once(this.#child, 'exit').then(() => [{ type: 'failed', message: 'the crowd ended' }])])) as [CrowdAnswer];
    if (answer.type !== wanted) throw new Error(answer.type === 'failed' ? answer.message : `the crowd answered ${answer.type}`);
    return answer as Extract<CrowdAnswer, { readonly type: T }>;
  }
}
