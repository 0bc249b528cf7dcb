import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { errorText } from '../../lib/attempt.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Log } from '../../ports/log.ts';
import type { SpeechFailure, SpeechPort, SpokenText } from '../../ports/speech.ts';

export interface SpeechOptions {
  /**
   * Program and arguments; it reads the text from its input and writes a WAV file to its output. `{language}` in an argument is
   * replaced. Undefined: espeak-ng where it is there.
   */
  readonly command: readonly string[] | undefined;
  /** Where the files are made, each in a folder of its own. */
  readonly dir: string;
  readonly timeoutMs: number;
  readonly log: Log;
}

const espeak = ['espeak-ng', '--stdin', '--stdout', '-v', '{language}'];
/** About ten minutes at 22 kHz. */
const mostBytes = 32 * 1_024 * 1_024;
/** Each is a process; further ones are refused, not kept waiting. */
const mostAtOnce = 4;
const wavHeader = 44;

export function createSpeech(options: SpeechOptions): SpeechPort {
  let atWork = 0;
  return {
    speak: async (text, language) => {
      const [program, ...args] = options.command ?? espeak;
      const path = program === undefined ? undefined : await findProgram(program);
      if (path === undefined) return err('no_speech');
      if (atWork >= mostAtOnce) return err('failed');
      atWork += 1;
      try {
        return await speak(options, path, args.map((argument) => argument.replaceAll('{language}', language.toLowerCase())), text);
      } finally {
        atWork -= 1;
      }
    },
  };
}

async function speak({ dir, timeoutMs, log }: SpeechOptions, program: string, args: readonly string[], text: string): Promise<Result<SpokenText, SpeechFailure>> {
  await mkdir(dir, { recursive: true });
  const folder = await mkdtemp(join(dir, 'speech-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, 'text.wav');
  const problem = await run(program, args, text, path, timeoutMs).catch(errorText);
  if (problem === undefined) return ok({ path, remove });
  log.warn({ code: 'speech_failed', program, problem }, 'a text could not be made to speech');
  await remove();
  return err('failed');
}

/** Runs the program without a shell; answers what went wrong, if anything did. */
async function run(program: string, args: readonly string[], text: string, path: string, timeoutMs: number): Promise<string | undefined> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], timeout: timeoutMs, killSignal: 'SIGKILL' });
  const exited = once(child, 'close').then(
    ([code]: (number | null)[]) => (code === 0 ? undefined : typeof code === 'number' ? `it ended with ${code}` : 'it took too long, or too much'),
    errorText,
  );
  // A program that does not read all of it ends the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(text);
  const file = await open(path, 'wx+', 0o644);
  let bytes = 0;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostBytes) {
        child.kill('SIGKILL');
        break;
      }
      await file.write(chunk);
    }
    const problem = await exited;
    if (problem !== undefined) return problem;
    if (bytes <= wavHeader) return 'it said nothing';
    await writeLength(file, bytes);
    return undefined;
  } finally {
    child.kill('SIGKILL');
    await file.close();
  }
}

/** What writes to a pipe cannot know how long it gets: the lengths of RIFF and of its data chunk, where that comes first, are set right. */
async function writeLength(file: Awaited<ReturnType<typeof open>>, bytes: number): Promise<void> {
  const header = Buffer.alloc(wavHeader);
  await file.read(header, 0, wavHeader, 0);
  if (header.toString('latin1', 0, 4) !== 'RIFF' || header.toString('latin1', 36, 40) !== 'data') return;
  header.writeUInt32LE(bytes - 8, 4);
  header.writeUInt32LE(bytes - wavHeader, 40);
  await file.write(header, 0, wavHeader, 0);
}

async function findProgram(program: string): Promise<string | undefined> {
  const candidates = program.includes('/') ? [program] : (process.env['PATH'] ?? '').split(delimiter).map((dir) => join(dir, program));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // The next one.
    }
  }
  return undefined;
}
