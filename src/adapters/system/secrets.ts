import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../../ports/secrets.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export const secrets: Secrets = {
  token: () => randomBytes(32).toString('base64url'),
  hash: (token) => digest(token).toString('hex'),
  equal: (a, b) => timingSafeEqual(digest(a), digest(b)),
};
