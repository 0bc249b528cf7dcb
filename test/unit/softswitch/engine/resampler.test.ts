import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Resampler, SUPPORTED_RATES } from '../../../../src/softswitch/engine/resampler.ts';
import { sine, toneLevel } from '../../../audio.ts';

/** What conferences and codecs work at: 20 ms is a whole number of samples. */
const FRAME_RATES = [8000, 16_000, 24_000, 32_000, 48_000];

/** A whole recording, in pieces. */
function convert(from: number, to: number, input: Int16Array, piece = 5000): Int16Array {
  const resampler = new Resampler(from, to, 'aligned');
  const out = new Int16Array(Math.ceil((input.length * to) / from));
  let filled = 0;
  for (let at = 0; at < input.length; at += piece) filled += resampler.push(input.subarray(at, at + piece), out, filled);
  filled += resampler.flush(out, filled);
  assert.equal(filled, out.length);
  return out;
}

/** A stream, frame by frame: as many samples out as belong to 20 ms. */
function stream(from: number, to: number, input: Int16Array): Int16Array {
  const resampler = new Resampler(from, to, 'frames');
  const frame = new Int16Array(to / 50);
  const out: number[] = [];
  for (let at = 0; at < input.length; at += from / 50) {
    assert.equal(resampler.push(input.subarray(at, at + from / 50), frame), frame.length);
    out.push(...frame);
  }
  return Int16Array.from(out);
}

const pairs = (rates: readonly number[], targets: readonly number[]): [from: number, to: number][] => rates.flatMap((from) => targets.map((to): [number, number] => [from, to]));

describe('resampler, files', () => {
  for (const [from, to] of pairs(SUPPORTED_RATES, [8000, 16_000, 48_000])) {
    it(`${from} -> ${to} Hz: a second stays a second, 1 kHz keeps its level, place and purity`, () => {
      const out = convert(from, to, sine(from, 1000, 1000));
      assert.ok(Math.abs(toneLevel(out, to, 1000) + 12) < 0.1);
      assert.ok(toneLevel(out, to, 1500) < -80);
      const wanted = sine(to, 1000, 1000);
      for (let i = to / 40; i < to - to / 40; i++) assert.ok(Math.abs(out[i]! - wanted[i]!) < 40, `sample ${i}: ${out[i]!} is not ${wanted[i]!}`);
    });
  }
  it('the size of the pieces does not matter', () => {
    const input = sine(44_100, 777, 300);
    assert.deepEqual(convert(44_100, 16_000, input, 1), convert(44_100, 16_000, input, 100_000));
  });
});

describe('resampler, alias rejection', () => {
  for (const [from, to] of pairs(SUPPORTED_RATES, FRAME_RATES).filter(([from, to]) => from > to)) {
    it(`${from} -> ${to} Hz: 0.425 of the target passes; beyond 0.525 all is 60 dB down and more, not folded back`, () => {
      assert.ok(Math.abs(toneLevel(convert(from, to, sine(from, 0.425 * to, 500)), to, 0.425 * to) + 12) < 0.5);
      for (const part of [0.53, 0.6, 0.7, 0.9]) {
        const hz = part * to;
        if (hz >= from / 2) continue;
        const alias = Math.abs(to * Math.round(hz / to) - hz);
        assert.ok(toneLevel(convert(from, to, sine(from, hz, 500)), to, alias) < -12 - 60, `${hz} Hz is heard at ${alias} Hz`);
      }
    });
  }
  for (const [from, to] of pairs(FRAME_RATES, FRAME_RATES).filter(([from, to]) => from < to)) {
    it(`${from} -> ${to} Hz: no image of 0.4 of the source above it`, () => {
      const out = convert(from, to, sine(from, 0.4 * from, 500));
      assert.ok(Math.abs(toneLevel(out, to, 0.4 * from) + 12) < 0.3);
      assert.ok(toneLevel(out, to, 0.6 * from) < -12 - 60);
    });
  }
});

describe('resampler, frames', () => {
  for (const [from, to] of pairs(FRAME_RATES, FRAME_RATES).filter(([from, to]) => from !== to)) {
    it(`${from} -> ${to} Hz: each 20 ms are 20 ms, later by less than 3 ms, and without a seam`, () => {
      const out = stream(from, to, sine(from, 440, 500));
      assert.equal(out.length, to / 2);
      assert.ok(Math.abs(toneLevel(out, to, 440) + 12) < 0.2);
      // A seam each 20 ms would be heard at 50 Hz around the tone.
      for (const hz of [390, 490, 1000]) assert.ok(toneLevel(out.subarray(to / 50), to, hz) < -70, `${hz} Hz`);
      const click = new Int16Array(from / 50);
      click[0] = 20_000;
      const answer = stream(from, to, click);
      const peak = answer.indexOf(Math.max(...answer));
      assert.ok(peak / to < 0.003, `${peak} samples`);
    });
  }
  it('the same rate is passed on as it is', () => {
    const frame = sine(8000, 440, 20);
    const out = new Int16Array(160);
    assert.equal(new Resampler(8000, 8000, 'frames').push(frame, out), 160);
    assert.deepEqual(out, frame);
  });
  it('a full-scale square wave overshoots in the filter: it is cut at 16 bits, not wrapped', () => {
    const square = Int16Array.from({ length: 1600 }, (_, i) => (i % 80 < 40 ? 32767 : -32768));
    const out = stream(8000, 16_000, square);
    // Half a filter (44 outputs) later the plateaus follow, edges left out.
    for (let i = 160; i < 1600 - 44; i++) {
      if (i % 40 < 8 || i % 40 > 31) continue;
      const level = out[2 * i + 44]!;
      assert.ok(i % 80 < 40 ? level > 28_000 : level < -28_000, `sample ${i}: ${level}`);
    }
    assert.ok(Math.max(...out) === 32767 && Math.min(...out) === -32768);
  });
});
