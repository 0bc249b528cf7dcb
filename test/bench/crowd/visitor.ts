/** Somebody who calls, keys the PIN, hears the room, and goes. */
import { emptyPacket, readRtp } from '../../../src/protocol/rtp/packet.ts';
import type { PacketSocket } from '../../../src/softswitch/engine/packet-io.ts';
import { hearsTalker, silence } from './sounds.ts';
import { Voice } from './voice.ts';

// One packet is worked on at a time.
const packet = emptyPacket();

export class Visitor {
  readonly voice: Voice;
  readonly #room: number;
  readonly #onFirst: (() => void)[] = [];
  readonly #onRoom: ((at: number) => void)[] = [];
  #hasHeard = false;
  #listens = false;

  constructor(socket: PacketSocket, id: number, room: number) {
    this.voice = new Voice(socket, id);
    this.#room = room;
  }

  /** The first packet: the prompt begins. */
  prompt(): Promise<void> {
    return new Promise((resolve) => (this.#hasHeard ? resolve() : this.#onFirst.push(resolve)));
  }

  /** When the packet came in which the room's talker is first heard. */
  hearsRoom(): Promise<number> {
    this.#listens = true;
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  send(): void {
    this.voice.send(silence);
  }

  receive(bytes: Uint8Array, start: number, end: number, arrivalMs: number): void {
    if (readRtp(bytes, packet, start, end) !== undefined || packet.payloadType !== 0) return;
    if (!this.#hasHeard) {
      this.#hasHeard = true;
      for (const tell of this.#onFirst.splice(0)) tell();
    }
    if (!this.#listens || !hearsTalker(bytes.subarray(packet.payloadStart, packet.payloadEnd), this.#room)) return;
    this.#listens = false;
    for (const tell of this.#onRoom.splice(0)) tell(arrivalMs);
  }
}
