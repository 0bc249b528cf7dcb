/**
 * Sender of RFC 4733 telephone events, a packet every 20 ms: updates while the key is down, its end three times, then a pause. Keys queue.
 */
import { eventOfDigit } from './digit.ts';

/** §2.5.1.4: the end is sent three times in all. */
const ENDS = 3;
const TICK_MS = 20;
const MAX_PAUSE_MS = 100;
/** §2.3.5: the duration has 16 bits; a longer key goes on in another segment (§2.5.1.3). */
const MAX_DURATION = 0xffff;
/** -10 dBm0 (§2.3.3). */
const VOLUME = 10;
/** Keys waiting, more than anybody dials. */
const MAX_QUEUED = 256;
/** ITU-T Q.24: what is shorter is not recognized everywhere. Longer than a minute is no key. */
const MIN_KEY_MS = 40;
const MAX_KEY_MS = 60_000;

/** One key as asked for. */
export interface KeyPress {
  readonly digit: string;
  readonly durationMs: number;
}

/** The keys among `digits`, each of `durationMs` in bounds; the rest is left out. */
export function keyPresses(digits: string, durationMs: number): KeyPress[] {
  const ms = Number.isFinite(durationMs) ? Math.min(Math.max(durationMs, MIN_KEY_MS), MAX_KEY_MS) : MIN_KEY_MS;
  return Array.from(digits).filter((digit) => eventOfDigit(digit) !== undefined).slice(0, MAX_QUEUED).map((digit) => ({ digit, durationMs: ms }));
}

/** As long as the key, at most 100 ms. */
export const pauseAfter = ({ durationMs }: KeyPress): number => Math.min(durationMs, MAX_PAUSE_MS);

/** What one tick sends. `startsNow`: its timestamp is the present one; otherwise that of the last packet that started. */
export type EventTick = { readonly send: 'nothing' } | { readonly send: 'event'; readonly payload: Uint8Array; readonly startsNow: boolean; readonly marker: boolean };

const NOTHING: EventTick = { send: 'nothing' };

interface Pressed {
  readonly event: number;
  readonly total: number;
  readonly pauseMs: number;
  /** Clock units before this segment, and in it. */
  before: number;
  duration: number;
  ends: number;
  pausedMs: number;
}

export class KeyPresser {
  readonly #queue: KeyPress[] = [];
  #key: Pressed | undefined;

  /** False when there is nothing to send, not even a pause. */
  get isBusy(): boolean {
    return this.#key !== undefined || this.#queue.length > 0;
  }

  press(keys: readonly KeyPress[]): void {
    this.#queue.push(...keys.slice(0, MAX_QUEUED - this.#queue.length));
  }

  /** The next 20 ms, with the event's clock at `clockRate` Hz. */
  tick(clockRate: number): EventTick {
    const key = this.#key ?? this.#next(clockRate);
    if (key === undefined) return NOTHING;
    if (key.ends === ENDS) return this.#pause(key);
    const isFirst = key.duration === 0 && key.before === 0;
    const isFull = key.duration > 0 && key.duration + (clockRate * TICK_MS) / 1000 > MAX_DURATION;
    if (isFull) {
      // §2.5.1.3: the next segment begins where this one ended.
      key.before += key.duration;
      key.duration = 0;
    }
    const startsNow = key.duration === 0;
    const left = key.total - key.before;
    key.duration = Math.min(key.duration + (clockRate * TICK_MS) / 1000, left);
    const isEnd = key.duration === left;
    if (isEnd) key.ends++;
    const payload = Uint8Array.of(key.event, (isEnd ? 0x80 : 0) | VOLUME, key.duration >> 8, key.duration);
    return { send: 'event', payload, startsNow, marker: isFirst };
  }

  #next(clockRate: number): Pressed | undefined {
    const press = this.#queue.shift();
    const event = press === undefined ? undefined : eventOfDigit(press.digit);
    if (press === undefined || event === undefined) return undefined;
    this.#key = { event, total: Math.round((press.durationMs * clockRate) / 1000), pauseMs: pauseAfter(press), before: 0, duration: 0, ends: 0, pausedMs: 0 };
    return this.#key;
  }

  /** The second and third end fall into the pause. */
  #pause(key: Pressed): EventTick {
    key.pausedMs += TICK_MS;
    if (key.pausedMs + (ENDS - 1) * TICK_MS >= key.pauseMs) this.#key = undefined;
    return NOTHING;
  }
}
