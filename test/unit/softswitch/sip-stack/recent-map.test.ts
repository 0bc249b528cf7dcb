import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecentMap } from '../../../../src/softswitch/sip-stack/recent-map.ts';

describe('RecentMap', () => {
  it('holds at most its bound; what is used stays', () => {
    const map = new RecentMap<number>({ max: 10, ttlMs: 1000, now: () => 0 });
    map.set('used', 0);
    for (let count = 1; count <= 100; count += 1) {
      map.set(String(count), count);
      assert.equal(map.get('used'), 0);
      assert.ok(map.size <= 10);
    }
    assert.equal(map.get('1'), undefined);
  });
  it('forgets what was not used for twice its time, keeps what was used within it', () => {
    let now = 0;
    const map = new RecentMap<string>({ max: 10, ttlMs: 1000, now: () => now });
    map.set('a', 'x');
    now = 999;
    assert.equal(map.get('a'), 'x');
    now = 1998;
    assert.equal(map.get('a'), 'x');
    now = 4000;
    assert.equal(map.get('a'), undefined);
  });
  it('the last value set is the one it has', () => {
    const map = new RecentMap<string>({ max: 4, ttlMs: 1000, now: () => 0 });
    map.set('a', '1');
    for (const other of ['b', 'c']) map.set(other, other);
    map.set('a', '2');
    assert.equal(map.get('a'), '2');
  });
});
