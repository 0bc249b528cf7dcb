/**
 * The receiving end of one audio stream: packets go in when they arrive, one frame of 20 ms comes out a tick.
 *
 * Delay is the enemy. A frame is played at the first tick that lies at least `margin + jitter` after the time at which, by the
 * fastest packets of the last seconds, it was due; on a clean network nothing is held beyond that. Packets lie in order of their RTP
 * timestamp and are decoded when their turn comes, so any packet size is split or joined by itself, and order, loss and duplicates show
 * in the queue. Neither sequence number nor marker is needed: a pause shows as a pause, whether or not its end is marked.
 *
 * Delay grows by holding: when the next frame is not there the stream stands still and the gap is concealed. What arrives then tells
 * which it was: a lost frame (the wait is made up by leaving it out) or a late one (the wait stays, as a larger delay). Delay shrinks
 * by playing two frames as one, cross-faded, once the surplus has lasted: this gives back the delay of a past jitter and absorbs a fast
 * sender's clock.
 */
import { DelayEstimate } from './delay-estimate.ts';
import { timestampDelta } from './packet.ts';
import { PacketQueue } from './packet-queue.ts';
import type { QueuedPacket } from './packet-queue.ts';

/** A frame nobody would hear: how quiet that is, and, when one was left out, how loud it was. One object serves many frames. */
export interface QuietFrame {
  /** A frame whose `peak` is no higher need not be decoded; below 0 every frame is. */
  limit: number;
  /** Mean amplitudes of the frame left out: over all of it, and over its loudest 2.5 ms. */
  energy: number;
  peak: number;
}

/** What decodes a stream's packets, each once and in order. */
export interface StreamDecoder {
  /** Sampling rate of what comes out, Hz. */
  readonly rate: number;
  /** Whether `conceal` makes use of the packet after the gap. */
  readonly correctsErrors: boolean;
  /** Decodes the first `length` of `payload` into the start of `samples`; answers how many, 0 when it cannot be decoded. */
  decode(payload: Uint8Array, length: number, samples: Int16Array): number;
  /** True when `payload` is as quiet as that and has been left out: it counts as decoded. Absent where only decoding can tell. */
  skipQuiet?(payload: Uint8Array, length: number, quiet: QuietFrame): boolean;
  /** Fills `samples` with what might follow; `next` is the packet right after the gap, when it is there. `silence`: nothing is left to be heard. */
  conceal(samples: Int16Array, next?: QueuedPacket): 'concealed' | 'silence';
}

const FRAME_MS = 20;
/** Longest packet taken: 120 ms, the longest of Opus. */
const MAX_PACKET_MS = 120;
/** More than the largest delay: what is further apart does not belong together. */
const MAX_SPAN_MS = 512;
/** A tick comes after the packets of its own millisecond only if there is a little air between them. */
const MARGIN_MS = 3;
/** A transit time this far off is another clock (a sender that began anew), not a delay. */
const NEW_CLOCK_MS = 1000;
/** Ticks the stream stands still before it counts as stopped. */
const MAX_HELD = 5;
/** Packets too late in a row after which our idea of the stream is wrong: more than any reordering brings. */
const MAX_LATE = 25;
/** A surplus lasts 25 ticks (500 ms) before a frame is left out, 5 where nobody talks, unless it is large. */
const SURPLUS_TICKS = 25;
const QUIET_SURPLUS_TICKS = 5;
const LARGE_SURPLUS_MS = 60;
const HYSTERESIS_MS = 2;
/** Mean amplitude below which nothing of interest is left out: -60 dBFS. */
const QUIET = 32;

export type PutOutcome = 'queued' | 'duplicate' | 'late' | 'malformed';
/** `shortened`: two frames cross-faded into one. `concealed`: at least one sample was made up. `quiet`: left out, the frame was not written. */
export type TakeOutcome = 'audio' | 'shortened' | 'concealed' | 'silence' | 'quiet';

type Mode = 'idle' | 'waiting' | 'running';

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** A frame at 48 kHz. One buffer is worked on at a time, so all share it. */
const following = new Int16Array(960);

function isQuiet(frame: Int16Array): boolean {
  let total = 0;
  for (const sample of frame) total += Math.abs(sample);
  return total < QUIET * frame.length;
}

export class JitterBuffer {
  readonly #decoder: StreamDecoder;
  /** RTP clock units a millisecond and a frame; samples a clock unit. */
  readonly #perMs: number;
  readonly #frame: number;
  readonly #ratio: number;
  readonly #queue = new PacketQueue();
  readonly #estimate = new DelayEstimate();
  /** The packet being played, decoded: from `#decodedStart` to `#decodedEnd`. */
  #decoded = new Int16Array(0);
  #decodedStart = 0;
  #decodedEnd = 0;
  #mode: Mode = 'idle';
  #ssrc: number | undefined;
  #lastTimestamp = 0;
  /** Positions count clock units without wrap; `#lastPosition` belongs to `#lastTimestamp`. */
  #lastPosition = 0;
  /** Next position to be taken, and one past the newest. */
  #cursor = 0;
  #end = 0;
  #held = 0;
  #lateInRow = 0;
  #mayGrow = false;
  #surplus = 0;
  /** Extra wait because packets do not end where frames do, and the length of the latest packet, ms. */
  #packing = 0;
  #packetMs = FRAME_MS;
  #largest = 0;

  /** `clockRate`: of the RTP timestamps, Hz, a multiple of 50. */
  constructor(clockRate: number, decoder: StreamDecoder) {
    this.#decoder = decoder;
    this.#perMs = clockRate / 1000;
    this.#frame = clockRate / (1000 / FRAME_MS);
    this.#ratio = decoder.rate / clockRate;
  }

  /** Largest number of frames that were waiting at once. */
  get largestDepth(): number {
    return this.#largest;
  }

  /** Milliseconds between the next sample to be taken and the newest. */
  get depthMs(): number {
    return this.#mode === 'idle' ? 0 : Math.max(this.#end - this.#cursor, 0) / this.#perMs;
  }

  /**
   * Takes a packet of `duration` clock units that arrived at `now` (ms, any monotonic clock, the one `take` is called with); its payload is
   * `bytes` from `start` to `end` and is copied.
   */
  put(ssrc: number, timestamp: number, duration: number, now: number, bytes: Uint8Array, start: number, end: number): PutOutcome {
    if (duration <= 0 || duration > MAX_PACKET_MS * this.#perMs || end <= start) return 'malformed';
    if (ssrc !== this.#ssrc) this.#begin(ssrc, timestamp);
    let position = this.#lastPosition + timestampDelta(this.#lastTimestamp, timestamp);
    if (Math.abs(this.#transit(position + duration, now) - this.#estimate.base) > NEW_CLOCK_MS) {
      this.#begin(ssrc, timestamp);
      position = this.#lastPosition;
    }
    this.#lastTimestamp = timestamp;
    this.#lastPosition = position;
    this.#packetMs = duration / this.#perMs;
    this.#packing = (duration - gcd(duration, this.#frame)) / this.#perMs;
    this.#estimate.measure(this.#transit(position + duration, now), now);

    if (this.#mode === 'running' && position + duration <= this.#cursor) {
      this.#mayGrow = true;
      if (++this.#lateInRow < MAX_LATE) return 'late';
      this.#empty();
    }
    const oldest = Math.min(position, this.#cursor);
    const newest = Math.max(position + duration, this.#end);
    if (this.#mode !== 'idle' && newest - oldest > MAX_SPAN_MS * this.#perMs) this.#empty();
    if (this.#mode === 'idle') {
      this.#mode = 'waiting';
      this.#cursor = position;
      this.#end = position;
    }
    // The first packets of a talk spurt may come in any order.
    if (this.#mode === 'waiting') this.#cursor = Math.min(this.#cursor, position);
    this.#lateInRow = 0;
    if (this.#held > 0) this.#resume(position);
    const outcome = this.#isDecoded(position) ? 'duplicate' : this.#queue.insert(position, duration, bytes, start, end);
    if (outcome !== 'queued') return outcome === 'full' ? 'late' : outcome;
    this.#end = Math.max(this.#end, position + duration);
    return 'queued';
  }

  /** Fills `frame` (20 ms at the decoder's rate) with what is to be heard at the tick of `now`, unless that is as quiet as `quiet` says. */
  take(now: number, frame: Int16Array, quiet?: QuietFrame): TakeOutcome {
    if (this.#mode === 'waiting' && this.#slack(now) >= this.#target()) this.#mode = 'running';
    if (this.#mode !== 'running') return this.#decoder.conceal(frame);
    this.#largest = Math.max(this.#largest, Math.ceil(this.depthMs / FRAME_MS));
    if (this.#end < this.#cursor + this.#frame) {
      if (++this.#held > MAX_HELD) this.#empty();
      return this.#decoder.conceal(frame);
    }
    // A packet came after its turn, others did not: stand still for a tick if that would have saved it.
    const grow = this.#mayGrow && this.#slack(now) < this.#target();
    this.#mayGrow = false;
    if (grow) return this.#decoder.conceal(frame);
    const surplus = this.#slack(now) - FRAME_MS - this.#target() - HYSTERESIS_MS;
    this.#surplus = surplus > 0 ? this.#surplus + 1 : 0;
    // A frame that may have to go is looked at together with the next one, which may be loud.
    if (quiet !== undefined && quiet.limit >= 0 && surplus <= 0 && this.#skipPacket(quiet)) return 'quiet';
    if (this.#read(frame) > 0) return 'concealed';
    if (!this.#hasToGo(surplus, frame)) return 'audio';
    this.#surplus = 0;
    this.#blendNext(frame);
    return 'shortened';
  }

  #begin(ssrc: number, timestamp: number): void {
    this.#empty();
    this.#ssrc = ssrc;
    this.#lastTimestamp = timestamp;
    this.#lastPosition = 0;
    this.#estimate.reset();
  }

  #empty(): void {
    this.#mode = 'idle';
    this.#queue.clear();
    this.#decodedEnd = this.#decodedStart;
    this.#held = 0;
    this.#lateInRow = 0;
    this.#mayGrow = false;
    this.#surplus = 0;
  }

  #transit(end: number, now: number): number {
    return now - end / this.#perMs;
  }

  /** How long ago the next frame was due, by the fastest packets. */
  #slack(now: number): number {
    return this.#transit(this.#cursor + this.#frame, now) - this.#estimate.base - this.#packing;
  }

  /** How long after it was due a frame is played. Where packets are lost, one that can restore its predecessor is waited for. */
  #target(): number {
    const restoring = this.#decoder.correctsErrors && this.#estimate.isLossy ? this.#packetMs : 0;
    return MARGIN_MS + this.#estimate.jitter + restoring;
  }

  /** After a hold: the time waited first makes up for what was lost, the rest of it stays as delay. */
  #resume(position: number): void {
    const lost = position - Math.max(this.#end, this.#cursor);
    if (lost > 0) {
      this.#countLost();
      this.#advance(Math.min(lost, this.#held * this.#frame));
    }
    this.#held = 0;
  }

  #countLost(): void {
    this.#estimate.countLost();
    if (this.#decoder.correctsErrors) this.#mayGrow = true;
  }

  #advance(units: number): void {
    this.#cursor += units;
    this.#end = Math.max(this.#end, this.#cursor);
  }

  #isDecoded(position: number): boolean {
    return position >= this.#decodedStart && position < this.#decodedEnd;
  }

  /** Moves the next frame out, making up what is missing; answers how many clock units were missing. */
  #read(frame: Int16Array): number {
    if (this.#readPacket(frame)) return 0;
    const start = this.#cursor;
    const end = start + this.#frame;
    let missing = 0;
    while (this.#cursor < end) {
      if (this.#cursor >= this.#decodedEnd || this.#cursor < this.#decodedStart) this.#decodeNext();
      const at = this.#sample(this.#cursor - start);
      if (this.#isDecoded(this.#cursor)) {
        const upTo = Math.min(this.#decodedEnd, end);
        const from = this.#sample(this.#cursor - this.#decodedStart);
        const to = this.#sample(upTo - start);
        for (let i = at; i < to; i++) frame[i] = this.#decoded[from + i - at] ?? 0;
        this.#cursor = upTo;
        continue;
      }
      const next = this.#queue.first;
      const upTo = Math.min(next?.position ?? end, end);
      this.#decoder.conceal(frame.subarray(at, this.#sample(upTo - start)), next?.position === upTo ? next : undefined);
      this.#countLost();
      missing += upTo - this.#cursor;
      this.#cursor = upTo;
    }
    return missing;
  }

  /** Where the packet next in turn is just the next frame it is decoded where it is wanted. False, and nothing is done, otherwise. */
  #readPacket(frame: Int16Array): boolean {
    const next = this.#wholeFrame();
    if (next === undefined) return false;
    const count = this.#decoder.decode(next.bytes, next.length, frame);
    if (count < frame.length) this.#decoder.conceal(frame.subarray(count));
    this.#passFrame();
    return true;
  }

  /** Leaves the next frame out where it is one packet and quiet. */
  #skipPacket(quiet: QuietFrame): boolean {
    const next = this.#wholeFrame();
    if (next === undefined || this.#decoder.skipQuiet?.(next.bytes, next.length, quiet) !== true) return false;
    this.#passFrame();
    return true;
  }

  /** The packet next in turn, where it is just the next frame, as it is on most calls. */
  #wholeFrame(): QueuedPacket | undefined {
    const next = this.#queue.first;
    return next?.position === this.#cursor && next.duration === this.#frame && !this.#isDecoded(this.#cursor) ? next : undefined;
  }

  #passFrame(): void {
    this.#queue.removeFirst();
    this.#decodedEnd = this.#decodedStart;
    this.#cursor += this.#frame;
  }

  #sample(units: number): number {
    return Math.floor(units * this.#ratio);
  }

  /** Decodes the packet whose turn it is, if it is there. */
  #decodeNext(): void {
    let next = this.#queue.first;
    while (next !== undefined && next.position + next.duration <= this.#cursor) {
      this.#queue.removeFirst();
      next = this.#queue.first;
    }
    if (next === undefined || next.position > this.#cursor) return;
    const expected = this.#sample(next.duration);
    if (this.#decoded.length < expected) this.#decoded = new Int16Array(expected);
    const count = this.#decoder.decode(next.bytes, next.length, this.#decoded);
    if (count < expected) this.#decoder.conceal(this.#decoded.subarray(count, expected));
    this.#decodedStart = next.position;
    this.#decodedEnd = next.position + next.duration;
    this.#queue.removeFirst();
  }

  /** True when a frame has to go: there is more delay than needed, it has lasted, and the frame after this one is there. */
  #hasToGo(surplus: number, frame: Int16Array): boolean {
    if (surplus <= 0 || this.#end < this.#cursor + this.#frame) return false;
    if (surplus > LARGE_SURPLUS_MS || this.#surplus >= SURPLUS_TICKS) return true;
    return this.#surplus >= QUIET_SURPLUS_TICKS && isQuiet(frame);
  }

  #blendNext(frame: Int16Array): void {
    this.#read(following);
    for (let i = 0; i < frame.length; i++) {
      const weight = i / frame.length;
      frame[i] = (frame[i] ?? 0) * (1 - weight) + (following[i] ?? 0) * weight;
    }
  }
}
