/** `status`, `version`, `show channels`, `sofia status`, `global_getvar`: what a client asks about the whole server. */
import type { Channel } from './channel.ts';
import type { Core } from './core.ts';
import { localTime } from './event-bus.ts';

const RULE = '='.repeat(97);

/** The columns of `show channels`, in order. */
const COLUMNS =
  'uuid direction created created_epoch name state cid_name cid_num ip_addr dest application application_data dialplan context read_codec read_rate read_bit_rate write_codec write_rate write_bit_rate secure hostname presence_id presence_data accountcode callstate callee_name callee_num callee_direction call_uuid sent_callee_name sent_callee_num initial_cid_name initial_cid_num initial_ip_addr initial_dest initial_dialplan initial_context'.split(
    ' ',
  );

export function version(core: Core): string {
  return `FreeSWITCH Version ${core.identity.version} (Vestibule media server)\n`;
}

export function status(core: Core): string {
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

/** `show channels [count] [as json]`. */
export function showChannels(core: Core, argument: string): string {
  const [what, ...options] = argument.trim().split(/\s+/);
  if (what !== 'channels') return '-ERR Invalid option!\n';
  const channels = [...core.channels.values()];
  const json = options.includes('json');
  if (options.includes('count')) return json ? JSON.stringify({ row_count: channels.length }) : `\n${channels.length} total.\n`;
  const rows = channels.map((channel) => row(core, channel));
  if (json) return JSON.stringify(rows.length === 0 ? { row_count: 0 } : { row_count: rows.length, rows });
  if (rows.length === 0) return '\n0 total.\n';
  const lines = rows.map((fields) => COLUMNS.map((column) => fields[column] ?? '').join(','));
  return `${COLUMNS.join(',')}\n${lines.join('\n')}\n\n${rows.length} total.\n`;
}

/** The library looks for a row `<profile> ... sip:mod_sofia@<ip>:<port>`; without it it throws (D-6). */
export function sofiaStatus(core: Core, argument: string): string {
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

export function globalVariable(core: Core, argument: string): string {
  switch (argument.trim()) {
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
      return '';
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
    ['CODECS IN', 'PCMU,PCMA'],
    ['CODECS OUT', 'PCMU,PCMA'],
    ['TEL-EVENT', '101'],
    ['DTMF-MODE', 'rfc2833'],
    ['CALLS-IN', String(core.sessions.total)],
  ] as const;
  return `${RULE}\n${fields.map(([name, value]) => `${name.padEnd(17)}\t${value}\n`).join('')}`;
}

function row(core: Core, channel: Channel): Readonly<Record<string, string>> {
  const { caller, application, codec } = channel;
  const inConference = channel.member !== undefined;
  return {
    uuid: channel.uuid,
    direction: 'inbound',
    created: localTime(new Date(channel.createdAt)),
    created_epoch: String(Math.floor(channel.createdAt / 1_000)),
    name: channel.name,
    state: 'CS_EXECUTE',
    cid_name: caller.name,
    cid_num: caller.number,
    ip_addr: caller.address,
    dest: caller.destination,
    application: application?.name ?? '',
    application_data: application?.argument ?? '',
    dialplan: 'XML',
    context: 'mrf',
    read_codec: inConference ? 'L16' : codec,
    read_rate: '8000',
    read_bit_rate: inConference ? '128000' : '64000',
    write_codec: codec,
    write_rate: '8000',
    write_bit_rate: '64000',
    secure: '',
    hostname: core.identity.hostname,
    presence_id: '',
    presence_data: '',
    accountcode: '',
    callstate: channel.callState,
    callee_name: '',
    callee_num: '',
    callee_direction: '',
    call_uuid: '',
    sent_callee_name: '',
    sent_callee_num: '',
    initial_cid_name: caller.name,
    initial_cid_num: caller.number,
    initial_ip_addr: caller.address,
    initial_dest: caller.destination,
    initial_dialplan: 'XML',
    initial_context: 'mrf',
  };
}
