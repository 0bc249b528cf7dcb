/**
 * A WAV file that grows (PCM16 mono): the tick fills blocks of a second, and each is written behind its back. The sizes in the header
 * follow every block, so that what a crash leaves is a whole file. Memory is bounded: what finds no free block is dropped.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { readWavHeader, wavHeader, WAV_HEADER_BYTES } from './wav.ts';

/** Blocks in being at most: one that is filled, the others on their way to the disk. */
const MAX_BLOCKS = 4;
/** The sizes in the header are 32 bit. */
const MAX_DATA_BYTES = 0xfffe_0000;
/** What was said is private: others of this machine may not read it, whatever the process's umask. */
const MODE = 0o640;
/** More than any header of a WAV file before its samples that we would go on with. */
const HEADER_SEARCH_BYTES = 4096;

interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  filled: number;
}

/** Where the samples begin, and how many bytes of them there are. */
interface Extent {
  readonly dataStart: number;
  readonly dataBytes: number;
}

export class RecordingFile {
  /** Hz. */
  readonly rate: number;
  readonly #handle: FileHandle;
  readonly #dataStart: number;
  readonly #onError: (error: unknown) => void;
  readonly #free: Block[] = [];
  readonly #full: Block[] = [];
  #blocks = 0;
  #current: Block | undefined;
  /** Bytes of samples on the disk, and in all. */
  #written: number;
  #taken: number;
  /** Ends when all full blocks are written. */
  #writing: Promise<void> | undefined;
  #failed = false;

  private constructor(handle: FileHandle, rate: number, { dataStart, dataBytes }: Extent, onError: (error: unknown) => void) {
    this.rate = rate;
    this.#handle = handle;
    this.#dataStart = dataStart;
    this.#written = dataBytes;
    this.#taken = dataBytes;
    this.#onError = onError;
  }

  /**
   * Opens `path`, empties it unless `append`, and makes it a WAV file; a file to be appended to keeps its rate. Throws when it cannot be
   * opened or is nothing to append to. `onError` is told once, when it cannot be written any more.
   */
  static async open(path: string, rate: number, append: boolean, onError: (error: unknown) => void): Promise<RecordingFile> {
    // O_NONBLOCK: opening a pipe would wait for its reader, and hold a thread as long.
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK, MODE);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw new Error('not a regular file');
      if (append && status.size > 0) return await RecordingFile.#continue(handle, status.size, onError);
      await handle.truncate(0);
      await handle.write(wavHeader(rate, 0), 0, WAV_HEADER_BYTES, 0);
      return new RecordingFile(handle, rate, { dataStart: WAV_HEADER_BYTES, dataBytes: 0 }, onError);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  static async #continue(handle: FileHandle, size: number, onError: (error: unknown) => void): Promise<RecordingFile> {
    const bytes = new Uint8Array(HEADER_SEARCH_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    const header = readWavHeader(bytes.subarray(0, bytesRead));
    if (!header.ok) throw new Error(`no WAVE file to append to: ${header.error}`);
    const { encoding, channels, rate, dataStart, dataBytes } = header.value;
    if (encoding !== 'pcm16' || channels !== 1) throw new Error('only mono PCM16 can be appended to');
    const held = Math.min(dataBytes, size - dataStart);
    return new RecordingFile(handle, rate, { dataStart, dataBytes: held - (held % 2) }, onError);
  }

  /** Samples in the file, those on their way included. */
  get samples(): number {
    return this.#taken / 2;
  }

  /** Takes samples; `dropped` when the disk is too slow for them or has failed, `full` when no more will fit. */
  write(samples: Int16Array, count: number): 'taken' | 'dropped' | 'full' {
    if (this.#failed) return 'dropped';
    if (this.#taken + 2 * count > MAX_DATA_BYTES) return 'full';
    const block = (this.#current ??= this.#free.pop() ?? this.#newBlock());
    if (block === undefined) return 'dropped';
    for (let i = 0; i < count; i++) block.view.setInt16(block.filled + 2 * i, samples[i] ?? 0, true);
    block.filled += 2 * count;
    this.#taken += 2 * count;
    // The next frame might not fit.
    if (block.filled >= 2 * this.rate) this.#flush();
    return 'taken';
  }

  /** Writes what is left, completes the header and closes the file; answers its size in bytes. */
  async close(): Promise<number> {
    this.#flush();
    await this.#writing;
    try {
      if (!this.#failed) {
        // What an earlier file had behind its samples is overwritten in part: it is no chunk any more.
        await this.#handle.truncate(this.#dataStart + this.#written);
      }
    } finally {
      await this.#handle.close();
    }
    return this.#dataStart + this.#written;
  }

  #newBlock(): Block | undefined {
    if (this.#blocks === MAX_BLOCKS) return undefined;
    this.#blocks++;
    // A second, and one frame more: a rate may not divide into frames evenly.
    const bytes = new Uint8Array(2 * Math.ceil(this.rate * 1.02));
    return { bytes, view: new DataView(bytes.buffer), filled: 0 };
  }

  #flush(): void {
    if (this.#current === undefined || this.#failed) return;
    this.#full.push(this.#current);
    this.#current = undefined;
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      for (let block = this.#full.shift(); block !== undefined; block = this.#full.shift()) {
        for (let done = 0; done < block.filled; ) {
          const { bytesWritten } = await this.#handle.write(block.bytes, done, block.filled - done, this.#dataStart + this.#written + done);
          done += bytesWritten;
        }
        this.#written += block.filled;
        block.filled = 0;
        this.#free.push(block);
        // After the samples: a header never promises more than there is.
        await this.#writeSizes();
      }
    } catch (error) {
      this.#failed = true;
      this.#onError(error);
    }
    this.#writing = undefined;
  }

  async #writeSizes(): Promise<void> {
    const size = new Uint8Array(4);
    const view = new DataView(size.buffer);
    view.setUint32(0, this.#written, true);
    await this.#handle.write(size, 0, 4, this.#dataStart - 4);
    view.setUint32(0, this.#dataStart + this.#written - 8, true);
    await this.#handle.write(size, 0, 4, 4);
  }
}
