/** A caller who keys digits over a bad network: by RFC 4733 at a clock rate, or as tones with noise around them. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { keyPresses } from '../../../src/protocol/dtmf/key-presser.ts';
import { ToneGenerator } from '../../../src/protocol/dtmf/tone-generator.ts';
import { encodeG711, muLaw } from '../../../src/protocol/g711/g711.ts';
import { everyFrame } from '../../e2e/phone/pacer.ts';
import { Phone, type Target } from '../../e2e/phone/phone.ts';
import { BadNetwork, type Trouble } from './bad-network.ts';

export type Way = 'RFC 4733 at 8 kHz' | 'RFC 4733 at 16 kHz' | 'tones in noise';

const host = '127.0.0.1';
const eventType = 101;
const keys = '0123456789*#ABCD';
const frame = 160;
/** 80 ms on, 80 ms off, as handsets send. */
const keyMs = 80;
const updates = 4;
const ends = 3;
const pauses = 4;
/** Before the first key, and after the last one. */
const restTicks = 25;
/** Of the keys by RFC 4733: none of their packets has the marker; the first two packets are never sent. */
const withoutMarker = 0.3;
const withoutStart = 0.2;
/** Tones of about -20 dBFS, noise 15 dB below them. */
const toneGain = 0.2;
const noiseAmplitude = 800;

interface Outgoing {
  readonly payloadType: number;
  readonly payload: Uint8Array;
  readonly marker: boolean;
  /** Ticks since this event began. */
  readonly age: number;
}

export class Keyer {
  readonly #phone: Phone;
  readonly #socket: Socket;
  readonly #way: Way;
  readonly #random: () => number;

  private constructor(phone: Phone, socket: Socket, way: Way, random: () => number) {
    this.#phone = phone;
    this.#socket = socket;
    this.#way = way;
    this.#random = random;
  }

  static async open(name: string, target: Target, way: Way, random: () => number): Promise<Keyer> {
    const socket = createSocket('udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new Keyer(await Phone.open(name, target), socket, way, random);
  }

  /** One call to `alias`: keys the digits, and goes. */
  async key(alias: string, digits: string, trouble: Trouble): Promise<void> {
    try {
      await this.#phone.call(alias, { offer: this.#offer() });
      const body = this.#phone.answer?.body ?? '';
      const port = Number(/^m=audio (\d+) /m.exec(body)?.[1] ?? 0);
      if (port === 0) throw new Error(`no audio in the answer to ${alias}`);
      const network = new BadNetwork(trouble, this.#random, (packet) => this.#socket.send(packet, port, host));
      await this.#play(this.#packets(digits), network);
      await this.#phone.hangUp();
    } finally {
      this.#phone.close();
      this.#socket.close();
    }
  }

  get #rate(): number {
    return this.#way === 'RFC 4733 at 16 kHz' ? 16_000 : 8_000;
  }

  #offer(): string {
    const audio = this.#rate === 16_000 ? { type: 97, map: 'L16/16000' } : { type: 0, map: 'PCMU/8000' };
    const event = this.#way === 'tones in noise' ? [] : [`a=rtpmap:${eventType} telephone-event/${this.#rate}`, `a=fmtp:${eventType} 0-15`];
    const types = event.length === 0 ? `${audio.type}` : `${audio.type} ${eventType}`;
    const lines = ['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', `m=audio ${this.#socket.address().port} RTP/AVP ${types}`, `a=rtpmap:${audio.type} ${audio.map}`, ...event, 'a=ptime:20', ''];
    return lines.join('\r\n');
  }

  #packets(digits: string): readonly (Outgoing | 'missing')[] {
    const rest = Array.from({ length: restTicks }, () => this.#audio());
    const keyed = this.#way === 'tones in noise' ? this.#tones(digits) : Array.from(digits, (digit) => this.#event(digit)).flat();
    return [...rest, ...keyed, ...rest.map(() => this.#audio())];
  }

  #audio(): Outgoing {
    return { payloadType: this.#rate === 16_000 ? 97 : 0, payload: this.#rate === 16_000 ? new Uint8Array(4 * frame) : this.#noisy(new Int16Array(frame)), marker: false, age: 0 };
  }

  #tones(digits: string): readonly Outgoing[] {
    const generator = new ToneGenerator();
    generator.press(keyPresses(digits, keyMs));
    const packets: Outgoing[] = [];
    while (generator.isBusy) {
      const samples = new Int16Array(frame);
      generator.fill(samples, 8_000);
      packets.push({ payloadType: 0, payload: this.#noisy(samples.map((sample) => sample * toneGain)), marker: false, age: 0 });
    }
    return packets;
  }

  #noisy(samples: Int16Array): Uint8Array {
    const noise = this.#way === 'tones in noise' ? noiseAmplitude : 0;
    const payload = new Uint8Array(frame);
    encodeG711(muLaw, samples.map((sample) => sample + noise * (2 * this.#random() - 1)), payload);
    return payload;
  }

  /** RFC 4733 §2.5.1: updates, the end three times, then audio again. */
  #event(digit: string): readonly (Outgoing | 'missing')[] {
    const marked = this.#random() >= withoutMarker;
    const first = this.#random() < withoutStart ? 2 : 0;
    const perTick = this.#rate / 50;
    const packets = Array.from({ length: updates + ends }, (_, age): Outgoing | 'missing' => {
      if (age < first) return 'missing';
      const isEnd = age >= updates;
      const duration = Math.min(age + 1, updates) * perTick;
      return { payloadType: eventType, payload: Uint8Array.of(keys.indexOf(digit), (isEnd ? 0x80 : 0) | 10, duration >> 8, duration & 0xff), marker: marked && age === 0, age };
    });
    return [...packets, ...Array.from({ length: pauses }, () => this.#audio())];
  }

  #play(packets: readonly (Outgoing | 'missing')[], network: BadNetwork): Promise<void> {
    const [sequence, timestamp, ssrc] = [this.#random() * 0xffff, this.#random() * 0xffff_ffff, this.#random() * 0xffff_ffff].map(Math.floor) as [number, number, number];
    const perTick = this.#rate / 50;
    let tick = 0;
    return new Promise((resolve) => {
      const stop = everyFrame(() => {
        const packet = packets[tick];
        if (packet === undefined) {
          stop();
          resolve();
          return;
        }
        if (packet !== 'missing') {
          const head = Buffer.alloc(12);
          head[0] = 0x80;
          head[1] = packet.payloadType | (packet.marker ? 0x80 : 0);
          head.writeUInt16BE((sequence + tick) & 0xffff, 2);
          head.writeUInt32BE((timestamp + (tick - packet.age) * perTick) >>> 0, 4);
          head.writeUInt32BE(ssrc, 8);
          network.send(Buffer.concat([head, packet.payload]));
        }
        tick++;
      });
    });
  }
}
