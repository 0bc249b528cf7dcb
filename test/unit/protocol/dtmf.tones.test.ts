import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { HIGH_HZ, LOW_HZ, digitAt } from '../../../src/protocol/dtmf/digit.ts';
import { keyPresses } from '../../../src/protocol/dtmf/key-presser.ts';
import { ToneDetector } from '../../../src/protocol/dtmf/tone-detector.ts';
import type { ToneEvent } from '../../../src/protocol/dtmf/tone-detector.ts';
import { ToneGenerator } from '../../../src/protocol/dtmf/tone-generator.ts';
import { readWav } from '../../audio.ts';

/** Uniform 0 to 1, the same each run. */
function dice(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}
const gauss = (roll: () => number): number => Array.from({ length: 12 }, roll).reduce((sum, value) => sum + value, -6);

interface Tone {
  readonly ms: number;
  /** dBFS of the low tone. */
  readonly level?: number;
  /** How much louder the high tone is, dB. */
  readonly twist?: number;
  /** Both frequencies are off by this part. */
  readonly off?: number;
  /** dB of the tones above white noise. */
  readonly snr?: number;
  readonly rate?: number;
  /** ms without the tone in its middle. */
  readonly gap?: number;
}

function sound(row: number, column: number, { ms, level = -15, twist = 0, off = 0, snr = Infinity, rate = 8000, gap = 0 }: Tone, roll: () => number): Int16Array {
  const low = 10 ** (level / 20);
  const high = 10 ** ((level + twist) / 20);
  const noise = Math.sqrt((low ** 2 + high ** 2) / 2) * 10 ** (-snr / 20);
  const lead = Math.floor(((50 + 20 * roll()) * rate) / 1000);
  const length = (ms * rate) / 1000;
  const phases = [6 * roll(), 6 * roll()] as const;
  return Int16Array.from({ length: lead + length + 0.08 * rate }, (_, i) => {
    const t = i - lead;
    const isOn = t >= 0 && t < length && Math.abs(t - length / 2) >= (gap * rate) / 2000;
    const angle = (2 * Math.PI * (1 + off) * t) / rate;
    const tones = isOn ? low * Math.sin(LOW_HZ[row]! * angle + phases[0]) + high * Math.sin(HIGH_HZ[column]! * angle + phases[1]) : 0;
    const value = 32767 * (tones + (noise > 0 ? noise * gauss(roll) : 0));
    return Math.max(-32768, Math.min(32767, value));
  });
}

/** Part of the keys told exactly once and as what they are; any other outcome than that or silence fails. */
function accepted(tone: Tone, times: number): number {
  const roll = dice(3);
  let hits = 0;
  for (let i = 0; i < times; i++) {
    const [row, column] = [i & 3, (i >> 2) & 3];
    const events = new ToneDetector(tone.rate ?? 8000).listen(sound(row, column, tone, roll));
    if (events.length === 0) continue;
    assert.deepEqual(events.map(({ type, digit }) => `${type} ${digit}`), [`pressed ${digitAt(row, column)}`, `released ${digitAt(row, column)}`]);
    hits++;
  }
  return hits / times;
}

const presses = (events: readonly ToneEvent[]): number => events.filter(({ type }) => type === 'pressed').length;

describe('DTMF tones, ITU-T Q.24', () => {
  const good: [name: string, tone: Tone, atLeast: number][] = [
    ['40 ms', { ms: 40 }, 1],
    ['40 ms, 15 dB above noise', { ms: 40, snr: 15 }, 0.999],
    ['40 ms, 1.5 % high, in noise', { ms: 40, snr: 15, off: 0.015 }, 0.995],
    ['40 ms, 1.5 % low, in noise', { ms: 40, snr: 15, off: -0.015 }, 0.995],
    ['high tone 4 dB louder, in noise', { ms: 40, snr: 15, twist: 4, level: -20 }, 0.99],
    ['high tone 8 dB softer, in noise', { ms: 40, snr: 15, twist: -8 }, 0.99],
    ['all limits at once', { ms: 40, snr: 15, twist: -8, off: -0.015 }, 0.98],
    ['-28 dBFS, which is -25 dBm0', { ms: 40, snr: 15, level: -28 }, 0.99],
    ['-7 dBFS, as loud as two tones can be', { ms: 40, level: -7 }, 1],
    ['100 ms, in noise', { ms: 100, snr: 15 }, 1],
    ['an interruption of 10 ms', { ms: 100, gap: 10 }, 1],
    ['at 16 kHz', { ms: 40, snr: 15, rate: 16_000 }, 0.995],
  ];
  for (const [name, tone, atLeast] of good) {
    it(`accepts ${name}`, () => {
      const part = accepted(tone, 240);
      assert.ok(part >= atLeast, `${part}`);
    });
  }

  const bad: [name: string, tone: Tone][] = [
    ['20 ms', { ms: 20 }],
    ['23 ms', { ms: 23 }],
    ['23 ms in noise', { ms: 23, snr: 15 }],
    ['3.5 % high', { ms: 100, off: 0.035 }],
    ['3.5 % low', { ms: 100, off: -0.035 }],
    ['3.5 % high, in noise', { ms: 100, off: 0.035, snr: 15 }],
    ['-55 dBm0', { ms: 100, level: -58 }],
    ['a twist of 12 dB', { ms: 100, twist: -12 }],
    ['a twist of 9 dB the other way', { ms: 100, twist: 9, level: -20 }],
  ];
  for (const [name, tone] of bad) it(`rejects ${name}`, () => assert.equal(accepted(tone, 160), 0));

  it('the length is told within 15 ms or 3 %', () => {
    const roll = dice(5);
    for (const ms of [40, 70, 100, 250, 1000]) {
      const released = new ToneDetector(8000).listen(sound(1, 2, { ms, snr: 20 }, roll)).find((event) => event.type === 'released');
      assert.ok(released?.type === 'released' && Math.abs(released.durationMs - ms) <= Math.max(15, 0.03 * ms), `${ms} ${released?.durationMs}`);
    }
  });

  it('the generator keys are heard by the detector: 16 keys of 40 ms with pauses of 40 ms', () => {
    for (const rate of [8000, 16_000, 48_000]) {
      const generator = new ToneGenerator();
      const detector = new ToneDetector(rate);
      generator.press(keyPresses('0123456789*#abcD x', 40));
      const frame = new Int16Array(rate / 50);
      let heard = '';
      for (let tick = 0; tick < 80; tick++) {
        generator.fill(frame, rate);
        for (const event of detector.listen(frame)) if (event.type === 'released') heard += event.digit;
      }
      assert.equal(heard, '0123456789*#ABCD');
      assert.equal(generator.isBusy, false);
    }
  });

  it('talk-off: no key in any of our prompts, music included', () => {
    let seconds = 0;
    for (const folder of ['en', 'de', 'common']) {
      for (const name of readdirSync(`config/prompts/${folder}`).filter((file) => file.endsWith('.wav'))) {
        const { rate, samples } = readWav(readFileSync(`config/prompts/${folder}/${name}`));
        assert.deepEqual(new ToneDetector(rate).listen(samples), [], name);
        seconds += samples.length / rate;
      }
    }
    assert.ok(seconds > 300, `${seconds}`);
  });

  it('talk-off: no key in five minutes of noise', () => {
    const roll = dice(9);
    const detector = new ToneDetector(8000);
    for (let i = 0; i < 300; i++) assert.equal(presses(detector.listen(Int16Array.from({ length: 8000 }, () => 8000 * (roll() - 0.5)))), 0);
  });
});
