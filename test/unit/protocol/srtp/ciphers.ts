import { createCipheriv } from 'node:crypto';
import type { NewBlockCipher } from '../../../../src/protocol/srtp/suite.ts';

/** AES-128 by Node. */
export const aes128: NewBlockCipher = (key) => {
  const cipher = createCipheriv('aes-128-ecb', key, null);
  cipher.setAutoPadding(false);
  return (blocks) => cipher.update(blocks);
};

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
