import { createCipheriv } from 'node:crypto';
import type { NewBlockCipher } from '../../protocol/srtp/suite.ts';

/** AES-128 by Node's OpenSSL: one cipher for a whole session, which costs a fifth of one for every packet. */
export const aes128: NewBlockCipher = (key) => {
  const cipher = createCipheriv('aes-128-ecb', key, null);
  cipher.setAutoPadding(false);
  return (blocks) => cipher.update(blocks);
};
