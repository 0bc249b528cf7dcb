/** The RTP side of the test phone: sends a frame every 20 ms (tone, silence, or RFC 4733 digits), keeps what it hears. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { decodeUlaw, frameSamples, rms, silentFrame, toneAmplitude, toneFrame } from './audio.ts';
import { everyFrame } from './pacer.ts';

/** A frame as it arrived; `at` is performance.now(). */
export interface Heard {
  readonly at: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

export interface DigitTimes {
  /** When the first packet of the first digit left, and the first packet with the end bit of the last digit. */
  readonly firstPacket: number;
  readonly lastEnd: number;
}

interface Digits {
  readonly packets: { readonly payload: Buffer; readonly marker: boolean; readonly start: boolean; readonly end: boolean }[];
  firstPacket: number | undefined;
  lastEnd: number;
  readonly done: (times: DigitTimes) => void;
}

const events = '0123456789*#ABCD';
export const telephoneEventType = 101;
/** Two seconds are kept. */
const keptFrames = 100;
/** 80 ms on, 80 ms off: what handsets send. */
const digitFrames = 4;
/** Amplitude from which a tone counts as heard: half of what the phones send, more than speech and music have for long in one bin. */
export const heardAmplitude = 1000;
/** Amplitude below which it is gone, and above which any sound counts (-47 dBFS). */
export const audible = 150;

export class PhoneMedia {
  readonly #socket: Socket;
  readonly #stop: () => void;
  #far: { readonly port: number; readonly address: string } | undefined;
  #eventType = telephoneEventType;
  #next: () => Buffer = () => silentFrame;
  #once: Buffer[] = [];
  readonly #digits: Digits[] = [];
  #sequence = Math.floor(Math.random() * 0x8000);
  #timestamp = Math.floor(Math.random() * 0x7fffffff);
  readonly #ssrc = Math.floor(Math.random() * 0xffffffff);
  #eventTimestamp = 0;
  #onceSent: ((at: number) => void) | undefined;
  readonly #heard: Heard[] = [];
  readonly #watchers = new Set<(frame: Heard) => void>();
  received = 0;
  /** Packets missing in the sequence so far. */
  lost = 0;
  #highest = -1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (packet) => this.#receive(packet));
    this.#stop = everyFrame(() => this.#send());
  }

  static async open(host: string): Promise<PhoneMedia> {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(0, host);
    await once(socket, 'listening');
    return new PhoneMedia(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  connect(address: string, port: number, eventType: number): void {
    this.#far = { address, port };
    this.#eventType = eventType;
  }

  /** What is sent from now on; 0 is silence. `hz` is a multiple of 50. */
  tone(hz: number, amplitude = 2000): void {
    const frame = hz === 0 ? silentFrame : toneFrame(hz, amplitude);
    this.#next = () => frame;
  }

  /** Sends what `next` answers from now on, a frame a call. */
  say(next: () => Buffer): void {
    this.#next = next;
  }

  /** Sends `frames` once in place of what is sent otherwise; answers when the first left. */
  burst(frames: readonly Buffer[]): Promise<number> {
    this.#once = [...frames];
    return new Promise((resolve) => (this.#onceSent = resolve));
  }

  /** Keys digits as RFC 4733 events. */
  press(digits: string): Promise<DigitTimes> {
    const packets = digits.split('').flatMap((digit) => eventPackets(events.indexOf(digit)));
    return new Promise((done) => this.#digits.push({ packets, firstPacket: undefined, lastEnd: 0, done }));
  }

  /** Amplitude of a tone over the last 200 ms that arrived. */
  level(hz: number): number {
    const recent = this.#heard.slice(-10);
    if (recent.length === 0) return 0;
    const samples = decodeUlaw(Buffer.concat(recent.map((frame) => frame.payload)));
    return toneAmplitude(samples, hz);
  }

  get heard(): readonly Heard[] {
    return this.#heard;
  }

  /** Called with every frame that arrives, until the returned function is called. */
  watch(watcher: (frame: Heard) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  close(): void {
    this.#stop();
    this.#socket.close();
  }

  #send(): void {
    this.#timestamp = (this.#timestamp + frameSamples) >>> 0;
    if (this.#far === undefined) return;
    const digits = this.#digits[0];
    if (digits !== undefined) {
      this.#sendDigit(digits);
      return;
    }
    const single = this.#once.shift();
    this.#packet(single ?? this.#next(), 0, this.#timestamp, false);
    if (single !== undefined && this.#onceSent !== undefined) {
      this.#onceSent(performance.now());
      this.#onceSent = undefined;
    }
  }

  #sendDigit(digits: Digits): void {
    const packet = digits.packets.shift();
    if (packet !== undefined) {
      const now = performance.now();
      // RFC 4733 §2.2.1: the timestamp of an event is that of its beginning in all its packets.
      if (packet.start) this.#eventTimestamp = this.#timestamp;
      if (packet.payload.length > 0) this.#packet(packet.payload, this.#eventType, this.#eventTimestamp, packet.marker);
      else this.#packet(silentFrame, 0, this.#timestamp, false);
      digits.firstPacket ??= now;
      if (packet.end) digits.lastEnd = now;
    }
    if (digits.packets.length > 0) return;
    this.#digits.shift();
    digits.done({ firstPacket: digits.firstPacket ?? 0, lastEnd: digits.lastEnd });
  }

  #packet(payload: Buffer, payloadType: number, timestamp: number, marker: boolean): void {
    const head = Buffer.alloc(12);
    head[0] = 0x80;
    head[1] = payloadType | (marker ? 0x80 : 0);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    head.writeUInt16BE(this.#sequence, 2);
    head.writeUInt32BE(timestamp, 4);
    head.writeUInt32BE(this.#ssrc, 8);
    this.#socket.send([head, payload], this.#far?.port, this.#far?.address);
  }

  #receive(packet: Buffer): void {
    const payload = packet.subarray(12);
    if (packet.length < 12 || ((packet[1] ?? 0) & 0x7f) !== 0) return;
    const sequence = packet.readUInt16BE(2);
    const step = this.#highest < 0 ? 1 : (sequence - this.#highest) & 0xffff;
    if (step > 0 && step < 0x8000) {
      this.lost += Math.min(step - 1, 1000);
      this.#highest = sequence;
    }
    this.received += 1;
    const frame = { at: performance.now(), sequence, payload };
    this.#heard.push(frame);
    if (this.#heard.length > keptFrames) this.#heard.shift();
    for (const watcher of this.#watchers) watcher(frame);
  }
}

/** One packet each 20 ms, then the end three times (RFC 4733 §2.5.1.4), then the pause between digits. */
function eventPackets(event: number): Digits['packets'] {
  const packet = (frames: number, end: boolean): Buffer => {
    const payload = Buffer.from([event, (end ? 0x80 : 0) | 10, 0, 0]);
    payload.writeUInt16BE(frames * frameSamples, 2);
    return payload;
  };
  const packets: Digits['packets'] = [];
  for (let frame = 1; frame < digitFrames; frame++) packets.push({ payload: packet(frame, false), marker: frame === 1, start: frame === 1, end: false });
  for (let repeat = 0; repeat < 3; repeat++) packets.push({ payload: packet(digitFrames, true), marker: false, start: false, end: repeat === 0 });
  for (let pause = 0; pause < 2; pause++) packets.push({ payload: Buffer.alloc(0), marker: false, start: false, end: false });
  return packets;
}

/** Amplitude of the tone in the frame. */
export function frameTone(frame: Heard, hz: number): number {
  return toneAmplitude(decodeUlaw(frame.payload), hz);
}

/** Whether the frame holds any sound. */
export function frameSounds(frame: Heard): boolean {
  return rms(decodeUlaw(frame.payload)) > audible;
}
