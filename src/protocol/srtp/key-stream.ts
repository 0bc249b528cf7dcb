import type { BlockCipher } from './suite.ts';

const BLOCK = 16;
/** A full Ethernet frame, and the block in front of it that GCM makes its tag with. */
const MAX_BLOCKS = 95;
export const MAX_PACKET_BYTES = (MAX_BLOCKS - 1) * BLOCK;

/**
 * AES in counter mode: the blocks of one packet are enciphered in one call. `iv` is filled by the owner but for its last
 * two bytes, which count up from `first`.
 */
export class KeyStream {
  readonly iv = new Uint8Array(BLOCK);
  readonly #cipher: BlockCipher;
  readonly #first: number;
  readonly #blocks = new Uint8Array(MAX_BLOCKS * BLOCK);
  /** The same in words: the vector is copied faster. */
  readonly #words = new Uint32Array(this.#blocks.buffer);
  readonly #ivWords = new Uint32Array(this.iv.buffer);
  /** Views of the first n blocks: made once each. */
  readonly #views: Uint8Array[] = [];

  constructor(cipher: BlockCipher, first: number) {
    this.#cipher = cipher;
    this.#first = first;
  }

  /** The first `count` blocks of the stream of `iv`, 95 at most. */
  blocks(count: number): Uint8Array {
    const blocks = this.#blocks;
    for (let block = 0, at = 0; block < count; block++, at += BLOCK) {
      for (let word = 0; word < BLOCK / 4; word++) this.#words[block * 4 + word] = this.#ivWords[word] ?? 0;
      const counter = this.#first + block;
      blocks[at + 14] = counter >> 8;
      blocks[at + 15] = counter;
    }
    return this.#cipher((this.#views[count] ??= blocks.subarray(0, count * BLOCK)));
  }
}

/** Enciphers or deciphers `bytes` from `start` to `end` in place with the stream from `offset` on. */
export function applyStream(bytes: Uint8Array, start: number, end: number, stream: Uint8Array, offset: number): void {
  for (let at = start, from = offset; at < end; at++, from++) bytes[at] = (bytes[at] ?? 0) ^ (stream[from] ?? 0);
}

export const blocksFor = (bytes: number): number => Math.ceil(bytes / BLOCK);
