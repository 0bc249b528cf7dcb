import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { format, inspect } from 'node:util';
import fc from '../../properties.ts';
import { generatePin, neighbours, parsePin, Pin } from '../../../src/domain/pin-format.ts';
import { editDistance } from '../../../src/lib/edit-distance.ts';

const bounds = { minLength: 4, maxLength: 9 };

describe('Pin', () => {
  it('never shows itself', () => {
    const pin = new Pin('135792');
    const shown = [String(pin), JSON.stringify({ pin }), inspect({ pin }, { showHidden: true }), format('%s %o %j %O', pin, pin, pin, pin), Object.values(pin).join(), JSON.stringify(Object.getOwnPropertyNames(pin))];
    assert.doesNotMatch(shown.join('\n'), /135792/);
    assert.equal(pin.reveal(), '135792');
  });
});

describe('parsePin: PX-19, 4 to 9 digits', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['123', 'pin_too_short'],
    ['', 'pin_too_short'],
    ['1234', 'accepted'],
    ['123456789', 'accepted'],
    ['1234567890', 'pin_too_long'],
    ['12a4', 'pin_not_digits'],
    ['1234#', 'pin_not_digits'],
    [' 1234', 'pin_not_digits'],
    ['١٢٣٤', 'pin_not_digits'],
  ];
  for (const [text, expected] of cases) {
    it(`${JSON.stringify(text)} is ${expected}`, () => {
      const parsed = parsePin(text, bounds);
      assert.equal(parsed.ok ? 'accepted' : parsed.error.code, expected);
      if (!parsed.ok && text.length > 2) assert.ok(!JSON.stringify(parsed.error).includes(text), 'the PIN is not in the problem');
    });
  }

  it('takes other bounds', () => assert.ok(parsePin('12345678901234567890', { minLength: 20, maxLength: 20 }).ok));
});

describe('generatePin: N-14', () => {
  /** A random source made of the numbers given, over and over. */
  const source = (numbers: readonly number[]): ((below: number) => number) => {
    let next = 0;
    return (below) => (numbers[next++ % numbers.length] ?? 0) % below;
  };
  const randomness = fc.array(fc.nat(), { minLength: 12, maxLength: 64 });
  const generated = (numbers: readonly number[], others: readonly string[]): string => {
    const pin = generatePin(source(numbers), (candidate) => others.includes(candidate.reveal()), bounds);
    return pin.ok ? pin.value.reveal() : '';
  };

  it('has 6 digits, no leading 0, no equal neighbours, no three counting up or down', () => {
    fc.assert(
      fc.property(randomness, (numbers) => {
        const pin = generated(numbers, []);
        assert.match(pin, /^[1-9][0-9]{5}$/);
        assert.doesNotMatch(pin, /(.)\1/);
        const steps = Array.from({ length: 5 }, (_, index) => Number(pin[index + 1]) - Number(pin[index]));
        assert.ok(!steps.some((step, index) => Math.abs(step) === 1 && step === steps[index - 1]), pin);
      }),
    );
  });

  it('is at edit distance 2 or more from every other PIN of the room', () => {
    fc.assert(
      fc.property(randomness, fc.array(fc.stringMatching(/^[0-9]{4,9}$/), { maxLength: 5 }), (numbers, others) => {
        const pin = generated(numbers, others);
        if (pin !== '') for (const other of others) assert.ok(editDistance(pin, other) >= 2, `${pin} ${other}`);
      }),
    );
  });

  it('is moved away from a PIN it would have been near', () => {
    const numbers = [3, 5, 1, 7, 2, 6, 4, 8, 0, 5, 2, 7, 3, 1, 6, 8, 4];
    const first = generated(numbers, []);
    const second = generated(numbers, [first.slice(1)]);
    assert.notEqual(second, '');
    assert.ok(editDistance(first.slice(1), second) >= 2);
  });

  it('gives up on a room where everything is taken', () => {
    const pin = generatePin(source([1, 4, 2, 6]), () => true, bounds);
    assert.equal(pin.ok ? 'made' : pin.error.code, 'no_pin_left');
  });

  it('keeps to the bounds when they leave out 6 digits', () => {
    const pin = generatePin(source([1, 4, 2, 6, 3]), () => false, { minLength: 8, maxLength: 9 });
    assert.equal(pin.ok && pin.value.length, 8);
  });

  it('neighbours are exactly the strings of digits at edit distance 0 and 1', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{4,7}$/), fc.stringMatching(/^[0-9]{4,7}$/), (a, b) => {
        assert.equal(neighbours(a).includes(b), editDistance(a, b) <= 1);
      }),
    );
    for (const near of neighbours('1234')) assert.ok(editDistance('1234', near) <= 1);
    assert.equal(neighbours('1234').length, new Set(neighbours('1234')).size);
  });
});
