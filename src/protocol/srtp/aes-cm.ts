import { HmacSha1 } from './hmac-sha1.ts';
import type { SessionKeys } from './key-derivation.ts';
import { applyStream, blocksFor, KeyStream } from './key-stream.ts';
import { tagBytes, type NewBlockCipher, type SrtpSuite } from './suite.ts';
import { E_FLAG, fillVector, INDEX_BYTES, isSame, putUint32, RTCP_HEADER, RTCP_SSRC, RTP_SSRC, uint16, type Transform } from './transform.ts';

interface Keys {
  readonly stream: KeyStream;
  readonly salt: Uint8Array;
  readonly hmac: HmacSha1;
  readonly tag: number;
}

/** AES in counter mode and HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1). */
export class AesCmTransform implements Transform {
  readonly #rtp: Keys;
  readonly #rtcp: Keys;
  readonly #roc = new Uint8Array(4);

  constructor(suite: Exclude<SrtpSuite, 'AEAD_AES_128_GCM'>, rtp: SessionKeys, rtcp: SessionKeys, newCipher: NewBlockCipher) {
    const set = (keys: SessionKeys, tag: number): Keys => ({ stream: new KeyStream(newCipher(keys.encryption), 0), salt: keys.salt, hmac: new HmacSha1(keys.authentication), tag });
    this.#rtp = set(rtp, tagBytes[suite].rtp);
    this.#rtcp = set(rtcp, tagBytes[suite].rtcp);
  }

  protectRtp(bytes: Uint8Array, start: number, length: number, roc: number): number {
    const { hmac, tag } = this.#rtp;
    this.#applyRtp(bytes, start, length, roc);
    putUint32(this.#roc, 0, roc);
    // RFC 3711 §4.2: the rollover counter is authenticated, not sent.
    return append(bytes, length, hmac.compute(bytes, length, this.#roc), tag);
  }

  unprotectRtp(bytes: Uint8Array, start: number, length: number, roc: number): number | undefined {
    const { hmac, tag } = this.#rtp;
    const end = length - tag;
    if (end < start) return undefined;
    putUint32(this.#roc, 0, roc);
    if (!isSame(bytes, end, hmac.compute(bytes, end, this.#roc), tag)) return undefined;
    this.#applyRtp(bytes, start, end, roc);
    return end;
  }

  protectRtcp(bytes: Uint8Array, length: number, index: number): number {
    const { hmac, tag } = this.#rtcp;
    this.#applyRtcp(bytes, length, index);
    putUint32(bytes, length, E_FLAG | index);
    const end = length + INDEX_BYTES;
    return append(bytes, end, hmac.compute(bytes, end), tag);
  }

  unprotectRtcp(bytes: Uint8Array, length: number, index: number): number | undefined {
    const { hmac, tag } = this.#rtcp;
    const end = length - tag - INDEX_BYTES;
    if (end < RTCP_HEADER || !isSame(bytes, length - tag, hmac.compute(bytes, length - tag), tag)) return undefined;
    this.#applyRtcp(bytes, end, index);
    return end;
  }

  rtcpIndexAt(length: number): number {
    return length - this.#rtcp.tag - INDEX_BYTES;
  }

  #applyRtp(bytes: Uint8Array, start: number, end: number, roc: number): void {
    const { stream, salt } = this.#rtp;
    fillVector(stream.iv, salt, bytes, RTP_SSRC, roc, uint16(bytes, 2));
    applyStream(bytes, start, end, stream.blocks(blocksFor(end - start)), 0);
  }

  #applyRtcp(bytes: Uint8Array, end: number, index: number): void {
    const { stream, salt } = this.#rtcp;
    fillVector(stream.iv, salt, bytes, RTCP_SSRC, index >>> 16, index & 0xffff);
    applyStream(bytes, RTCP_HEADER, end, stream.blocks(blocksFor(end - RTCP_HEADER)), 0);
  }
}

function append(bytes: Uint8Array, at: number, digest: Uint8Array, count: number): number {
  for (let i = 0; i < count; i++) bytes[at + i] = digest[i] ?? 0;
  return at + count;
}
