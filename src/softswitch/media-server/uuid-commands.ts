/** The `uuid_*` commands: what a client asks of one channel, and their literal replies. */
import { eventJson, eventXml, plainHeaders } from '../../protocol/esl/encode.ts';
import { asArray, type EslEvent } from '../../protocol/esl/event.ts';
import { execute } from './apps.ts';
import { Bridge } from './bridge.ts';
import { scheduleHangup, setHeartbeat } from './call-apps.ts';
import { channelHeaders, variableHeaders } from './channel-headers.ts';
import type { Channel } from './channel.ts';
import type { ApiCommand, Reply } from './command.ts';
import type { Core } from './core.ts';
import { readDigits } from './digits.ts';
import { displace } from './displace.ts';
import { hangupCause } from './hangup-cause.ts';
import { mediaStatVariables } from './media-stats.ts';
import { find, recordSession, stopRecording } from './record-apps.ts';
import { cut, words } from './words.ts';

const NO_CHANNEL = '-ERR No such channel!\n';
const NO_SESSION = '-ERR Cannot locate session!\n';
const OK = '+OK\n';
const SUCCESS = '+OK Success\n';
const FAILED = '-ERR Operation failed\n';
/** What FreeSWITCH gives a digit without a length, in 8 kHz samples. */
const APP_DIGIT_SAMPLES = 2_000;

export const uuidCommands: Readonly<Record<string, ApiCommand>> = {
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
  uuid_answer: onChannel(() => OK),
  uuid_preanswer: onChannel(() => OK),
  uuid_break: onChannel((channel, argument) => {
    const all = argument === 'all' || argument === 'both';
    channel.break(all);
    if (argument === 'both') channel.bridge?.other(channel).break(all);
    return OK;
  }),
  // Every key is handed on as it comes, so there is never one waiting to be thrown away.
  uuid_flush_dtmf: onChannel(() => OK),
  uuid_recv_dtmf: onChannel(receiveDtmf, NO_SESSION),
  uuid_send_dtmf: onChannel(sendDtmf, NO_SESSION),
  uuid_broadcast: onChannel(broadcast, '-ERR invalid uuid\n'),
  uuid_transfer: onChannel(transfer),
  uuid_park: onChannel((channel) => transferTo([channel], 'park', '')),
  uuid_bridge: bridge,
  uuid_hold: hold,
  // Media always passes through here: there is none to bring back.
  uuid_media: () => FAILED,
  uuid_media_reneg: onChannel((channel) => (channel.signalling.reoffer(false) ? SUCCESS : FAILED), FAILED),
  uuid_record: onChannel(record, NO_SESSION),
  uuid_displace: onChannel((channel, argument) => displace(channel, argument), NO_SESSION),
  uuid_audio: onChannel(audio),
  uuid_buglist: (core, uuid) => buglist(core.channels.get(uuid.trim())),
  uuid_send_info: onChannel(sendInfo, FAILED),
  uuid_send_message: onChannel((channel, text) => (text !== '' && channel.signalling.send('MESSAGE', 'text/plain', text) ? SUCCESS : FAILED), '-ERR Unable to find session for UUID\n'),
  // The jitter buffer adapts by itself, and media is not written to the log.
  uuid_jitterbuffer: onChannel(() => SUCCESS, FAILED),
  uuid_debug_media: onChannel(() => SUCCESS, FAILED),
  uuid_session_heartbeat: onChannel((channel, argument) => {
    setHeartbeat(channel, argument);
    return OK;
  }),
  sched_hangup: (core, argument) => {
    const [, when = '', uuid = '', cause = ''] = /^(\S+)\s+(\S+)(?:\s+(\S+))?/.exec(argument.trim()) ?? [];
    if (uuid === '') return '-USAGE: [+]<time> <uuid> [<cause>]\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    return scheduleHangup(channel, `${when} ${cause}`) ? OK : '-ERR invalid time\n';
  },
};

function onChannel(run: (channel: Channel, argument: string) => Reply, missing = NO_CHANNEL): ApiCommand {
  return (core, argument) => {
    const [uuid, rest] = cut(argument, ' ');
    const channel = core.channels.get(uuid);
    return channel === undefined ? missing : run(channel, rest);
  };
}

/** `txt` (encoded lines, the default), `plain` (as it is, in brackets), `json`, `xml`. */
function dump(channel: Channel, format: string): string {
  const event: EslEvent = channel.core.bus.make('CHANNEL_DATA', [...channelHeaders(channel), ...variableHeaders(channel)]);
  switch (format) {
    case 'json':
      return eventJson(event);
    case 'xml':
      return eventXml(event);
    case 'plain':
      return `${event.headers.map(([name, value]) => `${name}: [${typeof value === 'string' ? value : asArray(value)}]\n`).join('')}\n`;
    default:
      return `${plainHeaders(event)}\n`;
  }
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
  const keys = readDigits(argument);
  if (keys === undefined) return '-USAGE: <uuid> <dtmf_data>\n';
  const duration = argument.includes('@') ? keys.ms * 8 : APP_DIGIT_SAMPLES;
  for (const digit of keys.digits) channel.digit({ digit, duration, source: 'APP' });
  return `+OK ${channel.uuid} received DTMF ${argument}.\n`;
}

/** `digits[@ms]` towards the far end. */
function sendDtmf(channel: Channel, argument: string): string {
  if (argument === '') return '-USAGE: <uuid> <dtmf_data>\n';
  const keys = readDigits(argument);
  if (keys === undefined) return FAILED;
  channel.core.engine.sendDtmf(channel.uuid, keys.digits, keys.ms);
  return `+OK ${channel.uuid} sent DTMF ${argument}.\n`;
}

/** `<path> [leg]` or `app::argument [leg]` (`app!` for one without argument); the other leg is that of a bridge. */
function broadcast(channel: Channel, argument: string): string {
  const [, what = '', leg = 'aleg'] = /^(.*?)(?:\s+(aleg|bleg|both|holdb))?$/.exec(argument.trim()) ?? [];
  if (what === '') return '-ERR invalid parameters\n';
  const other = channel.bridge?.other(channel);
  const legs = [...(leg === 'bleg' ? [] : [channel]), ...((leg === 'bleg' || leg === 'both') && other !== undefined ? [other] : [])];
  const [, app, rest = ''] = /^([a-z_]+)(?:::|!+(?:::)?)(.*)$/.exec(what) ?? [];
  for (const target of legs) {
    const uuid = channel.core.newUuid();
    execute(target, app === undefined ? { uuid, name: 'playback', argument: what } : { uuid, name: app, argument: rest });
  }
  return '+OK Message sent\n';
}

/** `[-both|-bleg] park inline` or `... conference:<argument> inline`: what an application in this place can be sent to. */
function transfer(channel: Channel, argument: string): string {
  const [, which, target = ''] = /^(?:-(both|bleg)\s+)?(.*)$/.exec(argument.trim()) ?? [];
  const [, quoted, plain] = /^(?:'([^']*)'|(\S+))\s+inline\b/.exec(target) ?? [];
  const [app, parameters] = cut(quoted ?? plain ?? '', ':');
  if (app !== 'park' && app !== 'conference') return '-ERR only park and conference, inline, are places to go\n';
  const other = channel.bridge?.other(channel);
  if (which === 'bleg') return other === undefined ? NO_CHANNEL : transferTo([other], app, parameters);
  return transferTo(which === 'both' && other !== undefined ? [channel, other] : [channel], app, parameters);
}

function transferTo(channels: readonly Channel[], app: string, argument: string): string {
  channels[0]?.bridge?.end(...channels);
  for (const channel of channels) {
    channel.transfer();
    execute(channel, { uuid: channel.core.newUuid(), name: app, argument });
  }
  return OK;
}

function bridge(core: Core, argument: string): string {
  const [a, ...others] = words(argument);
  if (others.length === 0) return '-USAGE: <uuid> <other_uuid>\n';
  const left = core.channels.get(a ?? '');
  const right = others.slice(0, 2).map((uuid) => core.channels.get(uuid)).find((channel) => channel !== undefined && channel !== left);
  if (left === undefined || right === undefined) return '-ERR Invalid uuid\n';
  left.bridge?.end(left, right);
  right.bridge?.end(left, right);
  left.leaveAll();
  right.leaveAll();
  new Bridge(left, right);
  return `+OK ${right.uuid}\n`;
}

/** `[off|toggle] <uuid> [<display>]`: the far end is told by a re-INVITE. */
function hold(core: Core, argument: string): string {
  const [first = '', second = ''] = words(argument);
  if (first === '') return '-USAGE: [off|toggle] <uuid> [<display>]\n';
  const channel = core.channels.get(first === 'off' || first === 'toggle' ? second : first);
  if (channel === undefined) return FAILED;
  const held = first === 'toggle' ? channel.callState !== 'HELD' : first !== 'off';
  return channel.signalling.reoffer(held) ? SUCCESS : FAILED;
}

/** `start|stop|mask|unmask <path> [<limit>]`; `stop all`. */
function record(channel: Channel, argument: string): string {
  const [action, rest] = cut(argument, ' ');
  if (rest === '') return '-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>]\n';
  switch (action) {
    case 'start':
      return recordSession(channel, rest) ? SUCCESS : '-ERR Cannot record session!\n';
    case 'stop':
      return stopRecording(channel, rest) ? SUCCESS : '-ERR Cannot stop record session!\n';
    case 'mask':
    case 'unmask': {
      const recording = find(channel, rest);
      recording?.mask(action === 'mask');
      return recording === undefined ? `-ERR Cannot ${action} recording session!\n` : SUCCESS;
    }
    default:
      return '-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>]\n';
  }
}

/** `start read|write mute|level <n>`, `stop`: levels are -4 to 4. */
function audio(channel: Channel, argument: string): string {
  const [action, direction, what, number = ''] = words(argument);
  const plain = { readMuted: false, writeMuted: false, readLevel: 0, writeLevel: 0 };
  if (action === 'stop') {
    channel.legAudio = plain;
  } else if (action === 'start' && (direction === 'read' || direction === 'write') && (what === 'mute' || what === 'level') && /^-?\d{1,4}$/.test(number)) {
    const level = Math.max(-4, Math.min(4, Number(number)));
    const change = what === 'mute' ? { [`${direction}Muted`]: Number(number) !== 0 } : { [`${direction}Level`]: level };
    channel.legAudio = { ...channel.legAudio, ...change };
  } else return '-USAGE: <uuid> [start [read|write] [mute|level <level>]|stop]\n';
  channel.core.engine.setLegAudio(channel.uuid, channel.legAudio);
  return OK;
}

/** Recordings are what FreeSWITCH calls media bugs here. */
function buglist(channel: Channel | undefined): string {
  const bugs = [...(channel?.recordings.keys() ?? [])].map(() => ' <media-bug>\n  <function>session_record</function>\n  <target>session_record</target>\n  <thread-locked>0</thread-locked>\n </media-bug>\n');
  return `<media-bugs>\n${bugs.join('')}</media-bugs>\n`;
}

/** `[<mime type> <mime subtype>] <message>`. */
function sendInfo(channel: Channel, argument: string): string {
  const [, type, subtype, body] = /^([\w-]+)\s+([\w.+-]+)\s+(\S.*)$/s.exec(argument) ?? [];
  const known = ['text', 'application', 'message', 'multipart'].includes(type ?? '');
  const sent = known ? channel.signalling.send('INFO', `${type ?? ''}/${subtype ?? ''}`, body ?? '') : argument !== '' && channel.signalling.send('INFO', 'text/plain', argument);
  return sent ? SUCCESS : FAILED;
}
