/**
 * `npm test`: the Debian tools, the linter, then every test file of the build; the last line counts what really ran.
 * Arguments select files: `npm test -- test/unit test/flow/lobby.test.ts`.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { promisify } from 'node:util';
import { problemLine } from '../src/lib/problem.ts';
import { ok } from '../src/lib/result.ts';
import { ensureDebianTools } from './debian-tools.ts';

const buildFolder = resolve(import.meta.dirname, '..');
const checkout = resolve(buildFolder, '..');
const levels = ['unit', 'conformance', 'contract', 'flow', 'http', 'e2e'];
/** Hung files are killed after this; the longest ones listen to real calls for minutes. */
const fileTimeoutMs = 300_000;
const lintTimeoutMs = 300_000;

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };

function fail(name: string, details: string): void {
  tally.failed += 1;
  console.log(`\nFAILED ${name}\n${details.trimEnd().replaceAll(/^/gm, '    ')}\n`);
}

/** Compiled test files, by walking: those directly in test/ and those of every level (never the bench). */
function testFiles(): readonly string[] {
  const root = join(buildFolder, 'test');
  const direct = readdirSync(root).map((name) => join(root, name));
  const nested = levels
    .map((level) => join(root, level))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)));
  return [...direct, ...nested].filter((file) => file.endsWith('.test.js') && existsSync(sourceOf(file))).sort();
}

/** `tsc` leaves the output of deleted and renamed files behind: those are not tests any more. */
function sourceOf(compiled: string): string {
  return join(checkout, relative(buildFolder, compiled)).replace(/\.js$/, '.ts');
}

function select(files: readonly string[], wanted: readonly string[]): readonly string[] {
  if (wanted.length === 0) return files;
  const paths = wanted.map((path) => resolve(path));
  return files.filter((file) => paths.some((path) => sourceOf(file) === path || file === path || sourceOf(file).startsWith(`${path}/`)));
}

async function lint(): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [join(checkout, 'node_modules/eslint/bin/eslint.js'), '.'], {
      cwd: checkout,
      timeout: lintTimeoutMs,
      maxBuffer: 16 * 1024 * 1024,
    });
    tally.passed += 1;
    console.log('ok eslint');
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' ? error.stdout : '';
    fail('eslint', output.trim() === '' ? String(error) : output);
  }
}

async function runFiles(files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const output = new Map<string, string[]>();
  const stream = run({ files: [...files], concurrency, timeout: fileTimeoutMs });
  const keep = ({ file, message }: { file?: string; message: string }): void => {
    const lines = output.get(file ?? '') ?? [];
    lines.push(message);
    output.set(file ?? '', lines.slice(-200));
  };
  stream.on('test:stdout', keep);
  stream.on('test:stderr', keep);
  stream.on('test:pass', (event) => {
    if (event.nesting === 0 && !isFileItself(event)) console.log(`ok ${shown(event.file)}: ${event.name}`);
    if (event.details.type === 'suite') return;
    // A file is reported as a test of its own only when it holds none (or crashed: that is a failure below).
    if (isFileItself(event)) fail(shown(event.file), 'this file holds no test');
    else if (event.skip !== undefined && event.skip !== false) tally.skipped += 1;
    else tally.passed += 1;
  });
  stream.on('test:fail', (event) => {
    const error = event.details.error;
    // A suite fails with its tests, which are counted already; one that fails by itself (its hooks, its deadline) counts.
    if ('failureType' in error && error.failureType === 'subtestsFailed') return;
    const printed = isFileItself(event) ? (output.get(event.file ?? '') ?? []).join('') : '';
    fail(`${shown(event.file)}: ${event.name}`, `${explain(error)}\n${printed}`);
  });
  await finished(stream.resume());
}

function isFileItself(event: { readonly name: string; readonly file?: string; readonly nesting: number }): boolean {
  return event.nesting === 0 && event.file !== undefined && resolve(event.name) === resolve(event.file);
}

function shown(file: string | undefined): string {
  if (file === undefined) return '(unknown file)';
  return relative(checkout, file.endsWith('.js') ? sourceOf(file) : file);
}

function explain(error: Error): string {
  const cause = error.cause;
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return typeof cause === 'string' ? cause : (error.stack ?? error.message);
}

const toolFolders = ['e2e/', 'conformance/'];
const realTimeFolders = ['e2e/', 'contract/freeswitch', 'unit/softswitch/engine/'];

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const files = select(testFiles(), wanted);
  const within = (folders: readonly string[]) => (file: string) => folders.some((folder) => relative(join(buildFolder, 'test'), file).startsWith(folder));
  const realTime = files.filter(within(realTimeFolders));
  const others = files.filter((file) => !realTime.includes(file));
  const tools = files.some(within(toolFolders)) ? await ensureDebianTools() : ok(undefined);
  if (!tools.ok) fail('Debian tools', problemLine(tools.error));
  if (wanted.length === 0) await lint();
  await runFiles(others, 2);
  // Audio in real time shares two cores with the program that mixes it: one file after the other.
  await runFiles(realTime.filter((file) => tools.ok || !within(toolFolders)(file)), 1);
  if (tally.passed + tally.failed === 0) fail('no test', 'no test file was selected');
  console.log(`${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''}`);
  process.exitCode = tally.failed > 0 ? 1 : 0;
}

await main();
