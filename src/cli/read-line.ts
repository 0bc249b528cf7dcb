import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { CliIo } from './io.ts';

/** The first line of standard input: a secret that no list of processes shows. `what`: as people call it. */
export async function readLine(io: CliIo, code: string, what: string): Promise<Result<string, Problem>> {
  const [line] = (await io.stdin()).split(/\r?\n/);
  return line === undefined || line === '' ? err({ code, message: `standard input holds no ${what}`, advice: 'write it on the first line' }) : ok(line);
}
