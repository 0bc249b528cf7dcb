import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { joinOpus, opusSamples } from '../../../src/protocol/opus/packet.ts';

const samples = (...bytes: number[]): number => opusSamples(Uint8Array.from(bytes), 0, bytes.length);

describe('Opus packets, RFC 6716 §3', () => {
  const rows: [name: string, bytes: number[], expected: number][] = [
    ['SILK NB 10 ms, one frame', [0 << 3], 480],
    ['SILK WB 60 ms, one frame', [11 << 3], 2880],
    ['hybrid SWB 10 ms', [12 << 3], 480],
    ['hybrid FB 20 ms', [15 << 3], 960],
    ['CELT NB 2.5 ms', [16 << 3], 120],
    ['CELT FB 20 ms', [31 << 3], 960],
    ['code 1: two frames of 20 ms', [(31 << 3) | 1], 1920],
    ['code 2: two frames of 20 ms', [(31 << 3) | 2, 1], 1920],
    ['code 3: three frames of 20 ms', [(31 << 3) | 3, 0x83], 2880],
    ['code 3 of no frames', [(31 << 3) | 3, 0x80], 0],
    ['code 3 cut off', [(31 << 3) | 3], 0],
    ['R5: more than 120 ms', [(31 << 3) | 3, 7], 0],
    ['R1: nothing', [], 0],
  ];
  for (const [name, bytes, expected] of rows) it(name, () => assert.equal(samples(...bytes), expected));

  it('property: frames joined are a code 3 packet that holds them in order (§3.2.5)', () => {
    const frame = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 31 }), fc.array(frame, { minLength: 1, maxLength: 3 }), (configuration, frames) => {
        const toc = configuration << 3;
        const out = new Uint8Array(1500);
        const length = joinOpus(frames.map((bytes) => Uint8Array.of(toc, ...bytes)), out);
        assert.equal(out[0], toc | 3);
        assert.equal(out[1], 0x80 | frames.length);
        let at = 2;
        const lengths = frames.slice(0, -1).map(() => {
          const first = out[at++]!;
          return first < 252 ? first : first + 4 * out[at++]!;
        });
        for (const [i, bytes] of frames.entries()) {
          const upTo = i < lengths.length ? at + lengths[i]! : length;
          assert.deepEqual(out.slice(at, upTo), bytes);
          at = upTo;
        }
      }),
      { seed: 1 },
    );
  });

  it('what cannot share a packet is not joined', () => {
    const out = new Uint8Array(1500);
    assert.equal(joinOpus([Uint8Array.of(8, 1), Uint8Array.of(16, 1)], out), 0);
    assert.equal(joinOpus([Uint8Array.of(9, 1), Uint8Array.of(9, 1)], out), 0);
    assert.equal(joinOpus([], out), 0);
    assert.equal(joinOpus([new Uint8Array(1000).fill(8), new Uint8Array(1000).fill(8)], out), 0);
  });
});
