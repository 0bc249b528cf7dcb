import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { controlSocketPath } from '../../../src/adapters/control-socket/path.ts';
import type { ControlHandlers } from '../../../src/adapters/control-socket/protocol.ts';
import { listenControl } from '../../../src/adapters/control-socket/server.ts';
import { openStores } from '../../../src/adapters/sqlite/open.ts';
import { runCli } from '../../../src/cli/run.ts';
import { shippedConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { validateKeypad } from '../../../src/domain/keypad.ts';
import type { Stores } from '../../../src/ports/stores.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder to run the command line in, with a process beside it if wanted. */
export class Desk {
  readonly path = mkdtempSync(join(tmpdir(), 'vestibule-cli-'));
  readonly served: Config[] = [];
  readonly #closing: (() => Promise<void>)[] = [];
  environment: Record<string, string> = {};
  input = '';

  constructor(t: TestContext) {
    t.after(async () => {
      for (const close of this.#closing) await close();
      rmSync(this.path, { recursive: true, force: true });
    });
  }

  get data(): string {
    return join(this.path, 'data');
  }

  async run(...argv: string[]): Promise<Outcome> {
    let stdout = '';
    let stderr = '';
    const code = await runCli(argv, {
      version: '1.2.3',
      environment: this.environment,
      workingDirectory: this.path,
      shippedConfig,
      checkKeypad: validateKeypad,
      stdout: (text) => void (stdout += text),
      stderr: (text) => void (stderr += text),
      stdin: () => Promise.resolve(this.input),
      serve: (config) => {
        this.served.push(config);
        return Promise.resolve(7);
      },
      softswitch: (config) => {
        this.served.push(config);
        return Promise.resolve(8);
      },
    });
    return { code, stdout, stderr };
  }

  async stores(): Promise<Stores> {
    const opened = await openStores({ dataDir: this.data, secretFile: join(this.data, 'secret.key'), lockWaitMs: 20 });
    if (!opened.ok) throw new Error(opened.error.code);
    this.#closing.push(() => opened.value.close());
    return opened.value;
  }

  async process(handlers: ControlHandlers): Promise<void> {
    const listening = await listenControl({ path: controlSocketPath(this.data), handlers, onDefect: (method, error) => { throw new Error(method, { cause: error }); } });
    if (!listening.ok) throw new Error(listening.error.code);
    this.#closing.push(() => listening.value.close());
  }
}
