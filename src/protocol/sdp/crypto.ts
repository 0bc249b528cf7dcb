/** SRTP keys in SDP: a=crypto of RFC 4568, offered in several lines of which one is answered. */

export type CryptoSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' | 'AEAD_AES_128_GCM';

/** Master key and salt of one direction, joined as in RFC 4568 §6.1. */
export interface CryptoKey {
  readonly suite: CryptoSuite;
  readonly keyAndSalt: Uint8Array;
}

/** `tag`: names the line in offer and answer (RFC 4568 §4.1). */
export interface CryptoLine extends CryptoKey {
  readonly tag: number;
}

/** RFC 4568 §6.2, RFC 7714 §14.1. */
export const keyAndSaltBytes: Readonly<Record<CryptoSuite, number>> = { AES_CM_128_HMAC_SHA1_80: 30, AES_CM_128_HMAC_SHA1_32: 30, AEAD_AES_128_GCM: 28 };

const MAX_CRYPTO_LINES = 32;

/** Profiles whose keys are in the SDP, in any case. SAVPF adds feedback messages we neither need nor mind (RFC 5124). */
export const isSecureRtp = (protocol: string): boolean => /^RTP\/SAVPF?$/i.test(protocol);

/** The most preferred line we can serve (RFC 4568 §5.1.2: they come in the order of preference). `values`: what is behind `a=crypto:`. */
export function chooseCrypto(values: readonly string[]): CryptoLine | undefined {
  for (const value of values.slice(0, MAX_CRYPTO_LINES)) {
    const line = readCrypto(value);
    if (line !== undefined) return line;
  }
  return undefined;
}

/** A line we can serve; undefined for any other, which is passed over as RFC 4568 §5.1.2 has it. */
function readCrypto(value: string): CryptoLine | undefined {
  const [, tag, suite = '', keys = '', session = ''] = /^(\d{1,9}) +([^ ]+) +([^ ]+)(.*)$/.exec(value.trim()) ?? [];
  if (tag === undefined || !isSuite(suite) || !session.trim().split(/ +/).every(isHarmless)) return undefined;
  // One key without a master key identifier: with several, packets would carry which one it is (RFC 4568 §6.1).
  const [, text = ''] = /^inline:([A-Za-z0-9+/]+={0,2})(?:\|(?:2\^)?\d{1,15})?$/i.exec(keys) ?? [];
  const keyAndSalt = Uint8Array.from(Buffer.from(text, 'base64'));
  return keyAndSalt.length === keyAndSaltBytes[suite] ? { tag: Number(tag), suite, keyAndSalt } : undefined;
}

function isSuite(suite: string): suite is CryptoSuite {
  return Object.hasOwn(keyAndSaltBytes, suite);
}

/**
 * RFC 4568 §6.3: the session parameters we go along with. WSH is a hint of at least 64, which our window is; one with a minus
 * may be passed over. All others (no encryption, no authentication, key derivation rates, FEC) spoil the line, and so does an unknown one.
 */
function isHarmless(parameter: string): boolean {
  return parameter === '' || parameter.startsWith('-') || /^WSH=\d{2,5}$/i.test(parameter);
}

/** What stands behind `a=crypto:`. */
export const writeCrypto = ({ tag, suite, keyAndSalt }: CryptoLine): string => `${tag} ${suite} inline:${Buffer.from(keyAndSalt).toString('base64')}`;
