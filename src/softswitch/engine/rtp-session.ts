/**
 * The transport of one leg: sockets, far end, limits and counters. Datagrams go in, media packets of the agreed payload types come
 * out; payloads go in, RTP goes out. What the payloads mean is the leg's.
 *
 * The way of a datagram: foreign? too many? (SRTP: authenticate) a header? an agreed payload type? from the source? then to the leg.
 */
import { randomBytes } from 'node:crypto';
import { RTP_HEADER_BYTES, datagramKind, emptyPacket, readRtp, writeRtpHeader } from '../../protocol/rtp/packet.ts';
import type { RtpPacket } from '../../protocol/rtp/packet.ts';
import { SRTP_OVERHEAD } from '../../protocol/srtp/suite.ts';
import type { AudioFormat, FarConfiguration, LegStats } from './api.ts';
import { FarEnd } from './far-end.ts';
import type { Address } from './packet-io.ts';
import { PacketLimit } from './rate-limit.ts';
import { RtcpSession } from './rtcp-session.ts';
import type { RtpSockets } from './rtp-sockets.ts';
import { SrtpContext } from './srtp-context.ts';

/** Larger than any audio packet: a full Ethernet frame. */
const MAX_DATAGRAM = 1500;

export type MediaKind = 'audio' | 'telephoneEvent' | 'comfortNoise';

export interface RtpSessionEvents {
  /**
   * A packet of the source. `packet` and `bytes` are used for the next one as soon as this returns; the payload is the bytes from
   * `packet.payloadStart` to `packet.payloadEnd`. `arrivalMs` is on the engine's clock. `discarded`: nothing in it could be used.
   */
  readonly onMedia: (kind: MediaKind, packet: Readonly<RtpPacket>, bytes: Uint8Array, arrivalMs: number) => 'taken' | 'discarded';
  /** The time of `setMediaTimeout` is over. */
  readonly onMediaTimeout: () => void;
}

const noStats = {
  inPackets: 0,
  inMediaPackets: 0,
  inBytes: 0,
  inMediaBytes: 0,
  inDtmfPackets: 0,
  inCngPackets: 0,
  inDiscarded: 0,
  inUnauthenticated: 0,
  outPackets: 0,
  outBytes: 0,
  outDtmfPackets: 0,
  rtcpPackets: 0,
  rtcpOctets: 0,
};

// One packet is worked on at a time, so all sessions share these.
const packet = emptyPacket();
const outgoing = new Uint8Array(MAX_DATAGRAM + SRTP_OVERHEAD);

export class RtpSession {
  readonly #now: () => number;
  readonly #events: RtpSessionEvents;
  readonly #farEnd = new FarEnd();
  readonly #limit = new PacketLimit();
  readonly #rtcpLimit = new PacketLimit();
  /** RFC 3550 §5.1: SSRC, first sequence number and first timestamp are random. */
  readonly #header = { payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc: 0 };
  readonly #stats = { ...noStats };
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #sockets: RtpSockets | undefined;
  #isAimed = false;
  #format: AudioFormat | undefined;
  readonly #rtcp = new RtcpSession();
  #rtcpPort: number | undefined;
  /** Where the far end's own RTCP comes from (RFC 4961). */
  #rtcpSource: Address | undefined;
  /** Where the RTCP socket is aimed at. */
  #rtcpTarget: Address | undefined;
  #srtp: SrtpContext | undefined;
  #isOnHold = false;
  #timeout = { ms: 0, holdMs: 0 };
  /** When the last packet of the source came, or the wait for it began. */
  #heardAt = 0;

  /** `now` is the engine's clock: monotonic, ms. */
  constructor(now: () => number, events: RtpSessionEvents) {
    this.#now = now;
    this.#events = events;
    const random = randomBytes(10);
    this.#header.ssrc = random.readUInt32BE(0);
    this.#header.timestamp = random.readUInt32BE(4);
    // RFC 3711 §3.3.1: the upper half would let an early loss hide a wrap from the far end.
    this.#header.sequence = random.readUInt16BE(8) >> 1;
  }

  get stats(): Omit<LegStats, 'inLost' | 'inLargestJitterBuffer'> {
    return { ...this.#stats, ...this.#rtcp.stats };
  }

  /** RTP timestamp of the next sample to be sent. */
  get timestamp(): number {
    return this.#header.timestamp;
  }

  /** Hands over the sockets; the session closes them. */
  attach(sockets: RtpSockets): void {
    if (this.#state === 'closed') {
      sockets.close();
      return;
    }
    this.#state = 'open';
    this.#sockets = sockets;
    this.#aim();
  }

  configure({ address, port, rtcpPort, format, direction, srtp }: FarConfiguration): void {
    this.#format = format;
    this.#srtp = srtp === undefined ? undefined : new SrtpContext(srtp, this.#srtp);
    if (rtcpPort !== this.#rtcpPort) this.#rtcpSource = undefined;
    this.#rtcpPort = rtcpPort;
    const isOnHold = direction !== 'sendrecv';
    if (isOnHold !== this.#isOnHold) this.#heardAt = this.#now();
    this.#isOnHold = isOnHold;
    if (this.#farEnd.signal({ address, port }) === 'moved') {
      this.#rtcpSource = undefined;
      this.#aim();
    }
  }

  /** Without a packet of the source for `ms`, `holdMs` while on hold, `onMediaTimeout` is called, once; 0: never. The time starts now. */
  setMediaTimeout(ms: number, holdMs: number): void {
    this.#timeout = { ms, holdMs };
    this.#heardAt = this.#now();
  }

  /** Once a tick. */
  tick(now: number): void {
    if (this.#isAimed && this.#rtcp.isDue(now)) this.#sendRtcp(now, 'report');
    const ms = this.#isOnHold ? this.#timeout.holdMs : this.#timeout.ms;
    if (ms <= 0 || now - this.#heardAt < ms) return;
    this.#timeout = { ms: 0, holdMs: 0 };
    this.#events.onMediaTimeout();
  }

  close(): void {
    // RFC 3550 §6.3.7: who has sent nothing says no goodbye.
    if (this.#stats.outPackets > 0 && this.#isAimed) this.#sendRtcp(this.#now(), 'bye');
    this.#state = 'closed';
    this.#sockets?.close();
    this.#sockets = undefined;
  }

  /** Sends one packet with `timestamp`, the present one unless said otherwise (the packets of a key have that of its beginning). */
  send(payloadType: number, payload: Uint8Array, marker: boolean, timestamp = this.#header.timestamp): void {
    const length = RTP_HEADER_BYTES + payload.length;
    if (this.#sockets === undefined || !this.#isAimed || length > MAX_DATAGRAM) return;
    const { sequence, ssrc } = this.#header;
    writeRtpHeader(outgoing, { payloadType, marker, sequence, timestamp, ssrc });
    outgoing.set(payload, RTP_HEADER_BYTES);
    this.#sockets.rtp.send(outgoing, this.#srtp?.sender.protect(outgoing, length) ?? length);
    this.#header.sequence = (sequence + 1) & 0xffff;
    this.#stats.outPackets++;
    this.#stats.outBytes += length;
    if (payloadType === this.#format?.telephoneEvent) this.#stats.outDtmfPackets++;
  }

  /** Media time goes on by `step` units of the RTP clock, whether or not anything was sent for it. */
  advance(step: number): void {
    this.#header.timestamp = (this.#header.timestamp + step) >>> 0;
  }

  #sendRtcp(now: number, which: 'report' | 'bye'): void {
    const { target } = this.#farEnd;
    if (this.#sockets === undefined || target === undefined) return;
    const { ssrc, timestamp } = this.#header;
    const { outPackets: packets, outBytes } = this.#stats;
    const length = this.#rtcp.write(outgoing, now, { ssrc, timestamp, packets, octets: outBytes - packets * RTP_HEADER_BYTES }, which);
    const sealed = this.#srtp?.sender.protectRtcp(outgoing, length) ?? length;
    // RFC 5761 §5.1.1: muxed, it takes the way of the RTP.
    if (this.#rtcpPort !== undefined && this.#rtcpPort === this.#farEnd.signalled?.port) {
      this.#sockets.rtp.send(outgoing, sealed);
      return;
    }
    const to = this.#rtcpSource ?? { address: target.address, port: this.#rtcpPort ?? target.port + 1 };
    // Aiming ends a batch of packets: only where it changes anything.
    if (to.address !== this.#rtcpTarget?.address || to.port !== this.#rtcpTarget.port) this.#rtcpTarget = this.#sockets.rtcp.aim(to) === 'aimed' ? to : undefined;
    if (this.#rtcpTarget !== undefined) this.#sockets.rtcp.send(outgoing, sealed);
  }

  /** One datagram from anybody to the RTP port. */
  onRtpDatagram(bytes: Uint8Array, start: number, end: number, from: Address, arrivalMs: number): void {
    if (this.#state === 'closed') return;
    // Strangers first: their flood must not use up what the far end may send.
    const isRefused = this.#farEnd.isForeign(from) || !this.#limit.admit(arrivalMs);
    if (isRefused || this.#take(bytes, start, end, from, arrivalMs) === 'discarded') this.#stats.inDiscarded++;
  }

  /** One datagram from anybody to the RTCP port. */
  onRtcpDatagram(bytes: Uint8Array, start: number, end: number, from: Address, arrivalMs: number): void {
    if (this.#state === 'closed') return;
    // Behind a NAT the port may be any; the host is that of the RTP.
    const isRefused = from.address !== this.#farEnd.target?.address || end - start > MAX_DATAGRAM || !this.#rtcpLimit.admit(arrivalMs);
    if (isRefused || this.#takeRtcp(bytes.subarray(start, end), arrivalMs) === 'discarded') this.#stats.inDiscarded++;
    else this.#rtcpSource = { address: from.address, port: from.port };
  }

  #take(bytes: Uint8Array, start: number, end: number, from: Address, arrivalMs: number): 'taken' | 'discarded' {
    if (end - start > MAX_DATAGRAM || this.#format === undefined) return 'discarded';
    const kind = datagramKind(bytes, start, end);
    // RFC 5761: both may share the port.
    if (kind === 'rtcp') return this.#takeRtcp(bytes.subarray(start, end), arrivalMs);
    const length = kind === 'rtp' ? this.#unprotect(bytes, start, end, 'unprotect') : undefined;
    if (length === undefined || readRtp(bytes, packet, start, start + length) !== undefined) return 'discarded';
    this.#stats.inPackets++;
    this.#stats.inBytes += end - start;
    const media = this.#kindOf(packet.payloadType, this.#format);
    // Other payload types (a codec of before) are no fault, but only an agreed one proves a source.
    if (media === undefined) return 'taken';
    const proof = this.#farEnd.prove(from, packet);
    if (proof === 'probation') return 'discarded';
    if (proof === 'locked') this.#aim();
    this.#heardAt = arrivalMs;
    this.#count(media, end - start);
    this.#rtcp.onRtp(packet, arrivalMs, this.#format.clockRate, media === 'audio' ? 'audio' : 'other');
    return this.#events.onMedia(media, packet, bytes, arrivalMs);
  }

  #takeRtcp(bytes: Uint8Array, arrivalMs: number): 'taken' | 'discarded' {
    const length = this.#unprotect(bytes, 0, bytes.length, 'unprotectRtcp');
    if (length === undefined || this.#rtcp.onRtcp(bytes.subarray(0, length), arrivalMs, this.#header.ssrc) === 'discarded') return 'discarded';
    this.#stats.rtcpPackets++;
    this.#stats.rtcpOctets += bytes.length;
    return 'taken';
  }

  /** The length without SRTP's protection; undefined, and counted, for what is not from the far end, or came before. */
  #unprotect(bytes: Uint8Array, start: number, end: number, how: 'unprotect' | 'unprotectRtcp'): number | undefined {
    if (this.#srtp === undefined) return end - start;
    const length = this.#srtp.receiver[how](bytes.subarray(start, end));
    if (typeof length === 'number') return length;
    this.#stats.inUnauthenticated++;
    return undefined;
  }

  #kindOf(payloadType: number, format: AudioFormat): MediaKind | undefined {
    if (payloadType === format.payloadType) return 'audio';
    if (payloadType === format.telephoneEvent) return 'telephoneEvent';
    return payloadType === format.comfortNoise ? 'comfortNoise' : undefined;
  }

  #count(media: MediaKind, bytes: number): void {
    this.#stats.inMediaBytes += bytes;
    if (media === 'audio') this.#stats.inMediaPackets++;
    else if (media === 'telephoneEvent') this.#stats.inDtmfPackets++;
    else this.#stats.inCngPackets++;
  }

  #aim(): void {
    this.#isAimed = this.#sockets?.rtp.aim(this.#farEnd.target, this.#farEnd.isCertain ? 'target' : 'anybody') === 'aimed';
  }
}
