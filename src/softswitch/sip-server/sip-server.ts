/** The SIP server: a stack, the control port for drachtio clients, and what becomes of calls when a client goes. */
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Result } from '../../lib/result.ts';
import { formatHostPort } from '../../protocol/sip/uri.ts';
import type { ListenAddress, SipListenError } from '../sip-stack/api.ts';
import { createSipStack } from '../sip-stack/sip-stack.ts';
import type { SipStack } from '../sip-stack/api.ts';
import type { SipServer, SipServerOptions, SipServerState } from './api.ts';
import { ControlListenError } from './api.ts';
import { CallRecords } from './call-records.ts';
import { Calls, dialogIdOf } from './calls.ts';
import { Client } from './client.ts';
import { Clients } from './clients.ts';
import { Frames } from './frames.ts';
import { Inbound } from './inbound.ts';
import { CLIENT_GONE, Outbound } from './outbound.ts';
import { Proxying } from './proxying.ts';

/** What drachtio-srf applications can register for. */
const METHODS = ['INVITE', 'BYE', 'OPTIONS', 'INFO', 'UPDATE', 'MESSAGE', 'REFER', 'NOTIFY', 'SUBSCRIBE', 'PUBLISH', 'REGISTER', 'PRACK'];
/** A drachtio-server release whose protocol this is; from v0.8.2 on clients may ping. */
const VERSION = 'v0.9.10';
const MAX_CLIENTS = 64;
/** `close` waits this long for the answers to its BYEs. */
const CLOSE_MS = 500;

export function createSipServer(options: SipServerOptions): SipServer {
  return new DrachtioServer(options);
}

class DrachtioServer implements SipServer {
  readonly #options: SipServerOptions;
  readonly #stack: SipStack;
  readonly #calls: Calls;
  readonly #frames: Frames;
  readonly #clients = new Clients();
  readonly #outbound: Outbound;
  readonly #proxying: Proxying;
  #listener: Server | undefined;

  constructor(options: SipServerOptions) {
    this.#options = options;
    const { scheduler, log } = options;
    this.#calls = new Calls(scheduler);
    this.#frames = new Frames(scheduler);
    const records = new CallRecords(this.#clients, scheduler);
    const user = new Inbound(this.#calls, this.#clients, this.#frames, records, log);
    this.#stack = createSipStack({ ...options, user, methods: METHODS });
    this.#outbound = new Outbound(this.#stack, this.#calls, this.#frames, records, log);
    this.#proxying = new Proxying(this.#stack, this.#calls, this.#frames, records);
  }

  get controlPort(): number {
    const address = this.#listener?.address();
    return typeof address === 'object' && address !== null ? address.port : this.#options.control.port;
  }

  get sipAddresses(): readonly ListenAddress[] {
    return this.#stack.addresses;
  }

  async start(): Promise<void> {
    await this.#stack.start();
    try {
      this.#listener = await this.#listen();
    } catch (error) {
      await this.#stack.close();
      throw error;
    }
  }

  debugState(): SipServerState {
    return { clients: this.#clients.size, ...this.#calls.sizes, stack: this.#stack.debugState() };
  }

  reloadCertificates(): Promise<Result<void, SipListenError>> {
    return this.#stack.reloadCertificates();
  }

  async close(): Promise<void> {
    const { pending, own, calls } = this.#calls.take();
    for (const { transaction } of pending) transaction.respond({ status: 503 });
    for (const { transaction } of own) transaction.cancel();
    const answered = calls.map(
      ({ client, dialog }) =>
        new Promise<void>((resolve) => {
          const bye = { method: 'BYE', headers: [{ name: 'Reason', value: 'SIP;cause=503;text="Server shutdown"' }] };
          const settle = (): void => resolve();
          dialog.request(bye, { onResponse: settle }).then((sent) => {
            if (sent.ok) client.send(this.#frames.push('application', sent.value.request, 'unsolicited', dialogIdOf(dialog)));
            else resolve();
          }, settle);
        }),
    );
    if (pending.length + own.length + calls.length > 0) await this.#atMost(CLOSE_MS, Promise.all(answered));
    await this.#stack.close();
    for (const client of this.#clients.all()) client.close();
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener !== undefined) await new Promise<void>((resolve) => listener.close(() => resolve()));
  }

  #listen(): Promise<Server> {
    const { host, port } = this.#options.control;
    const server = createServer({ noDelay: true }, (socket) => {
      if (this.#clients.size >= MAX_CLIENTS) {
        socket.destroy();
        return;
      }
      this.#clients.add(
        new Client(socket, {
          secret: this.#options.control.secret,
          scheduler: this.#options.scheduler,
          log: this.#options.log,
          greeting: () => [this.#hostPorts(this.#options.nat?.externalAddress), VERSION, this.#hostPorts(undefined)],
          onSip: (client, frame) => this.#outbound.onSip(client, frame),
          onProxy: (client, frame) => this.#proxying.onProxy(client, frame),
          onClose: (client) => this.#onClientGone(client),
        }),
      );
    });
    return new Promise((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException): void => {
        const where = `${host}:${port}`;
        reject(
          error.code === 'EADDRINUSE'
            ? new ControlListenError('control_port_in_use', `drachtio control port in use: ${where}. Stop the other program or choose another port`)
            : new ControlListenError('control_listen_failed', `cannot listen for drachtio clients on ${where}: ${error.message}`),
        );
      };
      server.once('error', refused);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', refused);
        server.on('error', (error) => this.#options.log.error({ error: error.message }, 'sip server: control port error'));
        resolve(server);
      });
    });
  }

  /** Nobody is left to end these calls: the far ends must not hang, unless somebody is going to come for them. */
  #onClientGone(client: Client): void {
    this.#clients.delete(client);
    const { pending, own, calls } = this.#calls.take(client, this.#options.orphans === 'keep' ? 'calls' : undefined);
    if (calls.length > 0) this.#options.log.warn({ calls: calls.length }, 'sip server: a client went away, ending its calls');
    for (const { transaction } of pending) transaction.respond({ status: 503 });
    for (const { transaction } of own) transaction.cancel();
    for (const { dialog } of calls) {
      this.#outbound.hangUp(dialog, CLIENT_GONE).catch((error: unknown) => this.#options.log.error({ error }, 'sip server: BYE failed'));
    }
  }

  /** `tcp/host:port,udp/host:port`, TCP first as drachtio-server has it; `external`: the address in front of it, where a NAT is between. */
  #hostPorts(external: string | undefined): string {
    return [...this.#stack.addresses]
      .sort((a, b) => a.transport.localeCompare(b.transport))
      .map(({ transport, host, port }) => `${transport}/${formatHostPort(external ?? outsideAddress(host), port)}`)
      .join(',');
  }

  #atMost(ms: number, done: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.scheduler.after(ms, resolve);
      const settle = (): void => {
        cancel();
        resolve();
      };
      done.then(settle, settle);
    });
  }
}

/** Clients show this address to people; what a peer is told is found out per peer. */
function outsideAddress(bound: string): string {
  if (bound !== '0.0.0.0' && bound !== '::') return bound;
  const [family, loopback] = bound === '::' ? ['IPv6', '::1'] : ['IPv4', '127.0.0.1'];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find((address) => address.family === family && !address.internal && !address.address.startsWith('fe80:'))?.address ?? loopback;
}
