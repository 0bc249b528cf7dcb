import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDigestHashes } from '../../../src/adapters/system/digest-hashes.ts';
import { digestResponse, ha1Of, issuedAt, judgeCredentials, makeNonce, NonceCounts, type DigestAlgorithm, type DigestCredentials, type DigestRules, type Ha1 } from '../../../src/domain/digest.ts';

const hashes = createDigestHashes();

describe('RFC 7616 §3.9.1: both algorithms', () => {
  const given = { uri: '/dir/index.html', nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v', nc: '00000001', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' };
  const vectors: readonly (readonly [DigestAlgorithm, string])[] = [
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ];
  for (const [algorithm, response] of vectors) {
    it(algorithm, () => {
      const ha1 = ha1Of(hashes, algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life');
      assert.equal(digestResponse(hashes, algorithm, ha1, 'GET', given), response);
    });
  }
});

describe('judgement of credentials', () => {
  const rules: DigestRules = { realm: 'vestibule', algorithms: ['SHA-256', 'MD5'], nonceLifetimeMs: 60_000 };
  const now = 1_700_000_000_000;
  const ha1: Ha1 = { MD5: ha1Of(hashes, 'MD5', 'alice', rules.realm, 'open sesame'), 'SHA-256': ha1Of(hashes, 'SHA-256', 'alice', rules.realm, 'open sesame') };
  const counts = (): NonceCounts => new NonceCounts(60_000, 100);

  function credentials(change: Partial<DigestCredentials> = {}, secret = 'open sesame'): DigestCredentials {
    const given = { username: 'alice', realm: rules.realm, nonce: makeNonce(hashes, now), uri: 'sip:example.com', algorithm: 'SHA-256', qop: 'auth', cnonce: 'c', nc: '00000001', ...change };
    const algorithm = given.algorithm.toUpperCase() === 'MD5' ? 'MD5' : 'SHA-256';
    const own = ha1Of(hashes, algorithm, given.username, rules.realm, secret);
    return { response: digestResponse(hashes, algorithm, own, 'REGISTER', given), ...given };
  }

  const cases: readonly (readonly [string, DigestCredentials, string])[] = [
    ['right, SHA-256', credentials(), 'authenticated'],
    ['right, MD5', credentials({ algorithm: 'MD5' }), 'authenticated'],
    ['right, algorithm in other letters', credentials({ algorithm: 'sha-256' }), 'authenticated'],
    ['wrong secret', credentials({}, 'open barley'), 'wrong'],
    ['response of another length', credentials({ response: 'abc' }), 'wrong'],
    ['another realm', credentials({ realm: 'elsewhere' }), 'wrong'],
    ['RFC 7616 §5.1: no qop', credentials({ qop: undefined }), 'wrong'],
    ['qop not offered', credentials({ qop: 'auth-int' }), 'wrong'],
    ['algorithm not offered', credentials({ algorithm: 'SHA-512-256' }), 'wrong'],
    ['no cnonce', credentials({ cnonce: '' }), 'wrong'],
    ['nc that is none', credentials({ nc: '1' }), 'wrong'],
    ['RFC 7616 §3.3: right, old nonce', credentials({ nonce: makeNonce(hashes, now - 60_001) }), 'stale'],
    ['right, last moment of the nonce', credentials({ nonce: makeNonce(hashes, now - 60_000) }), 'authenticated'],
    ['right, nonce of the future', credentials({ nonce: makeNonce(hashes, now + 1) }), 'stale'],
    ['right, nonce of somebody else', credentials({ nonce: makeNonce(createDigestHashes(), now) }), 'stale'],
    ['right, nonce that is none', credentials({ nonce: '' }), 'stale'],
    ['wrong, old nonce', credentials({ nonce: makeNonce(hashes, now - 99_999) }, 'open barley'), 'wrong'],
  ];
  for (const [name, given, kind] of cases) it(`${name}: ${kind}`, () => assert.equal(judgeCredentials(hashes, rules, given, 'REGISTER', ha1, counts(), now).kind, kind));

  it('of a user there is not: wrong, whatever the secret', () => {
    for (const secret of ['', 'open sesame']) assert.equal(judgeCredentials(hashes, rules, credentials({ username: 'nobody' }, secret), 'REGISTER', undefined, counts(), now).kind, 'wrong');
  });

  it('made for another method: wrong', () => assert.equal(judgeCredentials(hashes, rules, credentials(), 'INVITE', ha1, counts(), now).kind, 'wrong'));

  it('RFC 7616 §5.4: sent again, stale; with a higher nc, right', () => {
    const nonce = makeNonce(hashes, now);
    const seen = counts();
    const kinds = ['00000001', '00000001', '00000003', '00000002', '0000000A'].map((nc) => judgeCredentials(hashes, rules, credentials({ nonce, nc }), 'REGISTER', ha1, seen, now).kind);
    assert.deepEqual(kinds, ['authenticated', 'stale', 'authenticated', 'stale', 'authenticated']);
  });

  it('a wrong response counts no nc', () => {
    const nonce = makeNonce(hashes, now);
    const seen = counts();
    judgeCredentials(hashes, rules, credentials({ nonce }, 'open barley'), 'REGISTER', ha1, seen, now);
    assert.equal(seen.size, 0);
  });
});

describe('nonces', () => {
  it('tell when they were issued, if they are ours and unchanged', () => {
    const nonce = makeNonce(hashes, 1_234);
    assert.equal(issuedAt(hashes, nonce), 1_234);
    assert.equal(issuedAt(hashes, `1${nonce}`), undefined);
    assert.notEqual(makeNonce(hashes, 1_234), nonce);
  });

  it('are remembered up to a bound; what gives way, and all as old, is believed no more', () => {
    const counts = new NonceCounts(60_000, 3);
    for (const issued of [1, 2, 3, 4, 5]) assert.equal(counts.take(`n${issued}`, issued, 1, 10), 'taken');
    assert.equal(counts.size, 3);
    assert.equal(counts.take('n1', 1, 2, 10), 'seen');
    assert.equal(counts.take('other', 2, 1, 10), 'seen');
    assert.equal(counts.take('n5', 5, 2, 10), 'taken');
  });

  it('are forgotten when they are over', () => {
    const counts = new NonceCounts(100, 1_000);
    for (let issued = 0; issued < 50; issued++) counts.take(`n${issued}`, issued, 1, issued);
    counts.take('late', 1_000, 1, 1_000);
    assert.equal(counts.size, 1);
  });
});
