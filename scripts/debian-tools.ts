/** The Debian programs the tests use (callers, a packet reader, a maker of certificates): found, or installed with apt-get. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Problem } from '../src/lib/problem.ts';
import { err, ok, type Result } from '../src/lib/result.ts';

/** Program to the package that holds it. `baresip-core` is the softphone without the desktop. */
const packages: Readonly<Record<string, string>> = { sipp: 'sip-tester', baresip: 'baresip-core', tshark: 'tshark', sox: 'sox', openssl: 'openssl' };
/** A mirror may be slow; a hung one is given up. */
const aptDeadlineMs = 300_000;

const run = promisify(execFile);

export type ToolProblem = Problem<'debian_tools_missing'>;

/** Makes sure every program is there. It needs root, or sudo without a password, only when something is missing. */
export async function ensureDebianTools(): Promise<Result<void, ToolProblem>> {
  const missing = missingTools();
  if (missing.length === 0) return ok(undefined);
  const wanted = missing.map((tool) => packages[tool] ?? tool);
  const aptLine = `apt-get update && apt-get install -y --no-install-recommends ${wanted.join(' ')}`;
  const failed = (why: string): Result<void, ToolProblem> =>
    err({ code: 'debian_tools_missing', message: `the tests need ${missing.join(', ')}: ${why}`, advice: `run as root: ${aptLine}` });
  console.log(`installing ${wanted.join(' ')} (${missing.join(', ')} missing)`);
  try {
    await asRoot(['apt-get', 'update']);
    await asRoot(['apt-get', 'install', '-y', '--no-install-recommends', ...wanted]);
  } catch (error) {
    return failed(firstLine(error));
  }
  const still = missingTools();
  return still.length === 0 ? ok(undefined) : failed(`apt-get did not bring ${still.join(', ')}`);
}

function missingTools(): readonly string[] {
  return Object.keys(packages).filter((tool) => !onPath(tool));
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function asRoot(command: readonly string[]): Promise<void> {
  // DEBIAN_FRONTEND as an argument of env: sudo drops the environment. tshark's package asks a question otherwise.
  const line = ['env', 'DEBIAN_FRONTEND=noninteractive', ...command];
  const [program = 'env', ...args] = process.getuid?.() === 0 ? line : ['sudo', '-n', ...line];
  await run(program, args, { timeout: aptDeadlineMs, maxBuffer: 16 * 1024 * 1024 });
}

function firstLine(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
  const text = stderr.trim() === '' ? String(error) : stderr;
  return text.trim().split('\n')[0] ?? '';
}
