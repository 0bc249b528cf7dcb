/** What a suite does to one packet, in place. The keys are set up once; which packet it is, and whether it came before, is the session's. */
export interface Transform {
  /** Enciphers the payload from `start` to `length` and adds the tag; answers the new length. `roc` is the rollover counter. */
  protectRtp(bytes: Uint8Array, start: number, length: number, roc: number): number;
  /** Answers the length without the tag, or undefined, with nothing changed, when it does not authenticate. */
  unprotectRtp(bytes: Uint8Array, start: number, length: number, roc: number): number | undefined;
  /** `index`: 31 bits. Adds index and tag. */
  protectRtcp(bytes: Uint8Array, length: number, index: number): number;
  unprotectRtcp(bytes: Uint8Array, length: number, index: number): number | undefined;
  /** Where the SRTCP index is in a packet of `length` bytes. */
  rtcpIndexAt(length: number): number;
}

export const RTP_SSRC = 8;
export const RTCP_SSRC = 4;
/** RFC 3711 §3.4: what is before it stays in the clear. */
export const RTCP_HEADER = 8;
export const INDEX_BYTES = 4;
/** RFC 3711 §3.4: the E flag, in front of the index: the packet is enciphered. */
export const E_FLAG = 0x80000000;

/**
 * The initial vector of a packet: its SSRC and its 48 bit index, `high` 32 and `low` 16 bits of it, over the salt (RFC 3711
 * §4.1.1). With the salt of 12 bytes of RFC 7714 §8.1 all of it is two bytes further to the left.
 */
export function fillVector(iv: Uint8Array, salt: Uint8Array, bytes: Uint8Array, ssrcAt: number, high: number, low: number): void {
  const at = salt.length - 10;
  iv.set(salt);
  for (let i = 0; i < 4; i++) {
    iv[at + i] = (iv[at + i] ?? 0) ^ (bytes[ssrcAt + i] ?? 0);
    iv[at + 4 + i] = (iv[at + 4 + i] ?? 0) ^ (high >>> (24 - 8 * i));
  }
  iv[at + 8] = (iv[at + 8] ?? 0) ^ (low >> 8);
  iv[at + 9] = (iv[at + 9] ?? 0) ^ low;
}

export const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
export const uint32 = (bytes: Uint8Array, at: number): number => ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0;

export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (24 - 8 * i);
}

/** Compares `count` bytes in a time that does not depend on them. */
export function isSame(bytes: Uint8Array, at: number, expected: Uint8Array, count: number): boolean {
  let different = 0;
  for (let i = 0; i < count; i++) different |= (bytes[at + i] ?? 0) ^ (expected[i] ?? 0);
  return different === 0;
}
