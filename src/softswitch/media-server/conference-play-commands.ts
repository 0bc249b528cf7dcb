/** Conference commands about what is played: files, music, speech. */
import { playlist } from './audio-source.ts';
import { memberOf, MISUSE, type Call, type Handlers, type Outcome } from './conference-command.ts';
import type { Conference } from './conference.ts';
import type { Member } from './conference-member.ts';

type Names = 'play' | 'stop' | 'pause_play' | 'play_status' | 'file_seek' | 'file-vol' | 'moh' | 'say' | 'saymember';

/** Seek positions are told in samples at 8 kHz. */
const SAMPLES_PER_MS = 8;

export const playCommands: Handlers<Names> = {
  play: (call) => play(call),
  stop: (call) => stop(call),
  pause_play: ({ conference, words: [target] }) =>
    forTarget(conference, target, (member) => {
      if (conference.plays.current(member) === undefined) return '';
      return conference.plays.togglePause(member) ? '+OK Pause\n' : '+OK Resume\n';
    }),
  play_status: (call) => playStatus(call),
  file_seek: (call) => seek(call),
  'file-vol': (call) => fileVolume(call),
  moh: (call) => moh(call),
  // There is no speech synthesis: FreeSWITCH's own words for that.
  say: ({ words }) => ({ misuse: words.length === 0 ? '-ERR (say) Error! No text.\n' : '-ERR (say) Error!\n' }),
  saymember: ({ conference, words: [target, ...text] }) => {
    if (target === undefined || text.length === 0) return { misuse: '-ERR (saymember) No Text!\n' };
    const member = memberOf(conference, target);
    return { misuse: member === undefined ? `-ERR (saymember) Unknown Member ${target}!\n` : '-ERR (saymember) Error!\n' };
  },
};

/** `<file> [async]` to all, `<file> <member> [nomux] [async]` to one. */
function play({ core, conference, words }: Call): Outcome | Promise<Outcome> {
  const [file, ...options] = words;
  if (file === undefined) return MISUSE;
  const async = options.at(-1)?.toLowerCase() === 'async';
  const [target, nomux] = async ? options.slice(0, -1) : options;
  const member = target === undefined ? undefined : memberOf(conference, target);
  if (target !== undefined && member === undefined) return { misuse: `-ERR Member: ${target} not found.\n` };
  const [item] = playlist(file, undefined, conference.settings.soundPrefix);
  const notFound = (): string => {
    if (member === undefined) conference.tell([['Action', 'play-file'], ['File', file], ['Async', String(async)], ['Error', 'File could not be played']]);
    return `-ERR (play) File: ${file} not found.\n`;
  };
  const start = (): string => {
    // The conference or the member may have gone while the file was looked for.
    if (core.conferences.get(conference.name) !== conference) return `-ERR Conference ${conference.name} not found\n`;
    if (member !== undefined && conference.member(member.id) !== member) return `-ERR Member: ${member.id} not found.\n`;
    const started = conference.plays.start(file, item, { async, nomux: nomux?.toLowerCase() === 'nomux', ...(member === undefined ? {} : { member }) });
    if (!started) return notFound();
    if (member === undefined) conference.tell([['Action', 'play-file'], ['File', file], ['Async', String(async)]]);
    else conference.tellOf(member, [['Action', 'play-file-member'], ['File', file]]);
    return `+OK (play) Playing file ${file}${member === undefined ? '' : ` to member ${member.id}`}\n`;
  };
  const [source] = item?.sources ?? [];
  return source?.kind === 'file' ? core.soundFiles.has(source.path).then((there) => (there ? start() : notFound())) : start();
}

function stop({ conference, words: [which = 'all', target] }: Call): Outcome | Promise<Outcome> {
  const what = which.toLowerCase();
  if (what !== 'current' && what !== 'all' && what !== 'async' && what !== 'last') return MISUSE;
  return forTarget(conference, target, async (member) => `+OK Stopped ${await conference.plays.stop(what, member)} files.\n`);
}

/** Position and length in ms; 0 is not known. */
function playStatus({ core, conference, words: [target] }: Call): Outcome | Promise<Outcome> {
  return forTarget(conference, target, async (member) => {
    const file = conference.plays.current(member);
    if (file === undefined) return '-ERR Nothing is playing\n';
    const status = await core.engine.conferencePlayStatus(conference.uuid, member?.channel.uuid);
    return `+OK ${Math.round(status?.positionMs ?? 0)}/${Math.round(status?.lengthMs ?? 0)} ${file}\n`;
  });
}

/** `[+-]<ms>`; a sign without a number is a second. */
function seek({ core, conference, words: [value, target] }: Call): Outcome | Promise<Outcome> {
  if (value === undefined) return MISUSE;
  return forTarget(conference, target, async (member) => {
    if (conference.plays.current(member) === undefined) return '';
    const relative = /^[+-]/.test(value);
    const ms = /^[+-]?\d{1,9}/.test(value) ? Number.parseInt(value, 10) : 0;
    const status = relative ? await core.engine.conferencePlayStatus(conference.uuid, member?.channel.uuid) : undefined;
    const step = relative && ms === 0 ? (value.startsWith('-') ? -1_000 : 1_000) : ms;
    const positionMs = Math.max(0, Math.round((status?.positionMs ?? 0) + step));
    core.engine.adjustConferencePlay(conference.uuid, { positionMs }, member?.channel.uuid);
    return `+OK seek to position ${positionMs * SAMPLES_PER_MS}\n`;
  });
}

/** Of what plays to all, -4..4. */
function fileVolume({ core, conference, words: [value] }: Call): Outcome {
  if (value === undefined) return { misuse: '-ERR missing args\n' };
  if (conference.plays.current() === undefined) return { misuse: '-ERR File not playing\n' };
  const volume = /^-?\d{1,6}/.test(value) ? Number.parseInt(value, 10) : 0;
  core.engine.adjustConferencePlay(conference.uuid, { volume: Math.max(-4, Math.min(4, volume)) });
  return '+OK volume changed\n';
}

function moh({ conference, words: [what] }: Call): Outcome {
  const { settings } = conference;
  switch (what?.toLowerCase()) {
    case undefined:
      return '-ERR invalid moh param\n';
    case 'toggle':
      settings.nomoh = !settings.nomoh;
      break;
    case 'on':
      settings.nomoh = false;
      break;
    case 'off':
      settings.nomoh = true;
      break;
    case 'reset':
      settings.temporaryMoh = undefined;
      break;
    default:
      settings.temporaryMoh = what;
  }
  conference.music.update();
  return '+OK moh\n';
}

function forTarget(conference: Conference, target: string | undefined, handle: (member: Member | undefined) => Outcome | Promise<Outcome>): Outcome | Promise<Outcome> {
  if (target === undefined) return handle(undefined);
  const member = memberOf(conference, target);
  return member === undefined ? `-ERR Member: ${target} not found.\n` : handle(member);
}
