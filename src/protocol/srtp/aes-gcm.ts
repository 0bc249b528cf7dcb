import { Ghash } from './ghash.ts';
import type { SessionKeys } from './key-derivation.ts';
import { applyStream, blocksFor, KeyStream } from './key-stream.ts';
import type { NewBlockCipher } from './suite.ts';
import { E_FLAG, fillVector, INDEX_BYTES, isSame, putUint32, RTCP_HEADER, RTCP_SSRC, RTP_SSRC, uint16, type Transform } from './transform.ts';

const TAG = 16;

interface Keys {
  readonly stream: KeyStream;
  readonly salt: Uint8Array;
  readonly ghash: Ghash;
}

/** AES in Galois/counter mode (RFC 7714). The block of counter 1 makes the tag, the next ones the stream (SP 800-38D §7.1). */
export class AesGcmTransform implements Transform {
  readonly #rtp: Keys;
  readonly #rtcp: Keys;
  readonly #tag = new Uint8Array(TAG);
  /** RFC 7714 §9.2: the header and the word with the index, which are not next to each other. */
  readonly #associated = new Uint8Array(RTCP_HEADER + INDEX_BYTES);

  constructor(rtp: SessionKeys, rtcp: SessionKeys, newCipher: NewBlockCipher) {
    const set = ({ encryption, salt }: SessionKeys): Keys => {
      const cipher = newCipher(encryption);
      return { ghash: new Ghash(cipher(new Uint8Array(16))), stream: new KeyStream(cipher, 1), salt };
    };
    this.#rtp = set(rtp);
    this.#rtcp = set(rtcp);
  }

  protectRtp(bytes: Uint8Array, start: number, length: number, roc: number): number {
    const { ghash } = this.#rtp;
    const blocks = this.#rtpBlocks(bytes, start, length, roc);
    applyStream(bytes, start, length, blocks, TAG);
    bytes.set(this.#tagOf(ghash, blocks, bytes, start, bytes, start, length), length);
    return length + TAG;
  }

  unprotectRtp(bytes: Uint8Array, start: number, length: number, roc: number): number | undefined {
    const end = length - TAG;
    if (end < start) return undefined;
    const { ghash } = this.#rtp;
    const blocks = this.#rtpBlocks(bytes, start, end, roc);
    if (!isSame(bytes, end, this.#tagOf(ghash, blocks, bytes, start, bytes, start, end), TAG)) return undefined;
    applyStream(bytes, start, end, blocks, TAG);
    return end;
  }

  protectRtcp(bytes: Uint8Array, length: number, index: number): number {
    const { ghash } = this.#rtcp;
    const blocks = this.#rtcpBlocks(bytes, length, index);
    applyStream(bytes, RTCP_HEADER, length, blocks, TAG);
    bytes.set(this.#tagOf(ghash, blocks, this.#associated, this.#associated.length, bytes, RTCP_HEADER, length), length);
    putUint32(bytes, length + TAG, E_FLAG | index);
    return length + TAG + INDEX_BYTES;
  }

  unprotectRtcp(bytes: Uint8Array, length: number, index: number): number | undefined {
    const end = length - TAG - INDEX_BYTES;
    if (end < RTCP_HEADER) return undefined;
    const { ghash } = this.#rtcp;
    const blocks = this.#rtcpBlocks(bytes, end, index);
    if (!isSame(bytes, end, this.#tagOf(ghash, blocks, this.#associated, this.#associated.length, bytes, RTCP_HEADER, end), TAG)) return undefined;
    applyStream(bytes, RTCP_HEADER, end, blocks, TAG);
    return end;
  }

  rtcpIndexAt(length: number): number {
    return length - INDEX_BYTES;
  }

  #rtpBlocks(bytes: Uint8Array, start: number, end: number, roc: number): Uint8Array {
    const { stream, salt } = this.#rtp;
    fillVector(stream.iv, salt, bytes, RTP_SSRC, roc, uint16(bytes, 2));
    return stream.blocks(1 + blocksFor(end - start));
  }

  #rtcpBlocks(bytes: Uint8Array, end: number, index: number): Uint8Array {
    const { stream, salt } = this.#rtcp;
    for (let i = 0; i < RTCP_HEADER; i++) this.#associated[i] = bytes[i] ?? 0;
    putUint32(this.#associated, RTCP_HEADER, E_FLAG | index);
    fillVector(stream.iv, salt, bytes, RTCP_SSRC, index >>> 16, index & 0xffff);
    return stream.blocks(1 + blocksFor(end - RTCP_HEADER));
  }

  /** Over the first `associatedLength` bytes of `associated` and the enciphered text from `start` to `end` of `bytes`. */
  #tagOf(ghash: Ghash, blocks: Uint8Array, associated: Uint8Array, associatedLength: number, bytes: Uint8Array, start: number, end: number): Uint8Array {
    ghash.begin();
    ghash.take(associated, 0, associatedLength);
    ghash.take(bytes, start, end);
    ghash.end(associatedLength, end - start, this.#tag);
    applyStream(this.#tag, 0, TAG, blocks, 0);
    return this.#tag;
  }
}
