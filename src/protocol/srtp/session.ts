/**
 * One direction of an SRTP session (RFC 3711): which packet has which index, and what came before. Packets are worked on in
 * place. What cannot be read, does not authenticate or is a replay gives a fault and changes nothing of the session.
 */
import { AesCmTransform } from './aes-cm.ts';
import { AesGcmTransform } from './aes-gcm.ts';
import { sessionKeys } from './key-derivation.ts';
import { MAX_PACKET_BYTES } from './key-stream.ts';
import { ReplayWindow } from './replay-window.ts';
import { MASTER_KEY_BYTES, saltBytes, tailBytes, type NewBlockCipher, type SrtpKey } from './suite.ts';
import { E_FLAG, isSame, RTCP_HEADER, RTCP_SSRC, RTP_SSRC, uint16, uint32, type Transform } from './transform.ts';

export type SrtpFault = 'malformed' | 'unauthenticated' | 'replayed';

/** More sources than this under one key are no call. They are not forgotten either: a source begun anew could be replayed. */
const MAX_SOURCES = 64;
const HALF = 0x8000;
const MAX_ROC = 0xffffffff;

/** Throws `RangeError` for a key that is not as long as its suite asks for. */
function newTransform(key: SrtpKey, newCipher: NewBlockCipher): Transform {
  if (key.keyAndSalt.length !== MASTER_KEY_BYTES + saltBytes[key.suite]) throw new RangeError(`a key of ${key.suite} is ${MASTER_KEY_BYTES + saltBytes[key.suite]} bytes long`);
  const rtp = sessionKeys(key, 'rtp', newCipher);
  const rtcp = sessionKeys(key, 'rtcp', newCipher);
  return key.suite === 'AEAD_AES_128_GCM' ? new AesGcmTransform(rtp, rtcp, newCipher) : new AesCmTransform(key.suite, rtp, rtcp, newCipher);
}

/** What we send: one source, whose first sequence number is to be below 2^15 (RFC 3711 §3.3.1: else an early loss hides a wrap). */
export class SrtpSender {
  readonly #transform: Transform;
  #roc = 0;
  #lastSequence = -1;
  #rtcpIndex = 0;

  constructor(key: SrtpKey, newCipher: NewBlockCipher) {
    this.#transform = newTransform(key, newCipher);
  }

  /** Protects the RTP packet in the first `length` bytes; there must be room for `SRTP_OVERHEAD` more. Packets come in order. Answers the new length. */
  protect(bytes: Uint8Array, length: number): number {
    const sequence = uint16(bytes, 2);
    if (sequence < this.#lastSequence) this.#roc++;
    this.#lastSequence = sequence;
    return this.#transform.protectRtp(bytes, rtpHeaderLength(bytes, length) ?? length, length, this.#roc);
  }

  /** The same for a compound RTCP packet. */
  protectRtcp(bytes: Uint8Array, length: number): number {
    const index = this.#rtcpIndex;
    this.#rtcpIndex = (index + 1) & 0x7fffffff;
    return this.#transform.protectRtcp(bytes, length, index);
  }
}

/** RFC 3711 §3.2.3: the context of one source. */
interface Source {
  roc: number;
  highest: number;
  readonly window: ReplayWindow;
}

export class SrtpReceiver {
  readonly #transform: Transform;
  readonly #key: SrtpKey;
  readonly #sources = new Map<number, Source>();
  readonly #rtcpWindows = new Map<number, ReplayWindow>();

  constructor(key: SrtpKey, newCipher: NewBlockCipher) {
    this.#transform = newTransform(key, newCipher);
    this.#key = key;
  }

  /** Takes off the protection of an RTP packet; answers its length. */
  unprotect(packet: Uint8Array): number | SrtpFault {
    const bytes = packet.length > MAX_PACKET_BYTES ? undefined : this.#withoutMki(packet, tailBytes[this.#key.suite].rtp);
    if (bytes === 'unauthenticated') return bytes;
    const start = bytes === undefined ? undefined : rtpHeaderLength(bytes, bytes.length);
    if (bytes === undefined || start === undefined) return 'malformed';
    const ssrc = uint32(bytes, RTP_SSRC);
    const sequence = uint16(bytes, 2);
    const source = this.#sources.get(ssrc);
    if (source === undefined) return this.#first(bytes, start, ssrc, sequence);
    const roc = guessRoc(source, sequence);
    if (roc < 0 || roc > MAX_ROC || source.window.isReplay(roc * 0x10000 + sequence)) return 'replayed';
    const length = this.#transform.unprotectRtp(bytes, start, bytes.length, roc);
    if (length === undefined) return 'unauthenticated';
    source.window.note(roc * 0x10000 + sequence);
    if (roc > source.roc || (roc === source.roc && sequence > source.highest)) {
      source.roc = roc;
      source.highest = sequence;
    }
    return length;
  }

  /** The same for a compound RTCP packet. */
  unprotectRtcp(packet: Uint8Array): number | SrtpFault {
    const bytes = packet.length > MAX_PACKET_BYTES ? undefined : this.#withoutMki(packet, tailBytes[this.#key.suite].rtcp);
    if (bytes === 'unauthenticated') return bytes;
    const at = bytes === undefined ? 0 : this.#transform.rtcpIndexAt(bytes.length);
    if (bytes === undefined || at < RTCP_HEADER) return 'malformed';
    const word = uint32(bytes, at);
    // RFC 3711 §3.4: in the clear; nobody agreed to that (RFC 4568 §6.3.2).
    if (word < E_FLAG) return 'unauthenticated';
    const index = word - E_FLAG;
    const ssrc = uint32(bytes, RTCP_SSRC);
    const window = this.#rtcpWindows.get(ssrc);
    if (window?.isReplay(index) === true) return 'replayed';
    if (window === undefined && this.#rtcpWindows.size >= MAX_SOURCES) return 'unauthenticated';
    const length = this.#transform.unprotectRtcp(bytes, bytes.length, index);
    if (length === undefined) return 'unauthenticated';
    const kept = window ?? new ReplayWindow();
    this.#rtcpWindows.set(ssrc, kept);
    kept.note(index);
    return length;
  }

  /** RFC 3711 §3.1: the identifier lies before the last `tail` bytes, and is not authenticated. Another one names a key we do not have. */
  #withoutMki(bytes: Uint8Array, tail: number): Uint8Array | 'unauthenticated' {
    const { mki } = this.#key;
    if (mki === undefined) return bytes;
    const at = bytes.length - tail - mki.length;
    if (at < 0 || !isSame(bytes, at, mki, mki.length)) return 'unauthenticated';
    bytes.copyWithin(at, at + mki.length);
    return bytes.subarray(0, bytes.length - mki.length);
  }

  /** A source not heard of before begins with a rollover counter of 0 (RFC 3711 §3.3.1). */
  #first(bytes: Uint8Array, start: number, ssrc: number, sequence: number): number | SrtpFault {
    if (this.#sources.size >= MAX_SOURCES) return 'unauthenticated';
    const length = this.#transform.unprotectRtp(bytes, start, bytes.length, 0);
    if (length === undefined) return 'unauthenticated';
    const source: Source = { roc: 0, highest: sequence, window: new ReplayWindow() };
    source.window.note(sequence);
    this.#sources.set(ssrc, source);
    return length;
  }
}

/** RFC 3711 §3.3.1 and appendix A: the rollover counter that puts `sequence` nearest to the highest one received. */
function guessRoc({ roc, highest }: Source, sequence: number): number {
  if (highest < HALF) return sequence - highest > HALF ? roc - 1 : roc;
  return highest - HALF > sequence ? roc + 1 : roc;
}

/** Fixed header, contributing sources and extension (RFC 3550 §5.1, §5.3.1): what stays in the clear. */
function rtpHeaderLength(bytes: Uint8Array, length: number): number | undefined {
  const first = bytes[0] ?? 0;
  let header = 12 + 4 * (first & 0x0f);
  if (length < 12 || first >> 6 !== 2) return undefined;
  if ((first & 0x10) !== 0) {
    if (length < header + 4) return undefined;
    header += 4 + 4 * uint16(bytes, header + 2);
  }
  return header > length ? undefined : header;
}
