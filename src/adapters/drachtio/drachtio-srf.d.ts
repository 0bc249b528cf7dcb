/**
 * What this product uses of drachtio-srf 5.0.29, as it behaves. The declarations that come with the library are wrong
 * in many places (section D.1 of the protocol reference): only the default import exists, `destroy` returns a promise,
 * failures of `createUAS` and `send` are strings.
 */
declare module 'drachtio-srf' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:net';

  namespace Srf {
    type Headers = Record<string, string>;

    interface ConnectOptions {
      host: string;
      port: number;
      secret: string;
      reconnect?: { maxAttempts?: number; retryMaxDelay?: number };
    }

    interface Address {
      name?: string;
      uri: string;
      params?: Record<string, string | undefined>;
    }

    interface SipMessage {
      readonly body: string;
      readonly source: 'network' | 'application';
      readonly source_address: string;
      readonly source_port: number;
      readonly protocol: string;
      get(name: string): string | undefined;
      has(name: string): boolean;
      getParsedHeader(name: 'from' | 'to'): Address;
    }

    interface Request extends SipMessage, EventEmitter {
      readonly method: string;
      readonly uri: string;
      readonly socket: Socket;
      /** Of a request we sent. */
      cancel(callback: (error: unknown) => void): void;
    }

    interface ResponseOptions {
      headers?: Headers;
      body?: string;
    }

    /** A response still to be sent, or one that was received. */
    interface Response extends SipMessage, EventEmitter {
      readonly status: number;
      readonly finalResponseSent: boolean;
      send(status: number, options?: ResponseOptions, callback?: (error: unknown, sent?: SipMessage) => void): void;
    }

    interface Dialog extends EventEmitter {
      readonly id: string;
      readonly connected: boolean;
      readonly type: 'uas' | 'uac';
      /** The INVITE, and of a call of ours its 200. */
      readonly req: Request;
      readonly res: Response;
      readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
      readonly local: { sdp: string; uri: string; contact: string };
      readonly remote: { sdp: string; uri: string };
      _reinvitesInProgress: { count: number; admitOne: (() => void)[] };
      destroy(options?: { headers?: Headers }): Promise<unknown>;
      modify(sdp: string): Promise<string>;
      request(options: { method: string; headers?: Headers; body?: string }): Promise<Response>;
      on(event: 'destroy', listener: (bye: Request, reason?: string) => void): this;
      on(event: 'ack', listener: (ack: Request) => void): this;
      once(event: 'ack', listener: (ack: Request) => void): this;
      on(event: 'modify' | 'info' | 'update' | 'message' | 'options' | 'notify' | 'refer' | 'publish', listener: (req: Request, res: Response) => void): this;
    }

    interface Uri {
      scheme: string;
      user?: string;
      host?: string;
      port?: number;
    }

    type Handler = (req: Request, res: Response) => void;
  }

  class Srf extends EventEmitter {
    constructor(tag?: string | string[]);
    connect(options: Srf.ConnectOptions): void;
    disconnect(socket?: Socket): void;
    removeDialog(dialog: Srf.Dialog): void;
    /** Within the dialog that the server knows by that name, also one of a former process; the URI is not used then. */
    request(uri: string, options: { method: string; stackDialogId: string; headers?: Srf.Headers }, callback: (error: unknown, request?: Srf.Request) => void): this;
    invite(handler: Srf.Handler): void;
    use(handler: Srf.Handler): void;
    use(method: string, handler: Srf.Handler): void;
    options(handler: Srf.Handler): void;
    createUAS(req: Srf.Request, res: Srf.Response, options: { localSdp: string; headers?: Srf.Headers }): Promise<Srf.Dialog>;
    createUAS(req: Srf.Request, res: Srf.Response, options: { localSdp: string; headers?: Srf.Headers }, callback: (error: unknown, dialog?: Srf.Dialog) => void): this;
    createUAC(
      uri: string,
      options: { localSdp: string; headers?: Srf.Headers; proxy?: string; auth?: { readonly username: string; readonly password: string } },
      progress: { cbRequest?: (error: unknown, request?: Srf.Request) => void; cbProvisional?: (response: Srf.Response) => void },
      callback: (error: unknown, dialog?: Srf.Dialog) => void,
    ): unknown;
    on(event: 'connect', listener: (error: Error | null | undefined, hostPorts: string, version?: string) => void): this;
    on(event: 'error', listener: (error: unknown) => void): this;
    on(event: 'close' | 'reconnecting', listener: () => void): this;
    static parseUri(uri: string): Srf.Uri | undefined;
  }

  export default Srf;
}
