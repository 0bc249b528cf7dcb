/** Encoded frames of 20 ms become payloads of the agreed packet time. */
import { joinOpus } from '../../protocol/opus/packet.ts';
import type { AudioFormat } from './api.ts';
import type { EncodedFrame } from './codec.ts';
import type { RtpSession } from './rtp-session.ts';

const FRAME_MS = 20;
/** What a packet may last, ms, longest first; in between the next shorter one is taken. */
const PACKET_TIMES = [60, 40, 30, 20, 10] as const;
/** RFC 3551 §4.2: the default packetisation interval; for a `ptime` that is no number. */
const DEFAULT_PTIME = 20;
/** Keeps a packet with its headers and an SRTP tag within an Ethernet frame: L16 at 48 kHz goes in packets of 10 ms. */
const MAX_PAYLOAD = 1400;

function packetTime(ptime: number, bytesPerMs: number): number {
  const wanted = Number.isFinite(ptime) ? ptime : DEFAULT_PTIME;
  return PACKET_TIMES.find((ms) => ms <= wanted && ms * bytesPerMs <= MAX_PAYLOAD) ?? 10;
}

export class RtpSender {
  readonly #session: Pick<RtpSession, 'send' | 'advance'>;
  #payloadType = 0;
  /** RTP clock units a millisecond. */
  #perMs = 8;
  #packetMs = DEFAULT_PTIME;
  #joining: 'octets' | 'opus' = 'octets';
  #payload = new Uint8Array(0);
  #filled = 0;
  /** Opus packets that wait to be joined. */
  readonly #waiting: Uint8Array[] = [];
  /** Audio pushed and not sent, ms. */
  #pendingMs = 0;
  #marker = true;

  constructor(session: Pick<RtpSession, 'send' | 'advance'>) {
    this.#session = session;
  }

  configure({ codec, payloadType, clockRate, ptime }: AudioFormat): void {
    const perMs = clockRate / 1000;
    const joining = codec === 'OPUS' ? 'opus' : 'octets';
    const packetMs = packetTime(ptime, joining === 'opus' ? 0 : codec === 'L16' ? 2 * perMs : perMs);
    if (this.#payloadType === payloadType && this.#packetMs === packetMs && this.#perMs === perMs && this.#joining === joining) return;
    this.#payloadType = payloadType;
    this.#perMs = perMs;
    this.#packetMs = packetMs;
    this.#joining = joining;
    this.#drop();
  }

  /** Takes what one tick is encoded to; sends each packet it completes. */
  push(encoded: EncodedFrame): void {
    const first = encoded[0];
    if (first === undefined) {
      this.pause(1);
    } else if (this.#packetMs === FRAME_MS && encoded.length === 1 && this.#pendingMs === 0) {
      this.#flush(first, FRAME_MS);
    } else if (this.#joining === 'octets') {
      this.#pushOctets(first);
    } else {
      for (const packet of encoded) this.#pushOpus(packet, FRAME_MS / encoded.length);
    }
  }

  /** Lets `ticks` pass without sending; time goes on, and the next packet begins a talk spurt (RFC 3551 §4.1). */
  pause(ticks: number): void {
    this.#session.advance((this.#pendingMs + ticks * FRAME_MS) * this.#perMs);
    this.#drop();
    this.#marker = true;
  }

  #drop(): void {
    this.#filled = 0;
    this.#waiting.length = 0;
    this.#pendingMs = 0;
  }

  #pushOctets(octets: Uint8Array): void {
    const perPacket = (octets.length * this.#packetMs) / FRAME_MS;
    if (this.#payload.length !== perPacket) this.#payload = new Uint8Array(perPacket);
    for (const octet of octets) {
      this.#payload[this.#filled++] = octet;
      if (this.#filled < perPacket) continue;
      this.#filled = 0;
      this.#flush(this.#payload, this.#packetMs);
    }
    this.#pendingMs = (this.#filled * this.#packetMs) / perPacket;
  }

  #pushOpus(packet: Uint8Array, ms: number): void {
    this.#waiting.push(packet);
    this.#pendingMs += ms;
    if (this.#pendingMs < this.#packetMs) return;
    if (this.#payload.length < MAX_PAYLOAD) this.#payload = new Uint8Array(MAX_PAYLOAD);
    const length = this.#waiting.length > 1 ? joinOpus(this.#waiting, this.#payload) : 0;
    if (length > 0) this.#flush(this.#payload.subarray(0, length), this.#pendingMs);
    // One alone, or of several kinds (RFC 6716 §3.2: a packet has one configuration).
    else for (const each of this.#waiting) this.#flush(each, this.#pendingMs / this.#waiting.length);
    this.#drop();
  }

  #flush(payload: Uint8Array, ms: number): void {
    this.#session.send(this.#payloadType, payload, this.#marker);
    this.#session.advance(ms * this.#perMs);
    this.#marker = false;
  }
}
