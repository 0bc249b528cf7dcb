/** From an accepted TCP connection to one that carries messages: TLS, the WebSocket upgrade (RFC 7118), both, or neither. */
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { Transport } from './api.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import { streamCarrier, webSocketCarrier } from './carrier.ts';
import type { TlsCredentials } from './tls-credentials.ts';

/** A message in more WebSocket frames is no SIP message of anybody's: each costs far more memory than its bytes. */
const MAX_FRAGMENTS = 64;

/** Makes the carrier of a connection whose handshakes are done, and gives the socket that tells its addresses. */
export type Ready = (socket: Socket, make: (events: CarrierEvents) => Carrier) => void;

export interface Handshakes {
  /** Begins with an accepted connection. Whoever accepted it sees to it that this does not take for ever. */
  start(socket: Socket): void;
  /** Connections from here on use this certificate. */
  renew(context: SecureContextOptions): void;
}

export interface HandshakeOptions {
  readonly transport: Exclude<Transport, 'udp'>;
  /** For `tls` and `wss`. */
  readonly credentials: TlsCredentials | undefined;
  readonly maxBytes: number;
  readonly ready: Ready;
  readonly count: (what: string) => void;
}

export function createHandshakes({ transport, credentials, maxBytes, ready, count }: HandshakeOptions): Handshakes {
  const stream = (socket: Socket): void => ready(socket, (events) => streamCarrier(socket, maxBytes, events));
  const isWeb = transport === 'ws' || transport === 'wss';
  const web = isWeb ? webSocketUpgrade(maxBytes, ready, count) : undefined;
  const inside = web === undefined ? stream : (socket: Socket): void => void web.emit('connection', socket);
  const tls = transport === 'tls' || transport === 'wss' ? tlsHandshake(credentials, inside, count) : undefined;
  return {
    start: (socket) => {
      socket.on('error', () => undefined);
      if (tls === undefined) inside(socket);
      else tls.emit('connection', socket);
    },
    renew: (context) => tls?.setSecureContext(context),
  };
}

/** A server that never listens: it is handed connections, and can change its certificate under way. */
function tlsHandshake(credentials: TlsCredentials | undefined, done: (socket: Socket) => void, count: (what: string) => void): TlsServer {
  const verify = credentials?.verify === 'all';
  const server = createTlsServer({ ...credentials?.current, requestCert: verify, rejectUnauthorized: verify });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    done(socket);
  });
  server.on('tlsClientError', (_error, socket) => {
    count('tlsHandshakesFailed');
    socket.destroy();
  });
  return server;
}

function webSocketUpgrade(maxBytes: number, ready: Ready, count: (what: string) => void): HttpServer {
  const upgrader = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: maxBytes, maxFragments: MAX_FRAGMENTS, perMessageDeflate: false, handleProtocols: () => 'sip' });
  const refuse = (socket: Socket, status: string): void => {
    count('webSocketsRefused');
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
  };
  const server = createHttpServer({ maxHeaderSize: 16_384 });
  // RFC 6455 §4.4: a request for anything but an upgrade.
  server.on('request', (_request, response) => {
    count('webSocketsRefused');
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'close' }).end();
  });
  server.on('upgrade', (request: IncomingMessage, duplex, head: Buffer) => {
    const socket = request.socket;
    // RFC 7118 §5: a client that does not offer `sip` wants to speak something else.
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim().toLowerCase());
    if (!offered.includes('sip')) {
      refuse(socket, '400 Bad Request');
      return;
    }
    upgrader.handleUpgrade(request, duplex, head, (webSocket) => ready(socket, (events) => webSocketCarrier(webSocket, socket, events)));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}
