/** SIP user agents on TLS and on WebSockets; like those of `sip-peer.ts` they send what a test says. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect, createServer } from 'node:tls';
import WebSocket from 'ws';
import { StreamFramer } from '../../../src/protocol/sip/stream-framer.ts';
import { Inbox } from './inbox.ts';
import type { TestCertificate } from './certificate.ts';
import { readFileSync } from 'node:fs';
import type { Target } from './sip-peer.ts';
import { SipPeer } from './sip-peer.ts';

/** One TLS connection: opened to the server, or accepted from it. */
export class TlsPeer extends SipPeer {
  readonly transport = 'TLS';
  readonly port: number;
  readonly closed: Promise<unknown>;
  readonly #socket: TLSSocket;

  private constructor(socket: TLSSocket, port: number) {
    super();
    this.#socket = socket;
    this.port = port;
    this.closed = new Promise((resolve) => socket.on('close', resolve));
    const framer = new StreamFramer(1_000_000);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (const framed of framer.push(chunk)) if (framed.kind === 'message') this.received(framed.bytes);
    });
  }

  static async connect(target: Target, options: ConnectionOptions = {}): Promise<TlsPeer> {
    const socket = connect({ host: target.host, port: target.port, rejectUnauthorized: false, ...options });
    await once(socket, 'secureConnect');
    return new TlsPeer(socket, socket.localPort ?? 0);
  }

  /** Listens for one connection of the server's. */
  static async listen(certificate: TestCertificate): Promise<{ readonly port: number; readonly accepted: Promise<TlsPeer>; readonly close: () => void }> {
    const server = createServer({ cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = new Promise<TlsPeer>((resolve) => server.once('secureConnection', (socket: TLSSocket) => resolve(new TlsPeer(socket, port))));
    return { port, accepted, close: () => server.close() };
  }

  /** Of the certificate the server showed. */
  get fingerprint(): string {
    return this.#socket.getPeerCertificate().fingerprint256;
  }

  /** The name the server was asked for (RFC 6066 §3). */
  get serverName(): string | false | null | undefined {
    return this.#socket.servername;
  }

  sendRaw(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }
}

/** RFC 7118: it has no address anyone could connect to. */
export class WebSocketPeer extends SipPeer {
  readonly transport: 'WS' | 'WSS';
  override readonly host = 'df7jal23ls0d.invalid';
  readonly port = 9;
  /** What came that is no SIP message. */
  readonly other = new Inbox<string>();
  /** The close code (RFC 6455 §7.4.1). */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, transport: 'WS' | 'WSS') {
    super();
    this.#socket = socket;
    this.transport = transport;
    this.closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    socket.on('message', (bytes: Buffer) => {
      if (bytes.toString().trim() === '') this.other.put(bytes.toString());
      else this.received(bytes);
    });
  }

  static async connect(target: Target, transport: 'WS' | 'WSS' = 'WS', protocols: readonly string[] = ['sip']): Promise<WebSocketPeer> {
    const socket = new WebSocket(`${transport.toLowerCase()}://${target.host}:${target.port}/`, [...protocols], { rejectUnauthorized: false });
    await once(socket, 'open');
    return new WebSocketPeer(socket, transport);
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  /** One message in so many frames (RFC 6455 §5.4). */
  sendFragments(parts: readonly string[]): void {
    parts.forEach((part, index) => this.#socket.send(part, { fin: index === parts.length - 1 }));
  }

  ping(): Promise<unknown> {
    const pong = once(this.#socket, 'pong');
    this.#socket.ping();
    return pong;
  }

  sendRaw(text: string | Uint8Array): void {
    this.#socket.send(text);
  }

  async close(): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }
}
