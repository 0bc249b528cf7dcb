import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** Ids of calls, conferences and requests: not to be guessed, never used twice. */
export const newId = (): string => randomUUID();

/** 0..below-1, every value equally likely. */
export const randomBelow = (below: number): number => randomInt(below);

/** Bytes drawn from the system by the kilobyte: a call asks a dozen times for a few. Each is given out once. */
export function randomPool(): (count: number) => Uint8Array {
  let pool = new Uint8Array(0);
  let used = 0;
  return (count) => {
    if (used + count > pool.length) {
      pool = randomBytes(Math.max(poolBytes, count));
      used = 0;
    }
    return pool.slice(used, (used += count));
  };
}

const poolBytes = 1024;

/** For the servers in this process: known to nobody else. */
export const newSecret = (): string => randomBytes(24).toString('base64url');
