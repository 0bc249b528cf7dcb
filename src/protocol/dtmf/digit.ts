/** RFC 4733 §3.2, table 3: event codes 0 to 15 are the sixteen keys. */
const KEYS = '0123456789*#ABCD';

/** The key of an event code; undefined for the events that are no key (flash and beyond). */
export const digitOfEvent = (event: number): string | undefined => KEYS[event];

/** The event code of a key, in either case; undefined for what is no key. */
export function eventOfDigit(digit: string): number | undefined {
  const event = digit.length === 1 ? KEYS.indexOf(digit.toUpperCase()) : -1;
  return event < 0 ? undefined : event;
}

/** ITU-T Q.23: every key is one of four low and one of four high frequencies, Hz. */
export const LOW_HZ = [697, 770, 852, 941] as const;
export const HIGH_HZ = [1209, 1336, 1477, 1633] as const;
const PAD = ['123A', '456B', '789C', '*0#D'];

/** The key at a row (low frequency) and column (high frequency), 0 to 3 each. */
export const digitAt = (row: number, column: number): string => PAD[row]?.[column] ?? '';

/** The two frequencies of a key; undefined for what is no key. */
export function tonesOfDigit(digit: string): readonly [low: number, high: number] | undefined {
  for (const [row, keys] of PAD.entries()) {
    const column = digit.length === 1 ? keys.indexOf(digit.toUpperCase()) : -1;
    const [low, high] = [LOW_HZ[row], HIGH_HZ[column]];
    if (low !== undefined && high !== undefined) return [low, high];
  }
  return undefined;
}
