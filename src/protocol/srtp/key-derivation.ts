import { SHA1_BYTES } from './hmac-sha1.ts';
import { MASTER_KEY_BYTES, saltBytes, type NewBlockCipher, type SrtpKey } from './suite.ts';

/** The keys of a session, for RTP and RTCP each. GCM has no use for the authentication key. */
export interface SessionKeys {
  readonly encryption: Uint8Array;
  readonly authentication: Uint8Array;
  readonly salt: Uint8Array;
}

/** RFC 3711 §4.3.2. */
export const labels = {
  rtp: { encryption: 0, authentication: 1, salt: 2 },
  rtcp: { encryption: 3, authentication: 4, salt: 5 },
} as const;

/**
 * `length` bytes of a session key (RFC 3711 §4.3.1, §4.3.3) with a key derivation rate of 0: it holds for the whole session.
 * A salt of 12 bytes is filled up with zeros on the right (RFC 7714 §11).
 */
export function deriveKey({ keyAndSalt }: SrtpKey, label: number, length: number, newCipher: NewBlockCipher): Uint8Array {
  const blocks = new Uint8Array(Math.ceil(length / 16) * 16);
  const salt = keyAndSalt.subarray(MASTER_KEY_BYTES);
  for (let at = 0; at < blocks.length; at += 16) {
    blocks.set(salt, at);
    blocks[at + 7] = (blocks[at + 7] ?? 0) ^ label;
    blocks[at + 15] = at / 16;
  }
  return Uint8Array.from(newCipher(keyAndSalt.subarray(0, MASTER_KEY_BYTES))(blocks).subarray(0, length));
}

export function sessionKeys(key: SrtpKey, kind: 'rtp' | 'rtcp', newCipher: NewBlockCipher): SessionKeys {
  const { encryption, authentication, salt } = labels[kind];
  return {
    encryption: deriveKey(key, encryption, MASTER_KEY_BYTES, newCipher),
    authentication: deriveKey(key, authentication, SHA1_BYTES, newCipher),
    salt: deriveKey(key, salt, saltBytes[key.suite], newCipher),
  };
}
