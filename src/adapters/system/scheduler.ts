import type { Scheduler } from '../../lib/machine.ts';

/** `setTimeout` takes a longer delay for 1 ms. */
const longestTimeout = 2 ** 31 - 1;

/** The real clock. A timer keeps the process alive until it fires or is cancelled. */
export function createScheduler(): Scheduler {
  return { now: () => Date.now(), after };
}

function after(ms: number, fn: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    timer = left > longestTimeout ? setTimeout(() => wait(left - longestTimeout), longestTimeout) : setTimeout(fn, left);
  };
  wait(ms);
  return () => clearTimeout(timer);
}
