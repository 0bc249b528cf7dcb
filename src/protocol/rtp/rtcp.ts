/** RTCP (RFC 3550 §6): compound packets read totally, and the reports of one source written in place. */
import { isValidRtcp } from './packet.ts';

/** RFC 3550 §6.4.1: what one side tells of another's stream. */
export interface ReportBlock {
  /** The source reported on. */
  readonly ssrc: number;
  /** Of the packets since the last report, in 1/256. */
  readonly fractionLost: number;
  /** Since the beginning; negative with duplicates. */
  readonly cumulativeLost: number;
  /** Cycles in the upper 16 bits. */
  readonly highestSequence: number;
  /** In units of the RTP clock. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report, and the time since it came in 1/65536 s; 0: none came. */
  readonly lastSr: number;
  readonly delaySinceLastSr: number;
}

export interface SenderInfo {
  /** 64 bits in two halves. */
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** What of a compound packet is of use here. */
export interface Rtcp {
  /** Who sent it. */
  readonly ssrc: number;
  readonly sender?: SenderInfo;
  readonly blocks: readonly ReportBlock[];
  /** Sources that say goodbye. */
  readonly byes: readonly number[];
}

const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;
const CNAME = 1;
const HEADER = 8;
const SENDER_INFO = 20;
const BLOCK = 24;
/** A datagram of Ethernet size has fewer; more are of no use to anybody. */
const MAX_BLOCKS = 64;

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const uint16 = (bytes: Uint8Array, at: number): number => (byte(bytes, at) << 8) | byte(bytes, at + 1);
const uint32 = (bytes: Uint8Array, at: number): number => ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0;

/** Undefined for what is no compound packet (RFC 3550 §A.2), or has counts that do not fit into it. */
export function readRtcp(bytes: Uint8Array): Rtcp | undefined {
  if (!isValidRtcp(bytes)) return undefined;
  const blocks: ReportBlock[] = [];
  const byes: number[] = [];
  let sender: SenderInfo | undefined;
  for (let at = 0; at < bytes.length; ) {
    const count = byte(bytes, at) & 0x1f;
    const type = byte(bytes, at + 1);
    const end = at + 4 * (uint16(bytes, at + 2) + 1);
    if (type === SR || type === RR) {
      const start = at + HEADER + (type === SR ? SENDER_INFO : 0);
      if (start + count * BLOCK > end) return undefined;
      if (type === SR) sender ??= readSenderInfo(bytes, at + HEADER);
      for (let i = 0; i < count && blocks.length < MAX_BLOCKS; i++) blocks.push(readBlock(bytes, start + i * BLOCK));
    } else if (type === BYE) {
      if (at + 4 + count * 4 > end) return undefined;
      for (let i = 0; i < count && byes.length < MAX_BLOCKS; i++) byes.push(uint32(bytes, at + 4 + 4 * i));
    }
    at = end;
  }
  return { ssrc: uint32(bytes, 4), ...(sender === undefined ? {} : { sender }), blocks, byes };
}

function readSenderInfo(bytes: Uint8Array, at: number): SenderInfo {
  return { ntpSeconds: uint32(bytes, at), ntpFraction: uint32(bytes, at + 4), rtpTimestamp: uint32(bytes, at + 8), packets: uint32(bytes, at + 12), octets: uint32(bytes, at + 16) };
}

function readBlock(bytes: Uint8Array, at: number): ReportBlock {
  return {
    ssrc: uint32(bytes, at),
    fractionLost: byte(bytes, at + 4),
    // 24 bits, signed.
    cumulativeLost: (uint32(bytes, at + 4) << 8) >> 8,
    highestSequence: uint32(bytes, at + 8),
    jitter: uint32(bytes, at + 12),
    lastSr: uint32(bytes, at + 16),
    delaySinceLastSr: uint32(bytes, at + 20),
  };
}

export interface Report {
  readonly ssrc: number;
  /** There when something was sent since the last report: a sender report, else a receiver report (RFC 3550 §6.4). */
  readonly sender?: SenderInfo;
  readonly block?: ReportBlock;
  /** At most 255 bytes of ASCII (RFC 3550 §6.5.1). */
  readonly cname: string;
  /** The last one (RFC 3550 §6.6). */
  readonly bye?: true;
}

/** Writes a compound packet to the beginning of `bytes`, which has room for 400 bytes; answers its length. */
export function writeRtcp(bytes: Uint8Array, { ssrc, sender, block, cname, bye }: Report): number {
  let at = HEADER;
  if (sender !== undefined) {
    for (const value of [sender.ntpSeconds, sender.ntpFraction, sender.rtpTimestamp, sender.packets, sender.octets]) at = put32(bytes, at, value);
  }
  if (block !== undefined) {
    at = put32(bytes, at, block.ssrc);
    at = put32(bytes, at, (block.fractionLost << 24) | (block.cumulativeLost & 0xffffff));
    for (const value of [block.highestSequence, block.jitter, block.lastSr, block.delaySinceLastSr]) at = put32(bytes, at, value);
  }
  putHeader(bytes, 0, block === undefined ? 0 : 1, sender === undefined ? RR : SR, at, ssrc);
  at = putCname(bytes, at, ssrc, cname.slice(0, 255));
  if (bye === true) {
    putHeader(bytes, at, 1, BYE, at + HEADER, ssrc);
    at += HEADER;
  }
  return at;
}

/** RFC 3550 §6.5: one chunk, ended by at least one zero and filled up to a whole word. */
function putCname(bytes: Uint8Array, start: number, ssrc: number, cname: string): number {
  let at = start + HEADER;
  bytes[at++] = CNAME;
  bytes[at++] = cname.length;
  for (let i = 0; i < cname.length; i++) bytes[at++] = cname.charCodeAt(i);
  do bytes[at++] = 0;
  while ((at - start) % 4 !== 0);
  putHeader(bytes, start, 1, SDES, at, ssrc);
  return at;
}

function putHeader(bytes: Uint8Array, at: number, count: number, type: number, end: number, ssrc: number): void {
  put32(bytes, at, (0x80 << 24) | (count << 24) | (type << 16) | ((end - at) / 4 - 1));
  put32(bytes, at + 4, ssrc);
}

function put32(bytes: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (24 - 8 * i);
  return at + 4;
}

/** Until the next report, ms (RFC 3550 §6.2, for two members, who need no reconsideration): 5 s, half of it before the first one, spread over 0.5 to 1.5. `random`: 0 to 1. */
export function rtcpInterval(random: number, which: 'first' | 'next'): number {
  const least = which === 'first' ? 2_500 : 5_000;
  return least * (0.5 + random);
}

/** NTP's 64 bits of a time in ms: seconds, and 1/2^32 s. */
export function ntpTime(ms: number): { readonly ntpSeconds: number; readonly ntpFraction: number } {
  const seconds = Math.floor(ms / 1_000);
  return { ntpSeconds: seconds >>> 0, ntpFraction: Math.floor(((ms - seconds * 1_000) / 1_000) * 0x100000000) >>> 0 };
}

/** The middle 32 bits: 1/65536 s. */
export const compactNtp = ({ ntpSeconds, ntpFraction }: Pick<SenderInfo, 'ntpSeconds' | 'ntpFraction'>): number => ((ntpSeconds << 16) | (ntpFraction >>> 16)) >>> 0;

/** Round trip in ms by a block on our stream that came at `ms` (RFC 3550 §6.4.1); undefined when it says nothing of one, or nonsense. */
export function roundTrip({ lastSr, delaySinceLastSr }: ReportBlock, ms: number): number | undefined {
  if (lastSr === 0) return undefined;
  const units = (compactNtp(ntpTime(ms)) - lastSr - delaySinceLastSr) | 0;
  // A clock that counts coarsely may come out a little below zero.
  return units < -655 ? undefined : (Math.max(0, units) * 1_000) / 65_536;
}
