/** Frames of 20 ms, one code a sample at 8 kHz, become payloads of the agreed packet time. */
import type { RtpSession } from './rtp-session.ts';

const FRAME = 160;
const SAMPLES_PER_MS = 8;
/** RFC 3551 §4.2: the default packetisation interval; for a `ptime` that is no number. */
const DEFAULT_PTIME = 20;
const MIN_PTIME = 10;
const MAX_PTIME = 60;

export class RtpSender {
  readonly #session: Pick<RtpSession, 'send' | 'advance'>;
  #payloadType = 0;
  #payload = new Uint8Array(FRAME);
  #filled = 0;
  #marker = true;

  constructor(session: Pick<RtpSession, 'send' | 'advance'>) {
    this.#session = session;
  }

  configure(payloadType: number, ptime: number): void {
    const samples = Math.min(Math.max(Math.round(Number.isFinite(ptime) ? ptime : DEFAULT_PTIME), MIN_PTIME), MAX_PTIME) * SAMPLES_PER_MS;
    if (this.#payloadType === payloadType && this.#payload.length === samples) return;
    this.#payloadType = payloadType;
    this.#payload = new Uint8Array(samples);
    this.#filled = 0;
  }

  /** Takes the 160 codes of one tick; sends each packet they complete. */
  push(codes: Uint8Array): void {
    const { length } = this.#payload;
    if (length === FRAME && this.#filled === 0) {
      this.#flush(codes);
      return;
    }
    for (let i = 0; i < FRAME; i++) {
      this.#payload[this.#filled++] = codes[i] ?? 0;
      if (this.#filled < length) continue;
      this.#filled = 0;
      this.#flush(this.#payload);
    }
  }

  /** Lets `ticks` pass without sending; time goes on, and the next packet begins a talk spurt (RFC 3551 §4.1). */
  pause(ticks: number): void {
    this.#session.advance(this.#filled + ticks * FRAME);
    this.#filled = 0;
    this.#marker = true;
  }

  #flush(payload: Uint8Array): void {
    this.#session.send(this.#payloadType, payload, this.#marker);
    this.#session.advance(payload.length);
    this.#marker = false;
  }
}
