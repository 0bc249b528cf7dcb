/** `12#@100`: keys and how long each is pressed, as FreeSWITCH writes them. */

export interface Keys {
  readonly digits: string;
  readonly ms: number;
}

/** FreeSWITCH's default, 2000 samples at 8 kHz. */
const DEFAULT_MS = 250;
/** RFC 4733 counts a key's length in 16 bits: 8 s at 8 kHz. */
const MAX_MS = 8_000;

/** Pauses (`w`, `W`) are left out. Undefined when there is anything else, no key, or too many. */
export function readDigits(text: string): Keys | undefined {
  const [, digits = '', ms] = /^([0-9A-DWa-dw*#]{1,128})(?:@(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const keys = digits.replace(/w/gi, '').toUpperCase();
  return keys === '' ? undefined : { digits: keys, ms: Math.min(MAX_MS, Math.max(1, ms === undefined ? DEFAULT_MS : Number(ms))) };
}
