import { unreachable } from '../lib/result.ts';
import type { Step } from '../lib/machine.ts';
import { judgePin, type Grant, type PinMatch } from './admission.ts';
import { Pin } from './pin-format.ts';
import type { AdmissionRule, PinPolicy, RoomRules } from './policy.ts';
import { say, type Prompt, type PromptKey } from './prompts.ts';
import { goodbyeOf, type EndReason } from './reasons.ts';

/**
 * What a caller goes through between the answer and having a role: the attendant (its PIN, the room number) and the
 * PIN of the room. Digits keyed at any moment count (type-ahead): those keyed while an entry is being checked are kept.
 */
export type IvrTimer = 'firstDigit' | 'interDigit' | 'screen';

export type IvrEvent =
  /** The call is answered at the attendant. */
  | { readonly type: 'startAttendant'; readonly asksPin: boolean; readonly longestNumber: number }
  /** The room is known and asks for a PIN (verdict `askPin`). While it is being asked already: the verdict has changed with the room; nothing keyed is lost. `wrong`: attempts used up before. */
  | { readonly type: 'startPin'; readonly room: RoomRules; readonly rule: AdmissionRule; readonly noPin: 'guest' | 'end'; readonly wrong?: number }
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'promptEnded' }
  | { readonly type: 'timer'; readonly name: IvrTimer }
  /** The answers to the `check` effects. */
  | { readonly type: 'attendantPinChecked'; readonly correct: boolean }
  | { readonly type: 'numberChecked'; readonly found: boolean }
  /** `present`: members who are in the room (OV-38). */
  | { readonly type: 'pinChecked'; readonly match: PinMatch; readonly room: RoomRules; readonly present?: ReadonlySet<string> }
  /** The room opened while the caller is asked. */
  | { readonly type: 'roomOpened' };

export type IvrEffect =
  /** Plays prompts, replacing what plays; `promptEnded` follows when they are over, not when they are stopped. */
  | { readonly do: 'play'; readonly prompts: readonly Prompt[]; readonly onKey: 'stop' | 'playOn' }
  | { readonly do: 'stopPlay' }
  | { readonly do: 'startTimer'; readonly name: IvrTimer; readonly ms: number }
  | { readonly do: 'cancelTimer'; readonly name: IvrTimer }
  | { readonly do: 'checkAttendantPin'; readonly entry: Pin }
  /** The room number keyed; `numberChecked` answers, then on `found` a `startPin` or the end of the IVR follows from outside. */
  | { readonly do: 'checkNumber'; readonly number: string }
  | { readonly do: 'checkPin'; readonly entry: Pin }
  | { readonly do: 'finish'; readonly outcome: IvrOutcome };

export type IvrOutcome =
  /** `wrongPins`: wrong PINs of the room so far; those keyed after `*1` add to them. */
  | ({ readonly kind: 'role'; readonly wrongPins: number } & Grant)
  /** Ends the call; `goodbye` is played in full first. */
  | { readonly kind: 'end'; readonly reason: EndReason; readonly goodbye: readonly Prompt[] };

export interface IvrPolicy {
  readonly pin: PinPolicy;
}

type Question =
  | { readonly ask: 'attendantPin' }
  | { readonly ask: 'number' }
  | { readonly ask: 'pin'; readonly room: RoomRules; readonly rule: AdmissionRule; readonly noPin: 'guest' | 'end' };

export interface IvrState {
  /** `idle`: nothing is asked (not begun, or the room of the number is being looked at from outside). */
  readonly stage: 'idle' | 'asking' | 'checking' | 'done';
  readonly question: Question | undefined;
  /** Digits of the entry, and keys typed ahead of a question. Held as `Pin` so that a state printed shows none. */
  readonly entry: Pin;
  readonly ahead: Pin;
  readonly prompt: 'playing' | 'over';
  /** Whether the first digit was waited for in vain once. */
  readonly silence: 'none' | 'once';
  /** The last entry was submitted by its length: the `#` a caller keys out of habit still belongs to it. */
  readonly trailingHash: 'expected' | 'none';
  /** Whether the time for the whole screen ran out while an entry was being checked. */
  readonly screen: 'running' | 'over';
  readonly wrong: Readonly<Record<Question['ask'], number>>;
  /** Set at the attendant; 0 for a room dialled directly. */
  readonly longestNumber: number;
}

const nothing = new Pin('');
/** More keys than any number and PIN together have; a caller leaning on a key gets no further. */
const mostKeysAhead = 64;

export function initialIvr(): IvrState {
  return {
    stage: 'idle',
    question: undefined,
    entry: nothing,
    ahead: nothing,
    prompt: 'over',
    silence: 'none',
    trailingHash: 'none',
    screen: 'running',
    wrong: { attendantPin: 0, number: 0, pin: 0 },
    longestNumber: 0,
  };
}

export function ivrStep(state: IvrState, event: IvrEvent, policy: IvrPolicy): Step<IvrState, IvrEffect> {
  if (state.stage === 'done') return { state, effects: [] };
  const turn = new Turn(state, policy.pin);
  turn.handle(event);
  return { state: turn.state, effects: turn.effects };
}

/** The working copy of one step. */
class Turn {
  readonly effects: IvrEffect[] = [];
  state: IvrState;
  readonly #policy: PinPolicy;

  constructor(state: IvrState, policy: PinPolicy) {
    this.state = state;
    this.#policy = policy;
  }

  handle(event: IvrEvent): void {
    switch (event.type) {
      case 'startAttendant':
        if (this.state.stage !== 'idle') return;
        this.#set({ longestNumber: event.longestNumber });
        this.#begin(event.asksPin ? { ask: 'attendantPin' } : { ask: 'number' });
        return;
      case 'startPin': {
        const question: Question = { ask: 'pin', room: event.room, rule: event.rule, noPin: event.noPin };
        if (this.state.question?.ask === 'pin') this.#set({ question });
        else if (this.state.stage === 'idle') {
          this.#set({ wrong: { ...this.state.wrong, pin: this.state.wrong.pin + (event.wrong ?? 0) } });
          this.#begin(question);
        }
        return;
      }
      case 'digit':
        this.#key(event.digit);
        return;
      case 'promptEnded':
        if (this.state.stage !== 'asking' || this.state.prompt !== 'playing') return;
        this.#set({ prompt: 'over' });
        this.#startTimer('firstDigit', this.#policy.firstDigitMs);
        return;
      case 'timer':
        this.#timer(event.name);
        return;
      case 'attendantPinChecked':
        if (!this.#isChecking('attendantPin')) return;
        if (event.correct) this.#begin({ ask: 'number' });
        else this.#wrong({ ask: 'attendantPin' });
        return;
      case 'numberChecked':
        if (!this.#isChecking('number')) return;
        if (event.found) this.#set({ stage: 'idle', question: undefined });
        else this.#wrong({ ask: 'number' });
        return;
      case 'pinChecked':
        this.#pinChecked(event);
        return;
      case 'roomOpened': {
        // Section 1, "Changes while people wait": row 9, opened before a digit was keyed.
        const { stage, question, entry } = this.state;
        if (stage !== 'asking' || question?.ask !== 'pin' || question.noPin !== 'guest' || entry.length > 0) return;
        this.#enter({ role: 'guest', rule: 'opened_while_asked' });
        return;
      }
      default:
        unreachable(event);
    }
  }

  /** An answer to another question than the one being checked is nobody's. */
  #isChecking(ask: Question['ask']): boolean {
    return this.state.stage === 'checking' && this.state.question?.ask === ask;
  }

  #set(change: Partial<IvrState>): void {
    this.state = { ...this.state, ...change };
  }

  #do(effect: IvrEffect): void {
    this.effects.push(effect);
  }

  #startTimer(name: IvrTimer, ms: number): void {
    this.#do({ do: 'startTimer', name, ms });
  }

  #cancelTimer(name: IvrTimer): void {
    this.#do({ do: 'cancelTimer', name });
  }

  /** A new question: its own time for the whole screen. */
  #begin(question: Question): void {
    this.#set({ screen: 'running' });
    this.#startTimer('screen', this.#policy.screenMs);
    this.#ask(question, [promptFor(question)]);
  }

  /** Asks, unless it was answered ahead (M-62: `1000#135792#` in one go). */
  #ask(question: Question, prompts: readonly PromptKey[]): void {
    this.#set({ stage: 'asking', question, entry: nothing, silence: 'none' });
    const ahead = this.state.ahead.reveal();
    this.#set({ ahead: nothing });
    for (const key of ahead) this.#key(key);
    if (this.state.stage === 'asking' && this.state.entry.length === 0) this.#play(prompts);
  }

  #play(prompts: readonly PromptKey[]): void {
    this.#cancelTimer('firstDigit');
    this.#set({ prompt: 'playing' });
    // A `#` that is passed over must not cut what is said to the entry before it; any other key ends it by #stopPlay.
    this.#do({ do: 'play', prompts: say(...prompts), onKey: this.state.trailingHash === 'expected' ? 'playOn' : 'stop' });
  }

  #stopPlay(): void {
    if (this.state.prompt === 'playing') this.#do({ do: 'stopPlay' });
    this.#set({ prompt: 'over' });
  }

  #key(key: string): void {
    const { stage, question, ahead, entry, trailingHash } = this.state;
    if (stage === 'done' || !/^[0-9*#]$/.test(key)) return;
    if (trailingHash === 'expected') {
      this.#set({ trailingHash: 'none' });
      this.#cancelTimer('interDigit');
      if (key === '#') return;
    }
    if (stage !== 'asking' || question === undefined) {
      if (ahead.length < mostKeysAhead) this.#set({ ahead: new Pin(ahead.reveal() + key) });
      return;
    }
    this.#stopPlay();
    if (key === '#') {
      if (entry.length === 0) this.#empty(question);
      else this.#submit(question, 'none');
    } else if (key === '*') {
      this.#set({ entry: nothing, silence: 'none' });
      this.#cancelTimer('interDigit');
      this.#startTimer('firstDigit', this.#policy.firstDigitMs);
    } else {
      this.#set({ entry: new Pin(entry.reveal() + key) });
      this.#cancelTimer('firstDigit');
      if (this.state.entry.length >= this.#longest(question)) this.#submit(question, 'expected');
      else this.#startTimer('interDigit', this.#policy.interDigitMs);
    }
  }

  /** The entry of this length is submitted without `#`. After the attendant lengths stay unknown: the configured maximum only. */
  #longest(question: Question): number {
    const { longestNumber } = this.state;
    if (question.ask === 'number') return longestNumber;
    const ofRoom = question.ask === 'pin' && longestNumber === 0 ? question.room.longestPin : 0;
    return ofRoom === 0 ? this.#policy.maxLength : ofRoom;
  }

  #submit(question: Question, trailingHash: IvrState['trailingHash']): void {
    const { entry } = this.state;
    this.#set({ stage: 'checking', entry: nothing, trailingHash });
    if (trailingHash === 'expected') this.#startTimer('interDigit', this.#policy.interDigitMs);
    else this.#cancelTimer('interDigit');
    switch (question.ask) {
      case 'attendantPin':
        this.#do({ do: 'checkAttendantPin', entry });
        return;
      case 'number':
        this.#do({ do: 'checkNumber', number: entry.reveal() });
        return;
      case 'pin':
        this.#do({ do: 'checkPin', entry });
        return;
      default:
        unreachable(question);
    }
  }

  /** `#` alone: the way of a guest in row 9 (PX-31), otherwise not an attempt. */
  #empty(question: Question): void {
    if (question.ask === 'pin' && question.noPin === 'guest') {
      this.#enter({ role: 'guest', rule: 'host_pin_only_no_pin' });
    } else {
      this.#set({ silence: 'none' });
      this.#play([promptFor(question)]);
    }
  }

  #timer(name: IvrTimer): void {
    const { stage, question, entry, silence } = this.state;
    switch (name) {
      case 'firstDigit':
        if (stage !== 'asking' || question === undefined || entry.length > 0) return;
        if (silence === 'once') {
          this.#silent(question);
        } else {
          this.#set({ silence: 'once' });
          this.#play([repromptFor(question)]);
        }
        return;
      case 'interDigit':
        this.#set({ trailingHash: 'none' });
        if (stage === 'asking' && question !== undefined && entry.length > 0) this.#submit(question, 'none');
        return;
      case 'screen':
        if (stage === 'checking') this.#set({ screen: 'over' });
        if (stage === 'asking' && question !== undefined) this.#silent(question);
        return;
      default:
        unreachable(name);
    }
  }

  #pinChecked({ match, room, present }: Extract<IvrEvent, { type: 'pinChecked' }>): void {
    const { stage, question } = this.state;
    if (stage !== 'checking' || question?.ask !== 'pin') return;
    const verdict = judgePin(match, room, present);
    switch (verdict.kind) {
      case 'admit':
        this.#enter(verdict);
        return;
      case 'inUse':
        this.#end('member_in_use');
        return;
      case 'wrong':
        this.#wrong({ ...question, room });
        return;
      default:
        unreachable(verdict);
    }
  }

  #wrong(question: Question): void {
    const wrong = { ...this.state.wrong, [question.ask]: this.state.wrong[question.ask] + 1 };
    this.#set({ wrong });
    if (wrong[question.ask] >= this.#policy.attempts) {
      this.#end(question.ask === 'number' ? 'number_failed' : 'pin_failed');
    } else if (this.state.screen === 'over') {
      this.#silent(question);
    } else if (question.ask === 'pin') {
      this.#ask(question, ['pin_invalid', promptFor(question)]);
    } else {
      // What was keyed ahead was meant for the next question; taken for a second try it would use up the attempts, and a PIN would be looked up as a room number.
      this.#set({ ahead: nothing });
      this.#ask(question, [question.ask === 'number' ? 'number_invalid' : 'pin_invalid']);
    }
  }

  /** Silence is not an attempt. */
  #silent(question: Question): void {
    if (question.ask === 'number') this.#end('number_timeout');
    else if (question.ask === 'pin' && question.noPin === 'guest') this.#enter({ role: 'guest', rule: 'host_pin_only_no_pin' });
    else this.#end('pin_timeout');
  }

  #enter({ role, rule, member }: Grant): void {
    this.#finish({ kind: 'role', role, rule, ...(member === undefined ? {} : { member }), wrongPins: this.state.wrong.pin });
  }

  #end(reason: EndReason): void {
    this.#finish({ kind: 'end', reason, goodbye: goodbyeOf(reason) });
  }

  #finish(outcome: IvrOutcome): void {
    this.#stopPlay();
    for (const name of ['firstDigit', 'interDigit', 'screen'] as const) this.#cancelTimer(name);
    this.#set({ stage: 'done', question: undefined, entry: nothing, ahead: nothing });
    this.#do({ do: 'finish', outcome });
  }
}

function promptFor(question: Question): PromptKey {
  switch (question.ask) {
    case 'attendantPin':
      return 'enter_attendant_pin';
    case 'number':
      return 'enter_number';
    case 'pin':
      return question.noPin === 'guest' ? 'enter_pin_or_guest' : 'enter_pin';
  }
}

function repromptFor(question: Question): PromptKey {
  switch (question.ask) {
    case 'attendantPin':
      return 'pin_reprompt';
    case 'number':
      return 'enter_number';
    case 'pin':
      return question.noPin === 'guest' ? 'pin_reprompt_or_guest' : 'pin_reprompt';
  }
}
