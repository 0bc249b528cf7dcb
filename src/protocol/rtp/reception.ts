/** What came of one source: sequence, loss and jitter (RFC 3550 §6.4.1, §A.1, §A.3, §A.8). */
import { timestampDelta } from './packet.ts';
import type { ReportBlock } from './rtcp.ts';

/** RFC 3550 §A.1: a jump further than this is a restart, told by a second packet next to it. */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;
const SEQUENCES = 0x10000;

export class Reception {
  readonly ssrc: number;
  readonly #clockRate: number;
  #base: number;
  #highest: number;
  #cycles = 0;
  #received = 0;
  /** The next sequence number, were the last jump a restart. */
  #restart: number | undefined;
  #before = { expected: 0, received: 0 };
  #transit: number | undefined;
  /** In units of the RTP clock. */
  #jitter = 0;

  /** Begins with the packet of `sequence`, which is to be noted too. `clockRate`: Hz. */
  constructor(ssrc: number, sequence: number, clockRate: number) {
    this.ssrc = ssrc;
    this.#clockRate = clockRate;
    this.#base = sequence;
    this.#highest = sequence;
  }

  /** ms */
  get jitter(): number {
    return (this.#jitter * 1_000) / this.#clockRate;
  }

  /** A packet that came at `arrivalMs`. Packets of a key repeat the timestamp of its beginning: `audio` only tells of jitter. */
  note(sequence: number, timestamp: number, arrivalMs: number, kind: 'audio' | 'other'): void {
    if (!this.#place(sequence)) return;
    this.#received++;
    if (kind === 'audio') this.#measure(timestamp, arrivalMs);
  }

  /** What to report; the fraction is of the packets since the last time this was asked. */
  report(): Pick<ReportBlock, 'ssrc' | 'fractionLost' | 'cumulativeLost' | 'highestSequence' | 'jitter'> {
    const extended = this.#cycles + this.#highest;
    const expected = extended - this.#base + 1;
    const lost = Math.max(-0x800000, Math.min(0x7fffff, expected - this.#received));
    const interval = { expected: expected - this.#before.expected, lost: expected - this.#before.expected - (this.#received - this.#before.received) };
    this.#before = { expected, received: this.#received };
    return {
      ssrc: this.ssrc,
      fractionLost: interval.expected <= 0 || interval.lost <= 0 ? 0 : Math.min(255, Math.floor((interval.lost * 256) / interval.expected)),
      cumulativeLost: lost,
      highestSequence: extended % 0x100000000,
      jitter: Math.floor(this.#jitter),
    };
  }

  /** RFC 3550 §A.1. False for a packet that does not count. */
  #place(sequence: number): boolean {
    const ahead = (sequence - this.#highest + SEQUENCES) % SEQUENCES;
    if (ahead < MAX_DROPOUT) {
      if (sequence < this.#highest) this.#cycles += SEQUENCES;
      this.#highest = sequence;
    } else if (ahead <= SEQUENCES - MAX_MISORDER) {
      if (sequence !== this.#restart) {
        this.#restart = (sequence + 1) % SEQUENCES;
        return false;
      }
      this.#base = sequence;
      this.#highest = sequence;
      this.#cycles = 0;
      this.#received = 0;
      this.#before = { expected: 0, received: 0 };
    }
    this.#restart = undefined;
    return true;
  }

  /** RFC 3550 §A.8; the difference is taken modulo 2^32, as timestamps are. */
  #measure(timestamp: number, arrivalMs: number): void {
    const transit = timestampDelta(timestamp, Math.round((arrivalMs * this.#clockRate) / 1_000));
    const moved = this.#transit === undefined ? 0 : Math.abs((transit - this.#transit) | 0);
    this.#transit = transit;
    // A timestamp begun anew is no jitter.
    if (moved < this.#clockRate * 5) this.#jitter += (moved - this.#jitter) / 16;
  }
}
