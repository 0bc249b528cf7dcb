import type { Problem } from '../lib/problem.ts';
import type { Answered } from './ask.ts';
import { exitCodes, report, type CliIo } from './io.ts';

export function failed(io: CliIo, options: { readonly json?: true }, problems: readonly Problem[]): number {
  report(io, options.json === true, problems);
  return exitCodes.failed;
}

export function show(io: CliIo, options: { readonly json?: true }, { by, answer }: Answered, text: (value: unknown) => string): number {
  if (!answer.ok) return failed(io, options, answer.error);
  io.stdout(`${options.json === true ? JSON.stringify(answer.value) : text(answer.value)}\n`);
  if (by === 'database') io.stderr('no process is running on this data.dir: worked on the database itself\n');
  return exitCodes.done;
}
