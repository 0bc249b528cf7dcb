/** What one phone of the crowd sends: 50 packets a second, audio or the keys it presses. */
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../../src/protocol/rtp/packet.ts';
import type { PacketSocket } from '../../../src/softswitch/engine/packet-io.ts';
import { frameSamples } from '../../e2e/phone/audio.ts';
import type { Target } from '../../e2e/phone/phone.ts';

const eventType = 101;
/** A key is down for 80 ms, and 80 ms pass to the next. */
const keyFrames = 4;
const pauseFrames = 4;

// One packet is written at a time.
const outgoing = new Uint8Array(RTP_HEADER_BYTES + frameSamples);

export class Voice {
  readonly #socket: PacketSocket;
  readonly #header: { payloadType: number; marker: boolean; sequence: number; timestamp: number; ssrc: number };
  readonly #onKeys: (() => void)[] = [];
  #keys = '';
  #keyFrame = 0;
  #keyTimestamp = 0;

  constructor(socket: PacketSocket, id: number) {
    this.#socket = socket;
    this.#header = { payloadType: 0, marker: true, sequence: (id * 7919) & 0xffff, timestamp: (id * 104_729) >>> 0, ssrc: 0x1000_0000 + id };
  }

  sendTo({ host, port }: Target): void {
    this.#socket.aim({ address: host, port });
  }

  /** Done when the last key is up; answers when its end was first sent. */
  press(keys: string): Promise<number> {
    this.#keys += keys;
    return new Promise((resolve) => this.#onKeys.push(() => resolve(performance.now())));
  }

  /** One slot of 20 ms: a key that is pressed goes before the audio. */
  send(codes: Uint8Array): void {
    const header = this.#header;
    header.sequence = (header.sequence + 1) & 0xffff;
    header.timestamp = (header.timestamp + frameSamples) >>> 0;
    if (this.#keys !== '' && this.#sendKey()) return;
    header.payloadType = 0;
    outgoing.set(codes, RTP_HEADER_BYTES);
    writeRtpHeader(outgoing, header);
    this.#socket.send(outgoing, RTP_HEADER_BYTES + frameSamples);
    header.marker = false;
  }

  close(): void {
    this.#socket.close();
  }

  /** RFC 4733 §2.5.1: the event's packets carry its first timestamp and its length so far; the last one is sent three times. */
  #sendKey(): boolean {
    const frame = this.#keyFrame++;
    if (frame >= keyFrames) {
      if (frame + 1 === keyFrames + pauseFrames) this.#next();
      return false;
    }
    if (frame === 0) this.#keyTimestamp = this.#header.timestamp;
    const isLast = frame + 1 === keyFrames;
    const duration = (frame + 1) * frameSamples;
    outgoing.set(['0123456789*#'.indexOf(this.#keys.charAt(0)), isLast ? 0x8a : 0x0a, duration >> 8, duration & 0xff], RTP_HEADER_BYTES);
    for (let copy = 0; copy < (isLast ? 3 : 1); copy++) {
      if (copy > 0) this.#header.sequence = (this.#header.sequence + 1) & 0xffff;
      writeRtpHeader(outgoing, { ...this.#header, payloadType: eventType, marker: frame === 0, timestamp: this.#keyTimestamp });
      this.#socket.send(outgoing, RTP_HEADER_BYTES + 4);
    }
    if (isLast && this.#keys.length === 1) for (const tell of this.#onKeys.splice(0)) tell();
    return true;
  }

  #next(): void {
    this.#keys = this.#keys.slice(1);
    this.#keyFrame = 0;
  }
}
