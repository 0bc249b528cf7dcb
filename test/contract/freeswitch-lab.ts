/**
 * A laboratory for the media server: our SIP server, media server and engine, the unchanged drachtio-srf and
 * drachtio-fsmrf as their client, a raw event socket that hears every event, and RTP peers. All on loopback, free ports.
 *
 * Named by VESTIBULE_TEST_FREESWITCH_HOST, _PORT, _SECRET and _PROFILE a FreeSWITCH takes the place of our media server, and
 * by VESTIBULE_TEST_DRACHTIO_HOST, _PORT and _SECRET a drachtio-server that of our SIP server: the same cases, other servers.
 * They must be on this machine, or reach it at VESTIBULE_TEST_LISTEN_HOST.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once, type EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
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

interface ExternalServer {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

function external(name: 'FREESWITCH' | 'DRACHTIO', port: number, secret: string): ExternalServer | undefined {
  const prefix = `VESTIBULE_TEST_${name}_`;
  const host = process.env[`${prefix}HOST`];
  return host === undefined ? undefined : { host, port: Number(process.env[`${prefix}PORT`] ?? port), secret: process.env[`${prefix}SECRET`] ?? secret };
}

const freeswitch = external('FREESWITCH', 8021, 'ClueCon');
const drachtio = external('DRACHTIO', 9022, 'cymru');
/** The profile, by which the library finds the SIP address of the media server. */
export const PROFILE = process.env.VESTIBULE_TEST_FREESWITCH_PROFILE ?? 'drachtio_mrf';

/** For cases about our media server alone: its limits, its inside, or what it knowingly does otherwise (`differences-freeswitch.md`). */
export const ours = freeswitch === undefined ? {} : { skip: 'not a matter of an external FreeSWITCH' };

/** For cases about a row of `differences-freeswitch.md`, by its beginning: what ours does there a FreeSWITCH does not. */
export function differs(row: string): { readonly skip?: string } {
  const list = readFileSync(resolve(import.meta.dirname, '../../../test/contract/differences-freeswitch.md'), 'utf8');
  assert.ok(list.includes(`\n| ${row}`), `no such row: ${row}`);
  return freeswitch === undefined ? {} : { skip: `FreeSWITCH differs: ${row}` };
}

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
  createEndpoint(options?: { readonly remoteSdp?: string; readonly headers?: Headers }): Promise<LibraryEndpoint>;
  createConference(name: string, options?: { readonly maxMembers?: number }): Promise<LibraryConference>;
  disconnect(): void;
}

export interface Lab {
  readonly srf: Srf;
  readonly ms: LibraryMediaServer;
  /** The servers of this process; undefined when external ones take their place. */
  readonly own: { readonly mediaServer: MediaServer | undefined; readonly sipServer: SipServer | undefined };
  /** The media server, which must be ours. */
  readonly mediaServer: MediaServer;
  /** `host:port` of our client's own SIP server. */
  readonly sipServerAddress: string;
  /** Where the event socket is, and its password. */
  readonly esl: ExternalServer;
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
  const sipServer = drachtio === undefined ? createSipServer({ listen: [{ transport: 'udp', host: HOST, port: 0 }], control: { host: HOST, port: 0, secret: SECRET }, scheduler, log, random }) : undefined;
  await sipServer?.start();
  let engine: Engine | undefined;
  const mediaServer =
    freeswitch === undefined
      ? await createMediaServer({
          sip: { host: HOST, port: 0 },
          esl: { host: HOST, port: 0, secret: SECRET },
          rtpHost: () => HOST,
          rtpAddress,
          engine: (onEvent) => (engine = createEngine({ portMin: 20_000, portMax: 29_999, limits: { legs: 100, portQuarantineMs: 0, audioCacheBytes: 64 * 1024 * 1024 }, onEvent, log })),
          scheduler,
          log,
          limits,
        })
      : undefined;
  const srf = new Srf();
  srf.connect(drachtio ?? { host: HOST, port: sipServer?.controlPort ?? 0, secret: SECRET });
  const [, hostPort] = (await once(srf, 'connect')) as [unknown, string];
  const esl = freeswitch ?? { host: HOST, port: mediaServer?.eslPort ?? 0, secret: SECRET };
  const ms = await connectLibrary(srf, esl);
  const tap = await RawEsl.connect(esl.port, esl.host);
  await tap.command(`auth ${esl.secret}`);
  await tap.command('event json ALL');
  const peers: RtpPeer[] = [];
  const raw: RawEsl[] = [tap];
  if (freeswitch !== undefined) await hangUpAll(tap);
  const lab: Lab = {
    srf,
    ms,
    own: { mediaServer, sipServer },
    get mediaServer() {
      assert.ok(mediaServer, 'a case about our own media server must be marked `ours`');
      return mediaServer;
    },
    sipServerAddress: hostPort.split(',').find((address) => address.startsWith('udp/'))?.slice('udp/'.length) ?? '',
    esl,
    tap,
    complaints,
    async engineLegs() {
      const stats = await engine?.engineStats();
      return { legs: stats?.legs, mixers: stats?.conferences };
    },
    async endpoint(peer, sdp = peer?.sdp()) {
      const endpoint = await ms.createEndpoint(sdp === undefined ? {} : { remoteSdp: sdp });
      endpoint.conn?.socket.setNoDelay(true);
      // FreeSWITCH runs no application in a conference on a leg that receives nothing (F-12).
      if (freeswitch !== undefined) peer?.towards(endpoint).idle();
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
      const socket = await RawEsl.connect(esl.port, esl.host);
      raw.push(socket);
      return socket;
    },
    async close() {
      if (freeswitch !== undefined) await hangUpAll(tap);
      for (const socket of raw) socket.close();
      ms.disconnect();
      await mediaServer?.stop();
      srf.disconnect();
      await sipServer?.close();
      for (const peer of peers) peer.close();
    },
  };
  return lab;
}

/** The library calls back; it has no useful declarations, so this is where its types end. */
async function connectLibrary(srf: Srf, esl: ExternalServer): Promise<LibraryMediaServer> {
  const mrf = new Mrf(srf);
  mrf.on('error', () => undefined);
  const ms = await new Promise<unknown>((resolve, reject) => {
    mrf.connect({ address: esl.host, port: esl.port, secret: esl.secret, listenAddress: process.env.VESTIBULE_TEST_LISTEN_HOST ?? HOST, profile: PROFILE }, (error: unknown, connected?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve(connected);
    });
  });
  const server = ms as LibraryMediaServer;
  server.conn.socket.setNoDelay(true);
  return server;
}

/** Everything the media server writes to an endpoint's own socket, from now on. */
export function recordSocket(endpoint: LibraryEndpoint): (() => readonly Frame[]) & { readonly closed: Promise<void> } {
  let text = '';
  const socket = endpoint.conn?.socket;
  socket?.on('data', (bytes: Buffer) => (text += bytes.toString()));
  const closed = new Promise<void>((end) => void socket?.once('close', () => end()));
  return Object.assign(() => frames(text), { closed });
}

/** What one test left on an external server is not the next one's. */
async function hangUpAll(tap: RawEsl): Promise<void> {
  await tap.api('hupall');
  await noChannels(tap);
}

async function noChannels(tap: RawEsl): Promise<void> {
  const deadline = Date.now() + 2_000;
  while ((await tap.api('show channels count')) !== '\n0 total.\n') {
    assert.ok(Date.now() < deadline, `left: ${await tap.api('show channels')}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** All of a server's work is undone: no channel, conference, application or play is left. Waits for it. */
export async function nothingLeft(lab: Lab): Promise<void> {
  const { mediaServer } = lab.own;
  if (mediaServer === undefined) return noChannels(lab.tap);
  const empty = { channels: 0, calls: 0, conferences: 0, pendingApps: 0, plays: 0, legs: 0, mixers: 0 };
  const present = async (): Promise<object> => {
    const { channels, calls, conferences, pendingApps, plays } = mediaServer.debugState();
    return { channels, calls, conferences, pendingApps, plays, ...(await lab.engineLegs()) };
  };
  const deadline = Date.now() + 2_000;
  while (JSON.stringify(await present()) !== JSON.stringify(empty) && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await present(), empty);
}
