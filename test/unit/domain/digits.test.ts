import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from '../../properties.ts';
import { initialDigits, mergeDigit, type DigitSource } from '../../../src/domain/digits.ts';

type Heard = readonly [at: number, via: DigitSource, digit: string];

/** The digits that count, with the form they came by. */
function merged(heard: readonly Heard[]): string {
  let state = initialDigits();
  const accepted: string[] = [];
  for (const [now, via, digit] of heard) {
    const next = mergeDigit(state, { digit, via, now });
    state = next.state;
    if (next.digit === 'accepted') accepted.push(`${digit}${via}`);
  }
  return accepted.join(' ');
}

describe('digits merged, N-04', () => {
  const rows: readonly (readonly [name: string, heard: readonly Heard[], accepted: string])[] = [
    ['M-11: one key by two forms counts once, the first form wins', [[0, 'rtp', '5'], [20, 'info', '5']], '5rtp'],
    ['the other way round', [[0, 'info', '5'], [20, 'rtp', '5']], '5info'],
    ['three forms', [[0, 'rtp', '5'], [20, 'info', '5'], [120, 'inband', '5']], '5rtp'],
    ['the same form is always a new press', [[0, 'rtp', '5'], [100, 'rtp', '5']], '5rtp 5rtp'],
    ['a double press by two forms is two', [[0, 'rtp', '5'], [20, 'info', '5'], [200, 'rtp', '5'], [220, 'info', '5']], '5rtp 5rtp'],
    ['... also when one form lags', [[0, 'rtp', '5'], [200, 'rtp', '5'], [400, 'info', '5'], [600, 'info', '5']], '5rtp 5rtp'],
    ['... also when the order turns', [[0, 'rtp', '5'], [20, 'info', '5'], [200, 'info', '5'], [220, 'rtp', '5']], '5rtp 5info'],
    ['a press only one form tells of is not lost', [[0, 'rtp', '5'], [20, 'info', '5'], [1_000, 'info', '5']], '5rtp 5info'],
    ['2 s later it is a new press', [[0, 'rtp', '5'], [2_000, 'info', '5']], '5rtp 5info'],
    ['just before, it is not', [[0, 'rtp', '5'], [1_999, 'info', '5']], '5rtp'],
    ['other digits are other presses', [[0, 'rtp', '5'], [20, 'info', '6']], '5rtp 6info'],
    ['H.245 user input', [[0, 'rtp', '5'], [20, 'h245', '5']], '5rtp'],
  ];
  for (const [name, heard, accepted] of rows) it(name, () => assert.equal(merged(heard), accepted));

  it('whatever is keyed by a phone that sends two forms, each key counts once', () => {
    const presses = fc.array(fc.record({ digit: fc.constantFrom('1', '2', '3'), gap: fc.integer({ min: 60, max: 3_000 }), lag: fc.integer({ min: 0, max: 500 }) }), { maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(presses, (keys) => {
        let at = 0;
        const heard = keys.flatMap(({ digit, gap, lag }): readonly Heard[] => {
          at += gap;
          return [
            [at, 'rtp', digit],
            [at + lag, 'info', digit],
          ];
        });
        const inOrder = [...heard].sort(([a], [b]) => a - b);
        assert.equal(merged(inOrder).replaceAll(/[a-z]+/g, ''), keys.map(({ digit }) => digit).join(' '));
      }),
    );
  });

  it('bounded, however fast digits come', () => {
    let state = initialDigits();
    for (let index = 0; index < 1_000; index++) state = mergeDigit(state, { digit: '1', via: 'rtp', now: 0 }).state;
    assert.equal(state.length, 64);
  });
});
