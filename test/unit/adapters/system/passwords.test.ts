import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPasswords } from '../../../../src/adapters/system/passwords.ts';
import { secrets } from '../../../../src/adapters/system/secrets.ts';

describe('passwords', () => {
  it('argon2id, salted: the same password hashes otherwise each time and fits both', async () => {
    const passwords = createPasswords(2);
    const [first, second] = [await passwords.hash('correct horse'), await passwords.hash('correct horse')];
    assert.ok(first.ok && second.ok && first.value !== second.value);
    assert.match(first.value, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.deepEqual(await passwords.verify(first.value, 'correct horse'), { ok: true, value: 'right' });
    assert.deepEqual(await passwords.verify(second.value, 'wrong horse'), { ok: true, value: 'wrong' });
  });

  it('nobody has a password that fits', async () => {
    assert.deepEqual(await createPasswords(1).verify(undefined, 'anything'), { ok: true, value: 'wrong' });
  });

  it('sixty-four wait, one more is told that it is busy; all others are served', async () => {
    const passwords = createPasswords(1);
    const asked = Array.from({ length: 66 }, () => passwords.hash('x'));
    const outcomes = await Promise.all(asked);
    assert.deepEqual(outcomes.map((outcome) => (outcome.ok ? 'hashed' : outcome.error.code)).filter((each) => each !== 'hashed'), ['passwords_busy']);
  });
});

describe('secrets', () => {
  it('a token is 256 bits in characters any header and URL takes', () => {
    const tokens = new Set(Array.from({ length: 100 }, () => secrets.token()));
    assert.equal(tokens.size, 100);
    for (const token of tokens) assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.ok(secrets.equal('a', 'a') && !secrets.equal('a', 'ab'));
  });
});
