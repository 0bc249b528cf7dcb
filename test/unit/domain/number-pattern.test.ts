import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { matches, parsePattern } from '../../../src/domain/number-pattern.ts';

const match = (pattern: string, number: string): boolean | undefined => {
  const parsed = parsePattern(pattern);
  return parsed === undefined ? undefined : matches(parsed, number);
};

describe('patterns of numbers', () => {
  for (const [pattern, number, expected] of [
    ['0\\d{5,15}', '012345', true],
    ['0\\d{5,15}', '01234', false],
    ['0\\d{5,15}', `0${'1'.repeat(16)}`, false],
    ['\\+49[1-9]\\d+', '+4930123', true],
    ['\\+49[1-9]\\d+', '+490123', false],
    ['[a-c2]x?', 'b', true],
    ['[a-c2]x?', '2x', true],
    ['[a-c2]x?', 'dx', false],
    ['\\*9.', '*91', true],
    ['12', '123', false],
    ['12', '012', false],
    ['1{3}', '111', true],
    ['1{2,}', '1', false],
    ['(1)', '1', undefined],
    ['1|2', '1', undefined],
    ['^1$', '1', undefined],
    ['*1', '1', undefined],
    ['[9-1]', '1', undefined],
    ['1{3,2}', '1', undefined],
    ['', '', undefined],
    ['1'.repeat(129), '1', undefined],
  ] as const) {
    it(`${pattern.slice(0, 20)} and ${number.slice(0, 20)}: ${expected ?? 'no pattern'}`, () => assert.equal(match(pattern, number), expected));
  }

  it('what it takes does not grow with the pattern: the worst for a backtracking matcher is one pass', () => {
    const parsed = parsePattern('\\d*'.repeat(40) + 'x');
    assert.ok(parsed !== undefined);
    assert.equal(matches(parsed, '1'.repeat(64)), false);
  });

  it('agrees with regular expressions on all they share', () => {
    const atom = fc.constantFrom('1', '2', '\\d', '.', '[1-3]', '\\+', 'a');
    const times = fc.constantFrom('', '?', '*', '+', '{2}', '{1,3}', '{1,}');
    const pattern = fc.array(fc.tuple(atom, times).map((parts) => parts.join('')), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
    const number = fc.array(fc.constantFrom('1', '2', '3', '9', '+', 'a'), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(fc.property(pattern, number, (made, dialled) => assert.equal(match(made, dialled), new RegExp(`^(?:${made})$`).test(dialled))));
  });
});
