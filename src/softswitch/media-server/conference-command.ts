/** What the commands of a conference have in common: whom they mean, what they answer. */
import type { Conference } from './conference.ts';
import type { CommandName } from './conference-grammar.ts';
import type { Member } from './conference-member.ts';
import type { Core } from './core.ts';

/** The text of the reply (empty: FreeSWITCH's word for no reply), or a misuse: the text, followed by how the command is used. */
export type Outcome = string | { readonly misuse: string };

export const MISUSE: Outcome = { misuse: '' };

export interface Call {
  readonly core: Core;
  readonly conference: Conference;
  /** What follows the command, in words. */
  readonly words: readonly string[];
}

export type Handler = (call: Call) => Outcome | Promise<Outcome>;

export type Handlers<Name extends CommandName> = Readonly<Record<Name, Handler>>;

/** What is done to one member; the word or words after the target are `words`. */
export type MemberHandler = (member: Member, words: readonly string[], call: Call) => string;

/** A command of `<member_id|all|last|non_moderator|variable=value>` first. */
export function perMember(handle: MemberHandler): Handler {
  return (call) => {
    const [target = '', ...words] = call.words;
    const { conference } = call;
    switch (target.toLowerCase()) {
      case 'all':
        return conference.members.map((member) => handle(member, words, call)).join('');
      case 'non_moderator':
        return conference.members
          .map((member) => (member.flags.moderator ? `Skipping moderator (member id ${member.id}).\n` : handle(member, words, call)))
          .join('');
      case 'last': {
        const newest = conference.members.reduce<Member | undefined>((best, member) => (best === undefined || member.id > best.id ? member : best), undefined);
        return newest === undefined ? '' : handle(newest, words, call);
      }
    }
    const named = memberOf(conference, target);
    if (named !== undefined) return handle(named, words, call);
    if (target.includes('=')) return '-ERR Non-Existant member\n';
    return isId(target) ? `-ERR Non-Existant ID ${target}\n` : MISUSE;
  };
}

/** A member by its id, or by `variable=value` of its channel. */
export function memberOf(conference: Conference, target: string): Member | undefined {
  const equals = target.indexOf('=');
  if (equals > 0) {
    const [name, value] = [target.slice(0, equals), target.slice(equals + 1)];
    return conference.members.find(({ channel }) => channel.variables.get(name) === value);
  }
  return isId(target) ? conference.member(Number(target)) : undefined;
}

function isId(target: string): boolean {
  return /^[1-9]\d{0,8}$/.test(target);
}

/** What `up`, `down` or a number makes of a level; undefined leaves it as it is. */
export function changed(present: number, value: string | undefined, range: { readonly step: number; readonly least: number; readonly most: number }): number | undefined {
  if (value === undefined) return undefined;
  const wanted = value === 'up' ? present + range.step : value === 'down' ? present - range.step : /^-?\d{1,6}/.test(value) ? Number.parseInt(value, 10) : present;
  return Math.min(range.most, Math.max(range.least, wanted));
}
