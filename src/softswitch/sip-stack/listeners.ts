/** The sockets we listen on: one for UDP, one server for each kind of connection. */
import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket, SocketOptions } from 'node:dgram';
import { lookup } from 'node:dns';
import { createServer, isIP, isIPv6 } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { HostPort, ListenAddress, Logger, Transport } from './api.ts';
import { SipListenError } from './api.ts';

export type Listener =
  | { readonly transport: 'udp'; readonly bound: HostPort; readonly socket: UdpSocket }
  | { readonly transport: Exclude<Transport, 'udp'>; readonly bound: HostPort; readonly server: Server };

export interface ListenerEvents {
  readonly log: Logger;
  readonly onDatagram: (bytes: Uint8Array, remote: HostPort) => void;
  /** Accepted; nothing has been read from it. */
  readonly onConnection: (socket: Socket) => void;
}

/** Rejects with a `SipListenError`; nothing is left open then. */
export function openListener(address: ListenAddress, events: ListenerEvents): Promise<Listener> {
  return address.transport === 'udp' ? openUdp(address, events) : openServer(address, address.transport, events);
}

export function closeListener(listener: Listener): Promise<void> {
  return new Promise((resolve) => {
    if (listener.transport === 'udp') listener.socket.close(() => resolve());
    else listener.server.close(() => resolve());
  });
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

// IPv6 sockets take IPv6 only: 0.0.0.0 and :: are listened on side by side, and an address has one spelling.

function openUdp(address: ListenAddress, { log, onDatagram }: ListenerEvents): Promise<Listener> {
  const socket = createSocket(isIPv6(address.host) ? { type: 'udp6', ipv6Only: true, lookup: lookupName } : { type: 'udp4', lookup: lookupName });
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      socket.close();
      reject(listenError(error, address));
    };
    socket.once('error', refused);
    socket.bind({ address: address.host, port: address.port, exclusive: true }, () => {
      socket.off('error', refused);
      const bound = { host: address.host, port: socket.address().port };
      socket.on('error', (error) => log.error({ error: error.message, ...bound }, 'sip: UDP socket error'));
      socket.on('message', (bytes, from) => onDatagram(bytes, { host: from.address, port: from.port }));
      resolve({ transport: 'udp', bound, socket });
    });
  });
}

/** What is sent goes to addresses: Node's own way with them takes another turn. */
const lookupName: NonNullable<SocketOptions['lookup']> = (host, options, done) => {
  const family = isIP(host);
  if (family === 0) lookup(host, options, done);
  else done(null, host, family);
};

function openServer(address: ListenAddress, transport: Exclude<Transport, 'udp'>, { log, onConnection }: ListenerEvents): Promise<Listener> {
  const server = createServer({ noDelay: true });
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(listenError(error, address));
    server.once('error', refused);
    server.listen({ host: address.host, port: address.port, exclusive: true, ipv6Only: isIPv6(address.host) }, () => {
      server.off('error', refused);
      const listening = server.address();
      const port = typeof listening === 'object' && listening !== null ? listening.port : address.port;
      const bound = { host: address.host, port };
      server.on('error', (error) => log.error({ error: error.message, ...bound }, `sip: ${transport} listener error`));
      server.on('connection', onConnection);
      resolve({ transport, bound, server });
    });
  });
}

function listenError(error: NodeJS.ErrnoException, { transport, host, port }: ListenAddress): SipListenError {
  const where = `${transport} ${host}:${port}`;
  if (error.code === 'EADDRINUSE') return new SipListenError('sip_port_in_use', `SIP port in use: ${where}. Stop the other program or choose another port`);
  if (error.code === 'EADDRNOTAVAIL') return new SipListenError('sip_address_not_available', `not an address of this machine: ${where}`);
  return new SipListenError('sip_listen_failed', `cannot listen on ${where}: ${error.message}`);
}
