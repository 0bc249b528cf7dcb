/** Sound files for the tests, in a directory of their own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RATE = 8_000;

/** A mono PCM16 WAVE file with a tone of 440 Hz. */
export function tone(ms: number): Buffer {
  const samples = (RATE * ms) / 1_000;
  const data = Buffer.alloc(44 + samples * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + samples * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(RATE, 24);
  data.writeUInt32LE(RATE * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at++) data.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * 440 * at) / RATE)), 44 + at * 2);
  return data;
}

export interface Sounds {
  readonly folder: string;
  /** 200 ms. */
  readonly short: string;
  /** 20 s. */
  readonly long: string;
  readonly missing: string;
  remove(): Promise<void>;
}

export async function makeSounds(): Promise<Sounds> {
  const folder = await mkdtemp(join(tmpdir(), 'vestibule-sounds-'));
  const [short, long, missing] = [join(folder, 'short.wav'), join(folder, 'long.wav'), join(folder, 'nosuch.wav')];
  await Promise.all([writeFile(short, tone(200)), writeFile(long, tone(20_000))]);
  return { folder, short, long, missing, remove: () => rm(folder, { recursive: true }) };
}
