/** Frames of 20 ms become RTP packets of the agreed packet time. The one packet buffer is used over and over. */
import { randomBytes } from 'node:crypto';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../protocol/rtp/packet.ts';

const FRAME = 160;
const SAMPLES_PER_MS = 8;
/** RFC 3551 §4.2: the default packetisation interval; for a `ptime` that is no number. */
const DEFAULT_PTIME = 20;
const MIN_PTIME = 10;
const MAX_PTIME = 60;

export class RtpSender {
  /** RFC 3550 §5.1: SSRC, first sequence number and first timestamp are random. */
  readonly #header = { payloadType: 0, marker: true, sequence: 0, timestamp: 0, ssrc: 0 };
  readonly #send: (packet: Buffer) => void;
  #packet = Buffer.alloc(RTP_HEADER_BYTES + FRAME);
  #filled = 0;

  constructor(send: (packet: Buffer) => void) {
    this.#send = send;
    const random = randomBytes(10);
    this.#header.ssrc = random.readUInt32BE(0);
    this.#header.timestamp = random.readUInt32BE(4);
    this.#header.sequence = random.readUInt16BE(8);
  }

  configure(payloadType: number, ptime: number): void {
    const samples = Math.min(Math.max(Math.round(Number.isFinite(ptime) ? ptime : DEFAULT_PTIME), MIN_PTIME), MAX_PTIME) * SAMPLES_PER_MS;
    if (this.#header.payloadType === payloadType && this.#packet.length === RTP_HEADER_BYTES + samples) return;
    this.#header.payloadType = payloadType;
    this.#packet = Buffer.alloc(RTP_HEADER_BYTES + samples);
    this.#filled = 0;
  }

  /** Takes the 160 codes of one tick; sends each packet they complete. */
  push(codes: Uint8Array): void {
    const { length } = this.#packet;
    for (let i = 0; i < FRAME; i++) {
      this.#packet[RTP_HEADER_BYTES + this.#filled++] = codes[i] ?? 0;
      if (RTP_HEADER_BYTES + this.#filled === length) this.#flush();
    }
  }

  /** Lets `ticks` pass without sending; time goes on, and the next packet begins a talk spurt (RFC 3551 §4.1). */
  pause(ticks: number): void {
    this.#header.timestamp = (this.#header.timestamp + this.#filled + ticks * FRAME) >>> 0;
    this.#filled = 0;
    this.#header.marker = true;
  }

  #flush(): void {
    writeRtpHeader(this.#packet, this.#header);
    this.#send(this.#packet);
    this.#header.marker = false;
    this.#header.sequence = (this.#header.sequence + 1) & 0xffff;
    this.#header.timestamp = (this.#header.timestamp + this.#filled) >>> 0;
    this.#filled = 0;
  }
}
