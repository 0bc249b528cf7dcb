/** Conference commands about video, in a conference that has none: what FreeSWITCH answers then (E08, F-19). `vid-layer` would end FreeSWITCH (F-20). */
import { MISUSE, perMember, type Handler, type Handlers } from './conference-command.ts';
import type { CommandName } from './conference-grammar.ts';
import type { Member } from './conference-member.ts';

type Names =
  | Extract<CommandName, `vid-${string}`>
  | 'canvas-auto-clear' | 'auto-3d-position' | 'cam' | 'vmute' | 'unvmute' | 'tvmute' | 'vmute-snap' | 'vblind' | 'unvblind' | 'tvblind' | 'clear-vid-floor';

const NOT_MIXING = '-ERR Conference is not in mixing mode\n';

const says = (text: string): Handler => () => text;
/** With an argument only. */
const needs = (text: string, missing: string): Handler => ({ words }) => (words.length === 0 ? { misuse: missing } : text);

export const videoCommands: Handlers<Names> = {
  'canvas-auto-clear': ({ words }) => (words.length === 1 ? MISUSE : '+OK\n'),
  'auto-3d-position': says('-ERR not supported\n'),
  cam: says(NOT_MIXING),
  vmute: perMember((member) => setVideoMuted(member, true)),
  unvmute: perMember((member) => setVideoMuted(member, false)),
  tvmute: perMember((member) => setVideoMuted(member, !member.videoMuted)),
  'vmute-snap': perMember(() => NOT_MIXING),
  vblind: perMember((member) => setBlind(member, true)),
  unvblind: perMember((member) => setBlind(member, false)),
  tvblind: perMember((member) => setBlind(member, !member.blind)),
  'vid-canvas': perMember(() => '-ERR Invalid DATA\n'),
  'vid-watching-canvas': perMember(() => '-ERR Invalid DATA\n'),
  'vid-layer': perMember(() => NOT_MIXING),
  'vid-flip': perMember(() => ''),
  'vid-border': perMember(() => ''),
  'vid-filter': perMember(() => '+OK\n'),
  'vid-floor': perMember(() => ''),
  'vid-banner': perMember(() => '+OK\n'),
  'vid-mute-img': perMember(() => ''),
  'vid-logo-img': perMember(() => ''),
  'vid-codec-group': perMember(() => ''),
  'vid-res-id': ({ words }) => (words.length < 2 ? MISUSE : ''),
  'vid-role-id': perMember(() => ''),
  'clear-vid-floor': says('+OK floor Cleared\n'),
  'vid-layout': needs(NOT_MIXING, '-ERR Invalid input\n'),
  'vid-write-png': needs(NOT_MIXING, '-ERR Invalid input\n'),
  'vid-fps': says(NOT_MIXING),
  'vid-res': says(NOT_MIXING),
  'vid-fgimg': needs('-ERR Invalid canvas\n', '-ERR Invalid input\n'),
  'vid-bgimg': needs('-ERR Invalid canvas\n', '-ERR Invalid input\n'),
  'vid-bandwidth': needs('-ERR Bandwidth not set\n', '-ERR Invalid input\n'),
  'vid-personal': says('-ERR conference is not in mixing mode\n'),
};

function setVideoMuted(member: Member, muted: boolean): string {
  member.videoMuted = muted;
  return told(member, muted ? 'vmute' : 'unvmute');
}

function setBlind(member: Member, blind: boolean): string {
  member.blind = blind;
  return told(member, blind ? 'vblind' : 'unvblind');
}

function told(member: Member, word: string): string {
  member.conference.tellOf(member, [['Action', `${word}-member`]]);
  return `+OK ${word} ${member.id}\n`;
}
