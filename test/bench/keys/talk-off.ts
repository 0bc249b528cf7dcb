/** Real speech must not be taken for keys: espeak-ng reads, in several voices, and the detector listens. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ToneDetector } from '../../../src/protocol/dtmf/tone-detector.ts';
import { Resampler } from '../../../src/softswitch/engine/resampler.ts';
import { readWav } from '../../audio.ts';

const rate = 8_000;
const voices = ['en', 'en+f2', 'en+m7', 'de', 'de+f4', 'fr', 'es+f3', 'it', 'en+croak', 'en+whisper'];
/** Numbers and vowels held long: what comes nearest to tones. */
const passages = [
  'One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve. Oh, you who were there, see me go. Aaah. Eeeh. Oooh. Hello, hello, who is speaking? I am in the meeting.',
  'We were away a year ago. The moon grew low over the river, and no one knew where the music came from. La la la, doo doo doo, bee bee bee. Please leave your message after the tone.',
];
const speeds = ['110', '150', '190', '230'];

export interface TalkOff {
  readonly minutes: number;
  /** Keys told where there are none. */
  readonly keys: string;
}

/** Listens to at least so much speech; undefined where espeak-ng is not installed. */
export function talkOff(minutes: number): TalkOff | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'vestibule-speech-'));
  try {
    let [samples, keys] = [0, ''];
    for (let round = 0; samples < minutes * 60 * rate; round++) {
      for (const voice of voices) {
        const speech = say(join(folder, 'speech.wav'), voice, speeds[round % speeds.length] ?? '150', String((round * 17 + 30) % 100), passages[round % passages.length] ?? '');
        const detector = new ToneDetector(rate);
        for (let from = 0; from + 160 <= speech.length; from += 160) {
          for (const event of detector.listen(speech.subarray(from, from + 160))) if (event.type === 'pressed') keys += event.digit;
        }
        samples += speech.length;
      }
    }
    return { minutes: samples / rate / 60, keys };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(path: string, voice: string, speed: string, pitch: string, text: string): Int16Array {
  execFileSync('espeak-ng', ['-v', voice, '-s', speed, '-p', pitch, '-w', path, text], { stdio: 'ignore' });
  const wav = readWav(readFileSync(path));
  const resampler = new Resampler(wav.rate, rate, 'aligned');
  const speech = new Int16Array(Math.ceil((wav.samples.length * rate) / wav.rate) + rate);
  return speech.subarray(0, resampler.push(wav.samples, speech));
}
