/** The `api` commands of the event socket and their literal replies. */
import { plainHeaders, eventJson } from '../../protocol/esl/encode.ts';
import { asArray, type EslEvent } from '../../protocol/esl/event.ts';
import { execute } from './apps.ts';
import { channelHeaders, variableHeaders } from './channel-headers.ts';
import type { Channel } from './channel.ts';
import { conferenceCommand } from './conference-commands.ts';
import type { Core } from './core.ts';
import { hangupCause } from './hangup-cause.ts';
import { mediaStatVariables } from './media-stats.ts';
import { globalVariable, showChannels, sofiaStatus, status, version } from './system-commands.ts';

type Reply = string | Promise<string>;

const NO_CHANNEL = '-ERR No such channel!\n';
const OK = '+OK\n';
/** What FreeSWITCH gives a digit without a length, in 8 kHz samples. */
const APP_DIGIT_SAMPLES = 2_000;

type ApiCommand = (core: Core, argument: string) => Reply;

const commands: Readonly<Record<string, ApiCommand>> = {
  conference: conferenceCommand,
  status,
  version,
  show: showChannels,
  sofia: sofiaStatus,
  global_getvar: globalVariable,
  uuid_exists: (core, uuid) => String(core.channels.has(uuid.trim())),
  uuid_dump: onChannel(dump),
  uuid_getvar: onChannel((channel, argument) => channel.variables.get(argument) ?? '_undef_'),
  uuid_setvar: onChannel((channel, argument) => setVariable(channel, ...cut(argument, ' '))),
  uuid_setvar_multi: onChannel(setVariables),
  uuid_set_media_stats: onChannel(setMediaStats),
  uuid_kill: onChannel((channel, cause) => {
    channel.hangup(hangupCause(cause));
    return OK;
  }),
  uuid_break: onChannel((channel, argument) => {
    channel.break(argument === 'all' || argument === 'both');
    return OK;
  }),
  // Every key is handed on as it comes, so there is never one waiting to be thrown away.
  uuid_flush_dtmf: onChannel(() => OK),
  uuid_recv_dtmf: onChannel(receiveDtmf, '-ERR Cannot locate session!\n'),
  uuid_broadcast: onChannel(broadcast, '-ERR invalid uuid\n'),
  uuid_transfer: onChannel(transfer),
};

/** Runs one api command line. What it does is told in events, but the reply comes first (D-21): see `EslSession`. */
export function runApi(core: Core, line: string): Reply {
  const [name, argument] = cut(line.trim(), ' ');
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return command === undefined ? `-ERR ${name} Command not found!\n` : command(core, argument);
}

function onChannel(run: (channel: Channel, argument: string) => Reply, missing = NO_CHANNEL): ApiCommand {
  return (core, argument) => {
    const [uuid, rest] = cut(argument, ' ');
    const channel = core.channels.get(uuid);
    return channel === undefined ? missing : run(channel, rest);
  };
}

/** `txt` (encoded lines, the default), `plain` (as it is), `json`. */
function dump(channel: Channel, format: string): string {
  const event: EslEvent = channel.core.bus.make('CHANNEL_DATA', [...channelHeaders(channel), ...variableHeaders(channel)]);
  if (format === 'json') return eventJson(event);
  if (format === 'plain') return event.headers.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : asArray(value)}\n`).join('');
  return `${plainHeaders(event)}\n`;
}

function setVariable(channel: Channel, name: string, value: string): string {
  if (name === '') return '-USAGE: <uuid> <var> [value]\n';
  return channel.setVariable(name, value) ? OK : '-ERR too many variables\n';
}

function setVariables(channel: Channel, argument: string): string {
  const results = argument.split(';').filter((part) => part.includes('=')).map((part) => setVariable(channel, ...cut(part, '=')));
  return results.find((result) => result !== OK) ?? OK;
}

async function setMediaStats(channel: Channel): Promise<string> {
  const stats = await channel.core.engine.stats(channel.uuid);
  if (stats === undefined) return '-ERR no media\n';
  for (const [name, value] of mediaStatVariables(stats)) channel.setVariable(name, value);
  return '+OK:\n';
}

/** `digits[@ms]`: each is handed on at once, one DTMF event each. */
function receiveDtmf(channel: Channel, argument: string): string {
  const [, digits, ms] = /^([0-9A-Da-d*#]{1,128})(?:@(\d{1,5}))?$/.exec(argument) ?? [];
  if (digits === undefined) return '-USAGE: <uuid> <dtmf_data>\n';
  const duration = ms === undefined ? APP_DIGIT_SAMPLES : Number(ms) * 8;
  for (const digit of digits.toUpperCase()) channel.digit({ digit, duration, source: 'APP' });
  return `+OK ${channel.uuid} received DTMF ${argument}.\n`;
}

/** `<path> [leg]` or `app::argument [leg]` (`app!` for one without argument). There is one leg only. */
function broadcast(channel: Channel, argument: string): string {
  const what = argument.trim().replace(/\s+(aleg|bleg|both|holdb)$/, '');
  if (what === '') return '-ERR invalid parameters\n';
  const [, app, rest = ''] = /^([a-z_]+)(?:::|!+(?:::)?)(.*)$/.exec(what) ?? [];
  const uuid = channel.core.newUuid();
  execute(channel, app === undefined ? { uuid, name: 'playback', argument: what } : { uuid, name: app, argument: rest });
  return '+OK Message sent\n';
}

/** `[-both] park inline` or `[-both] conference:<argument> inline`: what an application in this place can be sent to. */
function transfer(channel: Channel, argument: string): string {
  const target = argument.replace(/^-(both|bleg)\s+/, '').trim();
  const [, quoted, plain] = /^(?:'([^']*)'|(\S+))\s+inline\b/.exec(target) ?? [];
  const [app, parameters] = cut(quoted ?? plain ?? '', ':');
  if (app !== 'park' && app !== 'conference') return '-ERR only park and conference, inline, are places to go\n';
  channel.transfer();
  execute(channel, { uuid: channel.core.newUuid(), name: app, argument: parameters });
  return OK;
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).trim()];
}
