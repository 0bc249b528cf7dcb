/** What the participants of one room know together: when its first talker made a burst, and who has heard it. */
import { roomSize } from './sounds.ts';

const periodMs = 2_000;
const jitterMs = 400;
/** A burst not heard after this long is lost. */
const patienceMs = 1_000;
/** Around a burst the first talker's tone is away. */
const quietMs = 300;

export class Room {
  readonly number: number;
  readonly #delays: number[];
  readonly #heard = new Uint8Array(roomSize);
  #next: number;
  #sentAt = -Infinity;
  #now = 0;
  bursts = 0;

  /** `delays` collects mouth-to-ear times of all rooms, ms. */
  constructor(number: number, now: number, delays: number[]) {
    this.number = number;
    this.#delays = delays;
    this.#next = now + Math.random() * periodMs;
  }

  /** Whether the first talker is to make one. */
  isBurstDue(now: number): boolean {
    this.#now = now;
    if (now < this.#next) return false;
    this.#next = now + periodMs + Math.random() * jitterMs;
    return true;
  }

  burstSent(now: number): void {
    this.#sentAt = now;
    this.#heard.fill(0);
    this.bursts++;
  }

  listensForBurst(seat: number): boolean {
    return this.#heard[seat] === 0 && this.#now - this.#sentAt < patienceMs;
  }

  burstHeard(seat: number, arrivalMs: number): void {
    this.#heard[seat] = 1;
    this.#delays.push(arrivalMs - this.#sentAt);
  }

  /** No burst is near: what is heard now is the talkers' tones. A look takes 100 ms. */
  get isSteady(): boolean {
    return this.#now - this.#sentAt > quietMs + patienceMs / 2 && this.#next - this.#now > quietMs;
  }
}
