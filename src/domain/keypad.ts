import { unreachable, err, ok, type Result } from '../lib/result.ts';
import type { Problem } from '../lib/problem.ts';
import type { Step } from '../lib/machine.ts';
import type { CommandName } from './command-name.ts';
import type { ControlCommand, KeypadCommand } from './commands.ts';
import { Pin } from './pin-format.ts';
import type { KeypadPolicy, KeypadTable } from './policy.ts';
import { say, spokenCode, type Prompt } from './prompts.ts';

export type { KeypadTable } from './policy.ts';

export type KeypadAction = CommandName;

export type KeypadEvent =
  | { readonly type: 'digit'; readonly digit: string }
  /** What `say` asked for is over. */
  | { readonly type: 'promptEnded' }
  | { readonly type: 'timer'; readonly name: 'code' };

export type KeypadEffect =
  | { readonly do: 'command'; readonly command: KeypadCommand | Extract<ControlCommand, { readonly type: 'claimHost' }> }
  /** Said to this participant only, e.g. "key the host PIN" after `*1`, "press 3 to end for all" after `*94`, "unknown code". */
  | { readonly do: 'say'; readonly prompts: readonly Prompt[] }
  | { readonly do: 'startTimer'; readonly name: 'code'; readonly ms: number }
  | { readonly do: 'cancelTimer'; readonly name: 'code' };

export type KeypadState =
  | { readonly at: 'idle' }
  | { readonly at: 'code'; readonly keyed: string }
  /** After `*1`. The entry is held as `Pin` so that a state printed shows none. */
  | { readonly at: 'pin'; readonly entry: Pin }
  /** After a code that needs its confirmation. */
  | { readonly at: 'confirm' };

/** As the prompt after the code says. */
const confirmation = '3';
/** The longest PIN that can be configured, and one more: an entry cut here is still a wrong one. */
const longestEntry = 21;
/** The prompt after `*1` or `*94` ends the wait for its first digit to begin; if no end is ever told, this does. */
const promptLimitMs = 15_000;

const idle: KeypadState = { at: 'idle' };

export const initialKeypad = (): KeypadState => idle;

/** Codes and what they do, in the order they are spoken. */
export const codesOf = (table: KeypadTable): readonly (readonly [code: string, action: KeypadAction])[] => Object.entries(table);

export const codeOf = (table: KeypadTable, action: KeypadAction): string | undefined => codesOf(table).find(([, does]) => does === action)?.[0];

/** One key in the conference. Bare digits and `#` do nothing; `*` starts a code, also in the middle of another. */
export function keypadStep(state: KeypadState, event: KeypadEvent, policy: KeypadPolicy): Step<KeypadState, KeypadEffect> {
  switch (event.type) {
    case 'digit':
      if (event.digit === '*') return { state: { at: 'code', keyed: '' }, effects: [startTimer(policy.codeTimeoutMs)] };
      if (!/^[0-9#]$/.test(event.digit)) return { state, effects: [] };
      return key(state, event.digit, policy);
    case 'promptEnded':
      // A PIN is waited for when it has been asked for; one already begun has its own time.
      if (state.at === 'confirm' || (state.at === 'pin' && state.entry.length === 0)) return { state, effects: [startTimer(policy.codeTimeoutMs)] };
      return { state, effects: [] };
    case 'timer':
      return { state: idle, effects: state.at === 'confirm' ? [{ do: 'say', prompts: say('end_cancelled') }] : [] };
    default:
      return unreachable(event);
  }
}

function key(state: KeypadState, digit: string, policy: KeypadPolicy): Step<KeypadState, KeypadEffect> {
  switch (state.at) {
    case 'idle':
      return { state, effects: [] };
    case 'code':
      return digit === '#' ? { state, effects: [] } : code(state.keyed + digit, policy);
    case 'pin': {
      const { entry } = state;
      if (digit !== '#') {
        const longer = entry.length < longestEntry ? new Pin(entry.reveal() + digit) : entry;
        return { state: { at: 'pin', entry: longer }, effects: [startTimer(policy.codeTimeoutMs)] };
      }
      // An empty entry is no attempt.
      return { state: idle, effects: [cancelTimer, ...(entry.length === 0 ? [] : [{ do: 'command', command: { type: 'claimHost', entry } } as const])] };
    }
    case 'confirm': {
      const effect: KeypadEffect = digit === confirmation ? { do: 'command', command: { type: 'endForAll' } } : { do: 'say', prompts: say('end_cancelled') };
      return { state: idle, effects: [cancelTimer, effect] };
    }
    default:
      return unreachable(state);
  }
}

function code(keyed: string, { table, codeTimeoutMs }: KeypadPolicy): Step<KeypadState, KeypadEffect> {
  const action = Object.hasOwn(table, keyed) ? table[keyed] : undefined;
  if (action === 'claimHost') return { state: { at: 'pin', entry: new Pin('') }, effects: [startTimer(promptLimitMs), { do: 'say', prompts: say('enter_host_pin') }] };
  if (action === 'endForAll') return { state: { at: 'confirm' }, effects: [startTimer(promptLimitMs), { do: 'say', prompts: say('end_confirm') }] };
  if (action !== undefined) return { state: idle, effects: [cancelTimer, { do: 'command', command: { type: action } }] };
  if (codesOf(table).some(([longer]) => longer.startsWith(keyed))) return { state: { at: 'code', keyed }, effects: [startTimer(codeTimeoutMs)] };
  const help = codeOf(table, 'help');
  return { state: idle, effects: [cancelTimer, { do: 'say', prompts: [...say('code_unknown'), ...(help === undefined ? [] : [...say('help_hint'), ...spokenCode(help)])] }] };
}

const startTimer = (ms: number): KeypadEffect => ({ do: 'startTimer', name: 'code', ms });
const cancelTimer: KeypadEffect = { do: 'cancelTimer', name: 'code' };

export type KeypadProblemCode = 'keypad_code_malformed' | 'keypad_code_prefix' | 'keypad_code_confusable' | 'keypad_confirmation_doubled';

/** Codes that end somebody's call. */
const destructive: ReadonlySet<KeypadAction> = new Set(['endForAll', 'refuseNext']);

/** N-13: refuses a table in which one lost or doubled digit turns a harmless code into a destructive one. */
export function validateKeypad(table: KeypadTable): Result<KeypadTable, Problem<KeypadProblemCode>> {
  const codes = codesOf(table);
  for (const [keyed, action] of codes) {
    if (!/^[0-9]{1,4}$/.test(keyed)) {
      return err({ code: 'keypad_code_malformed', message: `keypad code ${JSON.stringify(keyed)} cannot be keyed`, advice: 'use one to four digits, without the *' });
    }
    const longer = codes.find(([other]) => other !== keyed && other.startsWith(keyed));
    if (longer !== undefined) {
      return err({ code: 'keypad_code_prefix', message: `keypad code ${longer[0]} cannot be keyed, because ${keyed} does something already`, advice: 'let no code begin with another' });
    }
    if (action === 'endForAll' && keyed.endsWith(confirmation)) {
      return err({
        code: 'keypad_confirmation_doubled',
        message: `keypad code ${keyed} ends with the digit that confirms it: one doubled digit would end the conference`,
        advice: `choose a code that does not end with ${confirmation}`,
      });
    }
    const mistaken = destructive.has(action) ? undefined : codes.find(([other, does]) => destructive.has(does) && slips(keyed).some((slip) => slip.startsWith(other)));
    if (mistaken !== undefined) {
      return err({
        code: 'keypad_code_confusable',
        message: `one lost or doubled digit makes keypad code ${mistaken[0]} (${mistaken[1]}) of ${keyed} (${action})`,
        advice: 'choose codes that differ in more than one digit',
      });
    }
  }
  return ok(table);
}

/** What a code becomes when one digit is lost or doubled. */
function slips(keyed: string): readonly string[] {
  return Array.from(keyed, (digit, at) => [keyed.slice(0, at) + keyed.slice(at + 1), keyed.slice(0, at) + digit + keyed.slice(at)]).flat();
}
