/** The `api` commands of the event socket, by name. */
import type { ApiCommand, Reply } from './command.ts';
import { conferenceCommand } from './conference-commands.ts';
import type { Core } from './core.ts';
import { originateCommand } from './originate-command.ts';
import { show } from './show-command.ts';
import { systemCommands } from './system-commands.ts';
import { uuidCommands } from './uuid-commands.ts';
import { cut } from './words.ts';

const commands: Readonly<Record<string, ApiCommand>> = { ...systemCommands, ...uuidCommands, conference: conferenceCommand, originate: originateCommand, show, bgapi };

/** Runs one api command line. What it does is told in events, but the reply comes first (D-21): see `EslSession`. */
export function runApi(core: Core, line: string): Reply {
  const [name, argument] = cut(line.trim(), ' ');
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return command === undefined ? `-ERR ${name} Command not found!\n` : command(core, argument);
}

/** Runs a command whose result comes as BACKGROUND_JOB, and answers with its id at once. */
export function runInBackground(core: Core, line: string, jobUuid: string): void {
  const [name, argument] = cut(line.trim(), ' ');
  const done = (body: string): void => core.bus.publish('BACKGROUND_JOB', [['Job-UUID', jobUuid], ['Job-Command', name], ['Job-Command-Arg', argument]], { body });
  Promise.resolve(runApi(core, line)).then(done, (error: unknown) => {
    core.log.error({ error }, 'background api command failed');
    done('-ERR internal error\n');
  });
}

/** `api bgapi ...`, as a command line tool sends it. */
function bgapi(core: Core, line: string): string {
  if (line === '') return '-ERR Invalid syntax\n';
  const jobUuid = core.newUuid();
  runInBackground(core, line, jobUuid);
  return `+OK Job-UUID: ${jobUuid}\n`;
}
