import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { answerBinding, isStun } from '../../../src/protocol/stun/binding.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex');
const v4 = { address: Uint8Array.of(192, 0, 2, 1), port: 32_853 };
const HEADER = '2112a442 b7e7a701bc34d686fa87dfae';

describe('STUN binding (RFC 8489)', () => {
  it('RFC 5769 §2.2: the XOR-MAPPED-ADDRESS of 192.0.2.1:32853', () => {
    assert.equal(text(answerBinding(hex(`00010000 ${HEADER}`), v4)), text(hex(`0101000c ${HEADER} 00200008 0001 a147 e112a643`)));
  });
  it('RFC 5769 §2.3: the XOR-MAPPED-ADDRESS of an IPv6 address', () => {
    const peer = { address: hex('20010db8123456780011223344556677'), port: 32_853 };
    assert.equal(text(answerBinding(hex(`00010000 ${HEADER}`), peer)), text(hex(`01010018 ${HEADER} 00200014 0002 a147 0113a9faa5d3f179bc25f4b5bed2b9d9`)));
  });
  it('§14: an attribute below 0x8000 that is not understood: 420 with its name; one above is passed over', () => {
    assert.equal(text(answerBinding(hex(`00010008 ${HEADER} 00240004 6e0001ff`), v4)), text(hex(`01110010 ${HEADER} 00090004 00000414 000a0002 00240000`)));
    assert.equal(text(answerBinding(hex(`00010008 ${HEADER} 80220004 61626364`), v4))?.slice(0, 4), '0101');
  });
  for (const [what, bytes] of [
    ['an answer', `01010000 ${HEADER}`],
    ['a length that is not the datagram’s', `00010004 ${HEADER}`],
    ['a length that is no multiple of four', `00010003 ${HEADER} 000000`],
    ['an attribute that ends after the datagram', `00010004 ${HEADER} 80220004`],
    ['another cookie', `00010000 2112a443 b7e7a701bc34d686fa87dfae`],
    ['half a header', '00010000 2112a442'],
  ] as const) {
    it(`${what} is not answered`, () => assert.equal(answerBinding(hex(bytes), v4), undefined));
  }
  it('never throws, and no SIP message is taken for STUN', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void answerBinding(Uint8Array.of(0, 1, 0, bytes.length, ...hex(HEADER), ...bytes), v4)), { seed: 8489 });
    assert.equal(isStun(Buffer.from('OPTIONS sip:x SIP/2.0\r\n\r\n')), false);
  });
});
