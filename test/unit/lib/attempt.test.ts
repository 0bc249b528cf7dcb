import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attempt, failureText } from '../../../src/lib/attempt.ts';
import { FakeClock } from '../../fakes/clock.ts';

describe('attempt', () => {
  it('gives the value, and leaves no timer', async () => {
    const clock = new FakeClock();
    assert.deepEqual(await attempt(Promise.resolve(7), 100, clock), { ok: true, value: 7 });
    assert.equal(clock.pending, 0);
  });

  it('a rejection is a failure with its text, a plain string too (D-13)', async () => {
    const clock = new FakeClock();
    for (const error of [new Error('no'), 'no' as unknown as Error]) {
      assert.deepEqual(await attempt(Promise.reject(error), 100, clock), { ok: false, error: { kind: 'failed', message: 'no' } });
    }
    assert.equal(clock.pending, 0);
  });

  it('a promise that hangs is a failure at the deadline', async () => {
    const clock = new FakeClock();
    const outcome = attempt(new Promise(() => undefined), 100, clock);
    await clock.advance(100);
    const { ok, ...rest } = await outcome;
    assert.equal(ok, false);
    assert.deepEqual(rest, { error: { kind: 'timeout', ms: 100 } });
    assert.equal(failureText({ kind: 'timeout', ms: 100 }), 'no answer within 100 ms');
  });
});
