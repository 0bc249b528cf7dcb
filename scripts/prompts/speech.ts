/** Text to finished samples: a speech program of Debian main, then edges, level and limiter of ours. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FRAME_MS, SAMPLE_RATE, activeLevelDb, audibleFrames, decodeWav, fromDb, samplesIn, silenceMs } from './wav.ts';

/** How a text is to be spoken. Pace: 1 is the speed the voice was made for, less is slower. */
export interface Voice {
  readonly engine: 'flite' | 'espeak-ng';
  readonly name: string;
  readonly pace: number;
}

const SPEECH_DB = -20;
/** Telephone codecs and echo cancellers distort peaks higher than this. */
const CEILING_DB = -3.5;
/** What is kept before the first and after the last audible sound: soft onsets and endings lie below the threshold. */
const LEAD_MS = 15;
const TAIL_MS = 60;
/** Voices rest half a second and more between sentences; the caller waits. */
const LONGEST_PAUSE_MS = 300;
const FADE_IN_MS = 5;
const FADE_OUT_MS = 40;

const DEADLINE_MS = 30_000;
const APT_LINE = 'sudo apt-get install -y --no-install-recommends flite espeak-ng sox';
const ESPEAK_WORDS_PER_MINUTE = 175;

const execute = promisify(execFile);

async function run(program: string, args: readonly string[]): Promise<void> {
  try {
    await execute(program, args, { timeout: DEADLINE_MS, killSignal: 'SIGKILL' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error(`${program} is not installed. The programs that make the prompts: ${APT_LINE}`, { cause: error });
    throw new Error(`failed, or took more than ${DEADLINE_MS / 1000} s: ${program} ${args.join(' ')}`, { cause: error });
  }
}

function synthesise(text: string, voice: Voice, file: string): Promise<void> {
  switch (voice.engine) {
    case 'flite':
      return run('flite', ['-voice', voice.name, '--setf', `duration_stretch=${1 / voice.pace}`, '-t', text, '-o', file]);
    case 'espeak-ng':
      return run('espeak-ng', ['-v', voice.name, '-s', String(Math.round(ESPEAK_WORDS_PER_MINUTE * voice.pace)), '-w', file, text]);
  }
}

/** Speaks the text. `directory` is for this call's own files, under the unique `name`. Throws when a program is missing or fails. */
export async function speak(text: string, voice: Voice, directory: string, name: string): Promise<Float64Array> {
  const spoken = join(directory, `${name}.voice.wav`);
  const resampled = join(directory, `${name}.wav`);
  await synthesise(text, voice, spoken);
  // -R and -D: the same bytes at every run. The filter takes away rumble that costs level and that no telephone carries.
  await run('sox', ['-R', '-D', spoken, '-r', String(SAMPLE_RATE), '-c', '1', '-b', '16', '-e', 'signed-integer', resampled, 'gain', '-3', 'highpass', '90']);
  return finish(decodeWav(await readFile(resampled)));
}

/** Level first: the edges are found by what is audible at the level it is played at. */
function finish(samples: Float64Array): Float64Array {
  const gain = fromDb(SPEECH_DB - activeLevelDb(samples));
  return trim(shortenPauses(limit(samples.map((sample) => sample * gain))));
}

/** Turns the level down around each peak above the ceiling, smoothly: the lowest gain nearby, averaged over as much time again. */
function limit(samples: Float64Array): Float64Array {
  const ceiling = fromDb(CEILING_DB);
  const reach = samplesIn(4);
  const lowest = new Float64Array(samples.length).fill(1);
  samples.forEach((sample, i) => {
    const gain = ceiling / Math.abs(sample);
    if (gain >= 1) return;
    for (let n = Math.max(0, i - reach); n <= Math.min(samples.length - 1, i + reach); n += 1) lowest[n] = Math.min(lowest[n] ?? 1, gain);
  });
  return samples.map((sample, i) => {
    const around = lowest.subarray(Math.max(0, i - reach), i + reach + 1);
    return (sample * around.reduce((sum, gain) => sum + gain, 0)) / around.length;
  });
}

/** Keeps what is near an audible frame: of a longer pause the middle goes, where nothing is heard, so that the seam is not either. */
function shortenPauses(samples: Float64Array): Float64Array {
  const audible = audibleFrames(samples);
  const near = LONGEST_PAUSE_MS / 2 / FRAME_MS;
  const size = samplesIn(FRAME_MS);
  const kept = audible.flatMap((_, frame) =>
    audible.slice(Math.max(0, frame - near), frame + near + 1).includes(true) ? [...samples.subarray(frame * size, (frame + 1) * size)] : []);
  return Float64Array.from(kept);
}

function trim(samples: Float64Array): Float64Array {
  const silence = silenceMs(samples);
  const start = Math.max(0, samplesIn(silence.leading - LEAD_MS));
  const end = Math.max(start, samples.length - Math.max(0, samplesIn(silence.trailing - TAIL_MS)));
  const fadeIn = samplesIn(FADE_IN_MS);
  const fadeOut = samplesIn(FADE_OUT_MS);
  return samples.slice(start, end).map((sample, i) => sample * Math.min(1, i / fadeIn, (end - start - 1 - i) / fadeOut));
}
