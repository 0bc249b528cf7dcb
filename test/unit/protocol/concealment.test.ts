import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Concealment } from '../../../src/protocol/concealment/concealment.ts';
import { readWav, sine } from '../../audio.ts';

interface Quality {
  signal: number;
  error: number;
  /** Sum over the lost frames of how far their level is off, dB. */
  level: number;
  lost: number;
}

type Make = (lost: Int16Array, before: Int16Array) => void;

/** Loses 5 % of the frames, the same ones each time, and compares what is heard in their place with what was said. */
function lose(audio: Int16Array, frame: number, quality: Quality, make: Make, hear: (samples: Int16Array) => void): void {
  let seed = 7;
  let before = new Int16Array(frame);
  const db = (samples: Int16Array): number => 10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length + 100);
  for (let at = 0; at + frame <= audio.length; at += frame) {
    const said = audio.subarray(at, at + frame);
    const out = new Int16Array(said);
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    if (at > 4 * frame && seed / 2 ** 32 < 0.05) {
      make(out, before);
      quality.lost++;
      quality.level += Math.abs(db(said) - db(out));
      for (const [i, sample] of said.entries()) {
        quality.signal += sample ** 2;
        quality.error += (sample - out[i]!) ** 2;
      }
    } else hear(out);
    before = out;
  }
}

interface Figures {
  readonly snr: number;
  readonly level: number;
}

function measure(pieces: readonly { readonly rate: number; readonly samples: Int16Array }[], how: 'concealed' | 'silent' | 'repeated'): Figures {
  const quality: Quality = { signal: 0, error: 0, level: 0, lost: 0 };
  for (const { rate, samples } of pieces) {
    const concealment = new Concealment(rate);
    const make: Make = (out, before) => {
      if (how === 'concealed') concealment.conceal(out);
      else if (how === 'silent') out.fill(0);
      else out.set(before);
    };
    lose(samples, rate / 50, quality, make, (out) => {
      if (how === 'concealed') concealment.heard(out, out.length);
    });
  }
  return { snr: 10 * Math.log10(quality.signal / quality.error), level: quality.level / quality.lost };
}

describe('packet loss concealment', () => {
  for (const rate of [8000, 16_000, 48_000]) {
    for (const hz of [220, 440, 1003]) {
      it(`a sine of ${hz} Hz at ${rate} Hz with 5 % loss: nearer to it than silence and repeating are`, () => {
        const pieces = [{ rate, samples: sine(rate, hz, 10_000, -12) }];
        const own = measure(pieces, 'concealed').snr;
        assert.ok(own > 9, `${own}`);
        assert.ok(own > measure(pieces, 'silent').snr + 9);
        assert.ok(own > measure(pieces, 'repeated').snr + 2);
      });
    }
  }

  it('all prompts with 5 % loss: nearer to the speech, and to its level, than silence and repeating are', () => {
    const names = ['en', 'de'].flatMap((language) => readdirSync(`config/prompts/${language}`).filter((name) => name.endsWith('.wav')).map((name) => `${language}/${name}`));
    const pieces = names.map((name) => readWav(readFileSync(`config/prompts/${name}`)));
    const own = measure(pieces, 'concealed');
    const silent = measure(pieces, 'silent');
    const again = measure(pieces, 'repeated');
    assert.ok(own.snr > silent.snr + 0.8 && own.snr > again.snr + 3, `${own.snr} ${silent.snr} ${again.snr}`);
    assert.ok(own.level < silent.level && own.level < again.level, `${own.level} ${silent.level} ${again.level}`);
  });

  it('no step where a gap begins and ends', () => {
    const audio = sine(8000, 440, 200, -12);
    const steepest = (samples: Int16Array): number => samples.reduce((most, sample, i) => (i === 0 ? 0 : Math.max(most, Math.abs(sample - samples[i - 1]!))), 0);
    const concealment = new Concealment(8000);
    const out = new Int16Array(audio);
    for (let at = 0; at < out.length; at += 160) {
      const frame = out.subarray(at, at + 160);
      if (at === 640) concealment.conceal(frame);
      else concealment.heard(frame, 160);
    }
    assert.ok(steepest(out) < 1.25 * steepest(audio), `${steepest(out)} ${steepest(audio)}`);
  });

  it('no step where nothing repeats itself either', () => {
    const concealment = new Concealment(8000);
    concealment.heard(Int16Array.from({ length: 400 }, (_, i) => 20 * i), 400);
    const frame = new Int16Array(160);
    concealment.conceal(frame);
    assert.ok(Math.abs(frame[0]! - 20 * 399) < 100, `${frame[0]}`);
  });

  it('fades away within 60 ms (G.711 Appendix I §I.2.6), and then changes nothing of what comes', () => {
    const concealment = new Concealment(8000);
    concealment.heard(sine(8000, 440, 100, -6), 800);
    const frame = new Int16Array(160);
    const peaks = Array.from({ length: 5 }, () => {
      const outcome = concealment.conceal(frame);
      return { outcome, peak: Math.max(...frame.map(Math.abs)) };
    });
    assert.deepEqual(peaks.map(({ outcome }) => outcome), ['concealed', 'concealed', 'concealed', 'silence', 'silence']);
    assert.ok(peaks[0]!.peak > peaks[1]!.peak && peaks[1]!.peak > peaks[2]!.peak && peaks[3]!.peak === 0);
    const next = sine(8000, 300, 20, -6);
    const heard = new Int16Array(next);
    concealment.heard(heard, 160);
    assert.deepEqual(heard, next);
  });

  it('nothing heard yet is silence', () => assert.equal(new Concealment(16_000).conceal(new Int16Array(320)), 'silence'));
});
