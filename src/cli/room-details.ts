import type { Command } from 'commander';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { RoomView } from '../manage/room-view.ts';
import type { OccurrenceView } from '../manage/schedule-view.ts';
import { failed } from './answer.ts';
import { askAboutRoom, showAnswer } from './api-client.ts';
import type { CliIo } from './io.ts';
import type { Run } from './rooms.ts';
import { table } from './table.ts';

interface Options {
  readonly alias: string;
  readonly json?: true;
}

/** What the API knows of a room beyond the settings that have options of their own. `room`: the command it goes under. */
export function addRoomDetailCommands(room: Command, io: CliIo, run: Run): void {
  const withAlias = (name: string, what: string): Command => room.command(name).description(what).requiredOption('--alias <alias>', 'an alias of the room').option('--json', 'answer as JSON');

  withAlias('show', 'show all settings and links of a room; in the running process').action((options: Options) =>
    run(options.json === true, async (config) => showAnswer(io, options.json === true, await askAboutRoom(config, options.alias, { method: 'GET', path: '' }), (value) => settingsText(value as RoomView))),
  );

  withAlias('configure', 'change any setting of a room, as PATCH /api/v1/rooms/{id} takes it; in the running process')
    .argument('<settings>', 'JSON such as {"owner":"alice","schedule":{...}}, or - to read it from standard input')
    .action((text: string, options: Options) =>
      run(options.json === true, async (config) => {
        const body = parsed(text === '-' ? await io.stdin() : text);
        if (!body.ok) return failed(io, options, [body.error]);
        return showAnswer(io, options.json === true, await askAboutRoom(config, options.alias, { method: 'PATCH', path: '', body: body.value }), (value) => settingsText(value as RoomView));
      }),
    );

  withAlias('occurrences', 'show when a scheduled room runs; in the running process').action((options: Options) =>
    run(options.json === true, async (config) =>
      showAnswer(io, options.json === true, await askAboutRoom(config, options.alias, { method: 'GET', path: '/occurrences' }), (value) => occurrencesText((value as { readonly items: readonly OccurrenceView[] }).items)),
    ),
  );
}

function parsed(text: string): Result<unknown, Problem> {
  try {
    return ok(JSON.parse(text));
  } catch {
    return err({ code: 'body_invalid', message: 'the settings are not JSON', advice: 'put them in single quotes, or read them from standard input with -' });
  }
}

/** One setting a line. */
function settingsText(room: RoomView): string {
  const rows = Object.entries(room).filter(([name]) => name !== 'access' && name !== 'visibility');
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${typeof value === 'string' ? value : JSON.stringify(value)}`).join('\n');
}

const occurrencesText = (items: readonly OccurrenceView[]): string => (items.length === 0 ? 'none is to come' : table([['START', 'END'], ...items.map(({ start, end }) => [start, end ?? 'open'])]));
