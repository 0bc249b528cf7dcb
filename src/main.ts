#!/usr/bin/env node
/** The program: command line, signals, exit code. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { adjustable } from './adapters/system/log-level.ts';
import { createLogger } from './adapters/system/log.ts';
import { build, type App } from './app.ts';
import { exitCodes, type CliIo } from './cli/io.ts';
import { runCli } from './cli/run.ts';
import { shippedConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { validateKeypad } from './domain/keypad.ts';
import { errorText } from './lib/attempt.ts';
import { problemLine, type Problem } from './lib/problem.ts';
import type { Result } from './lib/result.ts';
import { knownThrow, quietLibraries } from './library-noise.ts';
import type { Log } from './ports/log.ts';
import { readyText, Softswitch } from './softswitch-alone.ts';
import { welcome } from './welcome.ts';

const manifest = JSON.parse(readFileSync(resolve(shippedConfig, '../package.json'), 'utf8')) as { readonly version: string };

const io: CliIo = {
  version: manifest.version,
  environment: process.env,
  workingDirectory: process.cwd(),
  shippedConfig,
  checkKeypad: validateKeypad,
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  stdin: async () => {
    const parts: Buffer[] = [];
    for await (const part of process.stdin) parts.push(Buffer.from(part as Uint8Array));
    return Buffer.concat(parts).toString('utf8');
  },
  serve,
  softswitch,
};

/** Runs until a signal or a defect ends it. */
async function serve(config: Config): Promise<number> {
  const { log, levels } = adjustable(createLogger('trace'), config.log.level);
  quietLibraries(log);
  const app = build(config, { log, logLevel: levels, version: manifest.version });
  reloadAtHangup(app, config);
  const ended = untilEnded(app, log);
  return answered(await app.start(), welcome) ?? ended;
}

async function softswitch(config: Config): Promise<number> {
  const log = createLogger(config.log.level);
  const servers = new Softswitch(config, log);
  reloadAtHangup(servers, config);
  const ended = untilEnded(servers, log);
  return answered(await servers.start(), readyText) ?? ended;
}

/** Says how the start went; an exit code when it went wrong. */
function answered<T>(started: Result<T, Problem>, text: (value: T) => string): number | undefined {
  if (started.ok) io.stdout(text(started.value));
  else io.stderr(`error: ${problemLine(started.error)}\n`);
  return started.ok ? undefined : exitCodes.failed;
}

/** Without a certificate SIGHUP ends the program, as ever. */
function reloadAtHangup(app: Pick<App, 'reload'>, config: Config): void {
  if (config.sip.tls.certFile !== null || config.http.certFile !== null) process.on('SIGHUP', () => void app.reload());
}

/** The first signal drains, a second one ends now. A defect nobody caught ends the calls properly, and the process. */
function untilEnded(app: Pick<App, 'drain' | 'stop'>, log: Log): Promise<number> {
  return new Promise((resolve) => {
    const end = (code: number): void => void app.stop().then(() => resolve(code));
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals): void => {
      signals += 1;
      log.info({ signal }, signals === 1 ? 'told to end: goodbye is said first' : 'told to end again: now');
      if (signals > 1) end(exitCodes.done);
      else void app.drain().then(() => end(exitCodes.done));
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    const onDefect = (error: unknown): void => {
      const known = knownThrow(error);
      log.error({ code: known === 'known' ? 'library_throw' : 'defect', problem: errorText(error), stack: error instanceof Error ? error.stack : undefined }, known === 'known' ? 'a library threw; what it was working on is lost' : 'a defect: the calls are ended, and the process');
      if (known === 'unknown') end(exitCodes.failed);
    };
    process.on('uncaughtException', onDefect);
    process.on('unhandledRejection', onDefect);
  });
}

process.exitCode = await runCli(process.argv.slice(2), io);
// The logger and the libraries may hold the event loop; what had to be finished is.
if (process.argv[2] === 'serve' || process.argv[2] === 'softswitch') process.exit();
