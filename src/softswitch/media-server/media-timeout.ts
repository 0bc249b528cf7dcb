/** For how long a channel may be silent before it is hung up, by its variables. */

/** FreeSWITCH gives a call on hold this much longer. */
const HOLD_FACTOR = 10;
const MAX_MS = 24 * 60 * 60 * 1_000;

/** In the order they count: the newer name first. The rtp_ ones are in seconds. */
const SILENCE = [['media_timeout_audio', 1], ['media_timeout', 1], ['rtp_timeout_sec', 1_000]] as const;
const HOLD = [['media_hold_timeout_audio', 1], ['media_hold_timeout', 1], ['rtp_hold_timeout_sec', 1_000]] as const;

const NAMES: ReadonlySet<string> = new Set([...SILENCE, ...HOLD].map(([name]) => name));

export function isMediaTimeout(variable: string): boolean {
  return NAMES.has(variable);
}

/** Ms of silence, and of silence on hold; 0 is for ever. */
export function mediaTimeouts(variables: ReadonlyMap<string, string>): { readonly ms: number; readonly holdMs: number } {
  const ms = first(variables, SILENCE) ?? 0;
  return { ms, holdMs: first(variables, HOLD) ?? Math.min(MAX_MS, ms * HOLD_FACTOR) };
}

function first(variables: ReadonlyMap<string, string>, names: readonly (readonly [string, number])[]): number | undefined {
  for (const [name, unit] of names) {
    const text = variables.get(name) ?? '';
    if (/^\d{1,9}$/.test(text)) return Math.min(MAX_MS, Number(text) * unit);
  }
  return undefined;
}
