/**
 * One key, told in several forms: a phone may send it as RFC 4733 events and as SIP INFO, and it may be heard in band too.
 * The same digit by another form within two seconds is the same press; by the same form it is always a new one.
 */
export type DigitSource = 'rtp' | 'info' | 'inband' | 'h245';

export interface HeardDigit {
  readonly digit: string;
  readonly via: DigitSource;
  /** Milliseconds. */
  readonly now: number;
}

interface Press {
  readonly digit: string;
  readonly at: number;
  readonly heardBy: readonly DigitSource[];
}

/** Presses of the last two seconds, oldest first. The digits are not to be printed. */
export type DigitsState = readonly Press[];

const windowMs = 2_000;
/** More presses than a hand makes in the window. */
const mostPresses = 64;

export const initialDigits = (): DigitsState => [];

/** The first form to tell of a press wins; each other form is taken as an echo of the oldest press it has not told of yet. */
export function mergeDigit(state: DigitsState, { digit, via, now }: HeardDigit): { readonly state: DigitsState; readonly digit: 'accepted' | 'duplicate' } {
  const recent = state.filter((press) => now - press.at < windowMs);
  const echoed = recent.findIndex((press) => press.digit === digit && !press.heardBy.includes(via));
  const press = recent[echoed];
  if (press === undefined) return { state: [...recent, { digit, at: now, heardBy: [via] }].slice(-mostPresses), digit: 'accepted' };
  return { state: recent.with(echoed, { ...press, heardBy: [...press.heardBy, via] }), digit: 'duplicate' };
}
