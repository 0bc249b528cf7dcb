/** The commands of `conference <name> <command>` in mod_conference's order, with what it prints of them (C.1, E08). */

const MEMBER = '<member_id|all|last|non_moderator>';
const TARGET = '<[member_id|all|last|non_moderator]>';
const TARGETS = '<[member_id|all]|last|non_moderator>';
const DIAL = '<endpoint_module_name>/<destination> <callerid number> <callerid name>';
const SOUND = 'on|off|none|file <filename>';

/** Name and arguments; `pause_play` prints itself as `pause`. */
export const GRAMMAR = {
  'canvas-auto-clear': '<canvas_id> <true|false>',
  count: '',
  list: '[delim <string>]|[count]',
  xml_list: '',
  json_list: '[compact]',
  energy: `${MEMBER} [<newval>]`,
  'auto-energy': `${MEMBER} [<newval>]`,
  'max-energy': `${MEMBER} [<newval>]`,
  agc: `${MEMBER} [<newval>]`,
  'vid-canvas': `${MEMBER} [<newval>]`,
  'vid-watching-canvas': `${MEMBER} [<newval>]`,
  'vid-layer': `${MEMBER} [<newval>]`,
  volume_in: `${MEMBER} [<newval>]`,
  volume_out: `${MEMBER} [<newval>]`,
  position: '<member_id> <x>:<y>:<z>',
  'auto-3d-position': '[on|off]',
  play: '<file_path> [async|<member_id> [nomux]]',
  moh: '<file_path>|toggle|[on|off]',
  pause_play: '[<member_id>]',
  play_status: '[<member_id>]',
  file_seek: '[+-]<val> [<member_id>]',
  say: '<text>',
  saymember: '<member_id> <text>',
  cam: '',
  stop: '<[current|all|async|last]> [<member_id>]',
  dtmf: `${TARGET} <digits>`,
  kick: `${TARGET} [<optional sound file>]`,
  'vid-flip': TARGET,
  'vid-border': TARGET,
  hup: TARGET,
  hold: `${TARGETS} [file]`,
  unhold: TARGETS,
  mute: `${TARGETS} [<quiet>]`,
  tmute: `${TARGETS} [<quiet>]`,
  unmute: `${TARGETS} [<quiet>]`,
  vmute: `${TARGETS} [<quiet>]`,
  tvmute: `${TARGETS} [<quiet>]`,
  'vmute-snap': TARGETS,
  unvmute: `${TARGETS} [<quiet>]`,
  vblind: `${TARGETS} [<quiet>]`,
  tvblind: `${TARGETS} [<quiet>]`,
  unvblind: `${TARGETS} [<quiet>]`,
  deaf: TARGETS,
  undeaf: TARGETS,
  'vid-filter': `${TARGETS} <string>`,
  relate: '<member_id>[,<member_id>] <other_member_id>[,<other_member_id>] [nospeak|nohear|clear]',
  getvar: '<varname>',
  setvar: '<varname> <value>',
  lock: '',
  unlock: '',
  dial: DIAL,
  bgdial: DIAL,
  transfer: '<conference_name> <member id> [...<member id>]',
  record: '<filename>',
  chkrecord: '<confname>',
  norecord: '<[filename|all]>',
  pause: '<filename>',
  resume: '<filename>',
  recording: '[start|stop|check|pause|resume] [<filename>|all]',
  exit_sound: SOUND,
  enter_sound: SOUND,
  pin: '<pin#>',
  nopin: '',
  get: '<parameter-name>',
  set: '<max_members|sound_prefix|caller_id_name|caller_id_number|endconference_grace_time> <value>',
  'file-vol': '<vol#>',
  floor: '<member_id|last>',
  'vid-floor': '<member_id|last> [force]',
  'vid-banner': '<member_id|last> <text>',
  'vid-mute-img': '<member_id|last> [<path>|clear]',
  'vid-logo-img': '<member_id|last> [<path>|clear]',
  'vid-codec-group': '<member_id|last> [<group>|clear]',
  'vid-res-id': '<member_id>|all <val>|clear [force]',
  'vid-role-id': '<member_id|last> <val>|clear',
  'get-uuid': '<member_id|last>',
  'clear-vid-floor': '',
  'vid-layout': '<layout name>|group <group name> [<canvas id>]',
  'vid-write-png': '<path>',
  'vid-fps': '<fps>',
  'vid-res': '<WxH>',
  'vid-fgimg': '<file> | clear [<canvas-id>]',
  'vid-bgimg': '<file> | clear [<canvas-id>]',
  'vid-bandwidth': '<BW>',
  'vid-personal': '[on|off]',
  tag: `${MEMBER} [<string>]`,
  gettag: '<string> [nomatch]',
} as const;

export type CommandName = keyof typeof GRAMMAR;

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(GRAMMAR, name);
}

export function syntaxOf(name: CommandName): string {
  return `${name === 'pause_play' ? 'pause' : name} ${GRAMMAR[name]}`;
}

export const COMMANDS: readonly CommandName[] = Object.keys(GRAMMAR).filter((name) => isCommand(name));
