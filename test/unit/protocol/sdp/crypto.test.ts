import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { chooseCrypto, writeCrypto, type CryptoSuite } from '../../../../src/protocol/sdp/crypto.ts';

/** 30 bytes, and the 28 of GCM. */
const long = Buffer.from(Array.from({ length: 30 }, (_, i) => i)).toString('base64');
const short = Buffer.from(Array.from({ length: 28 }, (_, i) => i)).toString('base64');
const sha80 = 'AES_CM_128_HMAC_SHA1_80';

describe('a=crypto, RFC 4568', () => {
  const taken: readonly (readonly [name: string, value: string, tag: number, suite: CryptoSuite])[] = [
    ['§9.1: tag, suite and key', `1 ${sha80} inline:${long}`, 1, sha80],
    ['§6.2.2', `2 AES_CM_128_HMAC_SHA1_32 inline:${long}`, 2, 'AES_CM_128_HMAC_SHA1_32'],
    ['RFC 7714 §14.1', `3 AEAD_AES_128_GCM inline:${short}`, 3, 'AEAD_AES_128_GCM'],
    ['§6.1: a lifetime as a power of two', `1 ${sha80} inline:${long}|2^31`, 1, sha80],
    ['§6.1: a lifetime as a number', `1 ${sha80} inline:${long}|1066400`, 1, sha80],
    ['§6.3.6: a window size is a hint', `1 ${sha80} inline:${long} WSH=128`, 1, sha80],
    ['§6.3.7: what begins with a minus may be passed over', `1 ${sha80} inline:${long} -X=1 WSH=64`, 1, sha80],
    ['a tag of 0, as some room systems write it', `0 ${sha80}  inline:${long} `, 0, sha80],
  ];
  for (const [name, value, tag, suite] of taken) {
    it(`taken: ${name}`, () => {
      const line = chooseCrypto([value]);
      assert.deepEqual([line?.tag, line?.suite, line?.keyAndSalt[5]], [tag, suite, 5]);
    });
  }

  const passedOver: readonly (readonly [name: string, value: string])[] = [
    ['§6.3.1: a key derivation rate', `1 ${sha80} inline:${long} KDR=1`],
    ['§6.3.2: no encryption of SRTP', `1 ${sha80} inline:${long} UNENCRYPTED_SRTP`],
    ['§6.3.2: no encryption of SRTCP', `1 ${sha80} inline:${long} UNENCRYPTED_SRTCP`],
    ['§6.3.3: no authentication', `1 ${sha80} inline:${long} UNAUTHENTICATED_SRTP`],
    ['§6.3.4: FEC', `1 ${sha80} inline:${long} FEC_ORDER=FEC_SRTP`],
    ['§6.3.7: an unknown session parameter', `1 ${sha80} inline:${long} WSH=64 NEW`],
    ['§6.1: a master key identifier too large for its length', `1 ${sha80} inline:${long}|2^20|256:1`],
    ['§6.1: a master key identifier of no length', `1 ${sha80} inline:${long}|2^20|0:0`],
    ['§6.1: a master key identifier of more than 128 bytes', `1 ${sha80} inline:${long}|2^20|1:129`],
    ['§6.1: several keys', `1 ${sha80} inline:${long}|2^20|1:4;inline:${long}|2^20|2:4`],
    ['another suite', `1 F8_128_HMAC_SHA1_80 inline:${long}`],
    ['a name that every object has', `1 constructor inline:${long}`],
    ['a key of the wrong length', `1 ${sha80} inline:${short}`],
    ['a key that is none', `1 ${sha80} inline:*`],
    ['another key method', `1 ${sha80} uri:https://example.com/key`],
    ['no key', `1 ${sha80}`],
    ['no tag', `${sha80} inline:${long}`],
    ['nothing', ''],
  ];
  for (const [name, value] of passedOver) {
    it(`passed over: ${name}`, () => {
      assert.equal(chooseCrypto([value]), undefined);
      assert.equal(chooseCrypto([value, `9 ${sha80} inline:${long}`])?.tag, 9, 'the next one is taken');
    });
  }

  const identifiers: readonly (readonly [text: string, bytes: readonly number[]])[] = [
    ['|2^20|1:4', [0, 0, 0, 1]],
    ['|66051:3', [1, 2, 3]],
    ['|1066400|255:1', [255]],
  ];
  for (const [text, bytes] of identifiers) {
    it(`§6.1: the master key identifier of ${text}`, () => assert.deepEqual(chooseCrypto([`1 ${sha80} inline:${long}${text}`])?.mki, Uint8Array.from(bytes)));
  }

  it('§5.1.2: the first that can be used is the most preferred', () => {
    assert.equal(chooseCrypto([`1 AES_CM_256_HMAC_SHA1_80 inline:${long}`, `2 AEAD_AES_128_GCM inline:${short}`, `3 ${sha80} inline:${long}`])?.tag, 2);
  });

  it('what we write we can read', () => {
    const line = { tag: 5, suite: sha80, keyAndSalt: Uint8Array.from({ length: 30 }, (_, i) => 255 - i) } as const;
    assert.deepEqual(chooseCrypto([writeCrypto(line)]), line);
  });

  it('never throws, and looks at 32 lines at most', () => {
    fc.assert(fc.property(fc.array(fc.string()), (values) => void chooseCrypto(values)));
    assert.equal(chooseCrypto([...Array<string>(32).fill('x'), `1 ${sha80} inline:${long}`]), undefined);
  });
});
