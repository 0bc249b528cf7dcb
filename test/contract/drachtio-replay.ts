/**
 * Replays a recorded session of the real drachtio-server against ours.
 *
 * The trace is walked frame by frame. What the client sent is sent; what the server pushed because of the network is
 * caused again by a SIP peer; what the server sent is awaited, and must have the same shape: the same frames in the same
 * order, the same fields, start lines, header names, values and bodies. Ids, tags, ports, times and sizes are only
 * required to correspond: each recorded one is mapped to the live one where it first appears.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseFragment } from '../../src/protocol/sip/parse.ts';
import type { SipMessage, SipRequest } from '../../src/protocol/sip/message.ts';
import { headerValue } from '../../src/protocol/sip/message.ts';
import { encodeFrame } from '../../src/protocol/drachtio/frame-codec.ts';
import { RawClient } from '../conformance/support/raw-client.ts';
import { TcpPeer, UdpPeer } from '../conformance/support/sip-peer.ts';
import type { SipPeer, Target } from '../conformance/support/sip-peer.ts';

/** Where drachtio-server listened when the traces were recorded. */
const RECORDED_PORT = '5070';
export const RECORDED_SECRET = 'cymru';

const LIMITS = { headerCount: 200, headerLineBytes: 65_536 };
/** Made anew by every server: only their presence is compared. */
const OWN_VALUES = new Set(['Via', 'Content-Length', 'CSeq', 'Max-Forwards']);

/** The server a trace is replayed against: ours, or one named by the environment. */
export interface ReplayTarget {
  readonly control: Target;
  readonly secret: string;
  readonly udp: Target;
  readonly tcp: Target;
  /** Lets so much time pass, ms: for ours by moving its clock, for another by waiting. */
  advance(ms: number): void;
}

export interface RecordedFrame {
  readonly connection: string;
  /** ms since the recording began. */
  readonly t: number;
  readonly dir: 'C->S' | 'S->C' | 'closed';
  readonly payload: string;
}

/** The frames of some connections of a trace, in the order of time. */
export function readTrace(scenario: string, ...connections: readonly string[]): RecordedFrame[] {
  return connections.flatMap((connection) => readConnection(scenario, connection)).sort((a, b) => a.t - b.t);
}

function readConnection(scenario: string, connection: string): RecordedFrame[] {
  // Seen from the compiled test in build*/test/contract.
  const folder = resolve(import.meta.dirname, '../../../test/fixtures/traces');
  const name = readdirSync(folder).find((entry) => entry.startsWith(`${scenario}-`));
  assert.ok(name !== undefined, `no trace ${scenario} in ${folder}`);
  const text = gunzipSync(readFileSync(join(folder, name, `${connection}.jsonl.gz`))).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line): RecordedFrame[] => {
      const { t, dir, b64, event } = JSON.parse(line) as { t: number; dir?: 'C->S' | 'S->C'; b64?: string; event?: string };
      if (event?.startsWith('client') === true) return [{ connection, t, dir: 'closed', payload: '' }];
      if (dir === undefined || b64 === undefined) return [];
      const frame = Buffer.from(b64, 'base64').toString('utf8');
      return [{ connection, t, dir, payload: frame.slice(frame.indexOf('#') + 1) }];
    });
}

export interface Allowed {
  /** `<method> <name>`: headers that only one of the two servers sends; each has its reason in differences.md. */
  readonly headers?: readonly string[];
  /** Recorded frames to leave out, with the answers that belong to them; reasons in differences.md. */
  readonly skip?: (payload: string) => boolean;
  /** Recorded ports where a UDP peer listens and says nothing, so that no frame shows it. */
  readonly silent?: readonly string[];
  /** What is sent in parallel may be answered in another order: each frame is looked for among those that came. */
  readonly anyOrder?: boolean;
}

export class Replay {
  readonly #target: ReplayTarget;
  readonly #frames: readonly RecordedFrame[];
  readonly #allowed: Allowed;
  readonly #clients = new Map<string, RawClient>();
  /** Recorded id, tag, Call-ID or address to the live one. */
  readonly #live = new Map<string, string>([[`127.0.0.1:${RECORDED_PORT}`, '']]);
  readonly #peers = new Map<string, SipPeer>();
  readonly #tcpCallees = new Map<string, Promise<TcpPeer>>();
  readonly #cleanup: (() => void)[] = [];
  readonly #skippedIds = new Set<string>();
  readonly #unanswered = new Map<string, SipRequest>();

  private constructor(target: ReplayTarget, frames: readonly RecordedFrame[], allowed: Allowed) {
    this.#target = target;
    this.#frames = frames;
    this.#allowed = allowed;
    this.#live.set(`127.0.0.1:${RECORDED_PORT}`, `${target.udp.host}:${target.udp.port}`);
    this.#live.set(`authenticate|${RECORDED_SECRET}|`, `authenticate|${target.secret}|`);
  }

  static async run(target: ReplayTarget, frames: readonly RecordedFrame[], allowed: Allowed = {}): Promise<Replay> {
    const replay = new Replay(target, frames, allowed);
    for (const { connection } of frames) {
      if (!replay.#clients.has(connection)) replay.#clients.set(connection, await RawClient.connect(target.control.port, target.control.host));
    }
    await replay.#openPeers();
    for (const frame of frames) await replay.#play(frame);
    return replay;
  }

  get compared(): number {
    return this.#frames.filter(({ dir }) => dir === 'S->C').length - this.#skippedIds.size;
  }

  peer(recordedPort: string): SipPeer | undefined {
    return this.#peers.get(recordedPort);
  }

  get peers(): readonly SipPeer[] {
    return [...this.#peers.values()];
  }

  disconnect(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async close(): Promise<void> {
    this.disconnect();
    for (const cleanup of this.#cleanup) cleanup();
    await Promise.all(this.peers.map((peer) => peer.close()));
  }

  async #play({ connection, dir, payload }: RecordedFrame): Promise<void> {
    const client = this.#clients.get(connection);
    assert.ok(client !== undefined);
    if (dir === 'closed') {
      client.close();
      await client.closed;
      return;
    }
    const fields = head(payload).split('|');
    const skipped = this.#allowed.skip?.(payload) === true;
    if (dir === 'C->S') {
      if (skipped) {
        this.#skippedIds.add(fields[0] ?? '');
        return;
      }
      client.sendBytes(encodeFrame(this.#translate(payload)));
      return;
    }
    if (skipped || (fields[1] === 'response' && this.#skippedIds.has(fields[2] ?? ''))) return;
    if (fields[1] === 'sip') await this.#cause(fields, sipOf(payload));
    const live = await client.inbox.next(this.#allowed.anyOrder === true ? (frame) => this.#isCounterpart(fields, frame) : undefined);
    this.#learn(payload, live);
    this.#compare(payload, live);
  }

  /** Whether a live frame answers what the recorded one does, or belongs to the same transaction. */
  #isCounterpart(recorded: readonly string[], live: string): boolean {
    const fields = head(live).split('|');
    const at = recorded[1] === 'sip' ? 8 : 2;
    return fields[1] === recorded[1] && fields[at] === (this.#live.get(recorded[at] ?? '') ?? recorded[at]);
  }

  /** Makes the network do what led to the recorded push. */
  async #cause(fields: readonly string[], message: SipMessage | undefined): Promise<void> {
    assert.ok(message !== undefined);
    if (fields[2] === 'application') {
      // The server's own BYE: after the time the real one waited for an ACK.
      if (headerValue(message, 'Reason')?.includes('ACK timeout') === true) this.#target.advance(32_000);
      return;
    }
    const port = fields[6] ?? '';
    if (port === '0') {
      // Made by the server: 503 when it hears at once that nobody is there, 408 when nobody answers.
      if (message.kind === 'response' && message.status === 408) this.#target.advance(32_000);
      return;
    }
    const peer = this.#peers.get(port) ?? (await this.#tcpCallees.get(port));
    assert.ok(peer !== undefined, `no peer for recorded port ${port}`);
    this.#peers.set(port, peer);
    if (message.kind === 'request') {
      peer.sendRaw(this.#translate(textOf(message)).replace(/;rport=\d+/, ';rport'));
      return;
    }
    const method = (headerValue(message, 'CSeq') ?? '').split(' ')[1] ?? '';
    const request = await this.#requestAt(peer, method, headerValue(message, 'Call-ID') ?? '', message.status >= 200);
    const tag = /;tag=([^;]+)/.exec(headerValue(message, 'To') ?? '')?.[1];
    const extra = message.headers
      .filter(({ name }) => !['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Content-Length', 'Record-Route'].includes(name))
      .map(({ name, value }) => `${name}: ${this.#translate(value)}`);
    peer.respond(request, message.status, { reason: message.reason, ...(tag === undefined ? {} : { tag }), body: message.body, extra });
  }

  /** The live request a recorded response answers; kept until its final response. */
  async #requestAt(peer: SipPeer, method: string, recordedCallId: string, final: boolean): Promise<SipRequest> {
    const callId = this.#live.get(recordedCallId) ?? recordedCallId;
    const key = `${callId} ${method}`;
    const known = this.#unanswered.get(key);
    if (final) this.#unanswered.delete(key);
    if (known !== undefined) return known;
    const item = await peer.inbox.next((message) => message.kind === 'request' && message.method === method && headerValue(message, 'Call-ID') === callId);
    if (item.kind !== 'request') throw new Error('not a request');
    if (!final) this.#unanswered.set(key, item);
    return item;
  }

  #translate(text: string): string {
    let result = text;
    for (const [recorded, live] of this.#live) result = result.replaceAll(recorded, live);
    return result;
  }

  /** Takes the live ids from a frame and its recorded counterpart. */
  #learn(recorded: string, live: string): void {
    const [was, is] = [head(recorded).split('|'), head(live).split('|')];
    const transaction = was[1] === 'sip' ? 8 : 10;
    this.#map(was[transaction], is[transaction]);
    const [before, now] = [sipOf(recorded), sipOf(live)];
    if (before === undefined || now === undefined) return;
    this.#map(headerValue(before, 'Call-ID'), headerValue(now, 'Call-ID'));
    for (const name of ['From', 'To']) this.#map(tagOf(before, name), tagOf(now, name));
  }

  #map(recorded: string | undefined, live: string | undefined): void {
    if (recorded === undefined || live === undefined || recorded.length < 4 || recorded === live || recorded === 'unsolicited') return;
    if (!this.#live.has(recorded)) this.#live.set(recorded, live);
  }

  #compare(recorded: string, live: string): void {
    const context = `recorded:\n${recorded}\nlive:\n${live}`;
    assert.deepEqual(this.#fields(head(live)), this.#fields(this.#translate(head(recorded))), context);
    const [before, now] = [sipOf(this.#translate(recorded)), sipOf(live)];
    assert.equal(now === undefined, before === undefined, context);
    if (before === undefined || now === undefined) return;
    assert.equal(startLine(now), startLine(before), context);
    assert.deepEqual(this.#headers(now), this.#headers(before), context);
    assert.equal(now.body, before.body, context);
  }

  /** The fields of a frame without what every server makes anew: message id, size, time, its version. */
  #fields(line: string): string[] {
    const fields = line.split('|');
    return fields.map((field, index) => {
      if (index === 0) return 'id';
      if (/^\d\d:\d\d:\d\d\.\d{6}$/.test(field)) return 'time';
      if (/^v\d+\.\d+\.\d+/.test(field)) return 'version';
      if (fields[1] === 'sip' ? index === 3 : index === 5 && fields[4] === 'application') return 'bytes';
      // Echoes of requests and CANCEL, ACK and re-INVITE pushes have ids of their own, never referred to again.
      if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(field) && index !== 2) return 'uuid';
      return field;
    });
  }

  #headers(message: SipMessage): string[] {
    const method = headerValue(message, 'CSeq')?.split(' ')[1] ?? '';
    return message.headers
      .filter(({ name }) => !(this.#allowed.headers ?? []).includes(`${method} ${name}`) && name !== 'Content-Length')
      // drachtio-server moves a parameter of the To URI out of the brackets.
      .map(({ name, value }) => (OWN_VALUES.has(name) ? name : `${name}: ${name === 'To' ? value.replace(';transport=tcp', '') : value}`))
      .sort();
  }

  async #openPeers(): Promise<void> {
    for (const { dir, payload } of this.#frames) {
      const fields = head(payload).split('|');
      if (dir === 'S->C' && fields[1] === 'sip' && fields[2] === 'network' && fields[4] !== '' && fields[6] !== '0') await this.#openPeer(fields[6] ?? '', fields[4] ?? '', sipOf(payload)?.kind === 'request');
    }
    for (const port of this.#allowed.silent ?? []) await this.#openPeer(port, 'udp', true);
  }

  async #openPeer(port: string, protocol: string, calls: boolean): Promise<void> {
    if (this.#peers.has(port) || this.#tcpCallees.has(port)) return;
    let livePort: number;
    if (protocol === 'udp') {
      const peer = await UdpPeer.open(this.#target.udp);
      this.#peers.set(port, peer);
      livePort = peer.port;
    } else if (calls) {
      const peer = await TcpPeer.connect(this.#target.tcp);
      this.#peers.set(port, peer);
      livePort = peer.port;
    } else {
      const listening = await TcpPeer.listen();
      this.#tcpCallees.set(port, listening.accepted);
      this.#cleanup.push(listening.close);
      livePort = listening.port;
    }
    this.#live.set(`127.0.0.1:${port}`, `127.0.0.1:${livePort}`);
    this.#live.set(`127.0.0.1|${port}|`, `127.0.0.1|${livePort}|`);
    if (!this.#live.has(`127.0.0.1|${RECORDED_PORT}|`)) this.#live.set(`127.0.0.1|${RECORDED_PORT}|`, `127.0.0.1|${this.#target.udp.port}|`);
  }
}

function head(payload: string): string {
  const end = payload.indexOf('\r\n');
  return end < 0 ? payload : payload.slice(0, end);
}

function sipOf(payload: string): SipMessage | undefined {
  const end = payload.indexOf('\r\n');
  if (end < 0) return undefined;
  const parsed = parseFragment(payload.slice(end + 2), LIMITS);
  return parsed.ok ? parsed.value : undefined;
}

function textOf(message: SipMessage): string {
  return `${startLine(message)}\r\n${message.headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('')}\r\n${message.body}`;
}

function startLine(message: SipMessage): string {
  return message.kind === 'request' ? `${message.method} ${message.uri} SIP/2.0` : `SIP/2.0 ${message.status} ${message.reason}`;
}

function tagOf(message: SipMessage, header: string): string | undefined {
  return /;tag=([^;]+)/.exec(headerValue(message, header) ?? '')?.[1];
}
