/**
 * How late packets come: by the fastest ones of the last seconds, which show the way without queues, and by how far the others stay behind.
 *
 * Both are kept for two windows, so what is over is forgotten within two of them: slow enough to see the fastest packet, fast enough to
 * follow a clock 100 ppm off and to give back a delay once its reason is gone.
 */

const WINDOW_MS = 2500;
/** Jitter beyond this is loss: nobody wants a longer delay in a conversation. */
const MAX_JITTER_MS = 100;
const BIN_MS = 2;
const BINS = MAX_JITTER_MS / BIN_MS + 1;
/**
 * Jitter is what all but one in 96 packets stay below, but one at least: a single stall must not cost delay, one that comes back every second
 * must be believed.
 */
const IGNORED = 96;
/** Packets this close behind another were held up by the same thing, which is counted once. */
const BURST_MS = 3;
/** So many losses within the windows are no accident. */
const LOSSY = 2;

class Window {
  fastest = Infinity;
  packets = 0;
  lost = 0;
  /** Packets by how late they were, and the last bin that has any. */
  readonly late = new Uint16Array(BINS);
  latest = 0;

  count(bin: number): void {
    this.packets++;
    this.late[bin] = (this.late[bin] ?? 0) + 1;
    if (bin > this.latest) this.latest = bin;
  }

  clear(): void {
    this.fastest = Infinity;
    this.packets = 0;
    this.lost = 0;
    this.late.fill(0);
    this.latest = 0;
  }
}

export class DelayEstimate {
  #present = new Window();
  #earlier = new Window();
  #started = 0;
  #lastArrival = -Infinity;
  #jitter = 0;
  #base = NaN;

  /** Transit time of the fastest packet of late; NaN before the first one. */
  get base(): number {
    return this.#base;
  }

  /** ms that packets come behind the fastest. */
  get jitter(): number {
    return this.#jitter;
  }

  /** Whether packets are lost again and again. */
  get isLossy(): boolean {
    return this.#present.lost + this.#earlier.lost >= LOSSY;
  }

  reset(): void {
    this.#present.clear();
    this.#earlier.clear();
    this.#jitter = 0;
    this.#base = NaN;
  }

  /** A packet arrived at `now`, `transit` ms after its time by a clock of any zero. */
  measure(transit: number, now: number): void {
    if (now - this.#started > WINDOW_MS) {
      [this.#present, this.#earlier] = [this.#earlier, this.#present];
      this.#present.clear();
      this.#started = now;
    }
    this.#present.fastest = Math.min(this.#present.fastest, transit);
    this.#base = Math.min(this.#present.fastest, this.#earlier.fastest);
    if (now - this.#lastArrival > BURST_MS) {
      this.#present.count(Math.min(Math.ceil((transit - this.#base) / BIN_MS), BINS - 1));
      this.#jitter = this.#percentile();
    }
    this.#lastArrival = now;
  }

  countLost(): void {
    this.#present.lost++;
  }

  #percentile(): number {
    let ignored = Math.max(Math.floor((this.#present.packets + this.#earlier.packets) / IGNORED), 1);
    for (let bin = Math.max(this.#present.latest, this.#earlier.latest); bin > 0; bin--) {
      ignored -= (this.#present.late[bin] ?? 0) + (this.#earlier.late[bin] ?? 0);
      if (ignored < 0) return bin * BIN_MS;
    }
    return 0;
  }
}
