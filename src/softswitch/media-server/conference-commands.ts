/** `conference <name> <command> ...`: the grammar and the literal replies of mod_conference (C.1, F-19). */
import { access } from 'node:fs/promises';
import { playlist } from './audio-source.ts';
import { execute } from './apps.ts';
import { allText, jsonText, listText, prettyText, xmlText } from './conference-lists.ts';
import type { Conference, Member } from './conference.ts';
import type { Core } from './core.ts';

type Reply = string | Promise<string>;

interface Command {
  /** Printed after the name when the arguments make no sense. */
  readonly syntax: string;
  /** Undefined: the arguments make no sense. */
  readonly run: (core: Core, conference: Conference, words: readonly string[]) => Reply | undefined;
}

const TARGET = '<[member_id|all]|last|non_moderator>';
const MEMBER = '<member_id|all|last|non_moderator>';
const MAX_WORDS = 25;
const NO_REPLY = '-ERR no reply\n';

/** DTMF pairs for `dtmf`: the keys as tones in the member's ear. */
const KEY_TONES: Readonly<Record<string, readonly [number, number]>> = {
  '1': [697, 1209], '2': [697, 1336], '3': [697, 1477], A: [697, 1633],
  '4': [770, 1209], '5': [770, 1336], '6': [770, 1477], B: [770, 1633],
  '7': [852, 1209], '8': [852, 1336], '9': [852, 1477], C: [852, 1633],
  '*': [941, 1209], '0': [941, 1336], '#': [941, 1477], D: [941, 1633],
};

const commands: Readonly<Record<string, Command>> = {
  list: { syntax: '[delim <string>]|[count]', run: (_core, conference, words) => list(conference, words) },
  count: { syntax: '', run: (_core, conference) => String(conference.size) },
  json_list: { syntax: '[compact]', run: (core, conference, words) => jsonText([conference], core.scheduler.now(), words[0] === 'compact') },
  xml_list: { syntax: '', run: (core, conference) => xmlText([conference], core.scheduler.now()) },
  mute: perMember(`${TARGET} [<quiet>]`, (_conference, member) => setSpeak(member, false)),
  unmute: perMember(`${TARGET} [<quiet>]`, (_conference, member) => setSpeak(member, true)),
  tmute: perMember(`${TARGET} [<quiet>]`, (_conference, member) => setSpeak(member, !member.speak)),
  deaf: perMember(TARGET, (_conference, member) => setHear(member, false)),
  undeaf: perMember(TARGET, (_conference, member) => setHear(member, true)),
  kick: perMember(`<[member_id|all|last|non_moderator]> [<optional sound file>]`, (conference, member) => expel(conference, member, 'kick-member', 'kicked')),
  hup: perMember(`<[member_id|all|last|non_moderator]>`, (conference, member) => expel(conference, member, 'hup-member', 'hup')),
  energy: perMember(`${MEMBER} [<newval>]`, energy),
  volume_in: perMember(`${MEMBER} [<newval>]`, (_conference, member, words) => volume(member, 'volumeIn', words)),
  volume_out: perMember(`${MEMBER} [<newval>]`, (_conference, member, words) => volume(member, 'volumeOut', words)),
  floor: perMember(`<member_id|last>`, floor),
  dtmf: perMember(`<[member_id|all|last|non_moderator]> <digits>`, dtmf),
  'get-uuid': perMember(`<member_id|last>`, (_conference, member) => member.channel.uuid),
  lock: { syntax: '', run: (_core, conference) => setLocked(conference, true) },
  unlock: { syntax: '', run: (_core, conference) => setLocked(conference, false) },
  play: { syntax: '<file_path> [async|<member_id> [nomux]]', run: play },
  stop: { syntax: '<[current|all|async|last]> [<member_id>]', run: (_core, conference, words) => stop(conference, words) },
  transfer: { syntax: '<conference_name> <member id> [...<member id>]', run: transfer },
  get: { syntax: '<parameter-name>', run: get },
  set: { syntax: '<max_members|sound_prefix|caller_id_name|caller_id_number|endconference_grace_time> <value>', run: (_core, conference, words) => set(conference, words) },
  getvar: { syntax: '<varname>', run: (_core, conference, [name]) => (name === undefined ? undefined : (conference.variables.get(name) ?? NO_REPLY)) },
  setvar: { syntax: '<varname> <value>', run: setvar },
};

/** Runs what follows the word `conference`. */
export function conferenceCommand(core: Core, text: string): Reply {
  const words = splitWords(text);
  const [first, second, ...rest] = words;
  const all = core.conferences.all();
  const now = core.scheduler.now();
  switch (first) {
    case undefined:
    case 'help':
      return usage();
    case 'list':
      return allText(all, second === 'summary');
    case 'count':
      return String(all.length);
    case 'json_list':
      return jsonText(all, now, second === 'compact');
    case 'xml_list':
      return xmlText(all, now);
  }
  const conference = core.conferences.get(first);
  if (conference === undefined) return `-ERR Conference ${first} not found\n`;
  if (second === undefined) return "Conference command, not specified.\nTry 'help'\n";
  const name = second.toLowerCase();
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) return `-ERR Conference command '${second}' not found.\n`;
  return command.run(core, conference, rest) ?? `${name} ${command.syntax}`;
}

/** A command of `<member>` first; its handler answers one line for each member meant. */
function perMember(syntax: string, handle: (conference: Conference, member: Member, words: readonly string[]) => string | undefined): Command {
  return {
    syntax,
    run: (_core, conference, [target = '', ...words]) => {
      const { members } = conference;
      switch (target.toLowerCase()) {
        case 'all':
          return eachMember(members, (member) => handle(conference, member, words));
        case 'non_moderator':
          return eachMember(members, (member) =>
            member.flags.moderator ? `Skipping moderator (member id ${member.id}).\n` : handle(conference, member, words),
          );
        case 'last': {
          const [newest] = members;
          return newest === undefined ? '-ERR Non-Existant ID 0\n' : handle(conference, newest, words);
        }
      }
      const assignment = /^([^=]+)=(.*)$/.exec(target);
      if (assignment !== null) {
        const member = members.find(({ channel }) => channel.variables.get(assignment[1] ?? '') === assignment[2]);
        return member === undefined ? '-ERR Non-Existant member\n' : handle(conference, member, words);
      }
      if (!/^\d{1,9}$/.test(target)) return undefined;
      const member = conference.member(Number(target));
      return member === undefined ? `-ERR Non-Existant ID ${target}\n` : handle(conference, member, words);
    },
  };
}

function eachMember(members: readonly Member[], handle: (member: Member) => string | undefined): string | undefined {
  const lines = members.map(handle);
  return lines.some((line) => line === undefined) ? undefined : lines.join('');
}

function list(conference: Conference, [form, value]: readonly string[]): string {
  switch (form) {
    case 'count':
      return String(conference.size);
    case 'pretty':
      return prettyText(conference);
    case 'delim':
      return listText(conference, value);
    default:
      return listText(conference);
  }
}

function setSpeak(member: Member, speak: boolean): string {
  member.speak = speak;
  member.conference.apply(member);
  const word = speak ? 'unmute' : 'mute';
  member.conference.tellOf(member, [['Action', `${word}-member`]]);
  return `+OK ${word} ${member.id}\n`;
}

function setHear(member: Member, hear: boolean): string {
  member.hear = hear;
  member.conference.apply(member);
  const word = hear ? 'undeaf' : 'deaf';
  member.conference.tellOf(member, [['Action', `${word}-member`]]);
  return `+OK ${word} ${member.id}\n`;
}

function expel(conference: Conference, member: Member, action: 'kick-member' | 'hup-member', word: string): string {
  conference.tellOf(member, [['Action', action]]);
  conference.remove(member);
  return `+OK ${word} ${member.id}\n`;
}

/** Steps of 200 in 0..1800; without a value it only reports. */
function energy(conference: Conference, member: Member, [value]: readonly string[]): string {
  const next = changed(member.energyLevel, value, { step: 200, least: 0, most: 1_800 });
  if (next !== undefined) {
    member.energyLevel = next;
    conference.apply(member);
    conference.tellOf(member, [['Action', 'energy-level-member']]);
  }
  return `Energy ${member.id} = ${member.energyLevel}\n`;
}

function volume(member: Member, which: 'volumeIn' | 'volumeOut', [value]: readonly string[]): string {
  const next = changed(member[which], value, { step: 1, least: -4, most: 4 });
  const incoming = which === 'volumeIn';
  if (next !== undefined) {
    member[which] = next;
    member.conference.apply(member);
    const action = incoming ? 'volume-in-member' : 'volume-out-member';
    member.conference.tellOf(member, [['Action', action], ['Volume-Level', String(next)]]);
  }
  return `+OK Volume ${incoming ? 'IN' : 'OUT'} ${member.id} = ${member[which]}\n`;
}

function changed(present: number, value: string | undefined, range: { readonly step: number; readonly least: number; readonly most: number }): number | undefined {
  if (value === undefined) return undefined;
  const wanted = value === 'up' ? present + range.step : value === 'down' ? present - range.step : Number(value);
  return Number.isFinite(wanted) ? Math.min(range.most, Math.max(range.least, Math.trunc(wanted))) : present;
}

/** Toggles: refused while another holds it; the holder gives it up (F-19). */
function floor(conference: Conference, member: Member): string {
  const holder = conference.floor;
  if (holder !== undefined && holder !== member) return `-ERR floor is held by ${holder.id}\n`;
  conference.setFloor(holder === undefined ? member : undefined);
  return holder === undefined ? `+OK floor ${member.id}\n` : '+OK floor none\n';
}

function dtmf(conference: Conference, member: Member, [digits]: readonly string[]): string | undefined {
  if (digits === undefined || !/^[0-9*#A-D]{1,32}$/i.test(digits)) return undefined;
  for (const key of digits.toUpperCase()) {
    const hz = KEY_TONES[key];
    if (hz !== undefined) member.channel.core.engine.playToConference(conference.uuid, member.channel.core.newUuid(), { kind: 'tone', hz, onMs: 100, offMs: 60, loops: 1 }, { leg: member.channel.uuid });
  }
  conference.tellOf(member, [['Action', 'dtmf-member'], ['Digits', digits]]);
  return `+OK sent ${digits} to ${member.id}\n`;
}

function setLocked(conference: Conference, locked: boolean): string {
  conference.locked = locked;
  conference.tell([['Action', locked ? 'lock' : 'unlock']]);
  return `+OK ${conference.name} ${locked ? 'locked' : 'unlocked'}\n`;
}

function play(core: Core, conference: Conference, [file, option]: readonly string[]): Reply | undefined {
  if (file === undefined) return undefined;
  const memberId = option !== undefined && /^\d{1,9}$/.test(option) ? Number(option) : undefined;
  const member = memberId === undefined ? undefined : conference.member(memberId);
  if (memberId !== undefined && member === undefined) return `-ERR Member: ${memberId} not found.\nplay ${commands.play?.syntax ?? ''}`;
  const [item] = playlist(file, undefined, core.soundPrefix);
  const [source] = item?.sources ?? [];
  const notFound = `-ERR (play) File: ${file} not found.\n`;
  if (item === undefined || source === undefined) return notFound;
  const start = (): string => {
    // The conference may have ended while the file was looked for.
    if (core.conferences.get(conference.name) !== conference) return `-ERR Conference ${conference.name} not found\n`;
    conference.play(file, source, { async: option === 'async', ...(member === undefined ? {} : { member }) });
    return `+OK (play) Playing file ${file}${member === undefined ? '' : ` to member ${member.id}`}\n`;
  };
  return source.kind === 'file' ? access(source.path).then(start, () => notFound) : start();
}

function stop(conference: Conference, [which = 'all', target]: readonly string[]): Reply | undefined {
  if (!['current', 'all', 'async', 'last'].includes(which)) return undefined;
  const member = target === undefined ? undefined : conference.member(Number(target));
  if (target !== undefined && member === undefined) return `-ERR Member: ${target} not found.\n`;
  if (!conference.isPlaying(member)) return '+OK Stopped 0 files.\n';
  return conference.stopPlay(which === 'all' ? 'all' : 'current', member).then((count) => `+OK Stopped ${count} files.\n`);
}

function transfer(core: Core, conference: Conference, [place, ...ids]: readonly string[]): string | undefined {
  if (place === undefined || ids.length === 0) return undefined;
  return ids.map((id) => transferOne(core, conference, place, id)).join('');
}

/** The channel's applications end, then it runs `conference` anew: the order of E08 and E11. */
function transferOne(core: Core, conference: Conference, place: string, id: string): string {
  const member = conference.member(Number(id));
  if (member === undefined) return `-ERR No Member ${id} in conference ${conference.name}.\n`;
  const [name = ''] = place.split('@');
  conference.tellOf(member, [['Old-Conference-Name', conference.name], ['New-Conference-Name', name], ['Action', 'transfer']]);
  const { channel } = member;
  const argument = place.includes('@') ? place : `${place}@${conference.profile}`;
  channel.transfer();
  execute(channel, { uuid: core.newUuid(), name: 'conference', argument });
  return `+OK Member '${member.id}' sent to conference ${place}.\n`;
}

function get(core: Core, conference: Conference, [name]: readonly string[]): string | undefined {
  switch (name) {
    case 'run_time':
      return String(Math.floor((core.scheduler.now() - conference.createdAt) / 1_000));
    case 'count':
      return String(conference.size);
    case 'count_ghosts':
      return String(conference.ghosts);
    case 'max_members':
      return String(conference.maxMembers);
    case 'rate':
      return String(conference.rate);
    case 'profile_name':
      return conference.profile;
    case 'sound_prefix':
      return core.soundPrefix;
    case 'is_locked':
      return conference.locked ? 'locked' : NO_REPLY;
    case 'endconference_grace_time':
      return '0';
    case 'uuid':
      return conference.uuid;
    case 'wait_mod':
      return NO_REPLY;
    default:
      return undefined;
  }
}

/** Answers the previous value. */
function set(conference: Conference, [name, value]: readonly string[]): string | undefined {
  if (name !== 'max_members' || value === undefined || !/^\d{1,9}$/.test(value)) return undefined;
  const before = conference.maxMembers;
  conference.maxMembers = Number(value);
  return String(before);
}

function setvar(core: Core, conference: Conference, [name, ...value]: readonly string[]): string | undefined {
  if (name === undefined || value.length === 0) return undefined;
  if (!conference.variables.has(name) && conference.variables.size >= core.limits.variables) return '-ERR too many variables\n';
  conference.variables.set(name, value.join(' '));
  return '+OK\n';
}

function usage(): string {
  return Object.entries(commands)
    .map(([name, { syntax }]) => `<conf name> ${name} ${syntax}\n`)
    .join('');
}

/** Runs of spaces collapse, single quotes group. */
function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].slice(0, MAX_WORDS).map((match) => match[1] ?? match[2] ?? '');
}
