import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { FRAME_MS, SAMPLE_RATE, activeLevelDb, audibleFrames, decodeWav, encodeWav, peakDb, silenceMs } from '../../scripts/prompts/wav.ts';

const PROMPTS = fileURLToPath(new URL('../../../config/prompts', import.meta.url));
const LANGUAGES = readdirSync(PROMPTS, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'common').map((entry) => entry.name);
const NUMBERS = Array.from({ length: 101 }, (_, n) => `numbers/${n}`);

interface Language {
  readonly prompts: Readonly<Record<string, string>>;
  readonly sentences: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

const textsOf = (language: string): Language => parse(readFileSync(join(PROMPTS, language, 'prompts.yaml'), 'utf8')) as Language;
const samplesOf = (file: string): Float64Array => decodeWav(readFileSync(join(PROMPTS, file)));
const wavsIn = (folder: string): string[] =>
  readdirSync(join(PROMPTS, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.wav')).map((file) => file.slice(0, -'.wav'.length)).sort();

/** Checks every file and names all that fail, not only the first. */
function assertEach(files: readonly string[], problemOf: (file: string) => string | undefined): void {
  const problems = files.flatMap((file) => problemOf(file) ?? []);
  assert.deepEqual(problems, []);
}

const outside = (value: number, low: number, high: number): boolean => !(value >= low && value <= high);

describe('prompts', () => {
  it('are there in English and German', () => {
    assert.ok(LANGUAGES.includes('en') && LANGUAGES.includes('de'), LANGUAGES.join());
  });

  const english = textsOf('en');
  for (const language of LANGUAGES) {
    describe(language, () => {
      const { prompts, sentences } = textsOf(language);
      const wavs = wavsIn(language).map((key) => `${language}/${key}`);

      it('has the prompts and the sentences of English', () => {
        assert.deepEqual(Object.keys(prompts).sort(), Object.keys(english.prompts).sort());
        assert.deepEqual(Object.keys(sentences).sort(), Object.keys(english.sentences).sort());
      });

      it('has a WAV for every prompt and every number 0..100, and none beside', () => {
        assert.deepEqual(wavsIn(language), [...Object.keys(prompts), ...NUMBERS].sort());
      });

      it('has no sentence named like a prompt or a common sound, nor a prompt named like a common sound', () => {
        const common = wavsIn('common');
        assert.deepEqual(Object.keys(sentences).filter((name) => name in prompts || common.includes(name)), []);
        assert.deepEqual(Object.keys(prompts).filter((name) => common.includes(name)), []);
      });

      for (const [name, forms] of Object.entries(sentences)) {
        it(`sentence ${name} has a form for every number, of files that exist`, () => {
          assert.ok('other' in forms);
          for (const [form, parts] of Object.entries(forms)) {
            assert.match(form, /^(\d+|other)$/);
            assert.equal(parts.includes('numbers/N'), form === 'other', 'only the form other speaks the number');
            const files = parts.map((part) => part.replace('/N', '/more_than_100'));
            assertEach(files, (file) => existsSync(join(PROMPTS, language, `${file}.wav`)) ? undefined : file);
          }
        });
      }

      it('every WAV is 16 kHz mono PCM16 and between 0.25 and 10 s', () => {
        assertEach(wavs, (file) => {
          const seconds = samplesOf(`${file}.wav`).length / SAMPLE_RATE;
          return outside(seconds, 0.25, 10) ? `${file}: ${seconds} s` : undefined;
        });
      });

      it('every WAV speaks at -20 dBFS (+- 1.5 dB), no peak above -3 dBFS', () => {
        assertEach(wavs, (file) => {
          const samples = samplesOf(`${file}.wav`);
          const [level, peak] = [activeLevelDb(samples), peakDb(samples)];
          return outside(level, -21.5, -18.5) || peak > -3 ? `${file}: ${level.toFixed(1)} dBFS, peak ${peak.toFixed(1)} dBFS` : undefined;
        });
      });

      it('every WAV starts to be heard within 30 ms and ends within 150 ms of the last sound, from and to zero', () => {
        assertEach(wavs, (file) => {
          const samples = samplesOf(`${file}.wav`);
          const { leading, trailing } = silenceMs(samples);
          const click = Math.max(Math.abs(samples.at(0) ?? 1), Math.abs(samples.at(-1) ?? 1)) > 0.001;
          return leading > 30 || trailing > 150 || click ? `${file}: ${leading} ms, ${trailing} ms${click ? ', click' : ''}` : undefined;
        });
      });

      it('no WAV has a pause longer than 300 ms', () => {
        assertEach(wavs, (file) => {
          const pauses = audibleFrames(samplesOf(`${file}.wav`)).map((audible) => audible ? 'x' : '.').join('').match(/\.+/g) ?? [];
          const longest = Math.max(0, ...pauses.map((pause) => pause.length * FRAME_MS));
          return longest > 300 ? `${file}: ${longest} ms` : undefined;
        });
      });
    });
  }
});

describe('common sounds', () => {
  it('are the tones and the music', () => {
    assert.deepEqual(wavsIn('common'), ['beep', 'join', 'knock', 'leave', 'music', 'ringback']);
  });

  it('are quieter than speech: tones at -24 dBFS, music at -26 dBFS (+- 1 dB), no peak above -3 dBFS', () => {
    assertEach(wavsIn('common'), (name) => {
      const samples = samplesOf(`common/${name}.wav`);
      const [level, peak] = [activeLevelDb(samples), peakDb(samples)];
      const goal = name === 'music' ? -26 : -24;
      return outside(level, goal - 1, goal + 1) || peak > -3 ? `${name}: ${level.toFixed(1)} dBFS, peak ${peak.toFixed(1)} dBFS` : undefined;
    });
  });

  it('start at once', () => {
    assertEach(wavsIn('common'), (name) => silenceMs(samplesOf(`common/${name}.wav`)).leading > 30 ? name : undefined);
  });

  it('music is 60 to 90 s and loops without a seam: the step over the end is no larger than any within', () => {
    const music = samplesOf('common/music.wav');
    assert.ok(!outside(music.length / SAMPLE_RATE, 60, 90));
    let largest = 0;
    for (let i = 1; i < music.length; i += 1) largest = Math.max(largest, Math.abs(music[i]! - music[i - 1]!));
    assert.ok(Math.abs(music[0]! - music.at(-1)!) <= largest);
    assert.equal(silenceMs(music).trailing, 0);
  });
});

describe('prompt WAV reader', () => {
  it('reads what the writer wrote', () => {
    const samples = Float64Array.of(0, 0.5, -0.5, 1, -1);
    const back = decodeWav(encodeWav(samples));
    assert.equal(back.length, samples.length);
    back.forEach((sample, i) => assert.ok(Math.abs(sample - samples[i]!) < 1e-4));
  });

  for (const [what, at, value] of [['stereo', 22, 2], ['8 kHz', 24, 8000], ['mu-law', 20, 7], ['a wrong length', 40, 1]] as const) {
    it(`refuses ${what}`, () => {
      const wav = encodeWav(Float64Array.of(0, 0.5));
      wav.writeUInt16LE(value, at);
      assert.throws(() => decodeWav(wav), /not|wrong/);
    });
  }
});
