import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Announcements } from '../../../../src/softswitch/engine/announcements.ts';
import type { AudioSource } from '../../../../src/softswitch/engine/api.ts';
import { AudioFiles } from '../../../../src/softswitch/engine/audio-files.ts';
import { toneLevel } from '../../../audio.ts';

const files = new AudioFiles(1e6, () => undefined);
const tone = (hz: number, frames: number): AudioSource => ({ kind: 'tone', hz: [hz], onMs: frames * 20, offMs: 0, loops: 1 });
const isThere = (samples: Int16Array, hz: number): boolean => toneLevel(samples, 8000, hz) > -14;
const isGone = (samples: Int16Array, hz: number): boolean => toneLevel(samples, 8000, hz) < -60;

function start(): { plays: Announcements; hear: (frames: number) => Int16Array; told: () => string[] } {
  const events: string[] = [];
  const plays = new Announcements(files, 8000, (play, what, samples) => events.push(`${play} ${what} ${samples}`));
  const [frame, scratch] = [new Int16Array(160), new Int16Array(160)];
  return {
    plays,
    hear: (frames) => Int16Array.from(Array.from({ length: frames }, () => (plays.next(frame, scratch) ? [...frame] : new Array<number>(160).fill(0))).flat()),
    told: () => events.splice(0),
  };
}

describe('announcements', () => {
  it('the queue sounds one after the other, async ones beside it', () => {
    const { plays, hear, told } = start();
    plays.add('a', tone(500, 10), 'queue');
    plays.add('b', tone(900, 10), 'queue');
    plays.add('x', tone(1300, 15), 'beside');
    plays.add('y', tone(1700, 15), 'beside');
    const first = hear(10);
    assert.ok([500, 1300, 1700].every((hz) => isThere(first, hz)) && isGone(first, 900));
    const second = hear(10);
    assert.ok(isThere(second, 900) && isGone(second, 500));
    assert.ok(hear(1).every((sample) => sample === 0));
    assert.deepEqual(told(), ['a started 0', 'x started 0', 'y started 0', 'a done 1600', 'b started 0', 'x done 2400', 'y done 2400', 'b done 1600']);
    assert.ok(plays.isEmpty);
  });
  it('a volume step of its own', () => {
    const { plays, hear } = start();
    plays.add('a', tone(500, 20), 'queue', -4);
    plays.add('x', tone(900, 20), 'beside', -2);
    const heard = hear(20);
    // Two tones of -12 dBFS, times 0.2 and 0.6.
    for (const [hz, level] of [[500, -26], [900, -16.4]] as const) assert.ok(Math.abs(toneLevel(heard, 8000, hz) - level) < 0.5, `${hz}: ${toneLevel(heard, 8000, hz)}`);
  });
  for (const [which, broken] of [['current', ['a']], ['async', ['x']], ['last', ['b']], ['all', ['a', 'b', 'x']]] as const) {
    it(`stop ${which}`, () => {
      const { plays, hear, told } = start();
      plays.add('a', tone(500, 10), 'queue');
      plays.add('x', tone(1300, 10), 'beside');
      plays.add('b', tone(900, 10), 'queue');
      hear(1);
      told();
      assert.equal(plays.stop(which), broken.length);
      assert.deepEqual(told().map((event) => event.split(' ').slice(0, 2).join(' ')), broken.map((play) => `${play} broken`));
      plays.stop('all');
      told();
      for (const any of ['current', 'async', 'last', 'all'] as const) assert.equal(plays.stop(any), 0);
      assert.deepEqual(told(), []);
    });
  }
  it('pause: nothing is heard, the position stays; then it goes on', () => {
    const { plays, hear, told } = start();
    plays.add('a', tone(500, 10), 'queue');
    hear(4);
    plays.adjust({ paused: true });
    assert.ok(hear(20).every((sample) => sample === 0));
    assert.deepEqual(plays.status(), { play: 'a', positionMs: 80, lengthMs: 200 });
    plays.adjust({ paused: false });
    assert.ok(isThere(hear(6), 500));
    hear(1);
    assert.deepEqual(told(), ['a started 0', 'a done 1600']);
  });
  it('seek and volume step change what sounds, not what is queued', () => {
    const { plays, hear } = start();
    plays.add('a', tone(500, 100), 'queue');
    plays.add('b', tone(900, 10), 'queue');
    hear(1);
    plays.adjust({ positionMs: 1800, volume: -4 });
    assert.deepEqual(plays.status(), { play: 'a', positionMs: 1800, lengthMs: 2000 });
    // 0.2 is -14 dB.
    assert.ok(Math.abs(toneLevel(hear(10), 8000, 500) + 26) < 0.5);
    assert.ok(isThere(hear(10), 900));
  });
  it('status: nothing before it sounds, no length without an end', () => {
    const { plays, hear } = start();
    plays.adjust({ paused: true, positionMs: 5, volume: 1 });
    assert.equal(plays.status(), undefined);
    plays.add('m', { kind: 'silence', ms: -1 }, 'queue');
    assert.equal(plays.status(), undefined);
    hear(3);
    assert.deepEqual(plays.status(), { play: 'm', positionMs: 60 });
  });
});
