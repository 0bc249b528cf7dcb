/** The crypto suites of SRTP spoken here (RFC 4568 §6.2, RFC 7714 §14.1), and what each of them fixes. */

export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' | 'AEAD_AES_128_GCM';

/** Master key and master salt, joined: 16 bytes of key, then 14 of salt, 12 for GCM. */
export interface SrtpKey {
  readonly suite: SrtpSuite;
  readonly keyAndSalt: Uint8Array;
  /** Master key identifier that each packet received under it carries (RFC 3711 §3.1); what we send has none. */
  readonly mki?: Uint8Array;
}

export const MASTER_KEY_BYTES = 16;

export const saltBytes: Readonly<Record<SrtpSuite, number>> = { AES_CM_128_HMAC_SHA1_80: 14, AES_CM_128_HMAC_SHA1_32: 14, AEAD_AES_128_GCM: 12 };

/** SRTCP carries the whole 80 bits also where SRTP carries 32 (RFC 4568 §6.2.2). */
export const tagBytes: Readonly<Record<SrtpSuite, { readonly rtp: number; readonly rtcp: number }>> = {
  AES_CM_128_HMAC_SHA1_80: { rtp: 10, rtcp: 10 },
  AES_CM_128_HMAC_SHA1_32: { rtp: 4, rtcp: 10 },
  AEAD_AES_128_GCM: { rtp: 16, rtcp: 16 },
};

/** What follows the master key identifier in a packet: the tag, but not in GCM, where the tag belongs to the text (RFC 7714 §8.2, §9.2). */
export const tailBytes: Readonly<Record<SrtpSuite, { readonly rtp: number; readonly rtcp: number }>> = { ...tagBytes, AEAD_AES_128_GCM: { rtp: 0, rtcp: 0 } };

/** What a packet grows by at most: the SRTCP index and the longest tag. */
export const SRTP_OVERHEAD = 20;

/** AES-128 under one key: `blocks` are whole blocks of 16 bytes, each enciphered by itself. The result is read before the next call. */
export type BlockCipher = (blocks: Uint8Array) => Uint8Array;

/** Sets up AES-128 for a key of 16 bytes: the one thing this folder does not do itself. */
export type NewBlockCipher = (key: Uint8Array) => BlockCipher;
