import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkSecret, generateSecret, validateUser } from '../../../src/domain/user.ts';

const codes = (name: string, display = ''): readonly string[] => {
  const valid = validateUser(name, display);
  return valid.ok ? [] : valid.error.map(({ code }) => code);
};

describe('users', () => {
  it('a name is kept in small letters', () => assert.deepEqual(validateUser(' Alice.B ', ' Alice '), { ok: true, value: { name: 'alice.b', display: 'Alice' } }));

  for (const name of ['', ' ', '-a', 'a b', 'a@b', 'a'.repeat(65), 'ü', 'a\r\nb']) it(`${JSON.stringify(name)} is no name`, () => assert.deepEqual(codes(name), ['user_name_invalid']));

  for (const display of ['a\nb', 'a'.repeat(129)]) it(`${JSON.stringify(display.slice(0, 9))} is nothing to show`, () => assert.deepEqual(codes('a', display), ['user_display_invalid']));
});

describe('SIP secrets', () => {
  for (const secret of ['', 'short12', 'a'.repeat(129), 'line one\nline two']) {
    it(`of ${secret.length} characters: refused, and not repeated`, () => {
      const checked = checkSecret(secret);
      assert.ok(!checked.ok && checked.error.code === 'secret_unfit' && (secret === '' || !JSON.stringify(checked).includes(secret)));
    });
  }

  it('made by us are taken by us', () => {
    let drawn = 0;
    const made = generateSecret((below) => drawn++ % below);
    assert.equal(made.length, 20);
    assert.ok(checkSecret(made).ok && new Set(made).size > 15);
  });
});
