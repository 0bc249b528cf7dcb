/** Tags, branches, Call-IDs and CSeq starts (RFC 3261 §19.3, §8.1.1.7, §8.1.1.4, §8.1.1.5), from the stack's randomness. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const DRAWN_BYTES = 1024;

export class Ids {
  readonly #random: (count: number) => Uint8Array;
  /** Drawn by the kilobyte: a call needs a dozen ids. Each byte is used once. */
  #drawn: Uint8Array = new Uint8Array(0);
  #used = 0;

  constructor(random: (count: number) => Uint8Array) {
    this.#random = random;
  }

  /** 65 bits as 13 characters. */
  tag(): string {
    let text = '';
    for (const byte of this.#take(13)) text += ALPHABET[byte & 31] ?? '';
    return text;
  }

  branch(): string {
    return `z9hG4bK${this.tag()}`;
  }

  callId(): string {
    const hex = Buffer.from(this.#take(16)).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** Below 2**27, so that a dialog never reaches the limit of 2**31. */
  cseq(): number {
    return (Buffer.from(this.#take(4)).readUInt32BE() & 0x7ff_ffff) + 1;
  }

  #take(count: number): Uint8Array {
    if (this.#used + count > this.#drawn.length) {
      this.#drawn = this.#random(DRAWN_BYTES);
      this.#used = 0;
    }
    return this.#drawn.subarray(this.#used, (this.#used += count));
  }
}
