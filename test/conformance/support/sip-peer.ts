/** A SIP user agent made of a raw socket and text: it sends exactly what a test says, and answers nothing by itself. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { Socket } from 'node:net';
import type { SipMessage, SipRequest, SipResponse } from '../../../src/protocol/sip/message.ts';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { parseMessage } from '../../../src/protocol/sip/parse.ts';
import { StreamFramer } from '../../../src/protocol/sip/stream-framer.ts';
import { Inbox } from './inbox.ts';

export const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n';

const LIMITS = { headerCount: 200, headerLineBytes: 65_536 };
let serial = 0;

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface Call {
  readonly callId: string;
  readonly fromTag: string;
  readonly branch: string;
  /** Set from the first response with a tag. */
  toTag?: string | undefined;
}

export abstract class SipPeer {
  readonly inbox = new Inbox<SipMessage>();
  abstract readonly transport: 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';
  abstract readonly port: number;
  readonly host: string = '127.0.0.1';
  abstract sendRaw(text: string | Uint8Array): void;
  abstract close(): Promise<void>;

  protected received(bytes: Uint8Array): void {
    const parsed = parseMessage(bytes, LIMITS);
    if (parsed.ok) this.inbox.put(parsed.value.message);
  }

  newCall(): Call {
    serial += 1;
    return { callId: `call-${serial}-${this.port}`, fromTag: `from${serial}`, branch: `z9hG4bK-${serial}-${this.port}` };
  }

  /** The text of a request; `extra` are header lines, `cseq` defaults to 1, `branch` to the call's own. */
  requestText(method: string, call: Call, options: { uri?: string; cseq?: number; branch?: string; extra?: readonly string[]; body?: string; toTag?: string | undefined; leaveOut?: readonly string[] } = {}): string {
    const toTag = options.toTag ?? call.toTag;
    const body = options.body ?? '';
    const lines = [
      `Via: SIP/2.0/${this.transport} ${this.host}:${this.port};branch=${options.branch ?? call.branch};rport`,
      'Max-Forwards: 70',
      `From: "alice" <sip:alice@${this.host}:${this.port}>;tag=${call.fromTag}`,
      `To: <sip:1000@vestibule.example>${toTag === undefined ? '' : `;tag=${toTag}`}`,
      `Call-ID: ${call.callId}`,
      `CSeq: ${options.cseq ?? 1} ${method}`,
      `Contact: <sip:alice@${this.host}:${this.port}${this.transport === 'TCP' ? ';transport=tcp' : ''}>`,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ].filter((line) => !(options.leaveOut ?? []).some((name) => line.startsWith(`${name}:`)));
    return `${method} ${options.uri ?? 'sip:1000@vestibule.example'} SIP/2.0\r\n${[...lines, ...(options.extra ?? [])].join('\r\n')}\r\n\r\n${body}`;
  }

  send(method: string, call: Call, options: Parameters<SipPeer['requestText']>[2] = {}): void {
    this.sendRaw(this.requestText(method, call, options));
  }

  /** Answers a request received; a tag is put into To for anything but 100. */
  respond(request: SipRequest, status: number, options: { reason?: string; tag?: string; body?: string; extra?: readonly string[] } = {}): void {
    const copy = (name: string): string[] => request.headers.filter((header) => header.name === name).map((header) => `${name}: ${header.value}`);
    const to = headerValue(request, 'To') ?? '';
    const given = (name: string): boolean => options.extra?.some((line) => line.startsWith(`${name}:`)) === true;
    const body = options.body ?? '';
    const lines = [
      ...copy('Via'),
      ...copy('From'),
      `To: ${to.includes('tag=') || status === 100 ? to : `${to};tag=${options.tag ?? 'peer'}`}`,
      ...copy('Call-ID'),
      ...copy('CSeq'),
      ...copy('Record-Route'),
      ...(status >= 200 && status < 300 && request.method === 'INVITE' && !given('Contact') ? [`Contact: <sip:bob@${this.host}:${this.port}${this.transport === 'TCP' ? ';transport=tcp' : ''}>`] : []),
      ...(body === '' || given('Content-Type') ? [] : ['Content-Type: application/sdp']),
      ...(options.extra ?? []),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    this.sendRaw(`SIP/2.0 ${status} ${options.reason ?? 'Answer'}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  /** The next response with this status (any when left out); its To-tag is remembered in `call`. */
  async response(status?: number, call?: Call): Promise<SipResponse> {
    const message = await this.inbox.next(
      (item) => item.kind === 'response' && (status === undefined || item.status === status) && (call === undefined || headerValue(item, 'Call-ID') === call.callId),
    );
    if (message.kind !== 'response') throw new Error('not a response');
    const tag = /;tag=([^;]+)/.exec(headerValue(message, 'To') ?? '')?.[1];
    if (call !== undefined && tag !== undefined) call.toTag = tag;
    return message;
  }

  /** The next request with this method. */
  async incoming(method: string): Promise<SipRequest> {
    const message = await this.inbox.next((item) => item.kind === 'request' && item.method === method);
    if (message.kind !== 'request') throw new Error('not a request');
    return message;
  }
}

export class UdpPeer extends SipPeer {
  readonly transport = 'UDP';
  readonly #socket = createSocket('udp4');
  #target: Target;

  private constructor(target: Target) {
    super();
    this.#target = target;
    this.#socket.on('message', (bytes) => this.received(bytes));
  }

  static async open(target: Target): Promise<UdpPeer> {
    const peer = new UdpPeer(target);
    peer.#socket.bind(0, '127.0.0.1');
    await once(peer.#socket, 'listening');
    return peer;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  aim(target: Target): void {
    this.#target = target;
  }

  sendRaw(text: string | Uint8Array): void {
    this.#socket.send(text, this.#target.port, this.#target.host);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}

/** One TCP connection: opened to the server, or accepted from it. */
export class TcpPeer extends SipPeer {
  readonly transport = 'TCP';
  readonly port: number;
  readonly #socket: Socket;
  readonly closed: Promise<unknown>;

  private constructor(socket: Socket, port: number) {
    super();
    this.#socket = socket;
    this.port = port;
    this.closed = new Promise((resolve) => socket.on('close', resolve));
    const framer = new StreamFramer(1_000_000);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const framed of framer.push(chunk)) if (framed.kind === 'message') this.received(framed.bytes);
    });
  }

  static async connect(target: Target, localPort?: number): Promise<TcpPeer> {
    const socket = createConnection({ host: target.host, port: target.port, noDelay: true, ...(localPort === undefined ? {} : { localAddress: '127.0.0.1', localPort }) });
    await once(socket, 'connect');
    return new TcpPeer(socket, socket.localPort ?? 0);
  }

  /** Listens for one connection of the server's. */
  static async listen(): Promise<{ readonly port: number; readonly accepted: Promise<TcpPeer>; readonly close: () => void }> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const accepted = new Promise<TcpPeer>((resolve) => server.once('connection', (socket: Socket) => resolve(new TcpPeer(socket, port))));
    return { port, accepted, close: () => server.close() };
  }

  sendRaw(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  async close(): Promise<void> {
    if (!this.#socket.closed) {
      this.#socket.destroy();
      await this.closed;
    }
  }
}
