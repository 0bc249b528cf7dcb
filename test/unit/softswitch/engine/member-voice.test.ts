import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { GainControl } from '../../../../src/softswitch/engine/gain-control.ts';
import { decodeG711, encodeG711, muLaw } from '../../../../src/protocol/g711/g711.ts';
import { addFrame, measure, measureCodes, mixAll, removeFrame } from '../../../../src/softswitch/engine/mixer.ts';
import { NoiseGate } from '../../../../src/softswitch/engine/noise-gate.ts';
import { g711Decoder } from '../../../../src/softswitch/engine/pcm-codecs.ts';
import { sine } from '../../../audio.ts';

const loudnessOf = (frame: Int16Array): { energy: number; peak: number } => {
  const loudness = { energy: 0, peak: 0 };
  measure(frame, loudness);
  return loudness;
};

describe('noise gate: who is mixed', () => {
  const run = (gate: NoiseGate, peak: number, frames: number): string =>
    Array.from({ length: frames }, () => {
      gate.frame(peak, 100);
      return gate.isOpen ? 'x' : '-';
    }).join('');
  it('closed -> at the level -> closed; above it -> open in that frame; 800 ms after -> closed', () => {
    const gate = new NoiseGate();
    assert.equal(run(gate, 100, 3), '---');
    assert.equal(run(gate, 101, 1), 'x');
    assert.equal(run(gate, 0, 41), `${'x'.repeat(39)}--`);
  });
  it('level 0 is always open', () => {
    const gate = new NoiseGate();
    gate.frame(0, 0);
    assert.ok(gate.isOpen);
  });
  for (const rate of [8000, 16_000, 48_000]) {
    it(`a word that begins anywhere in a frame opens it in that frame, ${rate} Hz`, () => {
      const voice = sine(rate, 1000, 20, -26);
      const frame = new Int16Array(rate / 50);
      for (let begin = 0; begin <= 19; begin++) {
        frame.fill(0);
        frame.set(voice.subarray(0, ((20 - begin) * rate) / 1000), (begin * rate) / 1000);
        assert.ok(loudnessOf(frame).peak > 100, `${begin} ms`);
      }
      assert.ok(loudnessOf(frame).energy < 100, 'though the mean is below the level');
    });
  }
  it('energy is the mean absolute amplitude, peak that of the loudest eighth', () => {
    assert.deepEqual(loudnessOf(Int16Array.of(100, -300, 0, -32768, 0, 0, 0, 0)), { energy: 4146, peak: 32768 });
  });
  it('property: a frame is as loud encoded as it is decoded', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 160, maxLength: 160 }), (bytes) => {
      const codes = Uint8Array.from(bytes);
      const samples = new Int16Array(160);
      decodeG711(muLaw, codes, 0, 160, samples);
      const loudness = { energy: 0, peak: 0 };
      measureCodes(codes, 160, muLaw.decode, loudness);
      assert.deepEqual(loudness, loudnessOf(samples));
    }), { seed: 1 });
  });
  it('energy is the same at every rate', () => {
    const scores = [8000, 16_000, 48_000].map((rate) => loudnessOf(sine(rate, 400, 20, -20)).energy);
    for (const score of scores) assert.ok(Math.abs(score - scores[0]!) < 0.02 * scores[0]!);
  });
});

describe('G.711: quiet frames are judged without being decoded', () => {
  const encoded = (hz: number, dbfs: number): Uint8Array => {
    const codes = new Uint8Array(160);
    encodeG711(muLaw, sine(8000, hz, 20, dbfs), codes);
    return codes;
  };
  it('at the limit or below it is left out, louder it is decoded', () => {
    const decoder = g711Decoder(muLaw);
    const quiet = { limit: 100, energy: 0, peak: 0 };
    assert.equal(decoder.skipQuiet?.(encoded(400, -60), 160, quiet), true);
    assert.deepEqual([quiet.peak, quiet.energy], [quiet.peak, quiet.energy].map((value) => Math.min(value, 100)));
    quiet.limit = quiet.peak;
    assert.equal(decoder.skipQuiet(encoded(400, -60), 160, quiet), true);
    quiet.limit = quiet.peak - 1;
    assert.equal(decoder.skipQuiet(encoded(400, -60), 160, quiet), false);
  });
  it('lost after a quiet frame: silence is made up, and not the voice from before it', () => {
    const decoder = g711Decoder(muLaw);
    const frame = new Int16Array(160);
    for (let i = 0; i < 3; i++) decoder.decode(encoded(200, -10), 160, frame);
    assert.equal(decoder.skipQuiet?.(encoded(400, -60), 160, { limit: 100, energy: 0, peak: 0 }), true);
    assert.equal(decoder.conceal(frame), 'concealed');
    assert.ok(frame.every((sample) => sample === 0));
  });
  it('a word after quiet frames is decoded as it is', () => {
    const decoder = g711Decoder(muLaw);
    const [frame, expected] = [new Int16Array(160), new Int16Array(160)];
    decoder.decode(encoded(200, -10), 160, frame);
    decoder.skipQuiet?.(encoded(400, -60), 160, { limit: 100, energy: 0, peak: 0 });
    decoder.decode(encoded(300, -12), 160, frame);
    decodeG711(muLaw, encoded(300, -12), 0, 160, expected);
    assert.deepEqual(frame, expected);
  });
});

describe('mixer, relations', () => {
  it('property: what is taken out of a sum leaves the sum of the others', () => {
    const frame = fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 3, maxLength: 3 }).map((samples) => Int16Array.from(samples));
    fc.assert(fc.property(fc.array(fc.tuple(frame, fc.boolean()), { maxLength: 20 }), (speakers) => {
      const [all, heard] = [new Int32Array(3), new Int32Array(3)];
      for (const [samples, isHeard] of speakers) {
        addFrame(all, samples);
        if (isHeard) addFrame(heard, samples);
      }
      for (const [samples, isHeard] of speakers) if (!isHeard) removeFrame(all, samples);
      const [a, b] = [new Int16Array(3), new Int16Array(3)];
      mixAll(all, a);
      mixAll(heard, b);
      assert.deepEqual(a, b);
    }), { seed: 1 });
  });
});

describe('automatic gain', () => {
  const run = (score: number, target: number, seconds: number, control = new GainControl()): number[] =>
    Array.from({ length: seconds * 50 }, () => control.frame(score, target, true));
  it('brings speech to the target within its bounds of 12 dB', () => {
    assert.ok(Math.abs(run(200, 400, 20).at(-1)! * 200 - 400) < 1);
    assert.ok(Math.abs(run(900, 400, 20).at(-1)! * 900 - 400) < 1);
    assert.equal(run(20, 400, 20).at(-1), 4);
    assert.equal(run(15_000, 400, 20).at(-1), 0.25);
  });
  it('is slow: 2 dB a second up, 6 dB down', () => {
    assert.ok(Math.abs(20 * Math.log10(run(50, 400, 1).at(-1)!) - 2) < 0.01);
    assert.ok(Math.abs(20 * Math.log10(run(5000, 400, 1).at(-1)!) + 6) < 0.01);
  });
  it('a pause changes nothing, off is off', () => {
    const control = new GainControl();
    const gain = run(50, 400, 3, control).at(-1);
    for (let i = 0; i < 500; i++) assert.equal(control.frame(3, 400, false), gain);
    assert.equal(control.frame(50, 0, true), 1);
  });
});
