/**
 * GHASH of GCM (NIST SP 800-38D §6.4): multiplication in GF(2^128) by one key, byte by byte from a table of its 256
 * multiples. An element is four 32 bit words, the first bit of the first being the constant term.
 */

/** What the eight bits shifted out at the end bring back in at the front: the polynomial is 1 + x + x^2 + x^7 + x^128. */
const reductions = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let carried = 0;
  for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) carried ^= 0xe1000000 >>> (7 - bit);
  reductions[byte] = carried;
}

export class Ghash {
  readonly #table: Uint32Array;
  readonly #sum = new Uint32Array(4);

  /** `key`: the block cipher of the zero block. */
  constructor(key: Uint8Array) {
    this.#table = multiplesOf(key);
  }

  begin(): void {
    this.#sum.fill(0);
  }

  /** Takes `bytes` from `start` to `end`, the last block filled up with zeros. */
  take(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at += 16) this.#block(bytes, at, Math.min(end, at + 16));
  }

  /** Takes the block of both lengths, given in bytes; the sum goes into the first 16 bytes of `out`. */
  end(associated: number, text: number, out: Uint8Array): void {
    const sum = this.#sum;
    sum[1] = (sum[1] ?? 0) ^ (associated * 8);
    sum[3] = (sum[3] ?? 0) ^ (text * 8);
    this.#multiply();
    for (let i = 0; i < 16; i++) out[i] = (sum[i >> 2] ?? 0) >>> (24 - 8 * (i & 3));
  }

  #block(bytes: Uint8Array, start: number, end: number): void {
    const sum = this.#sum;
    for (let at = start, i = 0; at < end; at++, i++) sum[i >> 2] = (sum[i >> 2] ?? 0) ^ ((bytes[at] ?? 0) << (24 - 8 * (i & 3)));
    this.#multiply();
  }

  #multiply(): void {
    const sum = this.#sum;
    const table = this.#table;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 15; i >= 0; i--) {
      const byte = ((sum[i >> 2] ?? 0) >>> (24 - 8 * (i & 3))) & 0xff;
      const out = d & 0xff;
      const at = byte * 4;
      d = ((d >>> 8) | (c << 24)) ^ (table[at + 3] ?? 0);
      c = ((c >>> 8) | (b << 24)) ^ (table[at + 2] ?? 0);
      b = ((b >>> 8) | (a << 24)) ^ (table[at + 1] ?? 0);
      a = (a >>> 8) ^ (reductions[out] ?? 0) ^ (table[at] ?? 0);
    }
    sum[0] = a;
    sum[1] = b;
    sum[2] = c;
    sum[3] = d;
  }
}

function multiplesOf(key: Uint8Array): Uint32Array {
  const table = new Uint32Array(256 * 4);
  const words = [0, 4, 8, 12].map((at) => (((key[at] ?? 0) << 24) | ((key[at + 1] ?? 0) << 16) | ((key[at + 2] ?? 0) << 8) | (key[at + 3] ?? 0)) >>> 0);
  let [a = 0, b = 0, c = 0, d = 0] = words;
  // The first bit of a byte is the lowest power: 0x80 is the key itself, every halving one multiplication by x.
  for (let power = 0x80; power > 0; power >>= 1) {
    table.set([a, b, c, d], power * 4);
    const carried = (d & 1) === 0 ? 0 : 0xe1000000;
    d = ((d >>> 1) | (c << 31)) >>> 0;
    c = ((c >>> 1) | (b << 31)) >>> 0;
    b = ((b >>> 1) | (a << 31)) >>> 0;
    a = ((a >>> 1) ^ carried) >>> 0;
  }
  for (let power = 2; power < 256; power <<= 1) {
    for (let rest = 1; rest < power; rest++) {
      for (let word = 0; word < 4; word++) table[(power + rest) * 4 + word] = (table[power * 4 + word] ?? 0) ^ (table[rest * 4 + word] ?? 0);
    }
  }
  return table;
}
