/**
 * A laboratory for the media server: our SIP server, media server and engine, the unchanged drachtio-srf and
 * drachtio-fsmrf as their client, a raw event socket that hears every event, and RTP peers. All on loopback, free ports.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import Mrf from 'drachtio-fsmrf';
import Srf from 'drachtio-srf';
import { createScheduler } from '../../src/adapters/system/scheduler.ts';
import { createEngine } from '../../src/softswitch/engine/client.ts';
import type { MediaServerLimits } from '../../src/softswitch/media-server/core.ts';
import { createMediaServer, type MediaServer } from '../../src/softswitch/media-server/media-server.ts';
import type { SipServer } from '../../src/softswitch/sip-server/api.ts';
import { createSipServer } from '../../src/softswitch/sip-server/sip-server.ts';
import type { Logger } from '../../src/softswitch/sip-stack/api.ts';

export const SECRET = 'lab-secret';
const HOST = '127.0.0.1';

export type Headers = Readonly<Record<string, string>>;

/** An event or reply as the library gives it. */
export interface LibraryEvent {
  readonly body: string;
  getHeader(name: string): string | undefined;
}

/** What the tests use of the library's endpoint, as it behaves (B.5). */
export interface LibraryEndpoint extends EventEmitter {
  readonly uuid: string;
  readonly connected: boolean;
  readonly dtmfType: string;
  readonly local: { readonly sdp: string; readonly mediaIp: string; readonly mediaPort: string };
  readonly remote: { readonly sdp: string; readonly mediaIp: string; readonly mediaPort: string };
  readonly sip: { readonly callId: string };
  readonly conf: { readonly memberId?: number; readonly uuid?: string };
  readonly conn: (EventEmitter & { readonly socket: Socket }) | null;
  readonly dialog: EventEmitter & { destroy(): Promise<unknown> };
  play(file: string | readonly string[] | { readonly file: string; readonly seekOffset?: number }): Promise<Readonly<Record<string, string | null>>>;
  playCollect(options: Readonly<Record<string, string | number>>): Promise<Readonly<Record<string, string | null>>>;
  execute(app: string, argument?: string): Promise<LibraryEvent>;
  set(name: string | Headers, value?: string): Promise<void>;
  export(name: string, value: string): Promise<void>;
  api(command: string, args?: string | readonly string[]): Promise<LibraryEvent>;
  join(name: string, options?: { readonly profile?: string; readonly flags?: Readonly<Record<string, boolean>> }): Promise<{ readonly memberId: number; readonly confUuid: string }>;
  unjoin(): Promise<string>;
  confMute(): Promise<string>;
  confPlay(file: string): Promise<LibraryEvent>;
  getChannelVariables(media: boolean): Promise<Readonly<Record<string, string | number>>>;
  modify(sdp: string): Promise<string>;
  mute(): Promise<LibraryEvent>;
  unmute(): Promise<LibraryEvent>;
  request(options: { readonly method: string; readonly headers?: Headers; readonly body?: string }): Promise<{ readonly status: number }>;
  destroy(): Promise<void>;
}

export interface LibraryConference extends EventEmitter {
  readonly name: string;
  readonly memberId: number;
  readonly endpoint: LibraryEndpoint;
  getSize(): Promise<number>;
  get(name: string): Promise<string | number>;
  set(name: string, value: number): Promise<string>;
  mute(who: string): Promise<string>;
  lock(): Promise<string>;
  unlock(): Promise<string>;
  play(file: string): Promise<{ readonly seconds: number; readonly milliseconds: number; readonly samples: number }>;
  destroy(): Promise<void>;
}

export interface LibraryMediaServer extends EventEmitter {
  readonly conn: EventEmitter & { readonly socket: Socket };
  readonly sip: { readonly ipv4: { readonly udp: { readonly address: string } } };
  readonly maxSessions: number;
  api(command: string): Promise<string>;
  createEndpoint(options?: { readonly remoteSdp?: string }): Promise<LibraryEndpoint>;
  createConference(name: string, options?: { readonly maxMembers?: number }): Promise<LibraryConference>;
  disconnect(): void;
}

export interface Lab {
  readonly srf: Srf;
  readonly ms: LibraryMediaServer;
  readonly mediaServer: MediaServer;
  readonly sipServer: SipServer;
  /** Hears every event. */
  readonly tap: RawEsl;
  /** What the media server and the SIP server logged as warning or error. */
  readonly complaints: readonly string[];
  /** An endpoint whose far end is `peer`, or made with this offer; its subscriptions are in force. */
  endpoint(peer?: RtpPeer, sdp?: string): Promise<LibraryEndpoint>;
  peer(): Promise<RtpPeer>;
  rawEsl(): Promise<RawEsl>;
  close(): Promise<void>;
}

export async function openLab(limits: Partial<MediaServerLimits> = {}): Promise<Lab> {
  const scheduler = createScheduler();
  const complaints: string[] = [];
  const complain = (fields: object, message: string): void => void complaints.push(`${message} ${JSON.stringify(fields)}`);
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: complain, error: complain };
  const random = (count: number): Uint8Array => randomBytes(count);
  const sipServer = createSipServer({ listen: [{ transport: 'udp', host: HOST, port: 0 }], control: { host: HOST, port: 0, secret: SECRET }, scheduler, log, random });
  await sipServer.start();
  const mediaServer = await createMediaServer({
    sip: { host: HOST, port: 0 },
    esl: { host: HOST, port: 0, secret: SECRET },
    rtpHost: HOST,
    rtpAddress: () => HOST,
    engine: (onEvent) => createEngine({ portMin: 20_000, portMax: 29_999, limits: { legs: 100, portQuarantineMs: 0, audioCacheBytes: 64 * 1024 * 1024 }, onEvent, log }),
    scheduler,
    log,
    limits,
  });
  const srf = new Srf();
  srf.connect({ host: HOST, port: sipServer.controlPort, secret: SECRET });
  await once(srf, 'connect');
  const ms = await connectLibrary(srf, mediaServer.eslPort);
  const tap = await RawEsl.connect(mediaServer.eslPort);
  await tap.command(`auth ${SECRET}`);
  await tap.command('event json ALL');
  const peers: RtpPeer[] = [];
  const raw: RawEsl[] = [tap];
  const lab: Lab = {
    srf,
    ms,
    mediaServer,
    sipServer,
    tap,
    complaints,
    async endpoint(peer, sdp = peer?.sdp()) {
      const endpoint = await ms.createEndpoint(sdp === undefined ? {} : { remoteSdp: sdp });
      endpoint.conn?.socket.setNoDelay(true);
      // The library does not wait for its own subscriptions: an answer to a later command says they were read.
      await endpoint.api('uuid_exists', endpoint.uuid);
      return endpoint;
    },
    async peer() {
      const peer = await RtpPeer.open();
      peers.push(peer);
      return peer;
    },
    async rawEsl() {
      const socket = await RawEsl.connect(mediaServer.eslPort);
      raw.push(socket);
      return socket;
    },
    async close() {
      for (const socket of raw) socket.close();
      ms.disconnect();
      await mediaServer.stop();
      srf.disconnect();
      await sipServer.close();
      for (const peer of peers) peer.close();
    },
  };
  return lab;
}

/** The library calls back; it has no useful declarations, so this is where its types end. */
async function connectLibrary(srf: Srf, port: number): Promise<LibraryMediaServer> {
  const mrf = new Mrf(srf);
  mrf.on('error', () => undefined);
  const ms = await new Promise<unknown>((resolve, reject) => {
    mrf.connect({ address: HOST, port, secret: SECRET, listenAddress: HOST }, (error: unknown, connected?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve(connected);
    });
  });
  const server = ms as LibraryMediaServer;
  server.conn.socket.setNoDelay(true);
  return server;
}

/** One frame of the event socket. */
export interface Frame {
  readonly headers: Headers;
  readonly body: string;
}

/** Splits what a server wrote on an event socket into frames. */
export function frames(text: string): readonly Frame[] {
  const list: Frame[] = [];
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const end = rest.indexOf('\n\n');
    if (end < 0) break;
    const headers = Object.fromEntries(
      rest
        .subarray(0, end)
        .toString()
        .split('\n')
        .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
    );
    const length = Number(headers['Content-Length'] ?? 0);
    if (rest.length < end + 2 + length) break;
    list.push({ headers, body: rest.subarray(end + 2, end + 2 + length).toString() });
    rest = rest.subarray(end + 2 + length);
  }
  return list;
}

/** An event socket without a library. */
export class RawEsl {
  readonly events: Headers[] = [];
  readonly socket: Socket;
  readonly #changed = new EventEmitter();
  #text = '';
  #frames = 0;
  readonly #replies: Frame[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString();
      const all = frames(this.#text);
      for (const frame of all.slice(this.#frames)) {
        if (frame.headers['Content-Type'] === 'text/event-json') this.events.push(JSON.parse(frame.body) as Headers);
        else this.#replies.push(frame);
      }
      const used = all.reduce((sum, { headers, body }) => sum + Buffer.byteLength(body) + headerBytes(headers), 0);
      this.#text = Buffer.from(this.#text).subarray(used).toString();
      this.#frames = 0;
      this.#changed.emit('changed');
    });
    socket.on('close', () => this.#changed.emit('changed'));
  }

  static async connect(port: number): Promise<RawEsl> {
    const socket = connect(port, HOST);
    const raw = new RawEsl(socket);
    assert.equal((await raw.reply()).headers['Content-Type'], 'auth/request');
    return raw;
  }

  send(text: string): void {
    this.socket.write(`${text}\n\n`);
  }

  /** The next frame that is no event. */
  async reply(): Promise<Frame> {
    for (;;) {
      const frame = this.#replies.shift();
      if (frame !== undefined) return frame;
      await once(this.#changed, 'changed');
    }
  }

  /** Sends a command and answers its Reply-Text. */
  async command(text: string): Promise<string> {
    this.send(text);
    return (await this.reply()).headers['Reply-Text'] ?? '';
  }

  async api(text: string): Promise<string> {
    this.send(`api ${text}`);
    return (await this.reply()).body;
  }

  /** The first event, from `from` on, that `matches`; waits for it. */
  async event(matches: (event: Headers) => boolean, from = 0): Promise<Headers> {
    for (;;) {
      const found = this.events.slice(from).find(matches);
      if (found !== undefined) return found;
      await once(this.#changed, 'changed');
    }
  }

  /** Conference actions heard from event `from` on, of one conference. */
  actions(name: string, from = 0): readonly string[] {
    return this.events.slice(from).flatMap((event) => (event['Conference-Name'] === name ? [event.Action ?? ''] : []));
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  close(): void {
    this.socket.destroy();
  }
}

function headerBytes(headers: Headers): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}: ${value}\n`), 1);
}

/** Everything the media server writes to an endpoint's own socket, from now on. */
export function recordSocket(endpoint: LibraryEndpoint): () => readonly Frame[] {
  let text = '';
  endpoint.conn?.socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  return () => frames(text);
}

/** What a frame is, in a word: an event's name and what it is about, or its content type. */
export function label(frame: Frame): string {
  if (frame.headers['Content-Type'] !== 'text/event-json') return frame.headers['Content-Type'] ?? '';
  return eventLabel(JSON.parse(frame.body) as Headers);
}

export function eventLabel(event: Headers): string {
  const name = event['Event-Name'] ?? '';
  if (name === 'CUSTOM') return event.Action ?? '';
  if (name === 'CHANNEL_CALLSTATE') return `${name} ${event['Channel-Call-State'] ?? ''}`;
  if (name === 'DTMF') return `${name} ${event['DTMF-Digit'] ?? ''}`;
  if (name === 'PLAYBACK_STOP') return `${name} ${event['Playback-Status'] ?? ''}`;
  return event.Application === undefined ? name : `${name} ${event.Application}`;
}

/** A far end: an RTP socket that can press keys and speak. */
export class RtpPeer {
  readonly #socket: UdpSocket;
  readonly #ssrc = randomBytes(4).readUInt32BE();
  #sequence = 1;
  #timestamp = 160;
  received = 0;
  readonly #changed = new EventEmitter();
  #target: { readonly host: string; readonly port: number } | undefined;
  #speaking: NodeJS.Timeout | undefined;

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
    socket.on('message', () => {
      this.received++;
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
    return (this.#socket.address() as AddressInfo).port;
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
      const event = '0123456789*#ABCD'.indexOf(key);
      for (let duration = 160; duration < samples; duration += 160) this.#send(101, eventPayload(event, duration, false), duration === 160);
      for (let end = 0; end < 3; end++) this.#send(101, eventPayload(event, samples, true), false);
      this.#timestamp += samples + 400;
    }
  }

  /** A loud square wave, a packet every 20 ms, until `silent`. */
  speak(): void {
    const loud = Buffer.from(Array.from({ length: 160 }, (_, index) => (index % 16 < 8 ? 0x90 : 0x10)));
    this.#speaking ??= setInterval(() => {
      this.#send(0, loud, false);
      this.#timestamp += 160;
    }, 20);
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

  close(): void {
    this.silent();
    this.#socket.close();
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

/** All of a server's work is undone: no channel, conference, application or play is left. Waits for it. */
export async function nothingLeft(lab: Lab): Promise<void> {
  const empty = { channels: 0, calls: 0, conferences: 0, pendingApps: 0, plays: 0 };
  const present = (): object => {
    const { channels, calls, conferences, pendingApps, plays } = lab.mediaServer.debugState();
    return { channels, calls, conferences, pendingApps, plays };
  };
  const deadline = Date.now() + 2_000;
  while (JSON.stringify(present()) !== JSON.stringify(empty) && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(present(), empty);
}
