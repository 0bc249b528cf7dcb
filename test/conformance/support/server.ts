/** The SIP server under test, and the real `drachtio-srf` on it. */
import { randomBytes } from 'node:crypto';
import Srf from 'drachtio-srf';
import type { SipServer, SipServerOptions } from '../../../src/softswitch/sip-server/api.ts';
import { createSipServer } from '../../../src/softswitch/sip-server/sip-server.ts';
import type { Logger } from '../../../src/softswitch/sip-stack/api.ts';
import { ManualScheduler } from './manual-scheduler.ts';
import type { Target } from './sip-peer.ts';

export const SECRET = 'a secret';

/** Everything logged at warn and above, to be looked at when a test fails. */
export class TestLog implements Logger {
  readonly lines: string[] = [];

  debug(): void {
    // Of no interest to tests.
  }

  info(fields: object, message: string): void {
    this.#add('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#add('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#add('error', fields, message);
  }

  #add(level: string, fields: object, message: string): void {
    this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  }
}

export interface Running {
  readonly server: SipServer;
  readonly scheduler: ManualScheduler;
  readonly log: TestLog;
  readonly udp: Target;
  readonly tcp: Target;
  /** Closes the server without waiting for far ends that never answer. */
  stop(): Promise<void>;
}

export async function startServer(options: Partial<SipServerOptions> = {}): Promise<Running> {
  const scheduler = new ManualScheduler();
  const log = new TestLog();
  const server = createSipServer({
    listen: [
      { transport: 'udp', host: '127.0.0.1', port: 0 },
      { transport: 'tcp', host: '127.0.0.1', port: 0 },
    ],
    control: { host: '127.0.0.1', port: 0, secret: SECRET },
    scheduler,
    log,
    random: randomBytes,
    ...options,
  });
  await server.start();
  const portOf = (transport: string): Target => ({ host: '127.0.0.1', port: server.sipAddresses.find((address) => address.transport === transport)?.port ?? 0 });
  return {
    server,
    scheduler,
    log,
    udp: portOf('udp'),
    tcp: portOf('tcp'),
    stop: () => {
      const closed = server.close();
      scheduler.advance(1000);
      return closed;
    },
  };
}

/** What the tests use of `drachtio-srf`; its own declarations do not fit what it does. */
export interface SrfRequest {
  readonly method: string;
  readonly body: string;
  readonly source: string;
  readonly protocol: string;
  readonly source_address: string;
  readonly source_port: number;
  readonly stackTxnId: string;
  readonly receivedOn: string;
  readonly callingNumber: string;
  get(name: string): string;
  has(name: string): boolean;
  on(event: 'response', listener: (response: SrfResponse) => void): void;
  on(event: 'cancel', listener: (request: SrfRequest) => void): void;
  cancel(options: { readonly headers?: Readonly<Record<string, string>> }, callback: (error: unknown, request: SrfRequest) => void): void;
}

export interface SrfResponse {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  get(name: string): string;
  send(status: number, reason: string, options: { readonly headers?: Readonly<Record<string, string>> }, callback?: (error: unknown, response: unknown) => void): void;
  send(status: number, options?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string }, callback?: (error: unknown, response: unknown) => void): void;
}

export interface SrfDialog {
  readonly id: string;
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly local: { readonly sdp: string; readonly uri: string };
  readonly remote: { readonly sdp: string; readonly uri: string };
  on(event: 'destroy', listener: (request: SrfRequest, reason?: string) => void): void;
  on(event: 'modify' | 'info' | 'update' | 'message' | 'refer', listener: (request: SrfRequest, response: SrfResponse) => void): void;
  on(event: 'ack', listener: (request: SrfRequest) => void): void;
  destroy(options?: { readonly headers?: Readonly<Record<string, string>> }): Promise<SrfRequest>;
  modify(sdp: string): Promise<string>;
  request(options: { readonly method: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }): Promise<SrfResponse>;
}

export interface ProxyResults {
  readonly connected: boolean;
  readonly finalStatus?: number;
  readonly responses: readonly { readonly address: string; readonly port: number; readonly msgs: readonly { readonly status: number }[] }[];
}

export interface SrfClient {
  connect(options: { readonly host: string; readonly port: number; readonly secret: string }): void;
  disconnect(): void;
  on(event: 'connect', listener: (error: Error | null, hostPort: string, version: string, localHostPort: string) => void): void;
  on(event: 'error' | 'close' | 'reconnecting', listener: (detail: unknown) => void): void;
  invite(handler: (request: SrfRequest, response: SrfResponse) => void): void;
  options(handler: (request: SrfRequest, response: SrfResponse) => void): void;
  message(handler: (request: SrfRequest, response: SrfResponse) => void): void;
  createUAS(request: SrfRequest, response: SrfResponse, options: { readonly localSdp: string; readonly headers?: Readonly<Record<string, string>> }): Promise<SrfDialog>;
  createUAC(
    uri: string,
    options: { readonly localSdp?: string; readonly callingNumber?: string; readonly headers?: Readonly<Record<string, string>>; readonly noAck?: boolean },
    callbacks?: { readonly cbRequest?: (error: unknown, request: SrfRequest) => void; readonly cbProvisional?: (response: SrfResponse) => void },
  ): Promise<SrfDialog>;
  request(uri: string, options: { readonly method: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }): Promise<SrfRequest>;
  proxyRequest(
    request: SrfRequest,
    destination: string | string[],
    options?: {
      readonly forking?: 'sequential' | 'simultaneous';
      readonly remainInDialog?: boolean;
      readonly followRedirects?: boolean;
      readonly provisionalTimeout?: string;
      readonly finalTimeout?: string;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<ProxyResults>;
}

/** An srf whose routes are set by `register`, connected; its `route` frames are at the server. */
export async function connectSrf(running: Running, register: (srf: SrfClient) => void = () => undefined): Promise<SrfClient> {
  const srf = new Srf() as unknown as SrfClient;
  srf.on('error', () => undefined);
  register(srf);
  const connected = new Promise<void>((resolve, reject) => {
    srf.on('connect', (error) => (error === null ? resolve() : reject(error)));
  });
  srf.connect({ host: '127.0.0.1', port: running.server.controlPort, secret: SECRET });
  await connected;
  return srf;
}

/** Resolves as soon as `condition` holds, looking once per turn of the event loop; the test's time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
