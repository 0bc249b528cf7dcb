import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Type } from 'typebox';
import { etag, ifMatch } from '../../../src/http/etag.ts';
import { statusOf } from '../../../src/http/errors.ts';
import { pageAnswer } from '../../../src/http/paging.ts';
import { sourceOf } from '../../../src/http/source.ts';
import { validator } from '../../../src/http/validation.ts';

describe('If-Match and ETag (RFC 9110 §8.8.3, §13.1.1)', () => {
  for (const [header, expected] of [
    [undefined, 'any'],
    ['*', 'any'],
    [etag(7), 7],
    [' "12" ', 12],
    ['7', 'refused'],
    ['W/"7"', 'refused'],
    ['"7", "8"', 'refused'],
    ['"99999999999999999999"', 'refused'],
  ] as const) {
    it(`${String(header)}: ${expected}`, () => {
      const version = ifMatch(header);
      assert.equal(version.ok ? (version.value ?? 'any') : 'refused', expected);
    });
  }
});

describe('the source of attempts', () => {
  for (const [address, source] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ] as const) {
    it(`${address}: ${source}`, () => assert.equal(sourceOf(address), source));
  }
});

describe('validation', () => {
  const schema = Type.Object(
    { aliases: Type.Array(Type.String({ minLength: 2 })), role: Type.Optional(Type.Enum(['a', 'b'])), sip: Type.Optional(Type.Union([Type.Enum(['none']), Type.Object({ secret: Type.String() }, { additionalProperties: false })])), nested: Type.Optional(Type.Object({ deep: Type.Integer() })) },
    { additionalProperties: false },
  );
  const validate = validator(schema, 'body');
  for (const [name, value, fields] of [
    ['right', { aliases: ['aa'] }, []],
    ['what is missing', {}, ['aliases']],
    ['an entry of a list', { aliases: ['aa', 'b'] }, ['aliases[1]']],
    ['what is not known', { aliases: [], colour: 1, size: 2 }, ['colour', 'size']],
    ['one of several values', { aliases: [], role: 'c' }, ['role']],
    ['inside', { aliases: [], nested: { deep: 1.5 } }, ['nested.deep']],
    ['no object at all', [], ['body']],
    ['a number is not made of text', { aliases: [], nested: { deep: '1' } }, ['nested.deep']],
  ] as const) {
    it(`${name}: ${fields.join(', ') || 'taken'}`, () => {
      const checked = validate(value);
      assert.deepEqual(checked.ok ? [] : [...new Set(checked.error.map(({ field }) => field))].sort(), fields);
    });
  }

  it('a union: said by its branches, without the value', () => {
    const checked = validate({ aliases: [], sip: { secret: 12_345 } });
    assert.ok(!checked.ok && !JSON.stringify(checked.error).includes('12345'));
  });

  it('a query is text, and becomes what the schema wants', () => {
    const query = validator(Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1 })), all: Type.Optional(Type.Boolean()) }, { additionalProperties: false }), 'query');
    const checked = query({ limit: '5', all: 'true' });
    assert.deepEqual(checked.ok && checked.value, { limit: 5, all: true });
    for (const wrong of [{ limit: '0' }, { limit: 'x' }, { limit: '1.5' }, { limit: ['1', '2'] }, { limit: '0x10' }, { limit: 'true' }, { limit: '' }, { all: '1' }]) assert.ok(!query(wrong).ok, JSON.stringify(wrong));
  });

  it('few problems, none of them long, whatever is sent', () => {
    const checked = validate({ aliases: [], ...Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, 1])) });
    assert.ok(!checked.ok && checked.error.length === 8 && checked.error[0].field === 'x0');
    const long = validate({ aliases: [], ['x'.repeat(10_000)]: 1 });
    assert.ok(!long.ok && JSON.stringify(long.error).length < 1_000);
  });
});

describe('fields of a page', () => {
  const item = Type.Object({ name: Type.String(), size: Type.Integer() });
  it('those asked for; one there is not is refused', () => {
    const page = { items: [{ name: 'a', size: 1 }], next: 'n' };
    const picked = pageAnswer(page, 'size', item);
    assert.deepEqual(picked.ok && picked.value.body, { items: [{ size: 1 }], next: 'n' });
    const refused = pageAnswer(page, 'name,toString', item);
    assert.ok(!refused.ok && refused.error.problems[0].field === 'fields');
  });
});

describe('status of a code', () => {
  it('a rule about what was given is 422, unless said otherwise', () => {
    assert.deepEqual(['pin_too_short', 'room_unknown', 'version_conflict', 'store_locked'].map(statusOf), [422, 404, 412, 503]);
  });
});
