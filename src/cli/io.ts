import type { ConfigSources } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { problemLine, type Problem } from '../lib/problem.ts';

/** The world as the command line sees it, so that it can be run in a test. */
export interface CliIo {
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly shippedConfig: string;
  readonly checkKeypad: ConfigSources['checkKeypad'];
  stdout(text: string): void;
  stderr(text: string): void;
  /** All of standard input. */
  stdin(): Promise<string>;
  /** Runs the program until it is told to end; answers the exit code. */
  serve(config: Config): Promise<number>;
  /** Runs the two embedded servers alone until told to end; answers the exit code. */
  softswitch(config: Config): Promise<number>;
}

export const exitCodes = { done: 0, failed: 1, usage: 2, notRunning: 3 } as const;

/** `error: <what> (<code>): <what to do>`, or with `--json` one object, both on standard error. */
export function report(io: CliIo, json: boolean, problems: readonly Problem[]): void {
  if (json) io.stderr(`${JSON.stringify({ problems })}\n`);
  else for (const problem of problems) io.stderr(`error: ${problemLine(problem)}\n`);
}
