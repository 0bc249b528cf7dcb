/** The crowd's clock: everybody sends every 20 ms, on absolute time, but not all at once. */
import type { PacketIo } from '../../../src/softswitch/engine/packet-io.ts';

export interface Sender {
  send(now: number): void;
}

export const frameMs = 20;
/** In step they would be one burst of packets every 20 ms. */
const phases = 10;
const turnMs = frameMs / phases;
const lateMs = 5;

export class Pace {
  readonly #io: PacketIo;
  readonly #start = performance.now();
  readonly #senders = Array.from({ length: phases }, () => new Set<Sender>());
  #added = 0;
  #timer: NodeJS.Timeout | undefined;
  turns = 0;
  /** Turns begun more than 5 ms late. */
  lateTurns = 0;

  constructor(io: PacketIo) {
    this.#io = io;
    this.#arm();
  }

  add(sender: Sender): void {
    this.#senders[this.#added++ % phases]?.add(sender);
  }

  remove(sender: Sender): void {
    for (const senders of this.#senders) senders.delete(sender);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #due(): number {
    return this.#start + (this.turns + 1) * turnMs;
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#run(), Math.max(this.#due() - performance.now(), 0));
  }

  /** All turns that are due: what is sent late is counted, not left out. */
  #run(): void {
    this.#io.receive();
    for (let now = performance.now(); this.#due() <= now; now = performance.now()) {
      if (now - this.#due() > lateMs) this.lateTurns++;
      for (const sender of this.#senders[this.turns++ % phases] ?? []) sender.send(now);
    }
    this.#io.flush();
    this.#arm();
  }
}
