import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbuseGuard, abuseRules, RememberedPins } from '../../../src/domain/abuse.ts';
import { minute, second } from './fixtures.ts';

const room = 'r1';

describe('abuse, policy section 6', () => {
  it('ten wrong PINs of one source at one room block it until the window is below the limit, at most 10 min', () => {
    const guard = new AbuseGuard(abuseRules);
    for (let i = 0; i < 9; i++) guard.wrongPin('a', room, i * minute);
    assert.equal(guard.standing('a', room, 9 * minute).kind, 'free');
    guard.wrongPin('a', room, 9 * minute);
    assert.equal(guard.standing('a', room, 9 * minute).kind, 'blocked');
    assert.equal(guard.standing('a', 'another', 9 * minute).kind, 'blocked');
    assert.equal(guard.standing('b', room, 9 * minute).kind, 'free');
    assert.equal(guard.standing('a', room, 10 * minute - 1).kind, 'blocked');
    assert.equal(guard.standing('a', room, 10 * minute).kind, 'free');
  });

  it('ten wrong PINs, at two rooms: not blocked', () => {
    const guard = new AbuseGuard(abuseRules);
    for (let i = 0; i < 9; i++) for (const each of ['r1', 'r2']) guard.wrongPin('a', each, 0);
    assert.equal(guard.standing('a', undefined, 0).kind, 'free');
  });

  it('twenty at one room, of many sources, slow strangers down, more with every ten; not who came in before, nor another room', () => {
    const guard = new AbuseGuard(abuseRules);
    guard.succeeded('visitor', room);
    const delays: unknown[] = [];
    for (let i = 1; i <= 90; i++) {
      guard.wrongPin(`s${i}`, room, 0);
      if (i % 10 === 0 || i === 19) delays.push(guard.standing('stranger', room, 0));
    }
    const slowed = (seconds: number) => ({ kind: 'slowed', ms: seconds * second });
    assert.deepEqual(delays, [{ kind: 'free' }, { kind: 'free' }, slowed(1), slowed(2), slowed(4), slowed(8), slowed(16), slowed(32), slowed(32), slowed(32)]);
    assert.equal(guard.standing('visitor', room, 0).kind, 'free');
    assert.equal(guard.standing('stranger', 'r2', 0).kind, 'free');
    assert.equal(guard.standing('stranger', room, 10 * minute).kind, 'free');
  });

  it('twenty unknown aliases of one source block it', () => {
    const guard = new AbuseGuard(abuseRules);
    for (let i = 0; i < 20; i++) guard.unknownAlias('a', i);
    assert.deepEqual([guard.standing('a', undefined, 20).kind, guard.standing('b', undefined, 20).kind, guard.standing('a', undefined, 10 * minute).kind], ['blocked', 'free', 'free']);
  });

  for (const sources of [1, 10, 1_000]) {
    it(`N-06: 10,000 guesses from ${sources} sources within a minute: few reach the prompt, who came in before is not held up`, () => {
      const guard = new AbuseGuard(abuseRules);
      guard.succeeded('owner', room);
      let [judged, waitedMs] = [0, 0];
      for (let i = 0; i < 10_000; i++) {
        const now = Math.floor((i * minute) / 10_000);
        const source = `s${i % sources}`;
        const standing = guard.standing(source, room, now);
        assert.equal(guard.standing('owner', room, now).kind, 'free');
        if (standing.kind === 'blocked') continue;
        if (standing.kind === 'slowed') waitedMs += standing.ms;
        judged++;
        guard.wrongPin(source, room, now);
      }
      // Ten a source; with a thousand of them nearly each waited for 32 s first.
      assert.ok(judged <= 10 * sources, `${judged}`);
      if (sources === 1_000) assert.ok(waitedMs / judged > 31 * second, `${waitedMs / judged}`);
      assert.ok(guard.size < 5 * abuseRules.mostRemembered);
    });
  }

  it('bounded: a million sources are not remembered', () => {
    const guard = new AbuseGuard({ ...abuseRules, mostRemembered: 100 });
    for (let i = 0; i < 10_000; i++) {
      guard.wrongPin(`s${i}`, `r${i}`, i);
      guard.unknownAlias(`s${i}`, i);
      guard.succeeded(`s${i}`, `r${i}`);
    }
    assert.ok(guard.size <= 400);
  });
});

describe('guest PINs remembered (PX-14)', () => {
  it('per device and room, until the PIN changes', () => {
    const pins = new RememberedPins(2);
    pins.remember('anna', room, 'hash1');
    assert.deepEqual([pins.knows('anna', room, 'hash1'), pins.knows('anna', room, 'hash2'), pins.knows('anna', room, undefined), pins.knows('bert', room, 'hash1'), pins.knows('anna', 'r2', 'hash1')], [true, false, false, false, false]);
    pins.remember('bert', room, 'hash1');
    pins.remember('cleo', room, 'hash1');
    assert.equal(pins.knows('anna', room, 'hash1'), false);
  });
});
