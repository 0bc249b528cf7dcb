import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { volumeOf } from '../../../../src/adapters/freeswitch/volume.ts';

describe('CO-34: decibels as levels of volume_in', () => {
  for (const [decibels, level] of [[-12, -4], [-11.1, -4], [-10.9, -3], [-8, -3], [-6, -2], [-3, -1], [-1, -1], [-0.9, 0], [0, 0], [1.1, 0], [1.2, 1], [4.7, 1], [4.8, 2], [8.7, 2], [8.9, 3], [12, 4]] as const) {
    it(`${decibels} dB: ${level}`, () => assert.equal(volumeOf(decibels), level));
  }

  it('never falls where the decibels rise', () => {
    const levels = Array.from({ length: 241 }, (_, step) => volumeOf(step / 10 - 12));
    assert.deepEqual([...levels].sort((a, b) => a - b), levels);
    assert.deepEqual([...new Set(levels)], [-4, -3, -2, -1, 0, 1, 2, 3, 4]);
  });
});
