/** Conference commands about the conference itself: lists, lock, PINs, variables, sounds, parameters. */
import { MISUSE, type Call, type Handlers, type Outcome } from './conference-command.ts';
import type { Conference } from './conference.ts';
import { bgdial, dial } from './conference-dial.ts';
import { jsonText, listForm, xmlText } from './conference-lists.ts';

type Names =
  | 'list' | 'count' | 'json_list' | 'xml_list' | 'lock' | 'unlock' | 'pin' | 'nopin' | 'get' | 'set' | 'getvar' | 'setvar' | 'enter_sound' | 'exit_sound' | 'dial' | 'bgdial';

const MAX_PIN = 64;

export const settingCommands: Handlers<Names> = {
  list: ({ conference, words }) => listForm(conference, words),
  count: ({ conference }) => String(conference.size),
  json_list: ({ core, conference, words }) => jsonText([conference], core.scheduler.now(), words[0] === 'compact'),
  xml_list: ({ core, conference }) => xmlText([conference], core.scheduler.now()),
  lock: ({ conference }) => setLocked(conference, true),
  unlock: ({ conference }) => setLocked(conference, false),
  pin: ({ conference, words }) => setPin(conference, words),
  nopin: ({ conference }) => {
    // The moderators' one stays (F-18).
    conference.settings.pin = '';
    return `+OK Pin for conference ${conference.name} deleted\n`;
  },
  get: (call) => get(call),
  set: ({ conference, words: [name, ...value] }) => set(conference, name ?? '', value),
  getvar: ({ conference, words: [name = ''] }) => conference.variables.get(name) ?? '',
  setvar: (call) => setVariable(call),
  enter_sound: ({ conference, words }) => entranceSound(conference, 'enter', words),
  exit_sound: ({ conference, words }) => entranceSound(conference, 'exit', words),
  dial: ({ core, conference, words }) => dial(core, conference.name, words),
  bgdial: ({ core, conference, words }) => bgdial(core, conference.name, words),
};

function setLocked(conference: Conference, locked: boolean): string {
  conference.sound(locked ? 'is-locked-sound' : 'is-unlocked-sound');
  conference.locked = locked;
  conference.tell([['Action', locked ? 'lock' : 'unlock']]);
  return `+OK ${conference.name} ${locked ? 'locked' : 'unlocked'}\n`;
}

/** The reply repeats the PIN to the one who set it, as mod_conference does. */
function setPin(conference: Conference, words: readonly string[]): Outcome {
  const [first = '', second = ''] = words;
  if (first.length > MAX_PIN || second.length > MAX_PIN) return { misuse: '-ERR Invalid parameters:\n' };
  if (words.length === 2 && first === 'mod') {
    conference.settings.moderatorPin = second;
    return `+OK Moderator Pin for conference ${conference.name} set: ${second}\n`;
  }
  if (words.length !== 1) return { misuse: '-ERR Invalid parameters:\n' };
  conference.settings.pin = first;
  return `+OK Pin for conference ${conference.name} set: ${first}\n`;
}

function get({ core, conference, words: [name] }: Call): Outcome {
  const { settings } = conference;
  switch (name?.toLowerCase()) {
    case 'run_time':
      return String(Math.floor((core.scheduler.now() - conference.createdAt) / 1_000));
    case 'count':
      return String(conference.size);
    case 'count_ghosts':
      return String(conference.ghosts);
    case 'max_members':
      return String(settings.maxMembers);
    case 'rate':
      return String(conference.rate);
    case 'profile_name':
      return conference.profile.name;
    case 'sound_prefix':
      return settings.soundPrefix;
    case 'caller_id_name':
      return settings.callerIdName;
    case 'caller_id_number':
      return settings.callerIdNumber;
    case 'is_locked':
      return conference.locked ? 'locked' : '';
    case 'endconference_grace_time':
      return String(settings.endconfGraceTime);
    case 'uuid':
      return conference.uuid;
    case 'wait_mod':
      return conference.waitMod ? 'true' : '';
    default:
      return MISUSE;
  }
}

/** Answers the previous value. */
function set({ settings }: Conference, name: string, [value, ...rest]: readonly string[]): Outcome {
  if (value === undefined || value === '' || rest.length > 0) return MISUSE;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  let before: string | number;
  switch (name.toLowerCase()) {
    case 'max_members':
      if (number === undefined) return MISUSE;
      [before, settings.maxMembers] = [settings.maxMembers, number];
      return String(before);
    case 'endconference_grace_time':
      if (number === undefined) return MISUSE;
      [before, settings.endconfGraceTime] = [settings.endconfGraceTime, number];
      return String(before);
    case 'sound_prefix':
      [before, settings.soundPrefix] = [settings.soundPrefix, value];
      return before;
    case 'caller_id_name':
      [before, settings.callerIdName] = [settings.callerIdName, value];
      return before;
    case 'caller_id_number':
      [before, settings.callerIdNumber] = [settings.callerIdNumber, value];
      return before;
    default:
      return MISUSE;
  }
}

/** Without a value the variable is gone. Variables become headers of every event of the conference. */
function setVariable({ core, conference, words: [name, ...value] }: Call): Outcome {
  if (name === undefined) return MISUSE;
  const { variables } = conference;
  if (value.length === 0) variables.delete(name);
  else if (!variables.has(name) && variables.size >= core.limits.variables) return '-ERR too many variables\n';
  else variables.set(name, value.join(' '));
  return '+OK\n';
}

function entranceSound(conference: Conference, which: 'enter' | 'exit', [what, file]: readonly string[]): Outcome {
  const { settings, name } = conference;
  const [on, sound] = which === 'enter' ? (['enterSoundOn', 'enterSound'] as const) : (['exitSoundOn', 'exitSound'] as const);
  switch (what?.toLowerCase()) {
    case undefined:
      return { misuse: '-ERR Not enough args\n' };
    case 'on':
      settings[on] = true;
      conference.tell([['Action', `${which}-sounds-on`]]);
      return `+OK ${name} ${which} sounds on (${settings[sound]})\n`;
    case 'off':
    case 'none':
      settings[on] = false;
      conference.tell([['Action', `${which}-sounds-off`]]);
      return `+OK ${name} ${which} sounds off (${settings[sound]})\n`;
    case 'file': {
      if (file === undefined) return '-ERR No filename specified\n';
      const old = which === 'exit' ? `+OK Old exit sound: [${settings.exitSound}]\n` : '';
      settings[sound] = file;
      conference.tell([['Action', `${which}-sound-file-changed`]]);
      return `${old}+OK ${name} ${which} sound file set to ${file}\n`;
    }
    default:
      return { misuse: '-ERR Bad args\n' };
  }
}
