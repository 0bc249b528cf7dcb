/**
 * The rules of play_and_get_digits as a pure machine: prompt, digits, invalid file, again. A key during the prompt stops it
 * and counts. What is collected leaves this machine only as the channel variable that was asked for.
 */
import type { Step } from '../../lib/machine.ts';

export interface CollectOptions {
  readonly min: number;
  readonly max: number;
  readonly tries: number;
  /** Ms until the first digit, counted from the end of the prompt. */
  readonly timeout: number;
  /** Ms between digits. */
  readonly digitTimeout: number;
  readonly terminators: string;
  /** `=` before the terminators: digits count only when one ended them. */
  readonly terminatorRequired: boolean;
  /** Terminators that also become part of the digits (`+` before them). */
  readonly keptTerminators: string;
  readonly prompt: string;
  readonly invalid: string;
  readonly variable: string;
  /** Undefined accepts everything. */
  readonly regexp: RegExp | undefined;
}

type Ending = 'terminator' | 'full' | 'timeout' | 'no_prompt';

export interface CollectState {
  readonly options: CollectOptions;
  readonly phase: 'idle' | 'prompt' | 'collecting' | 'stopping' | 'invalid' | 'over';
  readonly triesLeft: number;
  readonly digits: string;
  /** Pressed while the invalid file plays: they count for the next try. */
  readonly ahead: string;
  /** The prompt has not been reported over yet. */
  readonly prompting: boolean;
  /** Why collecting ended; kept while the prompt is being stopped, and for the final read_result. */
  readonly ending: Ending;
}

export type CollectEvent =
  | { readonly type: 'start' }
  | { readonly type: 'digit'; readonly digit: string }
  /** The prompt or the invalid file is over; `found` is false when there was no such file. */
  | { readonly type: 'played'; readonly found: boolean }
  | { readonly type: 'timeout' };

export type CollectEffect =
  | { readonly type: 'play'; readonly file: string }
  | { readonly type: 'stopPlay' }
  | { readonly type: 'startTimer'; readonly ms: number }
  | { readonly type: 'cancelTimer' }
  | { readonly type: 'set'; readonly variable: string; readonly value: string | undefined }
  | { readonly type: 'done' };

type Next = Step<CollectState, CollectEffect>;

const MAX_DIGITS = 128;

export function initialCollect(options: CollectOptions): CollectState {
  return { options, phase: 'idle', triesLeft: Math.max(1, options.tries), digits: '', ahead: '', prompting: false, ending: 'timeout' };
}

export function stepCollect(state: CollectState, event: CollectEvent): Next {
  switch (event.type) {
    case 'start':
      return then(beginTry(state), [{ type: 'set', variable: `${state.options.variable}_invalid`, value: undefined }]);
    case 'digit':
      return onDigit(state, event.digit);
    case 'played':
      return onPlayed(state, event.found);
    case 'timeout':
      return state.phase === 'collecting' ? endTry(state, 'timeout') : stay(state);
  }
}

function onDigit(state: CollectState, digit: string): Next {
  switch (state.phase) {
    case 'prompt':
      return then(takeDigit({ ...state, phase: 'collecting' }, digit), [{ type: 'stopPlay' }]);
    case 'collecting':
      return takeDigit(state, digit);
    case 'invalid':
      return stay({ ...state, ahead: (state.ahead + digit).slice(0, MAX_DIGITS) });
    case 'idle':
    case 'stopping':
    case 'over':
      return stay(state);
  }
}

function takeDigit(state: CollectState, digit: string): Next {
  const { options } = state;
  if (options.terminators.includes(digit)) {
    const digits = options.keptTerminators.includes(digit) ? state.digits + digit : state.digits;
    return then(endTry({ ...state, digits }, 'terminator'), [{ type: 'set', variable: 'read_terminator_used', value: digit }]);
  }
  const taken = { ...state, digits: state.digits + digit };
  if (taken.digits.length >= options.max && !options.terminatorRequired) return endTry(taken, 'full');
  return { state: taken, effects: [{ type: 'startTimer', ms: options.digitTimeout }] };
}

function onPlayed(state: CollectState, found: boolean): Next {
  const heard = { ...state, prompting: false };
  switch (state.phase) {
    case 'prompt':
      // F-17: a prompt that is missing ends the try at once.
      if (!found) return endTry(heard, 'no_prompt');
      return { state: { ...heard, phase: 'collecting' }, effects: [{ type: 'startTimer', ms: state.options.timeout }] };
    case 'stopping':
      return judge(heard);
    case 'invalid':
      return afterInvalid(state);
    case 'idle':
    case 'collecting':
    case 'over':
      return stay(heard);
  }
}

function beginTry(state: CollectState): Next {
  const { prompt, variable } = state.options;
  const fresh: CollectState = { ...state, digits: '', ahead: '', phase: 'collecting' };
  const clear: CollectEffect[] = [
    { type: 'set', variable: 'read_result', value: undefined },
    { type: 'set', variable, value: undefined },
  ];
  if (state.ahead !== '') {
    let next: Next = { state: fresh, effects: [] };
    for (const digit of state.ahead) next = then(onDigit(next.state, digit), next.effects);
    return then(next, clear);
  }
  if (isNone(prompt)) return { state: fresh, effects: [...clear, { type: 'startTimer', ms: state.options.timeout }] };
  return { state: { ...fresh, phase: 'prompt', prompting: true }, effects: [...clear, { type: 'play', file: prompt }] };
}

/** Collecting is over; the verdict waits until the prompt has stopped, so that its end is told first. */
function endTry(state: CollectState, ending: Ending): Next {
  const ended = { ...state, ending };
  const next: Next = state.prompting ? stay({ ...ended, phase: 'stopping' }) : judge(ended);
  return then(next, [{ type: 'cancelTimer' }]);
}

function judge(state: CollectState): Next {
  const { options, digits } = state;
  const enough = state.ending !== 'no_prompt' && digits.length >= options.min && (!options.terminatorRequired || state.ending === 'terminator');
  // Nothing at all is an answer when none is demanded: the expression is not asked then.
  const matches = digits === '' || options.regexp === undefined || options.regexp.test(digits);
  if (enough && matches) {
    const results: CollectEffect[] = [{ type: 'set', variable: 'read_result', value: 'success' }];
    if (digits !== '') results.unshift({ type: 'set', variable: options.variable, value: digits });
    return { state: { ...state, phase: 'over' }, effects: [...results, { type: 'done' }] };
  }
  const rejected: CollectEffect[] = enough ? [{ type: 'set', variable: `${options.variable}_invalid`, value: digits }] : [];
  if (isNone(options.invalid)) return then(afterInvalid(state), rejected);
  return { state: { ...state, phase: 'invalid' }, effects: [...rejected, { type: 'play', file: options.invalid }] };
}

function afterInvalid(state: CollectState): Next {
  const triesLeft = state.triesLeft - 1;
  if (triesLeft > 0) return beginTry({ ...state, triesLeft });
  const value = state.ending === 'timeout' ? 'timeout' : 'failure';
  return { state: { ...state, triesLeft, phase: 'over' }, effects: [{ type: 'set', variable: 'read_result', value }, { type: 'done' }] };
}

function isNone(file: string): boolean {
  return file === '' || file === 'silence' || file === 'none';
}

function stay(state: CollectState): Next {
  return { state, effects: [] };
}

/** `next` with these effects in front. */
function then(next: Next, first: readonly CollectEffect[]): Next {
  return { state: next.state, effects: [...first, ...next.effects] };
}

/** Reads `min max tries timeout terminators file invalid_file var regexp digit_timeout`; undefined when it makes no sense. */
export function readCollectArgument(argument: string): CollectOptions | undefined {
  const [min, max, tries, timeout, ends, prompt, invalid, variable, pattern, digitTimeout] = splitWords(argument);
  const least = number(min);
  const most = number(max);
  if (least === undefined || most === undefined || prompt === undefined) return undefined;
  const wait = Math.max(1_000, number(timeout) ?? 1_000);
  const regexp = readRegexp(pattern);
  if (regexp === 'invalid') return undefined;
  return {
    min: least,
    max: Math.min(Math.max(most, least, 1), MAX_DIGITS),
    tries: number(tries) ?? 1,
    timeout: wait,
    digitTimeout: number(digitTimeout) || wait,
    ...readTerminators(ends ?? ''),
    prompt,
    invalid: invalid ?? '',
    variable: variable === undefined || variable === '' ? 'read_digits' : variable,
    regexp,
  };
}

/** Reads `min max file variable timeout terminators [digit_timeout]`, the argument of `read`: one try, and any digits will do. */
export function readReadArgument(argument: string): CollectOptions | undefined {
  const [min, max, prompt, variable, timeout, ends, digitTimeout] = splitWords(argument);
  const least = number(min);
  const most = number(max);
  if (least === undefined || most === undefined || prompt === undefined || variable === undefined || variable === '') return undefined;
  const wait = Math.max(1_000, number(timeout) ?? 1_000);
  return {
    min: least,
    max: Math.min(Math.max(most, least, 1), MAX_DIGITS),
    tries: 1,
    timeout: wait,
    digitTimeout: number(digitTimeout) || wait,
    ...readTerminators(ends ?? ''),
    prompt,
    invalid: '',
    variable,
    regexp: undefined,
  };
}

function readTerminators(text: string): Pick<CollectOptions, 'terminators' | 'terminatorRequired' | 'keptTerminators'> {
  const list = text === 'none' ? '' : text.replace(/^=/, '');
  return {
    terminators: list.replaceAll('+', ''),
    terminatorRequired: text.startsWith('='),
    keptTerminators: [...list.matchAll(/\+(.)/g)].map((match) => match[1]).join(''),
  };
}

function readRegexp(pattern: string | undefined): RegExp | undefined | 'invalid' {
  if (pattern === undefined || pattern === '') return undefined;
  try {
    return new RegExp(pattern);
  } catch {
    return 'invalid';
  }
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Words are split at spaces; single quotes keep them together. */
function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}
