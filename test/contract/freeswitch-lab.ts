/**
 * A laboratory for the media server: our SIP server, media server and engine, the unchanged drachtio-srf and
 * drachtio-fsmrf as their client, a raw event socket that hears every event, and RTP peers. All on loopback, free ports.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once, type EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import Mrf from 'drachtio-fsmrf';
import Srf from 'drachtio-srf';
import { createScheduler } from '../../src/adapters/system/scheduler.ts';
import type { Engine } from '../../src/softswitch/engine/api.ts';
import { createEngine } from '../../src/softswitch/engine/client.ts';
import type { MediaServerLimits } from '../../src/softswitch/media-server/core.ts';
import { createMediaServer, type MediaServer } from '../../src/softswitch/media-server/media-server.ts';
import type { SipServer } from '../../src/softswitch/sip-server/api.ts';
import { createSipServer } from '../../src/softswitch/sip-server/sip-server.ts';
import type { Logger } from '../../src/softswitch/sip-stack/api.ts';
import { frames, RawEsl, type Frame, type Headers } from './freeswitch-raw-esl.ts';
import { RtpPeer } from './freeswitch-rtp-peer.ts';

export const SECRET = 'lab-secret';
const HOST = '127.0.0.1';

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
  /** What the engine has open. */
  engineLegs(): Promise<{ readonly legs: number | undefined; readonly mixers: number | undefined }>;
  /** An endpoint whose far end is `peer`, or made with this offer; its subscriptions are in force. */
  endpoint(peer?: RtpPeer, sdp?: string): Promise<LibraryEndpoint>;
  peer(): Promise<RtpPeer>;
  rawEsl(): Promise<RawEsl>;
  close(): Promise<void>;
}

export interface LabOptions {
  readonly limits?: Partial<MediaServerLimits>;
  /** Default: answers at once. */
  readonly rtpAddress?: () => Promise<string>;
}

export async function openLab({ limits = {}, rtpAddress = () => Promise.resolve(HOST) }: LabOptions = {}): Promise<Lab> {
  const scheduler = createScheduler();
  const complaints: string[] = [];
  const complain = (fields: object, message: string): void => void complaints.push(`${message} ${JSON.stringify(fields)}`);
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: complain, error: complain };
  const random = (count: number): Uint8Array => randomBytes(count);
  const sipServer = createSipServer({ listen: [{ transport: 'udp', host: HOST, port: 0 }], control: { host: HOST, port: 0, secret: SECRET }, scheduler, log, random });
  await sipServer.start();
  let engine: Engine | undefined;
  const mediaServer = await createMediaServer({
    sip: { host: HOST, port: 0 },
    esl: { host: HOST, port: 0, secret: SECRET },
    rtpHost: HOST,
    rtpAddress,
    engine: (onEvent) => (engine = createEngine({ portMin: 20_000, portMax: 29_999, limits: { legs: 100, portQuarantineMs: 0, audioCacheBytes: 64 * 1024 * 1024 }, onEvent, log })),
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
    async engineLegs() {
      const stats = await engine?.engineStats();
      return { legs: stats?.legs, mixers: stats?.conferences };
    },
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

/** Everything the media server writes to an endpoint's own socket, from now on. */
export function recordSocket(endpoint: LibraryEndpoint): () => readonly Frame[] {
  let text = '';
  endpoint.conn?.socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  return () => frames(text);
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
  assert.deepEqual(await lab.engineLegs(), { legs: 0, mixers: 0 });
}
