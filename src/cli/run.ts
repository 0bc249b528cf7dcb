import { Command, CommanderError } from 'commander';
import { askRunning } from '../adapters/control-socket/client.ts';
import { controlSocketPath } from '../adapters/control-socket/path.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { configView } from '../config/view.ts';
import type { Status } from '../ports/status.ts';
import { addApiCommand } from './api-command.ts';
import { addBackupCommand } from './backup.ts';
import { exitCodes, report, type CliIo } from './io.ts';
import { addLinkCommands } from './links.ts';
import { addMemberCommands } from './members.ts';
import { addRoomCommands, type Run } from './rooms.ts';
import { statusText } from './status-text.ts';
import { addUserCommands } from './users.ts';

/** Runs one command line (`argv` without the program's own name) and answers its exit code: 0 done, 1 failed, 2 usage, 3 no process is running. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let exitCode: number = exitCodes.done;
  const json = argv.includes('--json');
  const run: Run = async (asJson, action) => {
    const config = loadConfig(io);
    if (config.ok) exitCode = await action(config.value);
    else {
      report(io, asJson, config.error);
      exitCode = exitCodes.failed;
    }
  };
  const program = build(io, run);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were asked for; everything else is a mistake in the command line.
    if (error.exitCode === 0) return exitCodes.done;
    const what = error.code === 'commander.help' ? 'no command is given' : error.message.replace(/^error: /, '').replace(/\.$/, '');
    report(io, json, [{ code: 'usage', message: what, advice: 'add --help to see what there is' }]);
    return exitCodes.usage;
  }
  return exitCode;
}

function build(io: CliIo, run: Run): Command {
  const program = new Command('vestibule')
    .description('SIP conference controller: dial in, give the PIN, be in the conference')
    .version(io.version)
    .exitOverride()
    // Mistakes are reported in one form, by `report`.
    .configureOutput({ writeOut: (text) => io.stdout(text), writeErr: () => undefined });

  program.command('serve').description('run, until SIGTERM or SIGINT').action(() => run(false, (config) => io.serve(config)));
  program
    .command('softswitch')
    .description('run the SIP server and the media server alone, for any drachtio application, until SIGTERM or SIGINT')
    .action(() => run(false, (config) => io.softswitch(config)));
  addRoomCommands(program, io, run);
  addMemberCommands(program, io, run);
  addLinkCommands(program, io, run);
  addUserCommands(program, io, run);
  addBackupCommand(program, io, run);
  addApiCommand(program, io, run);

  program
    .command('config')
    .description('the configuration')
    .command('check')
    .description('check the configuration: default.yaml, vestibule.yaml or VESTIBULE_CONFIG, and the environment')
    .option('--json', 'show the whole configuration as JSON, without its secrets')
    .action((options: { readonly json?: true }) =>
      run(options.json === true, (config) => {
        io.stdout(options.json === true ? `${JSON.stringify(configView(config))}\n` : `the configuration is right; data in ${config.data.dir}\n`);
        return Promise.resolve(exitCodes.done);
      }),
    );

  program
    .command('status')
    .description('show the running process: rooms, who is where, what will end when')
    .option('--json', 'answer as JSON')
    .action((options: { readonly json?: true }) => run(options.json === true, (config) => status(io, options.json === true, config)));

  return program;
}

async function status(io: CliIo, json: boolean, config: Config): Promise<number> {
  const asked = await askRunning(controlSocketPath(config.data.dir), { method: 'status', params: null });
  if (asked.kind === 'notRunning') {
    report(io, json, [{ code: 'not_running', message: 'no process is running on this data.dir', advice: 'start it with `serve`, or name its data.dir by VESTIBULE_DATA_DIR' }]);
    return exitCodes.notRunning;
  }
  if (!asked.answer.ok) {
    report(io, json, asked.answer.error);
    return exitCodes.failed;
  }
  const value = asked.answer.value as Status;
  io.stdout(`${json ? JSON.stringify(value) : statusText(value)}\n`);
  return exitCodes.done;
}
