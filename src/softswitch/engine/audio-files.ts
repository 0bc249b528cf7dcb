/**
 * Audio files as mono PCM at the rate asked for: read and resampled in pieces between the ticks, playable from the first piece on, kept
 * decoded until the cache is full (least recently used goes first) or the file changes.
 */
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { aLaw, muLaw } from '../../protocol/g711/g711.ts';
import { Resampler, SUPPORTED_RATES } from './resampler.ts';
import { readWavHeader } from './wav.ts';
import type { WavEncoding, WavHeader } from './wav.ts';

/** A piece is about a millisecond of work: 32 kB are a second of 16 kHz audio. */
const PIECE_BYTES = 32_768;

/** `samples` holds audio up to `ready`; with `complete` or a `fault` there will be no more. Whoever plays the file at this rate shares it. */
export interface Pcm {
  readonly samples: Int16Array;
  ready: number;
  complete: boolean;
  /** The disk failed after the beginning was read. */
  fault?: FileFault;
}

export type FileFault = 'not_found' | 'unreadable';

/** A file asked for: what there is of it so far. */
export interface AudioFile {
  pcm?: Pcm;
  fault?: FileFault;
}

interface Entry {
  readonly pcm: Pcm;
  readonly version: string;
}

export class AudioFiles {
  readonly #cacheBytes: number;
  readonly #warn: (code: string, message: string) => void;
  /** By rate and path, in order of use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(cacheBytes: number, warn: (code: string, message: string) => void) {
    this.#cacheBytes = cacheBytes;
    this.#warn = warn;
  }

  get cachedBytes(): number {
    return this.#bytes;
  }

  /** Starts to load at `rate`, one of `SUPPORTED_RATES`; the answer fills while the ticks go on. */
  open(path: string, rate: number): AudioFile {
    const file: AudioFile = {};
    const key = `${rate} ${path}`;
    this.#load(path, rate, key, file).catch((error: unknown) => {
      const missing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
      // Others may have begun to play what there is: they must hear of it, too.
      (file.pcm ?? file).fault = missing ? 'not_found' : 'unreadable';
      this.#warn(missing ? 'audio_not_found' : 'audio_unreadable', `${path}: ${error instanceof Error ? error.message : String(error)}`);
      if (file.pcm !== undefined && this.#entries.get(key)?.pcm === file.pcm) this.#drop(key);
    });
    return file;
  }

  async #load(path: string, rate: number, key: string, file: AudioFile): Promise<void> {
    const status = await stat(path);
    // Opening a pipe or a device could block a thread for ever.
    if (!status.isFile()) throw new Error('not a regular file');
    const version = `${status.mtimeMs} ${status.size}`;
    const entry = this.#entries.get(key);
    if (entry?.version === version) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      file.pcm = entry.pcm;
      return;
    }
    const handle = await open(path, 'r');
    try {
      await this.#decode(handle, status.size, rate, (pcm) => {
        file.pcm = pcm;
        this.#keep(key, { pcm, version });
      });
    } finally {
      await handle.close();
    }
  }

  async #decode(handle: FileHandle, size: number, to: number, began: (pcm: Pcm) => void): Promise<void> {
    const bytes = Buffer.alloc(PIECE_BYTES);
    const header = readWavHeader(bytes.subarray(0, await readFully(handle, bytes, 0, bytes.length)));
    if (!header.ok) throw new Error(`no WAVE file we can play: ${header.error}`);
    const { encoding, rate, channels, dataStart } = header.value;
    if (!SUPPORTED_RATES.some((supported) => supported === rate)) throw new Error(`sampling rate ${rate} is not supported`);
    const blockBytes = (encoding === 'pcm16' ? 2 : 1) * channels;
    const blocks = Math.floor(Math.min(header.value.dataBytes, size - dataStart) / blockBytes);
    const samples = Math.ceil((blocks * to) / rate);
    if (samples * 2 > this.#cacheBytes / 2) throw new Error(`too long: ${Math.round(samples / to)} s`);

    const pcm: Pcm = { samples: new Int16Array(samples), ready: 0, complete: false };
    began(pcm);
    const resampler = new Resampler(rate, to, 'aligned');
    const end = dataStart + blocks * blockBytes;
    const pieceBytes = PIECE_BYTES - (PIECE_BYTES % blockBytes);
    for (let at = dataStart; at < end; at += pieceBytes) {
      const got = await readFully(handle, bytes, at, Math.min(pieceBytes, end - at));
      pcm.ready += resampler.push(toMono(bytes, Math.floor(got / blockBytes), header.value), pcm.samples, pcm.ready);
    }
    pcm.ready += resampler.flush(pcm.samples, pcm.ready);
    pcm.complete = true;
  }

  #keep(key: string, entry: Entry): void {
    this.#drop(key);
    this.#entries.set(key, entry);
    this.#bytes += entry.pcm.samples.byteLength;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#cacheBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.pcm.samples.byteLength ?? 0;
    this.#entries.delete(key);
  }
}

/** Reads `length` bytes from `at` on, fewer only at the end of the file. */
async function readFully(handle: FileHandle, bytes: Buffer, at: number, length: number): Promise<number> {
  let got = 0;
  while (got < length) {
    const { bytesRead } = await handle.read(bytes, got, length - got, at + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

function sampleReader(bytes: Buffer, encoding: WavEncoding): (index: number) => number {
  switch (encoding) {
    case 'pcm16':
      return (index) => bytes.readInt16LE(2 * index);
    case 'alaw':
      return (index) => aLaw.decode[bytes[index] ?? 0] ?? 0;
    case 'mulaw':
      return (index) => muLaw.decode[bytes[index] ?? 0] ?? 0;
  }
}

function toMono(bytes: Buffer, blocks: number, { encoding, channels }: WavHeader): Int16Array {
  const sample = sampleReader(bytes, encoding);
  const mono = new Int16Array(blocks);
  for (let i = 0; i < blocks; i++) mono[i] = channels === 1 ? sample(i) : (sample(2 * i) + sample(2 * i + 1)) >> 1;
  return mono;
}
