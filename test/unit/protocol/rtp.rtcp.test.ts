import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { Reception } from '../../../src/protocol/rtp/reception.ts';
import { compactNtp, ntpTime, readRtcp, roundTrip, rtcpInterval, writeRtcp, type Report, type ReportBlock } from '../../../src/protocol/rtp/rtcp.ts';

const block: ReportBlock = { ssrc: 0xdeadbeef, fractionLost: 12, cumulativeLost: -3, highestSequence: 0x0001fffe, jitter: 160, lastSr: 0x12345678, delaySinceLastSr: 65_536 };
const sender = { ntpSeconds: 3_900_000_000, ntpFraction: 0x80000000, rtpTimestamp: 0xfffffff0, packets: 50, octets: 8_000 };
const written = (report: Report): Uint8Array => {
  const bytes = new Uint8Array(400);
  return bytes.slice(0, writeRtcp(bytes, report));
};

describe('RTCP, RFC 3550 section 6', () => {
  it('§6.4.1, §6.5, §6.6: sender report, CNAME and BYE, byte for byte', () => {
    const bytes = written({ ssrc: 0x01020304, sender, block: { ...block, cumulativeLost: 5 }, cname: 'abc', bye: true });
    assert.equal(
      Buffer.from(bytes).toString('hex'),
      ['81c8000c01020304', 'e8754700', '80000000', 'fffffff0', '00000032', '00001f40', 'deadbeef0c0000050001fffe000000a01234567800010000', '81ca000301020304', '010361626300', '0000', '81cb000101020304'].join(''),
    );
  });

  it('what is written is read as it was, with and without each part', () => {
    for (const cname of ['', 'a', 'ab', 'abc', 'abcd', 'x'.repeat(300)]) {
      for (const report of [{}, { sender }, { block }, { sender, block }, { sender, block, bye: true }] as const) {
        const bytes = written({ ssrc: 7, cname, ...report });
        assert.equal(bytes.length % 4, 0);
        const { bye, ...parts } = { bye: undefined, ...report };
        assert.deepEqual(readRtcp(bytes), { ssrc: 7, blocks: [], ...('sender' in parts ? { sender: parts.sender } : {}), ...('block' in parts ? { blocks: [parts.block] } : {}), byes: bye === undefined ? [] : [7] });
      }
    }
  });

  it('§A.2: truncated anywhere, and with counts that do not fit, it is refused', () => {
    const bytes = written({ ssrc: 7, sender, block, cname: 'abc', bye: true });
    const whole = new Set([bytes.length, bytes.length - 8, bytes.length - 24]);
    for (let length = 0; length < bytes.length; length++) if (!whole.has(length)) assert.equal(readRtcp(bytes.subarray(0, length)), undefined, `${length} bytes`);
    for (const at of [0, bytes.length - 8]) {
      const bent = bytes.slice();
      bent[at]! |= 0x1f;
      assert.equal(readRtcp(bent), undefined);
    }
  });

  it('never throws, and never has more than a datagram holds', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1500 }), (bytes) => (readRtcp(bytes)?.blocks.length ?? 0) <= 64));
    const header = fc.tuple(fc.nat(255), fc.constantFrom(200, 201, 202, 203), fc.nat(20)).map(([first, type, words]) => [0x80 | (first & 0x1f), type, 0, words, ...Array<number>(words * 4).fill(first)]);
    fc.assert(fc.property(fc.array(header, { maxLength: 6 }), (packets) => void readRtcp(Uint8Array.from(packets.flat()))));
  });

  it('§6.2: 5 s on average, 2.5 s at first', () => {
    assert.deepEqual([0, 0.5, 1].map((random) => rtcpInterval(random, 'next')), [2_500, 5_000, 7_500]);
    assert.equal(rtcpInterval(0.5, 'first'), 2_500);
  });

  it('§6.4.1: round trip by LSR and DLSR', () => {
    const sent = 123_456.5;
    const about = (delayMs: number, ms: number): number => Math.round(roundTrip({ ...block, lastSr: compactNtp(ntpTime(sent)), delaySinceLastSr: Math.round(delayMs * 65.536) }, ms) ?? -1);
    assert.equal(about(1_000, sent + 1_080), 80);
    assert.equal(about(1_000, sent + 999), 0, 'coarse clocks');
    assert.equal(about(1_000, sent + 900), -1, 'nonsense');
    assert.equal(roundTrip({ ...block, lastSr: 0 }, sent), undefined);
  });
});

describe('reception, RFC 3550 appendix A', () => {
  const spoken = (sequences: readonly number[], first = sequences[0] ?? 0): Reception => {
    const reception = new Reception(9, first & 0xffff, 8_000);
    for (const sequence of sequences) reception.note(sequence & 0xffff, (sequence * 160) >>> 0, sequence * 20, 'audio');
    return reception;
  };
  const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

  it('A.3: nothing lost', () => assert.deepEqual(spoken(range(5, 100)).report(), { ssrc: 9, fractionLost: 0, cumulativeLost: 0, highestSequence: 104, jitter: 0 }));
  it('A.3: every fourth lost, of all and since the last report', () => {
    const reception = spoken(range(0, 100).filter((i) => i % 4 !== 1));
    const { fractionLost, cumulativeLost } = reception.report();
    assert.deepEqual([fractionLost, cumulativeLost], [64, 25]);
    for (const i of range(100, 10)) reception.note(i, i * 160, i * 20, 'audio');
    assert.deepEqual([reception.report().fractionLost, reception.report().cumulativeLost], [0, 25]);
  });
  it('A.3: duplicates make the loss negative', () => assert.equal(spoken([0, 1, 1, 1, 2]).report().cumulativeLost, -2));
  it('A.1: reordering is no loss, and the wrap counts a cycle', () => {
    const { highestSequence, cumulativeLost } = spoken([0xfffd, 0xffff, 0xfffe, 0x10001, 0x10000, 0x10002]).report();
    assert.deepEqual([highestSequence, cumulativeLost], [0x10002, 0]);
  });
  it('A.1: a jump counts when a second packet follows it', () => {
    const reception = spoken([...range(0, 10), 30_000, 30_001, 30_002]);
    assert.deepEqual([reception.report().highestSequence, reception.report().cumulativeLost], [30_002, 0]);
    assert.equal(spoken([...range(0, 10), 30_000, 10]).report().highestSequence, 10);
  });
  it('A.8: jitter of packets late by turns settles at their difference', () => {
    const reception = new Reception(9, 0, 8_000);
    for (const i of range(0, 400)) reception.note(i, i * 160, i * 20 + (i % 2) * 10, 'audio');
    assert.ok(Math.abs(reception.jitter - 10) < 0.1, `${reception.jitter} ms`);
    assert.equal(reception.report().jitter, 79);
  });
  it('RFC 4733 §2.3: the packets of a key tell nothing of jitter; timestamps wrap', () => {
    const reception = new Reception(9, 0, 48_000);
    for (const i of range(0, 100)) reception.note(i, (0xfffff000 + i * 960) >>> 0, 1e9 + i * 20, i % 10 === 9 ? 'other' : 'audio');
    assert.ok(reception.jitter < 0.1, `${reception.jitter} ms`);
  });
});
