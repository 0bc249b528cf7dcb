/** One participant of the crowd: sends its 50 packets a second, and judges every packet and every second of what comes back. */
import { emptyPacket, readRtp, RTP_HEADER_BYTES, writeRtpHeader } from '../../../src/protocol/rtp/packet.ts';
import type { PacketIo, PacketSocket } from '../../../src/softswitch/engine/packet-io.ts';
import { frameSamples } from '../../e2e/phone/audio.ts';
import type { Target } from '../../e2e/phone/phone.ts';
import type { Room } from './room.ts';
import { burstFrame, isBurst, isRight, lookBytes, speech } from './sounds.ts';

const frameMs = 20;
/** A packet is late when it comes this much after its slot. */
const lateMs = 40;
const eventType = 101;
const keyFrames = 4;
const pauseFrames = 4;
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
}

// One packet is worked on at a time.
const packet = emptyPacket();
const outgoing = new Uint8Array(RTP_HEADER_BYTES + frameSamples);

export class Participant {
  readonly room: Room;
  readonly seat: number;
  readonly port: number;
  readonly #socket: PacketSocket;
  readonly #header: { payloadType: number; marker: boolean; sequence: number; timestamp: number; ssrc: number };
  readonly #look = new Uint8Array(lookBytes);
  #lookFill = -1;
  #sinceLook: number;
  #keys = '';
  #keyFrame = 0;
  #keyTimestamp = 0;
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

  private constructor(room: Room, seat: number, port: number, id: number, socket: PacketSocket) {
    this.room = room;
    this.seat = seat;
    this.port = port;
    this.#socket = socket;
    this.#header = { payloadType: 0, marker: true, sequence: (id * 7919) & 0xffff, timestamp: id * 104_729, ssrc: 0x1000_0000 + id };
    this.#sinceLook = id % lookEvery;
  }

  static async open(io: PacketIo, host: string, port: number, room: Room, seat: number, id: number): Promise<Participant> {
    const own: { participant?: Participant } = {};
    const socket = await io.open(host, port, (bytes, start, end, _from, arrivalMs) => own.participant?.receive(bytes, start, end, arrivalMs));
    own.participant = new Participant(room, seat, port, id, socket);
    return own.participant;
  }

  sendTo({ host, port }: Target): void {
    this.#socket.aim({ address: host, port });
  }

  /** Keys are pressed one after the other, 80 ms each and 80 ms apart. */
  press(keys: string): void {
    this.#keys += keys;
  }

  get isPressing(): boolean {
    return this.#keys !== '';
  }

  burst(): void {
    this.#burst = burstFrames;
  }

  /** Sends the packet of one slot. */
  send(now: number): void {
    const header = this.#header;
    header.sequence = (header.sequence + 1) & 0xffff;
    header.timestamp = (header.timestamp + frameSamples) >>> 0;
    if (this.#keys !== '' && this.#sendKey()) return;
    if (this.#burst === burstFrames) this.room.burstSent(now);
    header.payloadType = 0;
    outgoing.set(this.#burst > 0 ? burstFrame : speech(this.room.number, this.seat), RTP_HEADER_BYTES);
    if (this.#burst > 0) this.#burst--;
    writeRtpHeader(outgoing, header);
    this.#socket.send(outgoing, RTP_HEADER_BYTES + frameSamples);
    header.marker = false;
  }

  /** RFC 4733 §2.5.1: the event's packets carry its first timestamp and its length so far; the last one is sent three times. */
  #sendKey(): boolean {
    const frame = this.#keyFrame++;
    if (frame === 0) this.#keyTimestamp = this.#header.timestamp;
    if (frame >= keyFrames) {
      if (frame === keyFrames + pauseFrames) {
        this.#keys = this.#keys.slice(1);
        this.#keyFrame = 0;
      }
      return false;
    }
    const isLast = frame === keyFrames - 1;
    const duration = (frame + 1) * frameSamples;
    const event = '0123456789*#'.indexOf(this.#keys.charAt(0));
    outgoing.set([event, isLast ? 0x8a : 0x0a, duration >> 8, duration & 0xff], RTP_HEADER_BYTES);
    for (let copy = 0; copy < (isLast ? 3 : 1); copy++) {
      if (copy > 0) this.#header.sequence = (this.#header.sequence + 1) & 0xffff;
      writeRtpHeader(outgoing, { ...this.#header, payloadType: eventType, marker: frame === 0, timestamp: this.#keyTimestamp });
      this.#socket.send(outgoing, RTP_HEADER_BYTES + 4);
    }
    return true;
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
    return { expected, lost: Math.max(expected - 1 - this.#received, 0), late: this.#late, looks: this.#looks, wrong: this.#wrong };
  }

  close(): void {
    this.#socket.close();
  }
}
