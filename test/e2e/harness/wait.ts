/** Waiting for a condition: a deadline instead of a sleep, and a message that says what was awaited and what was seen. */
import { setTimeout as pause } from 'node:timers/promises';

const lookEveryMs = 25;

/** Looks until `probe` gives a value. `seen` tells, for the message of the failure, what there was instead. */
export async function until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>, seen: () => string, deadlineMs = 15_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}; there was: ${seen()}`);
    await pause(lookEveryMs);
  }
}

/** `true` as a value, `false` as none: for conditions. */
export const holds = (condition: boolean): true | undefined => (condition ? true : undefined);
