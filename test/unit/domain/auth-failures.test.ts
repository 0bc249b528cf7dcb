import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthFailures, type FailureRules } from '../../../src/domain/auth-failures.ts';

const rules: FailureRules = { free: 3, firstWaitMs: 1_000, longestWaitMs: 8_000, forgetMs: 60_000, mostSources: 5 };

function failing(times: number): AuthFailures {
  const failures = new AuthFailures(rules);
  for (let time = 0; time < times; time++) failures.failed('s', 0);
  return failures;
}

describe('wrong secrets', () => {
  const waits: readonly (readonly [number, number])[] = [[0, 0], [3, 0], [4, 1_000], [5, 2_000], [6, 4_000], [7, 8_000], [20, 8_000]];
  for (const [times, leftMs] of waits) it(`${times} of them: ${leftMs} ms`, () => assert.deepEqual(failing(times).standing('s', 0), leftMs === 0 ? { kind: 'free' } : { kind: 'waiting', leftMs }));

  it('a wait ends', () => {
    assert.deepEqual(failing(4).standing('s', 999), { kind: 'waiting', leftMs: 1 });
    assert.deepEqual(failing(4).standing('s', 1_000), { kind: 'free' });
  });

  it('another source does not wait', () => assert.deepEqual(failing(9).standing('other', 0), { kind: 'free' }));

  it('a right one, or a long quiet time, forgets them', () => {
    const right = failing(3);
    right.succeeded('s');
    right.failed('s', 0);
    assert.deepEqual(right.standing('s', 0), { kind: 'free' });
    const quiet = failing(9);
    quiet.failed('s', 60_001);
    assert.deepEqual(quiet.standing('s', 60_001), { kind: 'free' });
  });

  it('a bounded number of sources is remembered', () => {
    const failures = new AuthFailures(rules);
    for (let source = 0; source < 100; source++) failures.failed(`s${source}`, 0);
    assert.equal(failures.size, 5);
  });
});
