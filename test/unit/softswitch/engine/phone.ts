/** A telephone of RTP only: speaks a tone in real time, and keeps what it hears. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { decodeG711, encodeG711, muLaw } from '../../../../src/protocol/g711/g711.ts';
import type { G711Law } from '../../../../src/protocol/g711/g711.ts';
import { datagramKind, emptyPacket, readRtp, writeRtpHeader } from '../../../../src/protocol/rtp/packet.ts';
import type { RtpPacket } from '../../../../src/protocol/rtp/packet.ts';
import { sine } from '../../../audio.ts';

export const TELEPHONE_EVENT = 101;
const FRAME = 160;
const LATE_MS = 10;

export interface Heard {
  readonly packet: RtpPacket;
  readonly samples: Int16Array;
}

export class Phone {
  readonly port: number;
  readonly #socket: Socket;
  readonly #law: G711Law;
  readonly #payloadType: number;
  readonly #heard: Heard[] = [];
  readonly #waiting: { readonly from: number; readonly count: number; readonly resolve: () => void }[] = [];
  readonly #header = { payloadType: 0, marker: false, sequence: 65_530, timestamp: 0xffff_f000, ssrc: 77 };
  #talking: NodeJS.Timeout | undefined;
  #late = 0;

  private constructor(socket: Socket, law: G711Law) {
    this.#socket = socket;
    this.#law = law;
    this.#payloadType = law === muLaw ? 0 : 8;
    this.port = socket.address().port;
    socket.on('message', (bytes) => {
      // The port after another phone's: reports meant for that one's RTCP (RFC 3550 §11) come here.
      if (datagramKind(bytes) === 'rtcp') return;
      const packet = emptyPacket();
      const samples = new Int16Array(480);
      if (readRtp(bytes, packet) !== undefined || packet.payloadType !== this.#payloadType) throw new Error('the engine sent something else');
      const count = decodeG711(law, bytes, packet.payloadStart, packet.payloadEnd, samples);
      this.#heard.push({ packet, samples: samples.subarray(0, count) });
      for (const waiter of this.#waiting) if (this.#heard.length >= waiter.from + waiter.count) waiter.resolve();
    });
  }

  static async create(law: G711Law = muLaw): Promise<Phone> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Phone(socket, law);
  }

  /** Packets of `talk` that this process sent too late to be played in time. */
  get late(): number {
    return this.#late;
  }

  get packets(): readonly Heard[] {
    return this.#heard;
  }

  sendBytes(bytes: Uint8Array, to: number): void {
    this.#socket.send(bytes, to, '127.0.0.1');
  }

  /** Sends one packet; `samples` is how far time goes on with it. */
  sendRtp(payload: Uint8Array, to: number, header: Partial<RtpPacket> = {}, samples = payload.length): void {
    const bytes = new Uint8Array(12 + payload.length);
    writeRtpHeader(bytes, { ...this.#header, payloadType: this.#payloadType, ...header });
    bytes.set(payload, 12);
    this.sendBytes(bytes, to);
    this.#header.sequence = (this.#header.sequence + 1) & 0xffff;
    this.#header.timestamp = (this.#header.timestamp + samples) >>> 0;
  }

  /** Speaks a sine from now on, a packet every 20 ms by the clock. */
  talk(hz: number, to: number, level = -20): void {
    this.hush();
    const start = performance.now();
    let sent = 0;
    const payload = new Uint8Array(FRAME);
    const send = (): void => {
      for (; performance.now() - start >= sent * 20; sent++) {
        if (performance.now() - start > sent * 20 + LATE_MS) this.#late++;
        encodeG711(this.#law, sine(8000, hz, 20, level, sent * FRAME), payload);
        this.sendRtp(payload, to);
      }
      this.#talking = setTimeout(send, Math.max(start + sent * 20 - performance.now(), 1));
    };
    send();
  }

  hush(): void {
    clearTimeout(this.#talking);
  }

  /** One key by RFC 4733: two updates and three ends, at once. */
  press(event: number, to: number): void {
    const { timestamp } = this.#header;
    for (const [duration, end] of [[160, 0], [320, 0], [800, 0x80], [800, 0x80], [800, 0x80]] as const) {
      this.sendRtp(Uint8Array.of(event, end | 10, duration >> 8, duration & 0xff), to, { payloadType: TELEPHONE_EVENT, timestamp, marker: duration === 160 }, 0);
    }
    this.#header.timestamp = (timestamp + 1600) >>> 0;
  }

  /** Waits for `count` more packets and answers them. */
  async receive(count: number): Promise<Heard[]> {
    const from = this.#heard.length;
    await new Promise<void>((resolve) => this.#waiting.push({ from, count, resolve }));
    return this.#heard.slice(from, from + count);
  }

  /** What is heard in the next `count` packets, as one piece. */
  async hear(count: number): Promise<Int16Array> {
    return Int16Array.from((await this.receive(count)).flatMap(({ samples }) => [...samples]));
  }

  close(): void {
    this.hush();
    this.#socket.close();
  }
}
