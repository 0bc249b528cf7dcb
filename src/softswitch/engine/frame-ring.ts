/**
 * Frames of 20 ms on their way from one worker to another: one thread writes, one reads, neither waits for the other.
 *
 * Each side moves one frame a tick, so a frame waits less than a tick while both clocks are on time. A clock that was late leaves frames
 * standing; when they have stood for a while two are played as one, so the delay does not stay.
 */
import { MAX_CATCH_UP } from './clock.ts';
import { FRAMES_PER_SECOND } from './mixer.ts';

const CAPACITY = 16;
/** Frames written and read since the beginning (they wrap at 32 bits together), then the kind of each frame in the ring. */
const WRITTEN = 0;
const READ = 1;
const KINDS = 2;
const HEADER_BYTES = (KINDS + CAPACITY) * Int32Array.BYTES_PER_ELEMENT;
const SILENCE = 0;
const AUDIO = 1;
/** A reader that catches up takes that many at once, and finds the one of its tick. */
const MAX_WAITING = MAX_CATCH_UP + 1;
/** Ticks a frame has to stand too many before one is given up: 2 s. */
const SURPLUS_TICKS = 100;

/** Memory for a ring of frames at `rate`, Hz, to be handed to both sides. */
export function frameRing(rate: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + CAPACITY * frameLength(rate) * Int16Array.BYTES_PER_ELEMENT);
}

const frameLength = (rate: number): number => rate / FRAMES_PER_SECOND;

/** What both sides see. */
class Ring {
  readonly header: Int32Array;
  readonly #samples: Int16Array;
  readonly #length: number;

  constructor(memory: SharedArrayBuffer, rate: number) {
    this.header = new Int32Array(memory, 0, KINDS + CAPACITY);
    this.#samples = new Int16Array(memory, HEADER_BYTES);
    this.#length = frameLength(rate);
  }

  /** Frames that wait to be read. */
  get waiting(): number {
    return (Atomics.load(this.header, WRITTEN) - Atomics.load(this.header, READ)) | 0;
  }

  /** Which place frame number `count` has. */
  at(count: number): number {
    return (count >>> 0) % CAPACITY;
  }

  frame(place: number): Int16Array {
    return this.#samples.subarray(place * this.#length, (place + 1) * this.#length);
  }
}

export class FrameWriter {
  readonly #ring: Ring;

  constructor(memory: SharedArrayBuffer, rate: number) {
    this.#ring = new Ring(memory, rate);
  }

  /** Undefined is silence. A reader that has stopped misses it. */
  write(frame: Int16Array | undefined): void {
    const ring = this.#ring;
    if (ring.waiting >= CAPACITY) return;
    const place = ring.at(Atomics.load(ring.header, WRITTEN));
    ring.header[KINDS + place] = frame === undefined ? SILENCE : AUDIO;
    if (frame !== undefined) ring.frame(place).set(frame);
    // The frame is there before the reader is told.
    Atomics.add(ring.header, WRITTEN, 1);
  }
}

export class FrameReader {
  readonly #ring: Ring;
  readonly #onUnderruns: (ticks: number) => void;
  #hasBegun = false;
  /** Ticks without a frame since the last one. */
  #missing = 0;
  /** The least that was left standing in the ticks counted. */
  #surplus = CAPACITY;
  #ticks = 0;

  /** `onUnderruns` is told how many ticks found no frame, when the next one is there: before the first and after the last frame nothing is missing. */
  constructor(memory: SharedArrayBuffer, rate: number, onUnderruns: (ticks: number) => void) {
    this.#ring = new Ring(memory, rate);
    this.#onUnderruns = onUnderruns;
  }

  /** The next frame; silence too where none is there. */
  take(frame: Int16Array): 'audio' | 'silence' {
    const ring = this.#ring;
    const { waiting } = ring;
    if (waiting > MAX_WAITING) Atomics.add(ring.header, READ, waiting - MAX_WAITING);
    this.#count(waiting > 0);
    const hasSurplus = this.#hasSurplus(Math.min(waiting, MAX_WAITING));
    const kind = this.#next(frame);
    return hasSurplus && ring.waiting > 0 ? this.#shorten(kind, frame) : kind;
  }

  #count(isThere: boolean): void {
    if (!isThere) {
      this.#missing++;
      return;
    }
    if (this.#hasBegun && this.#missing > 0) this.#onUnderruns(this.#missing);
    this.#hasBegun = true;
    this.#missing = 0;
  }

  #next(frame: Int16Array): 'audio' | 'silence' {
    const ring = this.#ring;
    const place = ring.at(Atomics.load(ring.header, READ));
    const isThere = ring.waiting > 0;
    const isAudio = isThere && ring.header[KINDS + place] === AUDIO;
    if (isAudio) frame.set(ring.frame(place));
    else frame.fill(0);
    if (isThere) Atomics.add(ring.header, READ, 1);
    return isAudio ? 'audio' : 'silence';
  }

  /** The frame taken and the one after it, cross-faded into one. */
  #shorten(kind: 'audio' | 'silence', frame: Int16Array): 'audio' | 'silence' {
    const ring = this.#ring;
    const place = ring.at(Atomics.load(ring.header, READ));
    const isAudio = ring.header[KINDS + place] === AUDIO;
    const next = ring.frame(place);
    for (let i = 0; i < frame.length; i++) {
      const part = i / frame.length;
      frame[i] = (frame[i] ?? 0) * (1 - part) + (isAudio ? (next[i] ?? 0) * part : 0);
    }
    Atomics.add(ring.header, READ, 1);
    return isAudio ? 'audio' : kind;
  }

  #hasSurplus(waiting: number): boolean {
    this.#surplus = Math.min(this.#surplus, Math.max(waiting - 1, 0));
    if (++this.#ticks < SURPLUS_TICKS) return false;
    const had = this.#surplus > 0;
    this.#surplus = CAPACITY;
    this.#ticks = 0;
    return had;
  }
}
