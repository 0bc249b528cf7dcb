/** Conference commands about members: may and hears, levels, floor, leaving, relations, tags. */
import { execute } from './apps.ts';
import { changed, memberOf, MISUSE, perMember, type Call, type Handler, type Handlers, type Outcome } from './conference-command.ts';
import type { Conference } from './conference.ts';
import type { Member } from './conference-member.ts';
import type { SoundName } from './conference-profile.ts';

type Names =
  | 'mute' | 'unmute' | 'tmute' | 'deaf' | 'undeaf' | 'hold' | 'unhold' | 'kick' | 'hup' | 'dtmf' | 'energy' | 'auto-energy' | 'max-energy' | 'agc'
  | 'volume_in' | 'volume_out' | 'position' | 'floor' | 'get-uuid' | 'transfer' | 'relate' | 'tag' | 'gettag';

const LEVEL = { step: 200, least: 0, most: 1_800 };
const VOLUME = { step: 1, least: -4, most: 4 };
/** Ids in one `relate` on each side. */
const MAX_RELATED = 100;
const MAX_TAG = 128;

export const memberCommands: Handlers<Names> = {
  mute: perMember((member, [quiet]) => setSpeak(member, false, quiet)),
  unmute: perMember((member, [quiet]) => setSpeak(member, true, quiet)),
  tmute: perMember((member, [quiet]) => setSpeak(member, !member.speak, quiet)),
  deaf: perMember((member) => setHear(member, false)),
  undeaf: perMember((member) => setHear(member, true)),
  hold: perMember(hold),
  unhold: perMember(unhold),
  kick: expel('kick-member', 'kicked', ([sound]) => ({ sound })),
  hup: expel('hup-member', 'hup', () => undefined),
  dtmf: perMember(dtmf),
  energy: perMember(energy),
  'auto-energy': perMember(autoEnergy),
  'max-energy': perMember(maxEnergy),
  agc: perMember(agc),
  volume_in: perMember((member, words) => volume(member, 'volumeIn', words)),
  volume_out: perMember((member, words) => volume(member, 'volumeOut', words)),
  position: perMember(() => '-ERR not supported\n'),
  floor: perMember(floor),
  'get-uuid': perMember((member) => member.channel.uuid),
  transfer: (call) => transfer(call),
  relate: (call) => relate(call),
  tag: perMember((member, [tag = '']) => {
    member.tag = tag.slice(0, MAX_TAG);
    member.conference.tellOf(member, [['Action', 'tag'], ['Tag', member.tag]]);
    return `+OK tag ${member.id}\n`;
  }),
  gettag: ({ conference, words: [tag, nomatch] }) => {
    if (tag === undefined) return MISUSE;
    return conference.members.filter((member) => (member.tag === tag) === (nomatch !== 'nomatch')).map(({ id }) => id).join(',');
  },
};

function setSpeak(member: Member, speak: boolean, quiet: string | undefined): string {
  member.speak = speak;
  const word = speak ? 'unmute' : 'mute';
  indicate(member, speak ? 'unmuted-sound' : 'muted-sound', quiet);
  return toldAs(member, word, `+OK ${word} ${member.id}\n`);
}

function setHear(member: Member, hear: boolean): string {
  member.hear = hear;
  const word = hear ? 'undeaf' : 'deaf';
  indicate(member, hear ? 'undeaf-sound' : 'deaf-sound');
  return toldAs(member, word, `+OK ${word} ${member.id}\n`);
}

function indicate(member: Member, sound: SoundName, quiet?: string): void {
  if (quiet?.includes('quiet') !== true) member.conference.sound(sound, member);
}

function toldAs(member: Member, word: string, reply: string): string {
  member.conference.apply(member);
  member.conference.tellOf(member, [['Action', `${word}-member`]]);
  return reply;
}

/** With a file the member hears it, again and again, until it is taken off hold. */
function hold(member: Member, [file]: readonly string[]): string {
  member.hold = true;
  if (file !== undefined) holdMusic(member, file);
  return toldAs(member, 'hold', `+OK hold ${member.id}\n`);
}

function holdMusic(member: Member, file: string): void {
  member.conference.playSound(file, member, (heard) => {
    if (heard && member.hold && member.channel.member === member) holdMusic(member, file);
  });
}

function unhold(member: Member, _words: readonly string[], { core }: Call): string {
  member.hold = false;
  member.conference.plays.stop('all', member).catch((error: unknown) => core.log.error({ error }, 'hold music could not be stopped'));
  return toldAs(member, 'unhold', `+OK unhold ${member.id}\n`);
}

/** All are told to go before the first one has gone (E20). */
function expel(action: 'kick-member' | 'hup-member', word: string, kicked: (words: readonly string[]) => { readonly sound: string | undefined } | undefined): Handler {
  return (call) => {
    const leaving: Member[] = [];
    const tell = perMember((member) => {
      member.conference.tellOf(member, [['Action', action]]);
      leaving.push(member);
      return `+OK ${word} ${member.id}\n`;
    });
    const reply = tell(call);
    for (const member of leaving) member.conference.remove(member, kicked(call.words.slice(1)));
    return reply;
  };
}

function dtmf(member: Member, [digits]: readonly string[]): string {
  if (digits === undefined || !/^[0-9*#A-D]{1,100}$/i.test(digits)) return '-ERR Invalid input!\n';
  member.conference.sendDigits(member, digits.toUpperCase());
  member.conference.tellOf(member, [['Action', 'dtmf-member'], ['Digits', digits]]);
  return `+OK sent ${digits} to ${member.id}\n`;
}

function energy(member: Member, [value]: readonly string[]): string {
  const next = changed(member.energyLevel, value, LEVEL);
  if (next === undefined) return `Energy ${member.id} = ${member.energyLevel}\n`;
  member.energyLevel = next;
  const exceeded = member.autoEnergyLevel > 0 && next > member.autoEnergyLevel;
  if (exceeded) member.autoEnergyLevel = 0;
  const reply = `Energy ${member.id} = ${next}\n${exceeded ? 'Auto-Energy level exceeded, Auto-Energy mode disabled\n' : ''}`;
  return toldAs(member, 'energy-level', reply);
}

function autoEnergy(member: Member, [value]: readonly string[]): string {
  const next = changed(member.autoEnergyLevel, value, LEVEL);
  if (next !== undefined) member.autoEnergyLevel = next;
  const reply = `${member.id} = Auto-Energy: ${member.autoEnergyLevel} Energy: ${member.energyLevel}\n`;
  if (member.energyLevel === 0) member.energyLevel = Math.floor(member.autoEnergyLevel / 2);
  member.conference.apply(member);
  if (next !== undefined) member.conference.tellOf(member, [['Action', 'auto-energy-level-member'], ['Auto-Energy-Level', String(next)]]);
  return reply;
}

/** `level[:mute ms[:hits]]`. The reply names energy and maximum the wrong way round, as mod_conference does (E08). */
function maxEnergy(member: Member, [value]: readonly string[]): string {
  const next = changed(member.maxEnergyLevel, value, { ...LEVEL, most: 32_767 });
  let complaint = '';
  if (next !== undefined) {
    member.maxEnergyLevel = next;
    const [, ms, hits] = (value ?? '').split(':');
    if (next > 0 && next < member.energyLevel) {
      member.maxEnergyLevel = 0;
      complaint = `-ERR ${member.id} Max-Energy cannot exceed energy level.\n`;
    } else {
      if (ms !== undefined && /^\d{1,6}$/.test(ms)) member.maxEnergyMuteMs = Math.floor(Number(ms) / 20) * 20;
      if (hits !== undefined && /^\d{1,6}$/.test(hits)) member.maxEnergyHitTrigger = Number(hits);
    }
    member.conference.apply(member);
    member.conference.tellOf(member, [
      ['Action', 'max-energy-level-member'],
      ['Max-Energy-Level', String(member.maxEnergyLevel)],
      ['Max-Energy-Mute', String(member.maxEnergyMuteMs)],
      ['Max-Energy-Hit-Trigger', String(member.maxEnergyHitTrigger)],
    ]);
  }
  const { id, energyLevel, maxEnergyLevel, maxEnergyMuteMs, maxEnergyHitTrigger } = member;
  return `${complaint}${id} = Max-Energy: ${energyLevel} Energy: ${maxEnergyLevel} Max-Energy-Mute: ${maxEnergyMuteMs}ms Max-Energy-Hit-Trigger ${maxEnergyHitTrigger}\n`;
}

/** `level[:...]`: what follows the level tunes FreeSWITCH's own algorithm. A word such as `off` leaves the level as it is (E08), 0 by `down` ends it. */
function agc(member: Member, [value]: readonly string[]): string {
  if (value === undefined) return `Agc ${member.id} = ${member.agcLevel}\n`;
  const next = changed(member.agcLevel, value, { ...LEVEL, most: 32_767 }) ?? 0;
  if (next > 0 || value === 'down') member.agcLevel = next;
  member.conference.apply(member);
  member.conference.tellOf(member, [['Action', 'agc-level-member'], ['Agc-Level', String(member.agcLevel)]]);
  return `Agc ${member.id} = ${member.agcLevel}\n`;
}

function volume(member: Member, which: 'volumeIn' | 'volumeOut', [value]: readonly string[]): string {
  const next = changed(member[which], value, VOLUME);
  const incoming = which === 'volumeIn';
  if (next !== undefined) {
    member[which] = next;
    member.conference.apply(member);
    member.conference.tellOf(member, [['Action', incoming ? 'volume-in-member' : 'volume-out-member'], ['Volume-Level', String(next)]]);
  }
  return `+OK Volume ${incoming ? 'IN' : 'OUT'} ${member.id} = ${member[which]}\n`;
}

/** Refused while another holds it; the holder gives it up (F-19). */
function floor(member: Member): string {
  const { conference } = member;
  const holder = conference.floor;
  if (holder !== undefined && holder !== member) return `-ERR floor is held by ${holder.id}\n`;
  if (holder === undefined) {
    conference.takeFloor(member);
    return `+OK floor ${member.id}\n`;
  }
  conference.dropFloor();
  return '+OK floor none\n';
}

function transfer({ core, conference, words: [place, ...targets] }: Call): Outcome {
  if (place === undefined || targets.length === 0) return MISUSE;
  return targets
    .map((target) => {
      const member = memberOf(conference, target);
      if (member === undefined) return `-ERR No Member ${target} in conference ${conference.name}.\n`;
      transferOne(member, place, core.newUuid());
      return `+OK Member '${member.id}' sent to conference ${place}.\n`;
    })
    .join('');
}

/** The channel's applications end, then it runs `conference` anew: the order of E08 and E11. */
function transferOne(member: Member, place: string, uuid: string): void {
  const { channel, conference } = member;
  conference.tellOf(member, [['Old-Conference-Name', conference.name], ['New-Conference-Name', place], ['Action', 'transfer']]);
  channel.setVariable('last_transfered_conference', place.split('@')[0]);
  channel.transfer();
  execute(channel, { uuid, name: 'conference', argument: place.includes('@') ? place : `${place}@${conference.profile.name}` });
}

function relate({ conference, words }: Call): Outcome {
  const [from, to, action] = words;
  const { relations } = conference;
  if (to === undefined) {
    if (relations.empty) return '+OK No relationships\n';
    return from === undefined ? '' : ids(from).map((id) => relationsOf(conference, id)).join('');
  }
  if (action === undefined || from === undefined) return MISUSE;
  const [nospeak, nohear, sendvideo, clear] = [action.includes('nospeak'), action.includes('nohear'), action.includes('sendvideo'), action.toLowerCase() === 'clear'];
  if (!(nospeak || nohear || sendvideo || clear)) return MISUSE;
  const pairs = ids(from).flatMap((one) => ids(to).map((other) => [one, other] as const));
  return pairs
    .map(([one, other]) => {
      const [member, second] = [memberOf(conference, one), memberOf(conference, other)];
      if (member === undefined || (second === undefined && !clear)) return `-ERR relationship ${one}->${other} not found.\n`;
      if (clear) {
        if (other === '0') relations.clearAll(member);
        else if (second !== undefined) relations.clear(member, second);
        return `+OK relationship ${one}->${other} cleared.\n`;
      }
      if (second !== undefined) relations.set(member, second, { speak: !nospeak, hear: !nohear });
      return `+OK ${one}->${other} ${action} set\n`;
    })
    .join('');
}

function ids(text: string): readonly string[] {
  return text.split(',').slice(0, MAX_RELATED);
}

/** `id -> other SPEAK NOHEAR NOSENDVIDEO`; id 0 is everyone. */
function relationsOf(conference: Conference, id: string): string {
  return conference.members
    .filter((member) => id === '0' || String(member.id) === id)
    .flatMap((member) => conference.relations.of(member).map(([other, { speak, hear }]) => `${member.id} -> ${other.id} ${speak ? 'SPEAK' : 'NOSPEAK'} ${hear ? 'HEAR' : 'NOHEAR'} NOSENDVIDEO \n`))
    .join('');
}
