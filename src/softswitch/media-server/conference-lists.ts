/** The texts of `conference list`, `json_list` and `xml_list`, literally mod_conference's. */
import type { Conference } from './conference.ts';
import type { Member } from './conference-member.ts';
import type { Recording } from './conference-recordings.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** `id;channel;uuid;name;number;flags;volume_in;volume_out;energy`, newest member first. */
function listText(conference: Conference, delimiter: string): string {
  return conference.members.map((member) => `${listFields(conference, member).join(delimiter)}\n`).join('');
}

function prettyText(conference: Conference): string {
  return conference.members.map(({ id, channel }) => `${id}) ${channel.caller.name} (${channel.caller.number})\n`).join('');
}

/** `list [delim <string>|pretty|count]` of one conference. */
export function listForm(conference: Conference, words: readonly string[]): string {
  return words[0]?.toLowerCase() === 'count' ? String(conference.size) : membersText(conference, words);
}

/** `conference list`: a header for each conference, and its members unless a summary is wanted. */
export function allText(conferences: readonly Conference[], words: readonly string[]): string {
  if (conferences.length === 0) return '+OK No active conferences.\n';
  const summary = words[0]?.toLowerCase() === 'summary';
  return conferences.map((conference) => `${headerLine(conference)}${summary ? '' : membersText(conference, words)}`).join('');
}

function membersText(conference: Conference, [form, value = '']: readonly string[]): string {
  switch (form?.toLowerCase()) {
    case 'pretty':
      return prettyText(conference);
    case 'delim':
      return listText(conference, value.replaceAll('"', '') || ';');
    default:
      return listText(conference, ';');
  }
}

export function jsonText(conferences: readonly Conference[], now: number, compact: boolean): string {
  const value = conferences.map((conference) => conferenceJson(conference, now));
  return compact ? JSON.stringify(value) : printJson(value, 0);
}

export function xmlText(conferences: readonly Conference[], now: number): string {
  return `<?xml version="1.0"?>\n<conferences>\n${conferences.map((conference) => conferenceXml(conference, now)).join('')}</conferences>\n`;
}

function listFields(conference: Conference, member: Member): readonly (string | number)[] {
  const { channel } = member;
  const flags = [
    !member.hold && member.hear && 'hear',
    !member.hold && member.speak && 'speak',
    !member.hold && member.talking && 'talking',
    member.hold && 'hold',
    conference.floor === member && 'floor',
    member.flags.moderator && 'moderator',
    member.flags.ghost && 'ghost',
  ].filter((flag) => flag !== false);
  const { id, volumeIn, volumeOut, energyLevel } = member;
  return [id, channel.name, channel.uuid, channel.caller.name, channel.caller.number, flags.join('|'), volumeIn, volumeOut, energyLevel];
}

function headerLine(conference: Conference): string {
  const { name, size } = conference;
  const words = Object.entries(conferenceState(conference)).flatMap(([word, on]) => (on ? [word] : []));
  return `+OK Conference ${name} (${size} ${size === 1 ? 'member' : 'members'} rate: ${conference.rate} flags: ${[...words, 'json_status'].join('|')})\n`;
}

/** What all forms of list tell of a conference, in their order. */
function conferenceState(conference: Conference): Readonly<Record<string, boolean>> {
  return {
    locked: conference.locked,
    destruct: conference.ending,
    wait_mod: conference.waitMod,
    audio_always: conference.flags.audioAlways,
    running: true,
    answered: true,
    enforce_min: conference.enforceMin,
    bridge_to: false,
    dynamic: true,
    exit_sound: conference.settings.exitSoundOn,
    enter_sound: conference.settings.enterSoundOn,
    recording: conference.recordings.list.length > 0,
  };
}

function conferenceJson(conference: Conference, now: number): Json {
  return {
    conference_name: conference.name,
    member_count: conference.size,
    ghost_count: conference.ghosts,
    rate: conference.rate,
    run_time: seconds(now - conference.createdAt),
    conference_uuid: conference.uuid,
    canvas_count: 0,
    max_bw_in: 0,
    force_bw_in: 0,
    video_floor_packets: 0,
    ...conferenceState(conference),
    video_bridge: false,
    video_floor_only: false,
    video_rfc4579: false,
    ...(conference.settings.maxMembers > 0 ? { max_members: conference.settings.maxMembers } : {}),
    variables: Object.fromEntries(conference.variables),
    // mod_conference keeps its recorders among the members: the newest come first.
    members: [...conference.recordings.list.map(recordingJson), ...conference.members.map((member) => memberJson(conference, member, now))],
  };
}

function recordingJson({ path, paused, startedAt }: Recording): Json {
  return { type: 'recording_node', record_path: path, ...(paused ? { status: 'paused' } : {}), join_time: startedAt };
}

function memberJson(conference: Conference, member: Member, now: number): Json {
  return {
    type: 'caller',
    id: member.id,
    flags: {
      can_hear: member.hear,
      can_see: !member.blind,
      can_speak: member.speak,
      hold: member.hold,
      mute_detect: member.flags.muteDetect,
      talking: member.talking,
      has_video: false,
      video_bridge: false,
      has_floor: conference.floor === member,
      is_moderator: member.flags.moderator,
      end_conference: member.flags.endconf,
      mandatory_member_end_conference: member.flags.mandatoryEndconf,
      pass_digits: member.flags.distDtmf,
    },
    uuid: member.channel.uuid,
    caller_id_name: member.channel.caller.name,
    caller_id_number: member.channel.caller.number,
    join_time: seconds(now - member.joinedAt),
    last_talking: member.lastTalkingAt === undefined ? 0 : seconds(now - member.lastTalkingAt),
    energy: member.energyLevel,
    volume_in: member.volumeIn,
    volume_out: member.volumeOut,
    'output-volume': member.volumeOut,
    'input-volume': member.volumeIn,
  };
}

function conferenceXml(conference: Conference, now: number): string {
  const { name, size, ghosts, uuid, settings } = conference;
  const { recording, ...state } = conferenceState(conference);
  const attributes = [
    `name="${xml(name)}" member-count="${size}" ghost-count="${ghosts}" rate="${conference.rate}" uuid="${uuid}"`,
    ...Object.entries(state).flatMap(([word, on]) => (on ? [`${word}="true"`] : [])),
    ...(settings.maxMembers > 0 ? [`max_members="${settings.maxMembers}"`] : []),
    ...(recording === true ? ['recording="true"'] : []),
    ...(settings.endconfGraceTime > 0 ? [`endconference_grace_time="${settings.endconfGraceTime}"`] : []),
    `run_time="${seconds(now - conference.createdAt)}"`,
  ];
  const variables = [...conference.variables].map(([key, value]) => `\n      <variable name="${xml(key)}" value="${xml(value)}"/>`);
  return [
    `  <conference ${attributes.join(' ')}>\n`,
    `    <variables>${variables.join('')}${variables.length > 0 ? '\n    ' : ''}</variables>\n`,
    '    <members>\n',
    ...conference.recordings.list.map(recordingXml),
    ...conference.members.map((member) => memberXml(conference, member, now)),
    '    </members>\n  </conference>\n',
  ].join('');
}

function recordingXml({ path, paused, startedAt }: Recording): string {
  const status = paused ? ' status="paused"' : '';
  return `      <member type="recording_node">\n        <record_path${status}>${xml(path)}</record_path>\n        <join_time type="UNIX-epoch">${startedAt}</join_time>\n      </member>\n`;
}

function memberXml(conference: Conference, member: Member, now: number): string {
  const flags = {
    can_hear: member.hear,
    can_see: !member.blind,
    can_speak: member.speak,
    mute_detect: member.flags.muteDetect,
    talking: member.talking,
    hold: member.hold,
    has_video: false,
    video_bridge: false,
    has_floor: conference.floor === member,
    is_moderator: member.flags.moderator,
    end_conference: member.flags.endconf,
    mandatory_member_end_conference: member.flags.mandatoryEndconf,
    is_ghost: member.flags.ghost,
  };
  const fields = {
    uuid: member.channel.uuid,
    caller_id_name: member.channel.caller.name,
    caller_id_number: member.channel.caller.number,
    join_time: seconds(now - member.joinedAt),
    last_talking: member.lastTalkingAt === undefined ? 'N/A' : seconds(now - member.lastTalkingAt),
    energy: member.energyLevel,
    volume_in: member.volumeIn,
    volume_out: member.volumeOut,
    'output-volume': member.volumeOut,
  };
  return [
    `      <member type="caller">\n        <id>${member.id}</id>\n        <flags>\n`,
    ...Object.entries(flags).map(([name, value]) => `          <${name}>${value}</${name}>\n`),
    '        </flags>\n',
    ...Object.entries(fields).map(([name, value]) => `        <${name}>${xml(String(value))}</${name}>\n`),
    '      </member>\n',
  ].join('');
}

/** cJSON's formatted printing: tabs, a tab after the colon, array elements on one line. */
function printJson(value: Json, depth: number): string {
  if (isArray(value)) return `[${value.map((element) => printJson(element, depth + 1)).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const inner = '\t'.repeat(depth + 1);
  const entries = Object.entries(value).map(([key, field]) => `${inner}${JSON.stringify(key)}:\t${printJson(field, depth + 1)}`);
  return `{\n${entries.join(',\n')}${entries.length > 0 ? '\n' : ''}${'\t'.repeat(depth)}}`;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}

function xml(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
