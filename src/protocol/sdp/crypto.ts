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
  /** Master key identifier: what packets under this key carry in front of their tag (RFC 4568 §6.1). */
  readonly mki?: Uint8Array;
}

/** RFC 4568 §6.2, RFC 7714 §14.1. */
export const keyAndSaltBytes: Readonly<Record<CryptoSuite, number>> = { AES_CM_128_HMAC_SHA1_80: 30, AES_CM_128_HMAC_SHA1_32: 30, AEAD_AES_128_GCM: 28 };

const MAX_CRYPTO_LINES = 32;
const MAX_MKI_BYTES = 128;

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
  // One key: with several, packets would say by which they are protected (RFC 4568 §6.1).
  const [, text = '', identifier, length] = /^inline:([A-Za-z0-9+/]+={0,2})(?:\|(?:2\^)?\d{1,15})?(?:\|(\d{1,15}):(\d{1,3}))?$/i.exec(keys) ?? [];
  const keyAndSalt = Uint8Array.from(Buffer.from(text, 'base64'));
  if (keyAndSalt.length !== keyAndSaltBytes[suite]) return undefined;
  if (identifier === undefined) return { tag: Number(tag), suite, keyAndSalt };
  const mki = bigEndian(Number(identifier), Number(length));
  return mki === undefined ? undefined : { tag: Number(tag), suite, keyAndSalt, mki };
}

/** RFC 4568 §6.1: 1 to 128 bytes; undefined where `value` does not fit. */
function bigEndian(value: number, length: number): Uint8Array | undefined {
  if (length < 1 || length > MAX_MKI_BYTES) return undefined;
  const bytes = new Uint8Array(length);
  let left = value;
  for (let at = length - 1; at >= 0; at -= 1, left = Math.floor(left / 256)) bytes[at] = left % 256;
  return left === 0 ? bytes : undefined;
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
