/** A far end of a call: RTP only. */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { encodeG711, muLaw } from '../../src/protocol/g711/g711.ts';
import type { LibraryEndpoint } from './freeswitch-lab.ts';

const HOST = '127.0.0.1';
const RTP_HEADER = 12;
const TELEPHONE_EVENT = 101;
const KEYS = '0123456789*#ABCD';
/** ITU-T Q.23: rows and columns of the keypad, Hz. */
const ROWS = [697, 770, 852, 941] as const;
const COLUMNS = [1209, 1336, 1477, 1633] as const;
const KEYPAD = '123A456B789C*0#D';
/** A mu-law magnitude (inverted: 0x7f is zero) that no comfort noise has. */
const LOUD = 0x50;

/** An RTP socket that can press keys, speak and listen. */
export class RtpPeer {
  readonly #socket: UdpSocket;
  readonly #ssrc = randomBytes(4).readUInt32BE();
  #sequence = 1;
  #timestamp = 160;
  received = 0;
  /** Of the packets received, those that were not silence. */
  #loud = 0;
  /** Keys pressed towards us (RFC 4733), one per timestamp. */
  keys = '';
  #lastKey = -1;
  readonly #changed = new EventEmitter();
  #target: { readonly host: string; readonly port: number } | undefined;
  #speaking: NodeJS.Timeout | undefined;
  #idling: NodeJS.Timeout | undefined;
  #dialing = false;

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
    socket.on('message', (packet, from) => {
      // On a busy machine the port may still be somebody else's goal.
      if (this.#target !== undefined && from.port !== this.#target.port) return;
      this.received++;
      if ((packet.readUInt8(1) & 0x7f) === TELEPHONE_EVENT) this.#heardKey(packet);
      else if (packet.subarray(RTP_HEADER).some((sample) => (sample & 0x7f) < LOUD)) this.#loud++;
      this.#changed.emit('changed');
    });
  }

  static async open(): Promise<RtpPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await once(socket, 'listening');
    return new RtpPeer(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  sdp(options: { readonly direction?: string; readonly formats?: string; readonly attributes?: readonly string[]; readonly version?: number } = {}): string {
    const { direction, formats = '0 101', version = 1 } = options;
    const attributes = options.attributes ?? ['rtpmap:0 PCMU/8000', 'rtpmap:101 telephone-event/8000', 'fmtp:101 0-16', 'ptime:20'];
    return [
      'v=0',
      `o=- 1 ${version} IN IP4 ${HOST}`,
      's=-',
      `c=IN IP4 ${HOST}`,
      't=0 0',
      `m=audio ${this.port} RTP/AVP ${formats}`,
      ...attributes.map((attribute) => `a=${attribute}`),
      ...(direction === undefined ? [] : [`a=${direction}`]),
      '',
    ].join('\r\n');
  }

  /** Sends to the RTP port of an endpoint. */
  towards(endpoint: LibraryEndpoint): this {
    this.#target = { host: endpoint.local.mediaIp, port: Number(endpoint.local.mediaPort) };
    return this;
  }

  /** One key as RFC 4733 has it: updates, then three end packets of one timestamp. */
  press(keys: string, ms = 100): void {
    for (const key of keys) {
      const samples = ms * 8;
      const event = KEYS.indexOf(key);
      for (let duration = 160; duration < samples; duration += 160) this.#send(TELEPHONE_EVENT, eventPayload(event, duration, false), duration === 160);
      for (let end = 0; end < 3; end++) this.#send(TELEPHONE_EVENT, eventPayload(event, samples, true), false);
      this.#timestamp += samples + 400;
    }
  }

  /** The first packet of a key; a `press` of it follows. */
  hold(key: string): void {
    this.#send(TELEPHONE_EVENT, eventPayload(KEYS.indexOf(key), 160, false), true);
  }

  /** Silence, a packet every 20 ms, while nothing else is sent: so do telephones. */
  idle(): void {
    const silence = Buffer.alloc(160, 0xff);
    this.#idling ??= setInterval(() => {
      if (this.#speaking !== undefined || this.#dialing) return;
      this.#send(0, silence, false);
      this.#timestamp += 160;
    }, 20);
  }

  /** A loud square wave, a packet every 20 ms, until `silent`. */
  speak(): void {
    const loud = Buffer.from(Array.from({ length: 160 }, (_, index) => (index % 16 < 8 ? 0x90 : 0x10)));
    this.#speaking ??= setInterval(() => {
      this.#send(0, loud, false);
      this.#timestamp += 160;
    }, 20);
  }

  /** The tones of a key in the audio for 100 ms, then 100 ms of silence, as packets of 20 ms. */
  async dial(key: string): Promise<void> {
    const place = KEYPAD.indexOf(key);
    const [row, column] = [ROWS[place >> 2] ?? 0, COLUMNS[place & 3] ?? 0];
    const wave = (hz: number, at: number): number => Math.sin((2 * Math.PI * hz * at) / 8_000);
    this.#dialing = true;
    for (let packet = 0; packet < 10; packet++) {
      const samples = Int16Array.from({ length: 160 }, (_, index) => (packet < 5 ? 4_000 * (wave(row, packet * 160 + index) + wave(column, packet * 160 + index)) : 0));
      const payload = Buffer.alloc(160);
      encodeG711(muLaw, samples, payload);
      this.#send(0, payload, packet === 0);
      this.#timestamp += 160;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#dialing = false;
  }

  /** Waits until these keys have been pressed towards us. */
  async pressed(keys: string): Promise<void> {
    while (this.keys !== keys) await once(this.#changed, 'changed');
  }

  silent(): void {
    clearInterval(this.#speaking);
    this.#speaking = undefined;
  }

  /** Waits for `count` more packets. */
  async hears(count: number): Promise<void> {
    const goal = this.received + count;
    while (this.received < goal) await once(this.#changed, 'changed');
  }

  /** How many of the next `count` packets are not silence. */
  async loudOf(count: number): Promise<number> {
    const before = this.#loud;
    await this.hears(count);
    return this.#loud - before;
  }

  /** Nothing more is sent of its own. */
  still(): void {
    this.silent();
    clearInterval(this.#idling);
    this.#idling = undefined;
  }

  close(): void {
    this.still();
    this.#socket.close();
  }

  #heardKey(packet: Buffer): void {
    const timestamp = packet.readUInt32BE(4);
    if (timestamp === this.#lastKey) return;
    this.#lastKey = timestamp;
    this.keys += KEYS[packet.readUInt8(RTP_HEADER)] ?? '?';
  }

  #send(payloadType: number, payload: Buffer, marker: boolean): void {
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80, 0);
    header.writeUInt8((marker ? 0x80 : 0) | payloadType, 1);
    header.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    header.writeUInt32BE(this.#timestamp, 4);
    header.writeUInt32BE(this.#ssrc, 8);
    if (this.#target !== undefined) this.#socket.send(Buffer.concat([header, payload]), this.#target.port, this.#target.host);
  }
}

function eventPayload(event: number, duration: number, end: boolean): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt8(event, 0);
  payload.writeUInt8((end ? 0x80 : 0) | 10, 1);
  payload.writeUInt16BE(duration, 2);
  return payload;
}
