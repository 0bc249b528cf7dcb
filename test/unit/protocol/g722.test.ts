import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { G722Decoder, G722Encoder } from '../../../src/protocol/g722/g722.ts';
import { sine, toneLevel } from '../../audio.ts';

const encode = (samples: Int16Array, encoder = new G722Encoder()): Uint8Array => {
  const codes = new Uint8Array(samples.length / 2);
  assert.equal(encoder.encode(samples, codes), codes.length);
  return codes;
};
const decode = (codes: Uint8Array, decoder = new G722Decoder()): Int16Array => {
  const samples = new Int16Array(codes.length * 2);
  assert.equal(decoder.decode(codes, 0, codes.length, samples), samples.length);
  return samples;
};
/** A tone sweeping through both bands, and full-scale steps: integers only, so the same everywhere. */
const sweep = (count: number): Int16Array => {
  let phase = 0;
  return Int16Array.from({ length: count }, (_, i) => {
    phase = (phase + 200 + (i >> 2)) & 0xffff;
    const triangle = phase < 32768 ? phase * 2 - 32768 : 98303 - phase * 2;
    return i % 8000 < 200 ? (i % 40 < 20 ? 32767 : -32768) : triangle >> 1;
  });
};
const hash = (bytes: Uint8Array | Int16Array): string => createHash('sha256').update(new Uint8Array(bytes.buffer)).digest('hex').slice(0, 16);

describe('G.722, 64 kbit/s', () => {
  it('codes and samples are those of another implementation (libavcodec, compared bit by bit when this test was written)', () => {
    const codes = encode(sweep(32_000));
    assert.equal(hash(codes), '3c4c83d16330336b');
    assert.equal(hash(decode(codes)), '20dce6de1038895e');
  });

  for (const hz of [200, 1000, 3000, 5000, 6500]) {
    it(`a tone of ${hz} Hz comes through at its level`, () => {
      const heard = decode(encode(sine(16_000, hz, 500, -12)));
      const level = toneLevel(heard.subarray(1600), 16_000, hz);
      assert.ok(Math.abs(level + 12) < 0.7, `${level}`);
    });
  }

  const lowerBand = (codes: Uint8Array): Int16Array => {
    const samples = new Int16Array(codes.length);
    assert.equal(new G722Decoder().decodeLowerBand(codes, 0, codes.length, samples), samples.length);
    return samples;
  };

  for (const hz of [200, 1000, 2000, 3400]) {
    it(`the lower band alone has a tone of ${hz} Hz at its level`, () => {
      const heard = lowerBand(encode(sine(16_000, hz, 500, -12)));
      const level = toneLevel(heard.subarray(800), 8_000, hz);
      assert.ok(Math.abs(level + 12) < 0.7, `${level}`);
    });
  }

  // The bands overlap: what is near their border shows in both, and only joining them takes it out.
  for (const [hz, atMost] of [[4600, -22], [5000, -32], [5500, -45], [7000, -45]] as const) {
    it(`a tone of ${hz} Hz is folded into the lower band at ${atMost} dBFS at most`, () => {
      const heard = lowerBand(encode(sine(16_000, hz, 500, -12)));
      const level = toneLevel(heard.subarray(800), 8_000, 8_000 - hz);
      assert.ok(level < atMost, `${level}`);
    });
  }

  it('any bytes decode, frame by frame as in one go', () => {
    const codes = Uint8Array.from({ length: 3200 }, (_, i) => (i * i * 7 + 13 * i) & 0xff);
    const whole = decode(codes);
    const decoder = new G722Decoder();
    for (let i = 0; i < codes.length; i += 160) assert.deepEqual(decode(codes.subarray(i, i + 160), decoder), whole.subarray(2 * i, 2 * i + 320));
  });

  it('an encoder that takes over from another goes on as the other would have', () => {
    const audio = sweep(6400);
    const first = new G722Encoder();
    encode(audio.subarray(0, 3200), first);
    const second = new G722Encoder();
    encode(sweep(1000).map((sample) => -sample), second);
    second.copyFrom(first);
    assert.deepEqual(encode(audio.subarray(3200), second), encode(audio.subarray(3200), first));
  });

  it('what does not fit is left out', () => {
    assert.equal(new G722Encoder().encode(new Int16Array(320), new Uint8Array(100)), 100);
    assert.equal(new G722Decoder().decode(new Uint8Array(160), 0, 160, new Int16Array(100)), 100);
  });
});
