import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dtmfSteps, isDtmfSequence } from '../../../src/domain/dtmf-sequence.ts';

describe('keys after an answer (PXD-27)', () => {
  for (const [sequence, steps] of [
    ['1234#', [[0, '1234#']]],
    [',12', [[2_000, '12']]],
    ['12,,34#,5', [[0, '12'], [4_400, '34#'], [2_600, '5']]],
    ['12,', [[0, '12']]],
    [',,', []],
  ] as const) {
    it(`${sequence}: a pause is 2 s, after the keys before it`, () => {
      assert.deepEqual(dtmfSteps(sequence).map(({ afterMs, keys }) => [afterMs, keys]), steps);
    });
  }

  it('nothing but keys and pauses, 64 at most', () => {
    assert.deepEqual(['12#', ',A*', '', '1 2', 'E', '1'.repeat(65)].map(isDtmfSequence), [true, true, false, false, false, false]);
  });
});
