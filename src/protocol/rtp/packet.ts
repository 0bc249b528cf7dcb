/** The RTP header (RFC 3550 §5.1), read and written in place: one packet object serves a whole session. */

export const RTP_HEADER_BYTES = 12;

/** A parsed header; the payload is `bytes.subarray(payloadStart, payloadEnd)`, without extension and padding: offsets in the buffer, not in the packet. */
export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payloadStart: number;
  payloadEnd: number;
}

export type RtpFault = 'truncated' | 'bad_version' | 'bad_padding';

export const emptyPacket = (): RtpPacket => ({ payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc: 0, payloadStart: 0, payloadEnd: 0 });

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const uint16 = (bytes: Uint8Array, at: number): number => (byte(bytes, at) << 8) | byte(bytes, at + 1);
const uint32 = (bytes: Uint8Array, at: number): number => ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0;

/**
 * Reads the header of the packet in `bytes` from `start` to `end` into `packet`. On a fault `packet` holds nothing of use.
 *
 *     0                   1                   2                   3
 *     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *    |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *    |                           timestamp                           |
 *    |                             SSRC                              |
 *    |                          CSRC (CC times)                      |
 */
export function readRtp(bytes: Uint8Array, packet: RtpPacket, start = 0, end = bytes.length): RtpFault | undefined {
  if (end - start < RTP_HEADER_BYTES) return 'truncated';
  const first = byte(bytes, start);
  if (first >> 6 !== 2) return 'bad_version';
  let payloadStart = start + RTP_HEADER_BYTES + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0) {
    // RFC 3550 §5.3.1: a 16 bit profile word, then the length of the extension in 32 bit words.
    if (end < payloadStart + 4) return 'truncated';
    payloadStart += 4 + 4 * uint16(bytes, payloadStart + 2);
  }
  if (end < payloadStart) return 'truncated';
  let payloadEnd = end;
  if ((first & 0x20) !== 0) {
    // RFC 3550 §5.1: the last octet counts the padding, itself included.
    const padding = byte(bytes, end - 1);
    if (padding === 0 || end - padding < payloadStart) return 'bad_padding';
    payloadEnd -= padding;
  }
  packet.marker = (byte(bytes, start + 1) & 0x80) !== 0;
  packet.payloadType = byte(bytes, start + 1) & 0x7f;
  packet.sequence = uint16(bytes, start + 2);
  packet.timestamp = uint32(bytes, start + 4);
  packet.ssrc = uint32(bytes, start + 8);
  packet.payloadStart = payloadStart;
  packet.payloadEnd = payloadEnd;
  return undefined;
}

/** Writes a header without CSRC, extension or padding into the first 12 bytes of `bytes`; numbers are taken modulo their width. */
export function writeRtpHeader(bytes: Uint8Array, header: Pick<RtpPacket, 'payloadType' | 'marker' | 'sequence' | 'timestamp' | 'ssrc'>): void {
  bytes[0] = 0x80;
  bytes[1] = (header.payloadType & 0x7f) | (header.marker ? 0x80 : 0);
  bytes[2] = header.sequence >> 8;
  bytes[3] = header.sequence;
  for (let i = 0; i < 4; i++) {
    bytes[4 + i] = header.timestamp >>> (24 - 8 * i);
    bytes[8 + i] = header.ssrc >>> (24 - 8 * i);
  }
}

/** How far timestamp `to` is after `from`, -2^31 .. 2^31-1: right across the wrap at 2^32. */
export const timestampDelta = (from: number, to: number): number => (to - from) | 0;

export type DatagramKind = 'rtp' | 'rtcp' | 'other';

/**
 * What a datagram on an RTP port, the bytes from `start` to `end`, is: RFC 7983 §7 tells RTP and RTCP from STUN, DTLS and TURN by the first octet, RFC 5761 §4 tells
 * RTCP by its packet type (192 to 223, which as RTP would be payload types 64 to 95 with the marker).
 */
export function datagramKind(bytes: Uint8Array, start = 0, end = bytes.length): DatagramKind {
  if (end - start < 2 || byte(bytes, start) >> 6 !== 2) return 'other';
  const type = byte(bytes, start + 1);
  return type >= 192 && type <= 223 ? 'rtcp' : 'rtp';
}

/** RFC 3550 §A.2: version 2, no padding in the first packet, which is SR or RR, and lengths that add up to the datagram. */
export function isValidRtcp(bytes: Uint8Array): boolean {
  if (bytes.length < 8 || (byte(bytes, 0) & 0xe0) !== 0x80) return false;
  if (byte(bytes, 1) !== 200 && byte(bytes, 1) !== 201) return false;
  let at = 0;
  while (at + 4 <= bytes.length && byte(bytes, at) >> 6 === 2) at += 4 * (uint16(bytes, at + 2) + 1);
  return at === bytes.length;
}
