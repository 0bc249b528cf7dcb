/**
 * What this product uses of drachtio-fsmrf 5.0.1 (with drachtio-modesl 1.3.1); the libraries bring no declarations.
 * Nothing here rejects or settles by itself when the connection is lost (D-4 of the protocol reference).
 */
declare module 'drachtio-fsmrf' {
  import type { EventEmitter } from 'node:events';
  import type { Server, Socket } from 'node:net';
  import type Srf from 'drachtio-srf';

  namespace Mrf {
    interface ConnectOptions {
      address: string;
      port: number;
      secret: string;
      profile?: string;
      listenAddress?: string;
      listenPort?: number;
      advertisedAddress?: string;
      advertisedPort?: number;
    }

    /** One event or reply of the event socket. */
    interface Event {
      getHeader(name: string): string | undefined;
      getBody(): string;
    }

    interface AnyConnection extends EventEmitter {
      /** Null once it is closed. */
      readonly socket: Socket | null;
      subscribe(events: string | string[]): void;
      filter(header: string, value: string): void;
      connected(): boolean;
      disconnect(): void;
      /** Writes a command line with its headers, line by line. */
      send(command: string, headers?: Readonly<Record<string, string>>): void;
      /** A command whose reply is passed over. */
      sendRecv(command: string): void;
      /** Answers come in the order of the commands. Never calls back when the connection is lost. */
      api(command: string, args: string, done: (answer: Event) => void): void;
      on(event: string, listener: (event: Event) => void): this;
    }

    interface Connection extends AnyConnection {
      execute(app: string, arg: string, done: (event: Event) => void): string;
    }

    /** Calls back when it was let in, and never when not. The library does not export it: it is the `constructor` of a connection. */
    type InboundConnectionClass = new (host: string, port: number, secret: string, ready: () => void) => InboundConnection;

    interface InboundConnection extends AnyConnection {
      execute(app: string, arg: string, channel: string, done: (event: Event) => void): string;
      readonly reconnectOpts: { maxAttempts?: number };
      readonly reconnectVars: { attempts: number };
    }

    interface EndpointOptions {
      remoteSdp?: string;
      /** Of the INVITE to the media server. */
      headers?: Record<string, string>;
    }

    interface MediaServer extends EventEmitter {
      readonly conn: Connection;
      readonly address: string;
      readonly advertisedAddress: string;
      readonly advertisedPort: number;
      /** Takes the connections of the endpoints. */
      readonly _server: { readonly server: Server; on(event: 'connection::open', listener: (connection: Connection) => void): unknown };
      /** The body of the answer. */
      api(command: string): Promise<string>;
      createEndpoint(options: EndpointOptions): Promise<Endpoint>;
      disconnect(): void;
      on(event: 'end', listener: () => void): this;
    }

    interface Endpoint extends EventEmitter {
      readonly uuid: string;
      readonly connected: boolean;
      readonly local: { sdp: string };
      /** Null once its connection is closed. */
      readonly conn: Connection | null;
      readonly dialog: Srf.Dialog | null;
      on(event: 'destroy', listener: (how?: { reason?: string }) => void): this;
      on(event: 'dtmf', listener: (key: { dtmf: string; source: string }) => void): this;
    }
  }

  class Mrf extends EventEmitter {
    constructor(srf: Srf);
    /** May call back more than once: an error, and later a media server after all. */
    connect(options: Mrf.ConnectOptions, callback: (error: unknown, mediaServer?: Mrf.MediaServer) => void): void;
  }

  export default Mrf;
}
