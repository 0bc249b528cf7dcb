/** RTCP of one leg: what came from the far end and what it says of us; when to report, and what. */
import { randomBytes } from 'node:crypto';
import { Reception } from '../../protocol/rtp/reception.ts';
import { compactNtp, ntpTime, readRtcp, roundTrip, rtcpInterval, writeRtcp } from '../../protocol/rtp/rtcp.ts';
import type { ReportBlock } from '../../protocol/rtp/rtcp.ts';
import type { RtpPacket } from '../../protocol/rtp/packet.ts';
import type { LegStats } from './api.ts';

/** What we have sent since the leg was opened. */
export interface Sent {
  readonly ssrc: number;
  /** Of the next sample. */
  readonly timestamp: number;
  readonly packets: number;
  /** Payload alone (RFC 3550 §6.4.1). */
  readonly octets: number;
}

type RtcpStats = Pick<LegStats, 'inJitterMs' | 'inJitterMinMs' | 'inJitterMaxMs' | 'remoteLossPercent' | 'remoteJitterMs' | 'roundTripMs'>;
type Remote = Pick<LegStats, 'remoteLossPercent' | 'remoteJitterMs' | 'roundTripMs'>;

const chance = (): number => randomBytes(4).readUInt32BE() / 0x1_0000_0000;

export class RtcpSession {
  /** RFC 7022 §4.2: made up for this session; it says nothing of the machine. */
  readonly #cname = randomBytes(12).toString('base64');
  #reception: Reception | undefined;
  #clockRate = 0;
  #jitter: { min: number; max: number } | undefined;
  /** The far end's last sender report. */
  #lastSr: { readonly compact: number; readonly at: number } | undefined;
  #remote: Remote = {};
  #dueAt: number | undefined;
  #reported = 0;

  get stats(): RtcpStats {
    return { inJitterMs: this.#reception?.jitter ?? 0, inJitterMinMs: this.#jitter?.min ?? 0, inJitterMaxMs: this.#jitter?.max ?? 0, ...this.#remote };
  }

  /** A packet of the source. Another source, or another clock, is measured from its beginning. */
  onRtp({ ssrc, sequence, timestamp }: Readonly<RtpPacket>, arrivalMs: number, clockRate: number, kind: 'audio' | 'other'): void {
    if (this.#reception?.ssrc !== ssrc || this.#clockRate !== clockRate) {
      this.#reception = new Reception(ssrc, sequence, clockRate);
      this.#clockRate = clockRate;
      this.#lastSr = undefined;
    }
    this.#reception.note(sequence, timestamp, arrivalMs, kind);
    const { jitter } = this.#reception;
    this.#jitter ??= { min: jitter, max: jitter };
    if (jitter < this.#jitter.min) this.#jitter.min = jitter;
    if (jitter > this.#jitter.max) this.#jitter.max = jitter;
  }

  /** A compound packet of the far end; `ssrc` is ours. */
  onRtcp(bytes: Uint8Array, arrivalMs: number, ssrc: number): 'taken' | 'discarded' {
    const rtcp = readRtcp(bytes);
    if (rtcp === undefined) return 'discarded';
    if (rtcp.sender !== undefined) this.#lastSr = { compact: compactNtp(rtcp.sender), at: arrivalMs };
    const block = rtcp.blocks.find((candidate) => candidate.ssrc === ssrc);
    if (block !== undefined) this.#takeBlock(block, arrivalMs);
    return 'taken';
  }

  /** Whether it is time to report. The first time this is asked starts the clock. */
  isDue(now: number): boolean {
    this.#dueAt ??= now + rtcpInterval(chance(), 'first');
    if (now < this.#dueAt) return false;
    this.#dueAt = now + rtcpInterval(chance(), 'next');
    return true;
  }

  /** Writes what there is to report; answers its length. The engine's clock serves as the NTP time (RFC 3550 §4: any clock will do). */
  write(bytes: Uint8Array, now: number, sent: Sent, which: 'report' | 'bye'): number {
    const time = ntpTime(now);
    const isSender = sent.packets > this.#reported;
    this.#reported = sent.packets;
    const block = this.#reception === undefined ? undefined : { ...this.#reception.report(), lastSr: this.#lastSr?.compact ?? 0, delaySinceLastSr: Math.round((now - (this.#lastSr?.at ?? now)) * 65.536) };
    return writeRtcp(bytes, {
      ssrc: sent.ssrc,
      cname: this.#cname,
      ...(isSender ? { sender: { ...time, rtpTimestamp: sent.timestamp, packets: sent.packets, octets: sent.octets } } : {}),
      ...(block === undefined ? {} : { block }),
      ...(which === 'bye' ? { bye: true } : {}),
    });
  }

  #takeBlock(block: ReportBlock, arrivalMs: number): void {
    const roundTripMs = roundTrip(block, arrivalMs) ?? this.#remote.roundTripMs;
    this.#remote = {
      remoteLossPercent: (block.fractionLost * 100) / 256,
      ...(this.#clockRate === 0 ? {} : { remoteJitterMs: (block.jitter * 1_000) / this.#clockRate }),
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
    };
  }
}
