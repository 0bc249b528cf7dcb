import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { datagramKind, emptyPacket, isValidRtcp, readRtp, timestampDelta, writeRtpHeader } from '../../../src/protocol/rtp/packet.ts';

/** Marker, payload type 101, sequence 0x1234, timestamp 0xdeadbeef, SSRC 0xcafef00d. */
const HEADER = [0x80, 0xe5, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xf0, 0x0d];
const bytes = (...parts: number[][]): Uint8Array => Uint8Array.from(parts.flat());
const first = (flags: number): number[] => [0x80 | flags, ...HEADER.slice(1)];

describe('RTP header, RFC 3550 §5.1', () => {
  it('reads every field', () => {
    const packet = emptyPacket();
    assert.equal(readRtp(bytes(HEADER, [1, 2, 3]), packet), undefined);
    assert.deepEqual(packet, { payloadType: 101, marker: true, sequence: 0x1234, timestamp: 0xdeadbeef, ssrc: 0xcafef00d, payloadStart: 12, payloadEnd: 15 });
  });

  const payloads = [
    { name: 'two CSRC are stepped over', input: bytes(first(2), [0, 0, 0, 1, 0, 0, 0, 2], [9]), expected: [9] },
    { name: '§5.3.1 an extension of one word is stepped over', input: bytes(first(0x10), [0xbe, 0xde, 0, 1, 1, 1, 1, 1], [9, 8]), expected: [9, 8] },
    { name: 'padding is cut', input: bytes(first(0x20), [9, 8, 0, 0, 3]), expected: [9, 8] },
    { name: 'padding may be all there is', input: bytes(first(0x20), [0, 2]), expected: [] },
    { name: 'CSRC, extension and padding together', input: bytes(first(0x31), [0, 0, 0, 1], [0, 0, 0, 0], [7], [0, 2]), expected: [7] },
    { name: 'no payload', input: bytes(HEADER), expected: [] },
  ];
  for (const { name, input, expected } of payloads) {
    it(name, () => {
      const packet = emptyPacket();
      assert.equal(readRtp(input, packet), undefined);
      assert.deepEqual([...input.subarray(packet.payloadStart, packet.payloadEnd)], expected);
    });
  }

  const faults = [
    { name: 'version 1', input: bytes([0x40, ...HEADER.slice(1)]), fault: 'bad_version' },
    { name: 'CSRC beyond the end', input: bytes(first(1), [0, 0, 0]), fault: 'truncated' },
    { name: 'extension header beyond the end', input: bytes(first(0x10), [0, 0, 0]), fault: 'truncated' },
    { name: 'extension words beyond the end', input: bytes(first(0x10), [0, 0, 0xff, 0xff]), fault: 'truncated' },
    { name: 'padding of zero', input: bytes(first(0x20), [0]), fault: 'bad_padding' },
    { name: 'padding into the header', input: bytes(first(0x20), [2]), fault: 'bad_padding' },
    { name: 'padding flag without an octet for it', input: bytes(first(0x20)), fault: 'bad_padding' },
  ];
  for (const { name, input, fault } of faults) it(`refuses ${name}`, () => assert.equal(readRtp(input, emptyPacket()), fault));

  it('refuses the header cut at any octet', () => {
    for (let length = 0; length < 12; length++) assert.equal(readRtp(bytes(HEADER).subarray(0, length), emptyPacket()), 'truncated');
  });

  it('property: any bytes are read or refused, and a payload lies inside them', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
      const packet = emptyPacket();
      if (readRtp(input, packet) !== undefined) return;
      assert.ok(packet.payloadStart >= 12 && packet.payloadStart <= packet.payloadEnd && packet.payloadEnd <= input.length);
    }), { seed: 1 });
  });

  it('property: what is written is read back', () => {
    const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
    fc.assert(fc.property(fc.record({ payloadType: uint(7), marker: fc.boolean(), sequence: uint(16), timestamp: uint(32), ssrc: uint(32) }), (header) => {
      const written = new Uint8Array(12);
      writeRtpHeader(written, header);
      const packet = emptyPacket();
      assert.equal(readRtp(written, packet), undefined);
      assert.deepEqual(packet, { ...header, payloadStart: 12, payloadEnd: 12 });
    }), { seed: 1 });
  });

  it('§5.1 timestamps compare across the wrap', () => {
    assert.equal(timestampDelta(0xffffff60, 0), 160);
    assert.equal(timestampDelta(0, 0xffffff60), -160);
  });
});

describe('telling RTCP apart, RFC 5761 §4', () => {
  const kinds = [
    { name: 'RTP payload type 0', input: [0x80, 0], kind: 'rtp' },
    { name: 'RTP payload type 0 with marker', input: [0x80, 0x80], kind: 'rtp' },
    { name: 'RTP payload type 101 with marker', input: [0x80, 0xe5], kind: 'rtp' },
    { name: 'sender report', input: [0x80, 200], kind: 'rtcp' },
    { name: 'last RTCP type', input: [0x80, 223], kind: 'rtcp' },
    { name: 'STUN (RFC 7983 §7)', input: [0, 1], kind: 'other' },
    { name: 'DTLS', input: [22, 254], kind: 'other' },
    { name: 'one octet', input: [0x80], kind: 'other' },
    { name: 'nothing', input: [], kind: 'other' },
  ];
  for (const { name, input, kind } of kinds) it(`${name} is ${kind}`, () => assert.equal(datagramKind(bytes(input)), kind));

  const receiverReport = [0x80, 201, 0, 1, 1, 2, 3, 4];
  const reports = [
    { name: 'an empty receiver report', input: receiverReport, valid: true },
    { name: 'a compound of two', input: [...receiverReport, 0x81, 203, 0, 1, 1, 2, 3, 4], valid: true },
    { name: 'a length beyond the datagram', input: [0x80, 201, 0, 2, 1, 2, 3, 4], valid: false },
    { name: 'a length short of the datagram', input: [...receiverReport, 0], valid: false },
    { name: 'padding in the first packet', input: [0xa0, 201, 0, 1, 1, 2, 3, 4], valid: false },
    { name: 'BYE first', input: [0x80, 203, 0, 1, 1, 2, 3, 4], valid: false },
    { name: 'too short', input: [0x80, 201, 0], valid: false },
  ];
  for (const { name, input, valid } of reports) it(`RFC 3550 §A.2: ${name} is ${valid ? '' : 'in'}valid`, () => assert.equal(isValidRtcp(bytes(input)), valid));
});
