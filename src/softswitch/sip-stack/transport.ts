/** The SIP transport layer (RFC 3261 §18): listeners, the way to a peer, sending and receiving. Knows messages as bytes only. */
import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { createServer, isIP, isIPv6 } from 'node:net';
import type { Server } from 'node:net';
import type { Scheduler } from '../../lib/machine.ts';
import type { Flow, HostPort, ListenAddress, Logger, SipLimits, Transport } from './api.ts';
import { SipListenError } from './api.ts';
import { Connections } from './connections.ts';
import { LocalAddresses } from './local-address.ts';
import { PeerProbe } from './peer-probe.ts';

export interface TransportOptions {
  readonly listen: readonly ListenAddress[];
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly limits: SipLimits;
  readonly onMessage: (bytes: Uint8Array, flow: Flow) => void;
  /** Something too large or impossible to follow: its head, if it came whole. A TCP connection ends after it. */
  readonly onBroken: (head: Uint8Array | undefined, flow: Flow, code: 'too_large' | 'bad_content_length') => void;
  readonly inUse: (remote: HostPort) => boolean;
}

type Listener =
  | { readonly transport: 'udp'; readonly bound: HostPort; readonly socket: UdpSocket }
  | { readonly transport: 'tcp'; readonly bound: HostPort; readonly server: Server };

/** A name that is not answered within this time is not found. */
const LOOKUP_MS = 5000;

export class Transports {
  readonly #options: TransportOptions;
  readonly #listeners: Listener[] = [];
  readonly #connections: Connections;
  readonly #locals: LocalAddresses;
  readonly #probe: PeerProbe;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#locals = new LocalAddresses(options.scheduler);
    this.#probe = new PeerProbe(options.scheduler);
    this.#connections = new Connections({
      scheduler: options.scheduler,
      log: options.log,
      limits: options.limits,
      inUse: options.inUse,
      onFramed: (framed, connection) => {
        const listener = this.#listenerFor('tcp', connection.remote.host, connection.acceptedOn);
        const flow: Flow = {
          transport: 'tcp',
          local: { host: connection.localHost(), port: listener?.bound.port ?? connection.acceptedOn ?? 0 },
          remote: connection.remote,
        };
        if (framed.kind === 'message') {
          options.onMessage(framed.bytes, flow);
          return;
        }
        options.onBroken(framed.head, flow, framed.code);
        this.#connections.end(connection);
      },
    });
  }

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.map(({ transport, bound }) => ({ transport, ...bound }));
  }

  get connections(): number {
    return this.#connections.size;
  }

  async start(): Promise<void> {
    try {
      for (const address of this.#options.listen) {
        this.#listeners.push(address.transport === 'udp' ? await this.#listenUdp(address) : await this.#listenTcp(address));
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** The way to `target`; why not, when there is none. The first use of a name or a peer takes a moment. */
  async resolve(transport: Transport, target: HostPort): Promise<Flow | 'transport_not_available' | 'host_not_found'> {
    const host = isIP(target.host) === 0 ? await this.#lookup(target.host) : target.host;
    if (host === undefined) return 'host_not_found';
    const listener = this.#listenerFor(transport, host, undefined);
    if (listener === undefined) return 'transport_not_available';
    const local = isWildcard(listener.bound.host)
      ? await new Promise<string | undefined>((resolve) => {
          this.#locals.find(host, resolve);
        })
      : listener.bound.host;
    if (local === undefined) return 'host_not_found';
    return { transport, local: { host: local, port: listener.bound.port }, remote: { host, port: target.port } };
  }

  /** Whether `target` is one of the addresses listened on. */
  isOwn(flow: Flow): boolean {
    return this.#listeners.some(
      ({ transport, bound }) =>
        transport === flow.transport && bound.port === flow.remote.port && (bound.host === flow.remote.host || flow.local.host === flow.remote.host),
    );
  }

  /** Whether a TCP connection of this flow stands. */
  isOpen(flow: Flow): boolean {
    return flow.transport === 'tcp' && this.#connections.has(flow.remote);
  }

  /**
   * Sends. `failed` is called when it is known that the message could not be delivered: no route, connection refused or
   * broken. The returned function says that nobody waits for that any more.
   */
  send(flow: Flow, text: string, failed: () => void = nothing): () => void {
    if (flow.transport === 'tcp') return this.#connections.send(flow.remote, text, failed);
    const listener = this.#listenerFor('udp', flow.remote.host, flow.local.port);
    let waiting = true;
    const fail = (): void => {
      if (!waiting) return;
      waiting = false;
      failed();
    };
    if (listener?.transport !== 'udp') {
      return this.#options.scheduler.after(0, fail);
    }
    listener.socket.send(text, flow.remote.port, flow.remote.host, (error) => {
      if (error !== null) fail();
    });
    return () => {
      waiting = false;
    };
  }

  /** Finds out fast when nobody listens at a UDP peer; TCP tells by itself. */
  watch(flow: Flow, refused: () => void): void {
    if (flow.transport === 'udp') this.#probe.watch(flow.remote, refused);
  }

  async close(): Promise<void> {
    this.#probe.close();
    this.#connections.close();
    const listeners = this.#listeners.splice(0);
    await Promise.all(
      listeners.map(
        (listener) =>
          new Promise<void>((resolve) => {
            if (listener.transport === 'udp') listener.socket.close(() => resolve());
            else listener.server.close(() => resolve());
          }),
      ),
    );
  }

  #lookup(name: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const cancel = this.#options.scheduler.after(LOOKUP_MS, () => resolve(undefined));
      const answer = (address: string | undefined): void => {
        cancel();
        resolve(address);
      };
      lookup(name).then(
        (found) => answer(found.address),
        () => answer(undefined),
      );
    });
  }

  #listenerFor(transport: Transport, remoteHost: string, port: number | undefined): Listener | undefined {
    return this.#listeners.find(
      (listener) =>
        listener.transport === transport && isIPv6(listener.bound.host) === isIPv6(remoteHost) && (port === undefined || listener.bound.port === port),
    );
  }

  #listenUdp(address: ListenAddress): Promise<Listener> {
    const socket = createSocket({ type: isIPv6(address.host) ? 'udp6' : 'udp4' });
    return new Promise((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException): void => {
        socket.close();
        reject(listenError(error, address));
      };
      socket.once('error', refused);
      socket.bind({ address: address.host, port: address.port, exclusive: true }, () => {
        socket.off('error', refused);
        const bound = { host: address.host, port: socket.address().port };
        socket.on('error', (error) => this.#options.log.error({ error: error.message, ...bound }, 'sip: UDP socket error'));
        socket.on('message', (bytes, from) => this.#onDatagram(bytes, { host: from.address, port: from.port }, bound));
        resolve({ transport: 'udp', bound, socket });
      });
    });
  }

  #onDatagram(bytes: Uint8Array, remote: HostPort, bound: HostPort): void {
    this.#probe.heard(remote);
    // Keep-alives: CRLF pairs, or a single zero byte of some NAT boxes.
    if (bytes.length <= 4 && bytes.every((byte) => byte === 13 || byte === 10 || byte === 0)) return;
    const handle = (local: string | undefined): void => {
      if (local === undefined) return;
      const flow: Flow = { transport: 'udp', local: { host: local, port: bound.port }, remote };
      if (bytes.length > this.#options.limits.messageBytes) this.#options.onBroken(bytes, flow, 'too_large');
      else this.#options.onMessage(bytes, flow);
    };
    if (isWildcard(bound.host)) this.#locals.find(remote.host, handle);
    else handle(bound.host);
  }

  #listenTcp(address: ListenAddress): Promise<Listener> {
    const server = createServer({ noDelay: true });
    return new Promise((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException): void => reject(listenError(error, address));
      server.once('error', refused);
      server.listen({ host: address.host, port: address.port, exclusive: true }, () => {
        server.off('error', refused);
        const listening = server.address();
        const port = typeof listening === 'object' && listening !== null ? listening.port : address.port;
        const bound = { host: address.host, port };
        server.on('error', (error) => this.#options.log.error({ error: error.message, ...bound }, 'sip: TCP listener error'));
        server.on('connection', (socket) => this.#connections.accept(socket, port));
        resolve({ transport: 'tcp', bound, server });
      });
    });
  }
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function listenError(error: NodeJS.ErrnoException, { transport, host, port }: ListenAddress): SipListenError {
  const where = `${transport} ${host}:${port}`;
  if (error.code === 'EADDRINUSE') return new SipListenError('sip_port_in_use', `SIP port in use: ${where}. Stop the other program or choose another port`);
  if (error.code === 'EADDRNOTAVAIL') return new SipListenError('sip_address_not_available', `not an address of this machine: ${where}`);
  return new SipListenError('sip_listen_failed', `cannot listen on ${where}: ${error.message}`);
}

function nothing(): void {
  // Nobody waits to hear that a message could not be sent.
}
