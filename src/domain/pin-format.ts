import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { PinPolicy } from './policy.ts';

/**
 * The digits of a PIN. It never shows itself: printed, logged, inspected or made JSON it is `[pin]`;
 * only `reveal()` gives the digits, so every place that needs them can be found by that name.
 */
export class Pin {
  readonly #digits: string;

  /** Takes what a caller keyed as it is: a wrong PIN has any length. A PIN to be stored goes through `parsePin`. */
  constructor(digits: string) {
    this.#digits = digits;
  }

  get length(): number {
    return this.#digits.length;
  }

  reveal(): string {
    return this.#digits;
  }

  toString(): string {
    return '[pin]';
  }

  toJSON(): string {
    return '[pin]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[pin]';
  }
}

/** A PIN as the store gives it back: a keyed hash to compare with, and its length, because the longest PIN ends an entry at once. */
export interface StoredPin {
  readonly hash: string;
  readonly length: number;
}

/** How long a PIN may be (policy section 2: 4 to 9, configurable within 4 to 20). */
export type PinBounds = Pick<PinPolicy, 'minLength' | 'maxLength'>;

export type PinFormatCode = 'pin_not_digits' | 'pin_too_short' | 'pin_too_long';

/** PX-19: digits only, within the bounds. The problem names the rule, never the PIN. */
export function parsePin(text: string, bounds: PinBounds): Result<Pin, Problem<PinFormatCode>> {
  const advice = `give ${bounds.minLength} to ${bounds.maxLength} digits`;
  if (!/^[0-9]*$/.test(text)) return err({ code: 'pin_not_digits', message: 'a PIN holds digits only', advice });
  if (text.length < bounds.minLength) return err({ code: 'pin_too_short', message: 'the PIN is too short', advice });
  if (text.length > bounds.maxLength) return err({ code: 'pin_too_long', message: 'the PIN is too long', advice });
  return ok(new Pin(text));
}

const digits: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const generatedLength = 6;
/** With a thousand PINs in one room a third of all candidates is too close to one of them; a hundred tries in vain mean a broken random source. */
const generatorTries = 100;

/**
 * Makes a PIN that survives a bad line (N-14): 6 digits, no leading 0, no two equal neighbours (carriers merge them), no three
 * counting up or down, and no other PIN of the room within one lost, added or wrong digit.
 * `randomInt(n)` gives 0..n-1; `isTaken` tells whether a PIN of the room has these digits. The bounds move the length when they leave out 6.
 */
export function generatePin(randomInt: (below: number) => number, isTaken: (pin: Pin) => boolean, bounds: PinBounds): Result<Pin, Problem<'no_pin_left'>> {
  const length = Math.min(Math.max(generatedLength, bounds.minLength), bounds.maxLength);
  for (let attempt = 0; attempt < generatorTries; attempt++) {
    const candidate = draw(length, randomInt);
    if (!neighbours(candidate).some((near) => isTaken(new Pin(near)))) return ok(new Pin(candidate));
  }
  return err({ code: 'no_pin_left', message: 'no PIN far enough from the others of this room was found', advice: 'choose the PIN yourself' });
}

function draw(length: number, randomInt: (below: number) => number): string {
  let drawn = '';
  while (drawn.length < length) {
    const allowed = digits.filter((digit) => mayFollow(drawn, digit));
    drawn += allowed[randomInt(allowed.length)] ?? '';
  }
  return drawn;
}

function mayFollow(drawn: string, digit: string): boolean {
  if (drawn === '') return digit !== '0';
  const step = Number(digit) - Number(drawn.at(-1));
  if (step === 0) return false;
  const stepBefore = drawn.length < 2 ? 0 : Number(drawn.at(-1)) - Number(drawn.at(-2));
  return !(Math.abs(step) === 1 && step === stepBefore);
}

/**
 * All digit strings at edit distance 0 or 1. A stored PIN is known by its hash only, so "is it too close" can be asked by
 * trying every neighbour and in no other way.
 */
export function neighbours(pin: string): readonly string[] {
  const near = new Set([pin]);
  for (let at = 0; at <= pin.length; at++) {
    if (at < pin.length) near.add(pin.slice(0, at) + pin.slice(at + 1));
    for (const digit of digits) {
      near.add(pin.slice(0, at) + digit + pin.slice(at));
      if (at < pin.length) near.add(pin.slice(0, at) + digit + pin.slice(at + 1));
    }
  }
  return [...near];
}
