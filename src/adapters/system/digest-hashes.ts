import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { DigestHashes } from '../../domain/digest.ts';

const names = { 'SHA-256': 'sha256', MD5: 'md5' } as const;

/** The key is made anew at each start: a nonce of a former run is stale. */
export function createDigestHashes(): DigestHashes {
  const key = randomBytes(32);
  return {
    hash: (algorithm, text) => createHash(names[algorithm]).update(text).digest('hex'),
    keyed: (text) => createHmac('sha256', key).update(text).digest('hex').slice(0, 32),
    equal: (a, b) => {
      const [left, right] = [Buffer.from(a), Buffer.from(b)];
      return left.length === right.length && timingSafeEqual(left, right);
    },
    random: () => randomBytes(9).toString('hex'),
  };
}
