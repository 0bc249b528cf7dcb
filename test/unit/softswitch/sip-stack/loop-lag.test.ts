import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoopLag } from '../../../../src/softswitch/sip-stack/loop-lag.ts';

/** What a timer of 20 ms would have measured. */
class Ticks {
  #seen: number[] = [];
  ticking = false;

  put(...milliseconds: readonly number[]): void {
    this.#seen.push(...milliseconds);
  }

  get count(): number {
    return this.#seen.length;
  }

  get min(): number {
    return Math.min(...this.#seen) * 1e6;
  }

  reset(): void {
    this.#seen = [];
  }

  enable(): boolean {
    this.ticking = true;
    return true;
  }

  disable(): boolean {
    this.ticking = false;
    return true;
  }
}

describe('LoopLag', () => {
  const cases: readonly (readonly [string, readonly number[], number, number])[] = [
    ['every turn is slow: that much', [140, 120, 200], 500, 100],
    ['one slow turn among quick ones: none', [21, 20, 400, 21], 500, 0],
    ['one stall of the whole window, a laptop that woke up: none', [], 700, 0],
    ['one stall, and nothing else seen: none', [680], 700, 0],
    ['two turns that filled it: the quicker one', [700, 600], 1300, 580],
    ['before the window is over: as before', [140], 499, 0],
    ['nobody asked for long: none', [140], 2001, 0],
  ];
  for (const [name, ticks, passed, expected] of cases) {
    it(name, () => {
      let now = 1000;
      const delays = new Ticks();
      const lag = new LoopLag(() => now, delays);
      delays.put(...ticks);
      now += passed;
      assert.equal(lag.read(), expected);
    });
  }
  it('turns slower than a window: it goes on until two were seen', () => {
    let now = 0;
    const delays = new Ticks();
    const lag = new LoopLag(() => now, delays);
    for (const expected of [0, 880]) {
      delays.put(900);
      now += 900;
      assert.equal(lag.read(), expected);
    }
  });
  it('each window counts for itself; the real timer is what it asks by default', () => {
    let now = 0;
    const delays = new Ticks();
    const lag = new LoopLag(() => now, delays);
    delays.put(140, 150);
    now = 500;
    assert.equal(lag.read(), 120);
    delays.put(20, 21);
    assert.equal(lag.read(), 120);
    now = 1000;
    assert.equal(lag.read(), 0);
    lag.close();
    assert.equal(delays.ticking, false);
    const real = new LoopLag(() => performance.now());
    assert.equal(real.read(), 0);
    real.close();
  });
});
