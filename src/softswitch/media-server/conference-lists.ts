/** The texts of `conference list`, `json_list` and `xml_list`, literally mod_conference's. */
import type { Conference, Member } from './conference.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** `id;channel;uuid;name;number;flags;volume_in;volume_out;energy`, newest member first. */
export function listText(conference: Conference, delimiter = ';'): string {
  return conference.members.map((member) => `${listFields(conference, member).join(delimiter)}\n`).join('');
}

export function prettyText(conference: Conference): string {
  return conference.members.map(({ id, channel }) => `${id}) ${channel.caller.name} (${channel.caller.number})\n`).join('');
}

/** `conference list`: a header for each conference, and its members unless a summary is wanted. */
export function allText(conferences: readonly Conference[], summary: boolean): string {
  if (conferences.length === 0) return '+OK No active conferences.\n';
  return conferences.map((conference) => `${headerLine(conference)}${summary ? '' : listText(conference)}`).join('');
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
    member.hear && 'hear',
    member.speak && 'speak',
    member.talking && 'talking',
    conference.floor === member && 'floor',
    member.flags.moderator && 'moderator',
    member.flags.ghost && 'ghost',
  ].filter((flag) => flag !== false);
  const { id, volumeIn, volumeOut, energyLevel } = member;
  return [id, channel.name, channel.uuid, channel.caller.name, channel.caller.number, flags.join('|'), volumeIn, volumeOut, energyLevel];
}

function headerLine(conference: Conference): string {
  const { name, size, rate } = conference;
  const flags = [conference.locked ? 'locked|' : '', 'running|answered|enforce_min|dynamic|exit_sound|enter_sound|json_status'].join('');
  return `+OK Conference ${name} (${size} ${size === 1 ? 'member' : 'members'} rate: ${rate} flags: ${flags})\n`;
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
    locked: conference.locked,
    destruct: conference.ending,
    wait_mod: false,
    audio_always: false,
    running: true,
    answered: true,
    enforce_min: true,
    bridge_to: false,
    dynamic: true,
    exit_sound: true,
    enter_sound: true,
    recording: false,
    video_bridge: false,
    video_floor_only: false,
    video_rfc4579: false,
    ...(conference.maxMembers > 0 ? { max_members: conference.maxMembers } : {}),
    variables: Object.fromEntries(conference.variables),
    members: conference.members.map((member) => memberJson(conference, member, now)),
  };
}

function memberJson(conference: Conference, member: Member, now: number): Json {
  return {
    type: 'caller',
    id: member.id,
    flags: {
      can_hear: member.hear,
      can_see: true,
      can_speak: member.speak,
      hold: false,
      mute_detect: member.flags.muteDetect,
      talking: member.talking,
      has_video: false,
      video_bridge: false,
      has_floor: conference.floor === member,
      is_moderator: member.flags.moderator,
      end_conference: member.flags.endconf,
      mandatory_member_end_conference: false,
      pass_digits: false,
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
    'input-volume': 0,
  };
}

function conferenceXml(conference: Conference, now: number): string {
  const { name, size, ghosts, rate, uuid } = conference;
  const attributes = [
    `name="${xml(name)}" member-count="${size}" ghost-count="${ghosts}" rate="${rate}" uuid="${uuid}"`,
    conference.locked ? 'locked="true"' : '',
    'running="true" answered="true" enforce_min="true" dynamic="true" exit_sound="true" enter_sound="true"',
    conference.maxMembers > 0 ? `max_members="${conference.maxMembers}"` : '',
    `run_time="${seconds(now - conference.createdAt)}"`,
  ].filter((part) => part !== '');
  const variables = [...conference.variables].map(([key, value]) => `\n      <variable name="${xml(key)}" value="${xml(value)}"/>`);
  return [
    `  <conference ${attributes.join(' ')}>\n`,
    `    <variables>${variables.join('')}${variables.length > 0 ? '\n    ' : ''}</variables>\n`,
    '    <members>\n',
    ...conference.members.map((member) => memberXml(conference, member, now)),
    '    </members>\n  </conference>\n',
  ].join('');
}

function memberXml(conference: Conference, member: Member, now: number): string {
  const flags = {
    can_hear: member.hear,
    can_see: true,
    can_speak: member.speak,
    mute_detect: member.flags.muteDetect,
    talking: member.talking,
    hold: false,
    has_video: false,
    video_bridge: false,
    has_floor: conference.floor === member,
    is_moderator: member.flags.moderator,
    end_conference: member.flags.endconf,
    mandatory_member_end_conference: false,
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
