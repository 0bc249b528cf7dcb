/**
 * HMAC-SHA1 (RFC 2104, RFC 3174) for many short messages under one key: the key's two blocks are hashed once, a message
 * costs no memory. Node's own sets up a context for every message, which takes longer than the hash.
 */

const BLOCK = 64;
export const SHA1_BYTES = 20;

const schedule = new Int32Array(80);
// One message at a time: all keys share these.
const tail = new Uint8Array(2 * BLOCK);
const state = new Int32Array(5);

export class HmacSha1 {
  /** The last result. */
  readonly digest = new Uint8Array(SHA1_BYTES);
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;

  /** `key`: 64 bytes at most. */
  constructor(key: Uint8Array) {
    this.#inner = padded(key, 0x36);
    this.#outer = padded(key, 0x5c);
  }

  /** Of the first `length` bytes, followed by `suffix` when there is one. */
  compute(bytes: Uint8Array, length: number, suffix?: Uint8Array): Uint8Array {
    state.set(this.#inner);
    let at = 0;
    for (; at + BLOCK <= length; at += BLOCK) compress(bytes, at);
    let filled = 0;
    for (; at < length; at++) tail[filled++] = bytes[at] ?? 0;
    if (suffix !== undefined) for (const byte of suffix) tail[filled++] = byte;
    finish(filled, length + (suffix?.length ?? 0), this.digest);
    state.set(this.#outer);
    for (let i = 0; i < SHA1_BYTES; i++) tail[i] = this.digest[i] ?? 0;
    finish(SHA1_BYTES, SHA1_BYTES, this.digest);
    return this.digest;
  }
}

function padded(key: Uint8Array, pad: number): Int32Array {
  const block = new Uint8Array(BLOCK);
  block.set(key);
  for (let i = 0; i < BLOCK; i++) block[i] = (block[i] ?? 0) ^ pad;
  state.set([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  compress(block, 0);
  return Int32Array.from(state);
}

/** RFC 3174 §4: a one, zeros, and the length in bits; the key's block counts too. `filled` bytes are left in `tail`. */
function finish(filled: number, length: number, digest: Uint8Array): void {
  const bits = (BLOCK + length) * 8;
  const end = filled + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
  tail[filled] = 0x80;
  for (let i = filled + 1; i < end - 4; i++) tail[i] = 0;
  for (let i = 0; i < 4; i++) tail[end - 1 - i] = bits >>> (8 * i);
  for (let at = 0; at < end; at += BLOCK) compress(tail, at);
  for (let i = 0; i < SHA1_BYTES; i++) digest[i] = (state[i >> 2] ?? 0) >>> (24 - 8 * (i & 3));
}

/** RFC 3174 §6.1: one block of 64 bytes into `state`. Four loops: a choice in each of the 80 rounds takes twice as long. */
function compress(bytes: Uint8Array, from: number): void {
  const w = schedule;
  for (let i = 0, at = from; i < 16; i++, at += 4) {
    w[i] = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  }
  for (let i = 16; i < 80; i++) {
    const mixed = (w[i - 3] ?? 0) ^ (w[i - 8] ?? 0) ^ (w[i - 14] ?? 0) ^ (w[i - 16] ?? 0);
    w[i] = (mixed << 1) | (mixed >>> 31);
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let next = 0;
  for (let i = 0; i < 20; i++) {
    next = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + 0x5a827999 + (w[i] ?? 0)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let i = 20; i < 40; i++) {
    next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + (w[i] ?? 0)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let i = 40; i < 60; i++) {
    next = (((a << 5) | (a >>> 27)) + ((b & c) | (b & d) | (c & d)) + e + 0x8f1bbcdc + (w[i] ?? 0)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let i = 60; i < 80; i++) {
    next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0xca62c1d6 + (w[i] ?? 0)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
}
