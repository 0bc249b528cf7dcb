/** What a client asks about the whole server, or of it. */
import type { ApiCommand } from './command.ts';
import type { Core } from './core.ts';
import { hangupCause } from './hangup-cause.ts';
import { cut, words } from './words.ts';

const RULE = '='.repeat(97);
/** A client that waits keeps its other commands waiting, too: no longer than this, ms. */
const MAX_SLEEP_MS = 10_000;

export const systemCommands: Readonly<Record<string, ApiCommand>> = {
  status,
  version,
  uptime,
  sofia: sofiaStatus,
  global_getvar: globalVariable,
  global_setvar: setGlobalVariable,
  hostname: (core) => core.identity.hostname,
  switchname: (core) => core.identity.hostname,
  strepoch,
  create_uuid: (core) => core.newUuid(),
  echo: (_core, text) => text,
  module_exists: (_core, name) => String(MODULES.has(name.trim())),
  msleep: async (core, argument) => {
    const ms = Math.min(MAX_SLEEP_MS, Number(/^\d{1,9}$/.exec(argument.trim())?.[0] ?? 0));
    await new Promise<void>((resolve) => void core.scheduler.after(ms, resolve));
    return '+OK';
  },
  // Nothing is read from XML: there is nothing to be read again.
  reloadxml: () => '+OK [Success]\n',
  hupall: hangupAll,
  fsctl,
};

const MODULES: ReadonlySet<string> = new Set(['mod_sofia', 'mod_conference', 'mod_event_socket', 'mod_commands', 'mod_dptools', 'mod_sndfile', 'mod_tone_stream']);

function version(core: Core): string {
  return `FreeSWITCH Version ${core.identity.version} (Vestibule media server)\n`;
}

function status(core: Core): string {
  const { sessions, channels, identity } = core;
  const recent = sessions.recentPeaks;
  return [
    `UP ${upTime(core.scheduler.now() - identity.startedAt)}`,
    `FreeSWITCH (Version ${identity.version}) is ready`,
    `${sessions.total} session(s) since startup`,
    `${channels.size} session(s) - peak ${sessions.peak}, last 5min ${recent.sessions} `,
    `${sessions.lastPerSecond} session(s) per Sec out of max ${sessions.perSecond}, peak ${sessions.peakPerSecond}, last 5min ${recent.perSecond} `,
    `${sessions.max} session(s) max`,
    'min idle cpu 0.00/100.00',
    '',
  ].join('\n');
}

/** `0 years, 0 days, 0 hours, 4 minutes, 18 seconds, 557 milliseconds, 0 microseconds`. */
export function upTime(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const days = Math.floor(seconds / 86_400);
  const parts = [
    [Math.floor(days / 365), 'year'],
    [days % 365, 'day'],
    [Math.floor(seconds / 3_600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
    [ms % 1_000, 'millisecond'],
    [0, 'microsecond'],
  ] as const;
  return parts.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(', ');
}

/** The library looks for a row `<profile> ... sip:mod_sofia@<ip>:<port>`; without it it throws (D-6). */
function sofiaStatus(core: Core, argument: string): string {
  const { profile } = core.identity;
  const url = `sip:mod_sofia@${core.sipAddress()}`;
  const [command, ...rest] = argument.trim().split(/\s+/);
  if (command !== 'status') return '-ERR Invalid command!\n';
  if (rest[0] === 'profile') return rest[1] === profile ? profileStatus(core, url) : `Invalid Profile [${rest[1] ?? ''}]\n`;
  return [
    `${'Name'.padStart(25)}\t${'Type'.padStart(7)}\t${'Data'.padStart(42)}\tState`,
    RULE,
    `${profile.padStart(25)}\tprofile\t  ${url.padStart(40)}\tRUNNING (${core.channels.size})`,
    RULE,
    '1 profile 0 aliases',
    '',
  ].join('\n');
}

/** Seconds since the start; `ms` and `us` in those. */
function uptime(core: Core, unit: string): string {
  const ms = core.scheduler.now() - core.identity.startedAt;
  switch (unit.trim()) {
    case 'ms':
      return `${ms}\n`;
    case 'us':
      return `${ms * 1_000}\n`;
    default:
      return `${Math.floor(ms / 1_000)}\n`;
  }
}

/** Seconds since 1970, of the moment or of a date. */
function strepoch(core: Core, text: string): string {
  const at = text === '' ? core.scheduler.now() : Date.parse(text);
  return Number.isNaN(at) ? '-ERR invalid date\n' : String(Math.floor(at / 1_000));
}

function globalVariable(core: Core, argument: string): string {
  const name = argument.trim();
  switch (name) {
    case 'hostname':
    case 'switchname':
      return core.identity.hostname;
    case 'core_uuid':
      return core.identity.coreUuid;
    case 'local_ip_v4':
      return '127.0.0.1';
    case 'sound_prefix':
    case 'sounds_dir':
      return core.soundPrefix;
    default:
      return core.globals.get(name) ?? '';
  }
}

/** `name=value`; without a value it is forgotten. What the server itself says cannot be changed. */
function setGlobalVariable(core: Core, argument: string): string {
  const [name, value] = cut(argument.trim(), '=');
  if (name === '') return '-USAGE: <var>[=<value>]\n';
  if (value === '') core.globals.delete(name);
  else if (!core.globals.has(name) && core.globals.size >= core.limits.variables) return '-ERR too many variables\n';
  else core.globals.set(name, value);
  return '+OK';
}

/** `[<cause>]` */
function hangupAll(core: Core, argument: string): string {
  const [cause = 'MANAGER_REQUEST'] = words(argument);
  for (const channel of [...core.channels.values()]) channel.hangup(hangupCause(cause));
  return `+OK hangup all channels with cause ${hangupCause(cause)}\n`;
}

function fsctl(core: Core, argument: string): string {
  const { sessions, limits } = core;
  const [what, rest] = cut(argument.trim(), ' ');
  const value = /^\d{1,6}$/.test(rest) ? Number(rest) : undefined;
  switch (what) {
    case 'max_sessions':
      // Never beyond what the server was made for.
      if (value !== undefined) sessions.max = Math.min(value, limits.channels);
      return `+OK max sessions: ${sessions.max}\n`;
    case 'sps':
      if (value !== undefined) sessions.perSecond = value;
      return `+OK sessions per second: ${sessions.perSecond}\n`;
    case 'hupall':
      hangupAll(core, rest);
      return '+OK\n';
    default:
      return '-USAGE: [hupall|max_sessions <n>|sps <n>]\n';
  }
}

function profileStatus(core: Core, url: string): string {
  const [host = ''] = core.sipAddress().split(':');
  const fields = [
    ['Name', core.identity.profile],
    ['Dialplan', 'XML'],
    ['Context', 'mrf'],
    ['SIP-IP', host],
    ['URL', url],
    ['BIND-URL', `${url};transport=udp`],
    ['CODECS IN', core.codecs.join(',')],
    ['CODECS OUT', core.codecs.join(',')],
    ['TEL-EVENT', '101'],
    ['DTMF-MODE', 'rfc2833'],
    ['CALLS-IN', String(core.sessions.total)],
  ] as const;
  return `${RULE}\n${fields.map(([name, value]) => `${name.padEnd(17)}\t${value}\n`).join('')}`;
}
