/** `conference <name> <command> ...`: the grammar and the literal replies of mod_conference (C.1, F-19). */
import { COMMANDS, isCommand, syntaxOf } from './conference-grammar.ts';
import type { Call, Handlers, Outcome } from './conference-command.ts';
import type { CommandName } from './conference-grammar.ts';
import { bgdial, dial } from './conference-dial.ts';
import { allText, jsonText, xmlText } from './conference-lists.ts';
import { memberCommands } from './conference-member-commands.ts';
import { playCommands } from './conference-play-commands.ts';
import { recordCommands } from './conference-record-commands.ts';
import { settingCommands } from './conference-setting-commands.ts';
import { videoCommands } from './conference-video-commands.ts';
import type { Core } from './core.ts';

type Reply = string | Promise<string>;

const MAX_WORDS = 25;
const NO_REPLY = '-ERR no reply\n';

const handlers: Handlers<CommandName> = { ...memberCommands, ...playCommands, ...recordCommands, ...settingCommands, ...videoCommands };

/** Runs what follows the word `conference`. */
export function conferenceCommand(core: Core, text: string): Reply {
  const [first = '', second, ...words] = splitWords(text);
  const conference = core.conferences.get(first);
  if (conference === undefined) return withoutConference(core, first, second === undefined ? words : [second, ...words]);
  if (second === undefined) return "Conference command, not specified.\nTry 'help'\n";
  const name = second.toLowerCase();
  if (!isCommand(name)) return `-ERR Conference command '${second}' not found.\n`;
  return run(name, { core, conference, words });
}

function run(name: CommandName, call: Call): Reply {
  return reply(name, handlers[name](call));
}

function reply(name: CommandName, outcome: Outcome | Promise<Outcome>): Reply {
  const text = (result: Outcome): string => {
    if (typeof result !== 'string') return result.misuse + syntaxOf(name);
    return result === '' ? NO_REPLY : result;
  };
  return outcome instanceof Promise ? outcome.then(text) : text(outcome);
}

/** What can be asked of all conferences. */
function withoutConference(core: Core, first: string, words: readonly string[]): Reply {
  const all = core.conferences.all();
  const now = core.scheduler.now();
  switch (first.toLowerCase()) {
    case '':
      return COMMANDS.map((name) => `<conf name> ${syntaxOf(name)}\n`).join('');
    case 'help':
    case 'commands':
      return `${COMMANDS.map((name) => `\t\t${syntaxOf(name).trimEnd()}`).join('\n')}\n`;
    case 'list':
      return allText(all, words);
    case 'count':
      return String(all.length);
    case 'json_list':
      return jsonText(all, now, words[0] === 'compact');
    case 'xml_list':
      return xmlText(all, now);
    default:
      break;
  }
  // A call into a conference that is not there makes it.
  const [command = '', ...rest] = words;
  switch (command.toLowerCase()) {
    case 'dial':
      return reply('dial', dial(core, first, rest));
    case 'bgdial':
      return reply('bgdial', bgdial(core, first, rest));
    default:
      return `-ERR Conference ${first} not found\n`;
  }
}

/** Runs of spaces collapse, single quotes group. */
function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].slice(0, MAX_WORDS).map((match) => match[1] ?? match[2] ?? '');
}
