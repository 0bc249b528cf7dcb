/** Tones and music on hold, the same in every language: composed and synthesised here, so that nobody else holds a right in them. */

import { SAMPLE_RATE, activeLevelDb, fromDb, samplesIn } from './wav.ts';

/** Below speech (-20 dBFS): a tone over a talker must not hide a word, and music is heard for a quarter of an hour. */
const TONE_DB = -24;
const MUSIC_DB = -26;

/** One struck note, written like a score: start and length in seconds, pitch in Hz, strength 0..1. */
interface Note {
  readonly at: number;
  readonly hz: number;
  readonly strength: number;
  readonly decay: number;
  readonly voice: Voice;
}

/** Strength of each harmonic, and seconds of rise. */
interface Voice {
  readonly harmonics: readonly number[];
  readonly attack: number;
}

const BELL: Voice = { harmonics: [1, 0.35, 0.12, 0.05], attack: 0.006 };
const WOOD: Voice = { harmonics: [1, 0, 0.5, 0, 0.25], attack: 0.002 };
const PAD: Voice = { harmonics: [1, 0.5, 0.3, 0.15], attack: 0.9 };

/** Telephone legs hear nothing above this, and what is not there cannot alias. */
const HIGHEST_HZ = 3_400;
const DECAYS_HEARD = 7;

/** Adds the note to the samples. What rings on past the end goes to the start, so that music loops without a seam. */
function strike(samples: Float64Array, note: Note): void {
  const start = Math.round(note.at * SAMPLE_RATE);
  const length = Math.min(samples.length, Math.round((note.voice.attack + DECAYS_HEARD * note.decay) * SAMPLE_RATE));
  note.voice.harmonics.forEach((weight, i) => {
    const hz = note.hz * (i + 1);
    if (weight === 0 || hz > HIGHEST_HZ) return;
    // Higher harmonics die away sooner, as on every struck string.
    const decay = note.decay / (1 + 0.6 * i);
    for (let n = 0; n < length; n += 1) {
      const t = n / SAMPLE_RATE;
      const rise = Math.min(1, t / note.voice.attack);
      const fall = Math.exp(-Math.max(0, t - note.voice.attack) / decay);
      const at = (start + n) % samples.length;
      samples[at] = (samples[at] ?? 0) + note.strength * weight * rise * fall * Math.sin(2 * Math.PI * hz * t);
    }
  });
}

function render(seconds: number, notes: readonly Note[], levelDb: number): Float64Array {
  const samples = new Float64Array(Math.round(seconds * SAMPLE_RATE));
  for (const note of notes) strike(samples, note);
  const gain = fromDb(levelDb - activeLevelDb(samples));
  return samples.map((sample) => sample * gain);
}

/** A short sound: as `render`, with the end faded out instead of ringing into the start. */
function tone(seconds: number, notes: readonly Note[]): Float64Array {
  const ring = Math.max(...notes.map((note) => note.at + DECAYS_HEARD * note.decay));
  const whole = render(Math.max(seconds, ring) + 0.1, notes, TONE_DB).slice(0, Math.round(seconds * SAMPLE_RATE));
  const fade = samplesIn(15);
  return whole.map((sample, i) => sample * Math.min(1, (whole.length - 1 - i) / fade));
}

/** A steady tone with soft edges, then silence up to `seconds`. */
function steady(hz: number, sounding: number, seconds: number): Float64Array {
  const edge = samplesIn(8);
  const length = Math.round(sounding * SAMPLE_RATE);
  return Float64Array.from({ length: Math.round(seconds * SAMPLE_RATE) }, (_, i) =>
    i >= length ? 0 : fromDb(TONE_DB) * Math.SQRT2 * Math.min(1, i / edge, (length - 1 - i) / edge) * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE));
}

/** Equal temperament; 60 is the middle C. */
const pitch = (midi: number): number => 440 * 2 ** ((midi - 69) / 12);

const BEAT_S = 0.8;
const BEATS_IN_BAR = 4;

/** Four notes from low to high for each bar, in D major. The lowest is 220 Hz: a telephone still carries its harmonics. */
const CHORDS: readonly (readonly [number, number, number, number])[] = [
  [62, 66, 69, 73], // D major seventh
  [59, 66, 69, 74], // B minor seventh
  [59, 62, 67, 74], // G
  [57, 64, 69, 73], // A
  [61, 66, 69, 73], // F sharp minor
  [59, 66, 69, 74], // B minor seventh
  [59, 64, 67, 74], // E minor seventh
  [57, 64, 67, 73], // A seventh
];

/** Which chord note each eighth takes; the two orders alternate so that the ear does not wait for the next bar. */
const ARPEGGIOS: readonly (readonly number[])[] = [[0, 1, 2, 3, 2, 1, 2, 1], [0, 2, 1, 3, 2, 3, 1, 2]];

/** The tune of the second and third round: bar, beat, note. The first round has none, and is a rest for the ear. */
const TUNE: readonly (readonly (readonly [number, number, number])[])[] = [
  [],
  [[0, 0, 78], [0, 2, 81], [1, 0, 78], [2, 0, 79], [2, 2, 78], [3, 0, 76], [4, 0, 73], [4, 2, 76], [5, 0, 78], [6, 0, 79], [6, 3, 76], [7, 0, 74], [7, 2, 73]],
  [[0, 0, 74], [1, 0, 78], [1, 3, 81], [2, 0, 83], [2, 2, 79], [3, 0, 76], [3, 2, 73], [4, 0, 81], [5, 0, 78], [5, 2, 74], [6, 0, 76], [7, 0, 74], [7, 2, 76]],
];

function music(): Float64Array {
  const barSeconds = BEATS_IN_BAR * BEAT_S;
  const notes = TUNE.flatMap((tune, round) => {
    const start = round * CHORDS.length * barSeconds;
    const accompaniment = CHORDS.flatMap((chord, bar) => {
      const at = start + bar * barSeconds;
      const order = ARPEGGIOS[bar % ARPEGGIOS.length] ?? [];
      return [
        ...chord.map((midi): Note => ({ at, hz: pitch(midi), strength: 0.1, decay: 1.2, voice: PAD })),
        ...order.map((index, eighth): Note =>
          ({ at: at + (eighth * BEAT_S) / 2, hz: pitch(chord[index] ?? chord[0]), strength: eighth === 0 ? 0.5 : 0.34, decay: 0.7, voice: BELL })),
      ];
    });
    return [...accompaniment, ...tune.map(([bar, beat, midi]): Note =>
      ({ at: start + bar * barSeconds + beat * BEAT_S, hz: pitch(midi), strength: 0.5, decay: 0.9, voice: BELL }))];
  });
  return render(TUNE.length * CHORDS.length * barSeconds, notes, MUSIC_DB);
}

const bell = (at: number, midi: number): Note => ({ at, hz: pitch(midi), strength: 1, decay: 0.12, voice: BELL });
const knockOn = (at: number): Note => ({ at, hz: 520, strength: 1, decay: 0.03, voice: WOOD });

/** File name in `common/` without its extension -> samples. */
export function makeSounds(): ReadonlyMap<string, Float64Array> {
  return new Map([
    ['beep', steady(800, 0.15, 0.2)], // it is your turn to speak or to press
    ['join', tone(0.5, [bell(0, 74), bell(0.12, 81)])], // somebody came: a fifth up
    ['leave', tone(0.5, [bell(0, 81), bell(0.12, 74)])], // somebody left: a fifth down
    ['knock', tone(0.7, [knockOn(0), knockOn(0.2), knockOn(0.4)])], // somebody waits at a locked conference
    ['ringback', steady(425, 1, 5)], // the other side rings; loops
    ['music', music()], // waiting; loops
  ]);
}
