import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ComfortNoise, readComfortNoise } from '../../../src/protocol/comfort-noise/comfort-noise.ts';
import { decodeL16, encodeL16 } from '../../../src/protocol/l16/l16.ts';
import { toneLevel } from '../../audio.ts';

const rmsDb = (samples: Int16Array): number => 10 * Math.log10(samples.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0) / samples.length);

describe('L16, RFC 3551 §4.5.11', () => {
  it('samples travel in network byte order', () => {
    const bytes = new Uint8Array(8);
    assert.equal(encodeL16(Int16Array.of(1, -2, 32767, -32768), bytes), 8);
    assert.deepEqual([...bytes], [0x00, 0x01, 0xff, 0xfe, 0x7f, 0xff, 0x80, 0x00]);
    const samples = new Int16Array(4);
    assert.equal(decodeL16(bytes, 0, 8, samples), 4);
    assert.deepEqual([...samples], [1, -2, 32767, -32768]);
  });

  it('half a sample is left out', () => assert.equal(decodeL16(new Uint8Array(7), 0, 7, new Int16Array(8)), 3));
});

describe('comfort noise, RFC 3389', () => {
  const noise = (payload: number[]): Int16Array => {
    const generator = new ComfortNoise(1);
    generator.describe(readComfortNoise(Uint8Array.from(payload), 0, payload.length)!);
    const samples = new Int16Array(8000);
    generator.fill(samples);
    return samples;
  };

  for (const level of [30, 50, 70]) {
    it(`§3.1: level ${level} is ${level} dB below overload, white or shaped`, () => {
      assert.ok(Math.abs(rmsDb(noise([level])) + level) < 1, `${rmsDb(noise([level]))}`);
      assert.ok(Math.abs(rmsDb(noise([level, 50, 160])) + level) < 1.5, `${rmsDb(noise([level, 50, 160]))}`);
    });
  }

  it('§3.2: a negative first coefficient is a low-pass, a positive one a high-pass', () => {
    const tilt = (n: number): number => {
      const samples = noise([40, n]);
      const band = (from: number): number => Array.from({ length: 20 }, (_, i) => 10 ** (toneLevel(samples, 8000, from + 20 * i) / 10)).reduce((a, b) => a + b);
      return band(300) - band(3300);
    };
    assert.ok(tilt(30) > 0);
    assert.ok(tilt(220) < 0);
  });

  it('empty is nothing; the worst coefficients stay bounded', () => {
    assert.equal(readComfortNoise(new Uint8Array(4), 2, 2), undefined);
    const samples = noise([0, ...Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 255 : 0))]);
    assert.ok(samples.every((sample) => Number.isFinite(sample)));
  });
});
