import type { TimerStatus } from '../ports/status.ts';

export const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1_000));

/** Timers as they are shown, without the call their name may have. */
export const dueTimers = (timers: ReadonlyMap<string, number>, now: number, shown: (name: string) => boolean): readonly TimerStatus[] =>
  [...timers].filter(([name]) => shown(name)).map(([name, due]) => ({ name: name.split(':')[0] ?? name, dueInSeconds: seconds(due - now) }));
