/** `npm run prompts`: makes every WAV under config/prompts from the texts in prompts.yaml; the same texts give the same bytes. */

import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { makeSounds } from './prompts/sounds.ts';
import { speak } from './prompts/speech.ts';
import { encodeWav } from './prompts/wav.ts';

const PROMPTS = fileURLToPath(new URL('../../config/prompts', import.meta.url));
const HIGHEST_NUMBER = 100;

const language = z.strictObject({
  voice: z.strictObject({
    engine: z.enum(['flite', 'espeak-ng']),
    name: z.string(),
    pace: z.number().min(0.5).max(2),
    /** Numbers are heard once and must be right: slower than sentences. */
    numberPace: z.number().min(0.5).max(2),
  }),
  prompts: z.record(z.string().regex(/^(numbers\/)?[a-z0-9_]+$/), z.string().min(1)),
  // Read by the program when it plays; here only allowed.
  sentences: z.record(z.string(), z.record(z.string(), z.array(z.string()))),
});

/** File below config/prompts -> its content. */
type Files = ReadonlyMap<string, Buffer>;

async function speakLanguage(name: string): Promise<Files> {
  const { voice, prompts } = language.parse(parse(await readFile(join(PROMPTS, name, 'prompts.yaml'), 'utf8')));
  const numbers = Array.from({ length: HIGHEST_NUMBER + 1 }, (_, n): [string, string] => [`numbers/${n}`, String(n)]);
  const lines = [...Object.entries(prompts), ...numbers];
  const scratch = await mkdtemp(join(tmpdir(), 'prompts-'));
  try {
    const files = await inParallel(lines, async ([key, text], index) => {
      const pace = key.startsWith('numbers/') ? voice.numberPace : voice.pace;
      const samples = await speak(text, { engine: voice.engine, name: voice.name, pace }, scratch, String(index));
      return [`${name}/${key}.wav`, encodeWav(samples)] as const;
    });
    return new Map(files);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function inParallel<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries(); // shared: each worker takes the next
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

/** Replaces all WAV files of one folder, so that a text taken out leaves no file behind. */
async function replaceFiles(folder: string, files: Files): Promise<void> {
  const before = await readdir(join(PROMPTS, folder), { recursive: true });
  await Promise.all(before.filter((file) => file.endsWith('.wav')).map((file) => rm(join(PROMPTS, folder, file))));
  for (const [file, content] of files) {
    await mkdir(dirname(join(PROMPTS, file)), { recursive: true });
    await writeFile(join(PROMPTS, file), content);
  }
  console.log(`${folder}: ${files.size} files`);
}

async function main(): Promise<void> {
  const folders = (await readdir(PROMPTS, { withFileTypes: true })).filter((entry) => entry.isDirectory() && entry.name !== 'common');
  for (const { name } of folders) await replaceFiles(name, await speakLanguage(name));
  await mkdir(join(PROMPTS, 'common'), { recursive: true });
  await replaceFiles('common', new Map([...makeSounds()].map(([key, samples]) => [`common/${key}.wav`, encodeWav(samples)])));
}

try {
  await main();
} catch (error) {
  // A missing program or a bad text is for the one who edits prompts: the message says what to do, a stack does not.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
