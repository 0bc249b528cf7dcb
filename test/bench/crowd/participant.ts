/** One participant of the crowd: sends its 50 packets a second, and judges every packet and every second of what comes back. */
import { emptyPacket, readRtp } from '../../../src/protocol/rtp/packet.ts';
import { frameSamples } from '../../e2e/phone/audio.ts';
import { frameMs } from './pace.ts';
import type { Phones } from './phones.ts';
import type { Room } from './room.ts';
import { burstFrame, isBurst, isRight, lookBytes, speech } from './sounds.ts';
import { Voice } from './voice.ts';

/** A packet is late when it comes this much after its slot. */
const lateMs = 40;
const burstFrames = 3;
/** From one look at the content to the next. */
const lookEvery = 50;

/** What one participant was given in a window. */
export interface Verdict {
  readonly expected: number;
  readonly lost: number;
  readonly late: number;
  readonly looks: number;
  readonly wrong: number;
  /** Lost, late and wrong together, percent. */
  readonly bad: number;
}

// One packet is worked on at a time.
const packet = emptyPacket();

export class Participant {
  readonly room: Room;
  readonly seat: number;
  readonly port: number;
  readonly voice: Voice;
  readonly #look = new Uint8Array(lookBytes);
  #lookFill = -1;
  #sinceLook: number;
  #burst = 0;
  /** Slot of the last packet, by its sequence number. */
  #slot = 0;
  #previous = -1;
  /** Mean of arrival minus sequence slot while settling, ms. */
  #base = 0;
  #baseCount = 0;
  #counting = false;
  #startedAt = 0;
  #received = 0;
  #late = 0;
  #looks = 0;
  #wrong = 0;

  private constructor(room: Room, seat: number, port: number, id: number, voice: Voice) {
    this.room = room;
    this.seat = seat;
    this.port = port;
    this.voice = voice;
    this.#sinceLook = id % lookEvery;
  }

  static async open(phones: Phones, room: Room, seat: number): Promise<Participant> {
    const own: { participant?: Participant } = {};
    const { socket, port } = await phones.socket((bytes, start, end, _from, arrivalMs) => own.participant?.receive(bytes, start, end, arrivalMs));
    const id = phones.newId();
    own.participant = new Participant(room, seat, port, id, new Voice(socket, id));
    return own.participant;
  }

  /** Sends the packet of one slot. */
  send(now: number): void {
    if (this.seat === 0 && this.room.isBurstDue(now)) this.#burst = burstFrames;
    if (this.#burst === burstFrames) this.room.burstSent(now);
    this.voice.send(this.#burst > 0 ? burstFrame : speech(this.room.number, this.seat));
    if (this.#burst > 0) this.#burst--;
  }

  receive(bytes: Uint8Array, start: number, end: number, arrivalMs: number): void {
    if (readRtp(bytes, packet, start, end) !== undefined || packet.payloadType !== 0) return;
    this.#judgeTime(packet.sequence, arrivalMs);
    if (packet.payloadEnd - packet.payloadStart !== frameSamples) return;
    const codes = bytes.subarray(packet.payloadStart, packet.payloadEnd);
    if (this.seat > 0 && this.room.listensForBurst(this.seat) && isBurst(codes)) this.room.burstHeard(this.seat, arrivalMs);
    this.#lookAt(codes);
  }

  #judgeTime(sequence: number, arrivalMs: number): void {
    const gap = this.#previous < 0 ? 1 : (sequence - this.#previous) & 0xffff;
    if (gap === 0 || gap > 0x8000) return;
    this.#previous = sequence;
    this.#slot += gap;
    // What is missing makes no look.
    if (gap > 1) this.#lookFill = -1;
    const offset = arrivalMs - this.#slot * frameMs;
    if (this.#counting) {
      this.#received++;
      if (offset - this.#base > lateMs) this.#late++;
    } else {
      this.#baseCount++;
      this.#base += (offset - this.#base) / this.#baseCount;
    }
  }

  #lookAt(codes: Uint8Array): void {
    if (this.#lookFill < 0) {
      if (++this.#sinceLook < lookEvery || !this.room.isSteady) return;
      this.#sinceLook = 0;
      this.#lookFill = 0;
    }
    this.#look.set(codes, this.#lookFill);
    this.#lookFill += frameSamples;
    if (this.#lookFill < lookBytes) return;
    this.#lookFill = -1;
    if (!this.#counting) return;
    this.#looks++;
    if (!isRight(this.#look, this.room.number, this.seat)) this.#wrong++;
  }

  /** Slots are learnt anew from here on. */
  settle(): void {
    this.#counting = false;
    this.#base = 0;
    this.#baseCount = 0;
  }

  start(now: number): void {
    this.#counting = true;
    this.#startedAt = now;
    this.#received = 0;
    this.#late = 0;
    this.#looks = 0;
    this.#wrong = 0;
  }

  /** Lost is what did not come of 50 packets a second: a packet never sent leaves no gap in the numbers. */
  verdict(now: number): Verdict {
    const expected = Math.floor((now - this.#startedAt) / frameMs);
    const lost = Math.max(expected - 1 - this.#received, 0);
    const bad = expected <= 0 ? 0 : (100 * (lost + this.#late)) / expected + (this.#looks === 0 ? 0 : (100 * this.#wrong) / this.#looks);
    return { expected, lost, late: this.#late, looks: this.#looks, wrong: this.#wrong, bad };
  }
}
