/** Number rules: what may be dialled beyond rooms and users, where it leads, and who may. Without a rule: nothing, nobody. */
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { isDtmfSequence } from './dtmf-sequence.ts';
import { matches, parsePattern, type NumberPattern } from './number-pattern.ts';
import type { RoomId } from './room.ts';

export interface NumberRuleSettings {
  readonly name: string;
  /** Lower ones are asked first; of equal ones the older. */
  readonly priority: number;
  /** What a number begins with, or a pattern of the whole number (`number-pattern.ts`). */
  readonly match: { readonly kind: 'prefix' | 'pattern'; readonly text: string };
  /** So many characters of the number are dropped, then `prepend` is put before it. */
  readonly strip: number;
  readonly prepend: string;
  /** A SIP URI; `{number}` in it is the number by then: `sip:{number}@trunk.example`, or always `sip:meet@service.example`. */
  readonly target: string;
  /** Keyed after the answer, `{number}` being the number by then: where a conference service asks for the meeting. */
  readonly dtmf?: string;
  /** Who we are where the target asks (digest); the secret is kept apart. */
  readonly username?: string;
  readonly grant: NumberGrant;
}

/** Who may dial by a rule: users of ours from their telephones, conferences, and anybody at all. */
export interface NumberGrant {
  readonly users: 'all' | readonly string[];
  readonly rooms: 'all' | readonly RoomId[];
  readonly anyone: boolean;
}

export interface NumberRule extends NumberRuleSettings {
  readonly id: string;
  /** Counts its changes. */
  readonly version: number;
}

/** Who dials. */
export type Dialler = { readonly kind: 'anybody' } | { readonly kind: 'user'; readonly name: string } | { readonly kind: 'room'; readonly room: RoomId };

/** What a rule makes of a number. */
export interface NumberRoute {
  readonly rule: NumberRule;
  readonly uri: string;
  readonly dtmf?: string;
}

export type NumberVerdict = { readonly kind: 'granted'; readonly route: NumberRoute } | { readonly kind: 'not_permitted' } | { readonly kind: 'no_rule' };

const longestNumber = 64;
/** What can stand in a URI as it is. */
const numberShape = /^[0-9a-z+*._-]+$/;

/** The first rule that matches and is granted to who dials. */
export function routeNumber(rules: readonly NumberRule[], number: string, by: Dialler): NumberVerdict {
  const dialled = number.toLowerCase();
  if (dialled.length > longestNumber || !numberShape.test(dialled)) return { kind: 'no_rule' };
  const matching = rules.filter(({ match, strip }) => strip <= dialled.length && isMatch(match, dialled));
  const rule = matching.find(({ grant }) => isGranted(grant, by));
  if (rule === undefined) return { kind: matching.length > 0 ? 'not_permitted' : 'no_rule' };
  const left = rule.prepend + dialled.slice(rule.strip);
  const filled = (text: string): string => text.replaceAll('{number}', left);
  const dtmf = rule.dtmf === undefined ? undefined : filled(rule.dtmf);
  // What cannot be keyed is not half keyed.
  if (dtmf !== undefined && !isDtmfSequence(dtmf)) return { kind: 'no_rule' };
  return { kind: 'granted', route: { rule, uri: filled(rule.target), ...(dtmf === undefined ? {} : { dtmf }) } };
}

/** In the order in which they are asked; `rules` are in order of creation. */
export const inOrder = (rules: readonly NumberRule[]): readonly NumberRule[] => [...rules].sort((one, other) => one.priority - other.priority);

function isMatch({ kind, text }: NumberRule['match'], number: string): boolean {
  if (kind === 'prefix') return number.startsWith(text.toLowerCase());
  const pattern = patternOf(text);
  return pattern !== undefined && matches(pattern, number);
}

const patternOf = (text: string): NumberPattern | undefined => parsePattern(text);

function isGranted({ users, rooms, anyone }: NumberGrant, by: Dialler): boolean {
  switch (by.kind) {
    case 'anybody':
      return anyone;
    case 'user':
      return anyone || users === 'all' || users.includes(by.name);
    case 'room':
      return anyone || rooms === 'all' || rooms.includes(by.room);
  }
}

/** Host of a SIP URI, lower case, without port; undefined where it is none. */
export const hostOfTarget = (uri: string): string | undefined => /^sips?:(?:[^@\s]+@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?=[:;?]|$)/i.exec(uri)?.[1]?.toLowerCase();

export type NumberRuleProblemCode =
  | 'rule_name_invalid'
  | 'rule_priority_invalid'
  | 'rule_match_invalid'
  | 'rule_strip_invalid'
  | 'rule_prepend_invalid'
  | 'rule_target_invalid'
  | 'rule_dtmf_invalid'
  | 'rule_username_invalid'
  | 'rule_grant_invalid';

const longestName = 50;
const longestTarget = 256;
const mostGranted = 1_000;
const oneLine = (text: string, longest: number): boolean => text.trim() !== '' && text.length <= longest && !/\p{Cc}/u.test(text);

export function validateNumberRule(rule: NumberRuleSettings): Result<NumberRuleSettings, readonly Problem<NumberRuleProblemCode>[]> {
  const { name, priority, match, strip, prepend, target, dtmf, username, grant } = rule;
  const problems: Problem<NumberRuleProblemCode>[] = [];
  const wrong = (field: string, code: NumberRuleProblemCode, message: string, advice: string): void => void problems.push({ code, message, advice, field });
  if (!oneLine(name, longestName)) wrong('name', 'rule_name_invalid', 'the name of the rule is empty, too long or more than one line', `give 1 to ${longestName} characters`);
  if (!Number.isInteger(priority) || priority < 0 || priority > 1_000) wrong('priority', 'rule_priority_invalid', 'the priority is out of range', 'give a whole number from 0 to 1000; lower ones are asked first');
  if (match.kind === 'prefix' ? !/^[0-9a-z+*._-]{1,64}$/i.test(match.text) : patternOf(match.text) === undefined) {
    wrong('match', 'rule_match_invalid', `this ${match.kind} cannot be matched`, String.raw`give what numbers begin with, or a pattern of the whole number such as 0\d{5,15} or \+49[1-9]\d+`);
  }
  if (!Number.isInteger(strip) || strip < 0 || strip > longestNumber) wrong('strip', 'rule_strip_invalid', 'so many characters cannot be dropped', `give a whole number from 0 to ${longestNumber}`);
  if (!/^[0-9a-z+*._-]{0,32}$/i.test(prepend)) wrong('prepend', 'rule_prepend_invalid', 'this cannot be put before a number', 'use up to 32 letters, digits and + * . _ -');
  // The number says whom, never where.
  const host = hostOfTarget(target.replaceAll('{number}', '0'));
  const isTarget = target.length <= longestTarget && !/[\s<>"\p{Cc}]/u.test(target) && host !== undefined && !/@.*\{number\}/.test(target) && hostOfTarget(target) === host;
  if (!isTarget) wrong('target', 'rule_target_invalid', 'this cannot be called', 'give a SIP URI such as sip:{number}@trunk.example, with {number} in its user part only');
  if (dtmf !== undefined && !isDtmfSequence(dtmf.replaceAll('{number}', '0'))) wrong('dtmf', 'rule_dtmf_invalid', 'these keys cannot be sent', 'use 0-9 A-D * # , for a pause of 2 s, and {number}');
  if (username !== undefined && !oneLine(username, 128)) wrong('username', 'rule_username_invalid', 'this is no user name', 'give up to 128 characters');
  for (const who of ['users', 'rooms'] as const) {
    const granted = grant[who];
    if (granted !== 'all' && (granted.length > mostGranted || granted.some((each) => !oneLine(each, 128)))) wrong(`grant.${who}`, 'rule_grant_invalid', 'too many or empty names', `give "all", or up to ${mostGranted} names`);
  }
  return problems.length === 0 ? ok({ ...rule, name: name.trim() }) : err(problems);
}
