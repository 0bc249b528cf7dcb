/** Packets one leg may receive: 200 a second (four times a 20 ms stream) and 100 at once (what a stalled network lets go). */
const PER_MS = 0.2;
const BURST = 100;

/** Token bucket against floods: what it refuses costs a comparison. */
export class PacketLimit {
  #tokens = BURST;
  #at = 0;

  /** Whether one more packet may pass at `now` (ms, monotonic). */
  admit(now: number): boolean {
    this.#tokens = Math.min(this.#tokens + (now - this.#at) * PER_MS, BURST);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
