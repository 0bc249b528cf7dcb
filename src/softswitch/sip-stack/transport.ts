/** The SIP transport layer (RFC 3261 §18): the way to a peer, sending and receiving. Knows messages as bytes only. */
import { createConnection, isIPv6 } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Scheduler } from '../../lib/machine.ts';
import type { Result } from '../../lib/result.ts';
import { ok } from '../../lib/result.ts';
import type { SipRequest } from '../../protocol/sip/message.ts';
import type { SipUri } from '../../protocol/sip/uri.ts';
import { answerBinding, isStun } from '../../protocol/stun/binding.ts';
import { responseFlow, responseUri } from './addressing.ts';
import type { Admission } from './admission.ts';
import { Advertised } from './advertised.ts';
import type { Flow, HostPort, ListenAddress, Logger, OnWire, SipLimits, SipListenError, SipStackOptions, Transport } from './api.ts';
import { streamCarrier } from './carrier.ts';
import { ConnectionGate } from './connection-gate.ts';
import type { Connection, Peer } from './connections.ts';
import { Connections, isFlowOf } from './connections.ts';
import type { Handshakes } from './handshakes.ts';
import { createHandshakes } from './handshakes.ts';
import type { Listener } from './listeners.ts';
import { closeListener, isWildcard, openListener } from './listeners.ts';
import { LocalAddresses } from './local-address.ts';
import type { Destination } from './locate.ts';
import { locate } from './locate.ts';
import { SystemNames } from './names.ts';
import { addressBytes, isLoopback } from './networks.ts';
import { PeerProbe } from './peer-probe.ts';
import { TlsCredentials } from './tls-credentials.ts';

export interface TransportOptions extends Pick<SipStackOptions, 'listen' | 'tls' | 'nat' | 'nameServers'> {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly limits: SipLimits;
  readonly admission: Admission;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly count: (what: string) => void;
  readonly onMessage: (bytes: Uint8Array, flow: Flow) => void;
  /** Something too large or impossible to follow: its head, if it came whole. A connection ends after it. */
  readonly onBroken: (head: Uint8Array | undefined, flow: Flow, code: 'too_large' | 'bad_content_length') => void;
  /** Flows that dialogs and transactions count on. */
  readonly inUse: () => Iterable<Flow>;
}

/** What a destination by this transport is reached over when it is there. */
const REUSED_FOR: Readonly<Record<Transport, readonly Transport[]>> = { udp: [], tcp: ['tcp', 'tls', 'ws', 'wss'], ws: ['tcp', 'tls', 'ws', 'wss'], tls: ['tls'], wss: ['wss'] };

export class Transports {
  readonly #options: TransportOptions;
  readonly #listeners: Listener[] = [];
  readonly #handshakes: Handshakes[] = [];
  readonly #connections: Connections;
  readonly #gate: ConnectionGate;
  readonly #locals: LocalAddresses;
  readonly #advertised: Advertised;
  readonly #probe: PeerProbe;
  readonly #names: SystemNames;
  readonly #credentials: TlsCredentials | undefined;

  constructor(options: TransportOptions) {
    const { scheduler, log, limits, admission, count, tls } = options;
    this.#options = options;
    this.#locals = new LocalAddresses(scheduler);
    this.#advertised = new Advertised(this.#locals, options.nat);
    this.#probe = new PeerProbe(scheduler);
    this.#names = new SystemNames(scheduler, options.nameServers);
    this.#gate = new ConnectionGate({ scheduler, log, limits, count, isExempt: (address) => admission.isExempt(address) });
    this.#connections = new Connections({
      scheduler,
      limits,
      inUse: (connection) => [...options.inUse()].some((flow) => isFlowOf(connection, flow)),
      onSettled: ({ listener, remote }) => this.#gate.settled(listener, remote),
      tooEarly: (address) => {
        const wait = admission.message(address);
        if (wait > 0) count('rateDelayed');
        return wait;
      },
      onFramed: (framed, connection) => {
        this.#flowOf(connection, (flow) => {
          if (flow === undefined) return;
          if (framed.kind === 'message') options.onMessage(framed.bytes, flow);
          else options.onBroken(framed.head, flow, framed.code);
        });
        if (framed.kind === 'broken') this.#connections.end(connection);
      },
    });
    this.#credentials = tls === undefined ? undefined : new TlsCredentials(tls, scheduler, log, (context) => this.#handshakes.forEach((handshakes) => handshakes.renew(context)));
  }

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.map(({ transport, bound }) => ({ transport, ...bound }));
  }

  get connections(): number {
    return this.#gate.size;
  }

  async start(): Promise<void> {
    try {
      const loaded = await this.reloadCertificates();
      if (!loaded.ok) throw loaded.error;
      for (const [index, address] of this.#options.listen.entries()) this.#listeners.push(await this.#open(address, index));
      this.#credentials?.watch();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  reloadCertificates(): Promise<Result<void, SipListenError>> {
    return this.#credentials?.load() ?? Promise.resolve(ok(undefined));
  }

  /** The ways to send a request for `uri`, best first (RFC 3263 §4); why not, when there is none. The first use of a name or a peer takes a moment. */
  async locate(uri: SipUri): Promise<readonly [Flow, ...Flow[]] | 'transport_not_available' | 'host_not_found'> {
    const has = (transport: Transport): boolean => this.#listeners.some((listener) => listener.transport === transport || (transport === 'ws' && listener.transport === 'wss'));
    const found = await locate(uri, { names: this.#names, has, random: this.#options.random });
    if (found === 'transport_not_available') return found;
    const flows = await Promise.all(found.map((destination) => this.#flowTo(destination)));
    const [first, ...others] = flows.filter((flow) => flow !== undefined);
    if (first !== undefined) return [first, ...others];
    return found.length === 0 ? 'host_not_found' : 'transport_not_available';
  }

  /** The same way by TCP, if we have that; no path is too narrow within this machine (RFC 3261 §18.1.1). */
  byTcp(flow: Flow): Flow | undefined {
    const ours = this.#listeners[flow.listener]?.bound.host;
    const listener = this.#listeners.findIndex(({ transport, bound }) => transport === 'tcp' && bound.host === ours);
    const bound = this.#listeners[listener]?.bound;
    if (bound === undefined || flow.only === true || isLoopback(flow.remote.host)) return undefined;
    return { transport: 'tcp', listener, local: { host: flow.local.host, port: bound.port }, remote: flow.remote };
  }

  /** Whether it leads to one of the addresses listened on. */
  isOwn(flow: Flow): boolean {
    return this.#listeners.some(
      ({ transport, bound }) =>
        transport === flow.transport && bound.port === flow.remote.port && (bound.host === flow.remote.host || flow.local.host === flow.remote.host),
    );
  }

  /** Whether the connection of this flow stands. */
  isOpen(flow: Flow): boolean {
    return flow.transport !== 'udp' && this.#connections.has(flow);
  }

  /**
   * Sends. `failed` is called when it is known that the message could not be delivered: no route, connection refused or
   * broken. The returned function says that nobody waits for that any more.
   */
  send(flow: Flow, text: string, failed: () => void = nothing): () => void {
    const listener = this.#listeners[flow.listener];
    if (listener?.transport === 'udp') return sendDatagram(listener, flow.remote, text, failed);
    if (!this.#connections.has(flow) && !this.#connect(flow, listener)) return this.#options.scheduler.after(0, failed);
    return this.#connections.send(flow, text, failed);
  }

  /** Sends a response to `request` (RFC 3261 §18.2.2): the way it came, or else to the name in its Via (RFC 3263 §5). */
  respond(request: OnWire<SipRequest>, text: string): void {
    this.send(responseFlow(request, this.isOpen(request.flow)), text, () => {
      const uri = responseUri(request);
      if (uri === undefined) return;
      this.locate(uri).then(
        (flows) => {
          if (typeof flows !== 'string') this.send(flows[0], text);
        },
        (error: unknown) => this.#options.log.error({ error }, 'sip: looking up where a response goes failed'),
      );
    });
  }

  /** Finds out fast when nobody listens at a UDP peer; connections tell by themselves. */
  watch(flow: Flow, refused: () => void): void {
    if (flow.transport === 'udp') this.#probe.watch(flow.remote, refused);
  }

  async close(): Promise<void> {
    this.#credentials?.close();
    this.#names.close();
    this.#probe.close();
    this.#connections.close();
    this.#gate.close();
    await Promise.all(this.#listeners.splice(0).map(closeListener));
  }

  async #open(address: ListenAddress, index: number): Promise<Listener> {
    const { transport } = address;
    const { log, limits, count } = this.#options;
    if (transport === 'udp') {
      return openListener(address, { log, onConnection: nothing, onDatagram: (bytes, remote) => this.#onDatagram(bytes, remote, index) });
    }
    const handshakes = createHandshakes({
      transport,
      credentials: this.#credentials,
      maxBytes: limits.messageBytes,
      count,
      ready: (socket, make) => {
        // It may have gone while its handshake was finished.
        if (socket.remoteAddress === undefined) {
          socket.destroy();
          return;
        }
        const remote = { host: socket.remoteAddress, port: socket.remotePort ?? 0 };
        // A WebSocket client has said what it wants, and may wait for calls in silence.
        const settled = transport === 'ws' || transport === 'wss';
        if (settled) this.#gate.settled(index, remote);
        this.#connections.accept({ listener: index, transport, remote }, settled, make);
      },
    });
    this.#handshakes.push(handshakes);
    const onConnection = (socket: Socket): void => {
      if (this.#gate.enter(socket, index)) handshakes.start(socket);
    };
    return openListener(address, { log, onDatagram: nothing, onConnection });
  }

  #onDatagram(bytes: Uint8Array, remote: HostPort, index: number): void {
    const { admission, count, limits, onBroken, onMessage } = this.#options;
    const listener = this.#listeners[index];
    if (listener?.transport !== 'udp') return;
    if (admission.message(remote.host) > 0) {
      count('rateDropped');
      return;
    }
    this.#probe.heard(remote);
    // Keep-alives: CRLF pairs, or a single zero byte of some NAT boxes.
    if (bytes.length <= 4 && bytes.every((byte) => byte === 13 || byte === 10 || byte === 0)) return;
    if (isStun(bytes)) {
      // RFC 5626 §3.5.2.
      count('stun');
      const answer = answerBinding(bytes, { address: addressBytes(remote.host), port: remote.port });
      if (answer !== undefined) listener.socket.send(answer, remote.port, remote.host);
      return;
    }
    this.#advertised.find(remote.host, listener.bound.host, (local) => {
      if (local === undefined) return;
      const flow: Flow = { transport: 'udp', listener: index, local: { host: local, port: listener.bound.port }, remote };
      if (bytes.length > limits.messageBytes) onBroken(bytes, flow, 'too_large');
      else onMessage(bytes, flow);
    });
  }

  /** The flow of what came over `connection`. */
  #flowOf({ transport, listener, remote, serverName, localHost }: Connection, done: (flow: Flow | undefined) => void): void {
    const port = this.#listeners[listener]?.bound.port ?? 0;
    // Its own address is the one the peer reached us at, unless there is a NAT between.
    this.#advertised.find(remote.host, localHost() ?? '0.0.0.0', (host) => {
      done(host === undefined ? undefined : { transport, listener, local: { host, port }, remote, ...(serverName === undefined ? {} : { serverName }) });
    });
  }

  async #flowTo({ transport, host, port, serverName }: Destination): Promise<Flow | undefined> {
    // A client that registered is reached over its own connection (RFC 5626 §5.3), be it more secure than was asked for.
    const own = this.#standing({ transport, host, port, ...(serverName === undefined ? {} : { serverName }) });
    if (own !== undefined) return new Promise((resolve) => this.#flowOf(own, resolve));
    const all = [...this.#listeners.entries()].filter(([, listener]) => listener.transport === transport && isIPv6(listener.bound.host) === isIPv6(host));
    const route = all.length < 2 ? undefined : await new Promise<string | undefined>((resolve) => this.#locals.find(host, resolve));
    const [listener, { bound }] = all.find(([, other]) => other.bound.host === route) ?? all.find(([, other]) => isWildcard(other.bound.host)) ?? all[0] ?? [0, { bound: undefined }];
    if (bound === undefined) return undefined;
    const local = await new Promise<string | undefined>((resolve) => this.#advertised.find(host, bound.host, resolve));
    if (local === undefined) return undefined;
    return { transport, listener, local: { host: local, port: bound.port }, remote: { host, port }, ...(serverName === undefined ? {} : { serverName }) };
  }

  /** A connection there is with a place: one by TLS may stand for one by TCP, never the other way round. */
  #standing({ transport, host, port, serverName }: Destination): Connection | undefined {
    const wanted = REUSED_FOR[transport];
    for (const [listener, { transport: by }] of this.#listeners.entries()) {
      const known = wanted.includes(by) ? this.#connections.get({ listener, transport: by, remote: { host, port }, ...(serverName === undefined ? {} : { serverName }) }) : undefined;
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /** Opens the connection of a flow; false when it cannot even begin. Nobody can connect to a WebSocket client. */
  #connect(flow: Flow, listener: Listener | undefined): boolean {
    const { transport } = flow;
    if (listener === undefined || flow.only === true || (transport !== 'tcp' && transport !== 'tls')) return false;
    const { host, port } = flow.remote;
    const to = { host, port, ...(isWildcard(listener.bound.host) ? {} : { localAddress: listener.bound.host }) };
    const socket = this.#gate.leave(() => {
      if (transport === 'tcp') return createConnection(to);
      const verify = this.#credentials?.verify;
      return connectTls({ ...this.#credentials?.current, ...to, ...(flow.serverName === undefined ? {} : { servername: flow.serverName }), rejectUnauthorized: verify !== 'none' });
    });
    if (socket === undefined) return false;
    const peer: Peer = { listener: flow.listener, transport, remote: flow.remote, ...(flow.serverName === undefined ? {} : { serverName: flow.serverName }) };
    const done = transport === 'tcp' ? 'connect' : 'secureConnect';
    this.#connections.open(peer, (events) => streamCarrier(socket, this.#options.limits.messageBytes, events), (then) => void socket.once(done, then));
    return true;
  }
}

function sendDatagram(listener: Extract<Listener, { transport: 'udp' }>, { host, port }: HostPort, text: string, failed: () => void): () => void {
  let waiting = true;
  listener.socket.send(text, port, host, (error) => {
    if (error === null || !waiting) return;
    waiting = false;
    failed();
  });
  return () => {
    waiting = false;
  };
}

function nothing(): void {
  // Nobody waits to hear of it.
}
