import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** Ids of calls, conferences and requests: not to be guessed, never used twice. */
export const newId = (): string => randomUUID();

/** 0..below-1, every value equally likely. */
export const randomBelow = (below: number): number => randomInt(below);

/** For the servers in this process: known to nobody else. */
export const newSecret = (): string => randomBytes(24).toString('base64url');
