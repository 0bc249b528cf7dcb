/**
 * The receiving end of one audio stream at 8 kHz: packets go in when they arrive, one 20 ms frame comes out a tick.
 *
 * Delay is the enemy. A frame is played at the first tick that lies at least `margin + jitter` after the time at which, by the
 * fastest packets of the last seconds, it was due; on a clean network nothing is held beyond that. Samples lie in a ring by RTP
 * timestamp, so any packet size is split or joined by itself, and order, loss and duplicates show as marks in the ring. Neither
 * sequence number nor marker is needed: a pause shows as a pause, whether or not its end is marked.
 *
 * Delay grows by holding: when the next frame is not there the stream stands still and the gap is concealed. What arrives then tells
 * which it was: a lost frame (the wait is made up by leaving it out) or a late one (the wait stays, as a larger delay). Delay shrinks
 * by playing two frames as one, cross-faded, once the surplus has lasted: this decays a past jitter and absorbs a fast sender's clock.
 */
import { timestampDelta } from './packet.ts';

export const FRAME_SAMPLES = 160;
/** Longest packet taken: 60 ms. */
export const MAX_PACKET_SAMPLES = 480;

const SAMPLES_PER_MS = 8;
const FRAME_MS = FRAME_SAMPLES / SAMPLES_PER_MS;
/** 512 ms: more than the largest delay (below), a power of two. */
const RING = 4096;
const MASK = RING - 1;
/** A tick comes after the packets of its own millisecond only if there is a little air between them. */
const MARGIN_MS = 3;
/** Jitter beyond this is loss: nobody wants a longer delay in a conversation. */
const MAX_JITTER_MS = 100;
/**
 * Jitter is what 98 % of the packets stay below: up this much for each above, down a fiftieth for each other (4 ms a second). A single
 * stall must not cost delay for long; one that comes back every second must be believed.
 */
const JITTER_UP_MS = 4;
const JITTER_DOWN_MS = JITTER_UP_MS / 50;
/** Packets this close behind another were held up by the same thing, which is counted once. */
const BURST_MS = 3;
/** The fastest packet is remembered for one to two of these: slow enough to see it, fast enough to follow a clock 100 ppm off. */
const WINDOW_MS = 2000;
/** A transit time this far off is another clock (a sender that began anew), not a delay. */
const NEW_CLOCK_MS = 1000;
/** Ticks the stream stands still before it counts as stopped. */
const MAX_HELD = 5;
/** Packets too late in a row after which our idea of the stream is wrong: more than any reordering brings. */
const MAX_LATE = 25;
/** A surplus has to last 25 ticks (500 ms) before a frame is left out, unless it is large. */
const SURPLUS_TICKS = 25;
const LARGE_SURPLUS_MS = 60;
const HYSTERESIS_MS = 2;
/** Concealment fades to silence over 60 ms (as G.711 Appendix I §2.6). */
const FADE_SAMPLES = 480;

export type PutOutcome = 'queued' | 'duplicate' | 'late' | 'malformed';
/** `shortened`: two frames cross-faded into one. `concealed`: at least one sample was made up. */
export type TakeOutcome = 'audio' | 'shortened' | 'concealed' | 'silence';

type Mode = 'idle' | 'waiting' | 'running';

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

export class JitterBuffer {
  readonly #ring = new Int16Array(RING);
  readonly #filled = new Uint8Array(RING);
  readonly #history = new Int16Array(FRAME_SAMPLES);
  #mode: Mode = 'idle';
  #ssrc: number | undefined;
  #lastTimestamp = 0;
  /** Positions count samples without wrap; `#lastPosition` belongs to `#lastTimestamp`. */
  #lastPosition = 0;
  /** Next sample to be taken, and one past the newest. */
  #cursor = 0;
  #end = 0;
  #held = 0;
  #lateInRow = 0;
  #lateSeen = false;
  #surplus = 0;
  #concealedInRow = FADE_SAMPLES;
  #jitter = 0;
  #lastArrival = -Infinity;
  /** Extra wait because packets do not end where frames do, ms. */
  #packing = 0;
  #windowStart = 0;
  #windowMin = Infinity;
  #earlierMin = Infinity;
  #largest = 0;

  /** Largest number of frames that were waiting at once. */
  get largestDepth(): number {
    return this.#largest;
  }

  /** Samples between the next one to be taken and the newest. */
  get depth(): number {
    return this.#mode === 'idle' ? 0 : Math.max(this.#end - this.#cursor, 0);
  }

  /** Takes a packet of `count` decoded samples that arrived at `now` (ms, any monotonic clock, the one `take` is called with). */
  put(ssrc: number, timestamp: number, now: number, samples: Int16Array, count: number): PutOutcome {
    if (count <= 0 || count > MAX_PACKET_SAMPLES || count > samples.length) return 'malformed';
    if (ssrc !== this.#ssrc) this.#begin(ssrc, timestamp);
    let position = this.#lastPosition + timestampDelta(this.#lastTimestamp, timestamp);
    if (Math.abs(this.#transit(position + count, now) - this.#base()) > NEW_CLOCK_MS) {
      this.#begin(ssrc, timestamp);
      position = this.#lastPosition;
    }
    this.#lastTimestamp = timestamp;
    this.#lastPosition = position;
    this.#measure(position + count, count, now);

    if (this.#mode === 'running' && position + count <= this.#cursor) {
      this.#lateSeen = true;
      if (++this.#lateInRow < MAX_LATE) return 'late';
      this.#empty();
    }
    const oldest = Math.min(position, this.#cursor);
    const newest = Math.max(position + count, this.#end);
    if (this.#mode !== 'idle' && newest - oldest > RING) this.#empty();
    if (this.#mode === 'idle') {
      this.#mode = 'waiting';
      this.#cursor = position;
      this.#end = position;
    }
    // The first packets of a talk spurt may come in any order.
    if (this.#mode === 'waiting') this.#cursor = Math.min(this.#cursor, position);
    this.#lateInRow = 0;
    if (this.#held > 0) this.#resume(position);
    return this.#write(position, samples, count);
  }

  /** Fills `frame` (160 samples) with what is to be heard at the tick of `now`. */
  take(now: number, frame: Int16Array): TakeOutcome {
    if (this.#mode === 'waiting' && this.#slack(now) >= MARGIN_MS + this.#jitter) this.#mode = 'running';
    if (this.#mode !== 'running') return this.#conceal(frame);
    this.#largest = Math.max(this.#largest, Math.ceil(this.depth / FRAME_SAMPLES));
    if (this.#end < this.#cursor + FRAME_SAMPLES) {
      if (++this.#held > MAX_HELD) this.#empty();
      return this.#conceal(frame);
    }
    // A packet came after its turn, others did not: stand still for a tick if that would have saved it.
    const grow = this.#lateSeen && this.#slack(now) < MARGIN_MS + this.#jitter;
    this.#lateSeen = false;
    if (grow) return this.#conceal(frame);
    const shorten = this.#hasSurplus(now);
    const missing = this.#read(frame);
    if (!shorten || missing > 0) {
      if (missing === 0) this.#history.set(frame);
      return missing > 0 ? 'concealed' : 'audio';
    }
    this.#blendNext(frame);
    this.#history.set(frame);
    return 'shortened';
  }

  #begin(ssrc: number, timestamp: number): void {
    this.#empty();
    this.#ssrc = ssrc;
    this.#lastTimestamp = timestamp;
    this.#lastPosition = 0;
    this.#jitter = 0;
    this.#windowMin = Infinity;
    this.#earlierMin = Infinity;
  }

  #empty(): void {
    this.#mode = 'idle';
    this.#filled.fill(0);
    this.#held = 0;
    this.#lateInRow = 0;
    this.#lateSeen = false;
    this.#surplus = 0;
  }

  #transit(end: number, now: number): number {
    return now - end / SAMPLES_PER_MS;
  }

  /** Transit time of the fastest packet of late; before the first one there is none, and any is right. */
  #base(): number {
    const base = Math.min(this.#windowMin, this.#earlierMin);
    return Number.isFinite(base) ? base : NaN;
  }

  #measure(end: number, count: number, now: number): void {
    const transit = this.#transit(end, now);
    if (now - this.#windowStart > WINDOW_MS) {
      this.#earlierMin = this.#windowMin;
      this.#windowMin = Infinity;
      this.#windowStart = now;
    }
    this.#windowMin = Math.min(this.#windowMin, transit);
    this.#packing = (count - gcd(count, FRAME_SAMPLES)) / SAMPLES_PER_MS;
    if (now - this.#lastArrival > BURST_MS) {
      const isAbove = transit - this.#base() > this.#jitter;
      this.#jitter = isAbove ? Math.min(this.#jitter + JITTER_UP_MS, MAX_JITTER_MS) : Math.max(this.#jitter - JITTER_DOWN_MS, 0);
    }
    this.#lastArrival = now;
  }

  /** How long ago the next frame was due, by the fastest packets. */
  #slack(now: number): number {
    return this.#transit(this.#cursor + FRAME_SAMPLES, now) - this.#base() - this.#packing;
  }

  /** After a hold: the time waited first makes up for what was lost, the rest of it stays as delay. */
  #resume(position: number): void {
    const lost = position - Math.max(this.#end, this.#cursor);
    if (lost > 0) this.#advance(Math.min(lost, this.#held * FRAME_SAMPLES));
    this.#held = 0;
  }

  #advance(samples: number): void {
    for (let i = 0; i < samples; i++) this.#filled[(this.#cursor + i) & MASK] = 0;
    this.#cursor += samples;
    this.#end = Math.max(this.#end, this.#cursor);
  }

  #write(position: number, samples: Int16Array, count: number): PutOutcome {
    let written = 0;
    for (let i = Math.max(this.#cursor - position, 0); i < count; i++) {
      const at = (position + i) & MASK;
      if (this.#filled[at] === 1) continue;
      this.#filled[at] = 1;
      this.#ring[at] = samples[i] ?? 0;
      written++;
    }
    this.#end = Math.max(this.#end, position + count);
    return written > 0 ? 'queued' : 'duplicate';
  }

  /** Moves the next frame out of the ring, making up what is missing; answers how many samples were missing. */
  #read(frame: Int16Array): number {
    let missing = 0;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const at = (this.#cursor + i) & MASK;
      if (this.#filled[at] === 1) {
        frame[i] = this.#ring[at] ?? 0;
        this.#filled[at] = 0;
        this.#concealedInRow = 0;
      } else {
        frame[i] = this.#madeUp();
        missing++;
      }
    }
    this.#cursor += FRAME_SAMPLES;
    return missing;
  }

  /** True when a frame has to go: there is more delay than needed, it has lasted, and the frame after this one is there. */
  #hasSurplus(now: number): boolean {
    const surplus = this.#slack(now) - FRAME_MS - MARGIN_MS - this.#jitter - HYSTERESIS_MS;
    this.#surplus = surplus > 0 ? this.#surplus + 1 : 0;
    if (this.#surplus < SURPLUS_TICKS && surplus <= LARGE_SURPLUS_MS) return false;
    if (this.depth < 2 * FRAME_SAMPLES) return false;
    this.#surplus = 0;
    return true;
  }

  #blendNext(frame: Int16Array): void {
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const at = (this.#cursor + i) & MASK;
      const next = this.#filled[at] === 1 ? (this.#ring[at] ?? 0) : this.#madeUp();
      const weight = i / FRAME_SAMPLES;
      frame[i] = (frame[i] ?? 0) * (1 - weight) + next * weight;
    }
    this.#advance(FRAME_SAMPLES);
  }

  #conceal(frame: Int16Array): TakeOutcome {
    if (this.#concealedInRow >= FADE_SAMPLES) {
      frame.fill(0);
      return 'silence';
    }
    for (let i = 0; i < FRAME_SAMPLES; i++) frame[i] = this.#madeUp();
    return 'concealed';
  }

  /** The last frame over and over, fading. */
  #madeUp(): number {
    const fade = 1 - this.#concealedInRow / FADE_SAMPLES;
    if (fade <= 0) return 0;
    return (this.#history[this.#concealedInRow++ % FRAME_SAMPLES] ?? 0) * fade;
  }
}
