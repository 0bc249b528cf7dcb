import assert from 'node:assert/strict';
import { createCipheriv, createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { AesCmTransform } from '../../../../src/protocol/srtp/aes-cm.ts';
import { AesGcmTransform } from '../../../../src/protocol/srtp/aes-gcm.ts';
import { Ghash } from '../../../../src/protocol/srtp/ghash.ts';
import { HmacSha1 } from '../../../../src/protocol/srtp/hmac-sha1.ts';
import { deriveKey, labels, sessionKeys, type SessionKeys } from '../../../../src/protocol/srtp/key-derivation.ts';
import { KeyStream } from '../../../../src/protocol/srtp/key-stream.ts';
import type { SrtpKey } from '../../../../src/protocol/srtp/suite.ts';
import { aes128, hex, toHex } from './ciphers.ts';

const master: SrtpKey = { suite: 'AES_CM_128_HMAC_SHA1_80', keyAndSalt: hex('E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6') };

describe('RFC 3711 appendix B', () => {
  it('B.2: AES-CM', () => {
    const stream = new KeyStream(aes128(hex('2B7E151628AED2A6ABF7158809CF4F3C')), 0);
    stream.iv.set(hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'));
    assert.equal(toHex(stream.blocks(3)), 'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0');
  });

  it('B.3: the keys derived from a master key', () => {
    const derived = (label: number, length: number): string => toHex(deriveKey(master, label, length, aes128));
    assert.equal(derived(labels.rtp.encryption, 16), 'c61e7a93744f39ee10734afe3ff7a087');
    assert.equal(derived(labels.rtp.salt, 14), '30cbbc08863d8c85d49db34a9ae1');
    assert.equal(
      derived(labels.rtp.authentication, 94),
      'cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbcee049646c43d9327ad175578ef72270986371c10c9a369ac2f94a8c5fbcdddc256d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2',
    );
  });
});

describe('RFC 7714 sections 16 and 17', () => {
  const keys: SessionKeys = { encryption: hex('000102030405060708090a0b0c0d0e0f'), authentication: new Uint8Array(20), salt: hex('51756964 2070726f 2071756f') };
  const transform = new AesGcmTransform(keys, keys, aes128);
  const both = (plain: string, sealed: string, protect: (bytes: Uint8Array, length: number) => number, unprotect: (bytes: Uint8Array) => number | undefined): void => {
    const packet = hex(plain);
    const room = new Uint8Array(packet.length + 20);
    room.set(packet);
    const wire = room.slice(0, protect(room, packet.length));
    assert.equal(toHex(wire), toHex(hex(sealed)));
    assert.equal(unprotect(wire), packet.length);
    assert.equal(toHex(wire.subarray(0, packet.length)), toHex(packet));
  };

  it('16.1.1: SRTP, AEAD_AES_128_GCM', () =>
    both(
      '8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573',
      '8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce',
      (bytes, length) => transform.protectRtp(bytes, 12, length, 0),
      (bytes) => transform.unprotectRtp(bytes, 12, bytes.length, 0),
    ));

  it('17.1: SRTCP, AEAD_AES_128_GCM', () =>
    both(
      '81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef',
      '81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4',
      (bytes, length) => transform.protectRtcp(bytes, length, 0x5d4),
      (bytes) => transform.unprotectRtcp(bytes, bytes.length, 0x5d4),
    ));
});

describe('whole packets', () => {
  it('AES_CM_128_HMAC_SHA1_80 as other implementations write it', () => {
    const transform = new AesCmTransform('AES_CM_128_HMAC_SHA1_80', sessionKeys(master, 'rtp', aes128), sessionKeys(master, 'rtcp', aes128), aes128);
    const packet = new Uint8Array(38);
    packet.set(hex(`800f1234decafbadcafebabe${'ab'.repeat(16)}`));
    assert.equal(transform.protectRtp(packet, 12, 28, 0), 38);
    assert.equal(toHex(packet), '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb');
    const report = new Uint8Array(38);
    report.set(hex(`81c8000bcafebabe${'ab'.repeat(16)}`));
    assert.equal(transform.protectRtcp(report, 24, 1), 38);
    assert.equal(toHex(report), '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798');
  });
});

describe('the hashes, against another implementation', () => {
  it('RFC 2104: HMAC-SHA1 of any key, message and suffix', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 4 }), (key, message, suffix) => {
        const mine = toHex(new HmacSha1(key).compute(message, message.length, suffix));
        assert.equal(mine, createHmac('sha1', key).update(message).update(suffix).digest('hex'));
      }),
    );
  });

  it('SP 800-38D: the tag of any associated data and text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ minLength: 12, maxLength: 12 }), fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 200 }), (key, vector, associated, text) => {
        const gcm = createCipheriv('aes-128-gcm', key, vector).setAAD(associated);
        const sealed = gcm.update(text);
        gcm.final();
        const block = aes128(key);
        const ghash = new Ghash(Uint8Array.from(block(new Uint8Array(16))));
        const tag = new Uint8Array(16);
        ghash.begin();
        ghash.take(associated, 0, associated.length);
        ghash.take(sealed, 0, sealed.length);
        ghash.end(associated.length, text.length, tag);
        const mask = block(Uint8Array.of(...vector, 0, 0, 0, 1));
        assert.equal(toHex(tag.map((byte, i) => byte ^ (mask[i] ?? 0))), gcm.getAuthTag().toString('hex'));
      }),
    );
  });
});
