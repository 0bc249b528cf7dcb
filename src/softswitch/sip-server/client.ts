/** One drachtio client: its socket, authentication and routes. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Scheduler } from '../../lib/machine.ts';
import type { ClientMessage } from '../../protocol/drachtio/client-message.ts';
import { parseClientMessage } from '../../protocol/drachtio/client-message.ts';
import { encodeFrame, FrameDecoder } from '../../protocol/drachtio/frame-codec.ts';
import { okMessage, refusedMessage } from '../../protocol/drachtio/server-message.ts';
import type { Logger } from '../sip-stack/api.ts';

const MAX_FRAME = 262_144;
/** A client that does not read is cut off at this many bytes. */
const MAX_UNSENT = 16_777_216;
const MAX_ROUTES = 64;
/** A connection must authenticate within this time. */
const AUTHENTICATE_MS = 5000;

export type SipMessageFrame = Extract<ClientMessage, { type: 'sip' }>;
export type ProxyFrame = Extract<ClientMessage, { type: 'proxy' }>;

export interface ClientOptions {
  readonly secret: string;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** The fields that follow OK in the answer to `authenticate`. */
  readonly greeting: () => readonly string[];
  readonly onSip: (client: Client, frame: SipMessageFrame) => void;
  readonly onProxy: (client: Client, frame: ProxyFrame) => void;
  readonly onClose: (client: Client) => void;
}

export class Client {
  readonly #socket: Socket;
  readonly #options: ClientOptions;
  readonly #decoder = new FrameDecoder(MAX_FRAME);
  readonly #routes: string[] = [];
  readonly #cancelDeadline: () => void;
  #authenticated = false;
  #open = true;

  constructor(socket: Socket, options: ClientOptions) {
    this.#socket = socket;
    this.#options = options;
    // Small frames back and forth: without it each costs 40 ms (Nagle and delayed ACK).
    socket.setNoDelay(true);
    this.#cancelDeadline = options.scheduler.after(AUTHENTICATE_MS, () => this.close());
    socket.on('data', (chunk) => this.#onData(chunk));
    // `close` follows and does what is to be done.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open = false;
      this.#cancelDeadline();
      options.onClose(this);
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** Verbs registered, one entry per registration: a verb registered twice gets twice the share. */
  get routes(): readonly string[] {
    return this.#routes;
  }

  /** Sends the payload that `build` makes with a fresh message id. */
  send(build: (msgId: string) => string): void {
    if (!this.#open) return;
    if (this.#socket.writableLength > MAX_UNSENT) {
      this.#options.log.error({}, 'sip server: a client does not read, closing it');
      this.#socket.destroy();
      return;
    }
    this.#socket.write(encodeFrame(build(randomUUID())));
  }

  /** Closes it once what was sent is out. */
  close(): void {
    this.#socket.destroySoon();
  }

  #onData(chunk: Uint8Array): void {
    for (const payload of this.#decoder.push(chunk)) {
      if (!this.#open || this.#socket.writableEnded) return;
      if (!payload.ok) {
        this.#options.log.warn({ code: payload.error }, 'sip server: bytes that are no drachtio frame, closing the client');
        this.#socket.destroy();
        return;
      }
      this.#onMessage(parseClientMessage(payload.value));
    }
  }

  #onMessage(message: ClientMessage): void {
    if (message.type === 'authenticate') {
      this.#authenticate(message.id, message.secret);
      return;
    }
    if (!this.#authenticated) {
      this.#refuse(message.id, 'not authenticated');
      return;
    }
    switch (message.type) {
      case 'route':
        this.#route(message.id, message.verb);
        break;
      case 'remove_route': {
        const index = this.#routes.indexOf(message.verb);
        if (index >= 0) this.#routes.splice(index, 1);
        this.send((id) => okMessage(id, message.id));
        break;
      }
      case 'ping':
        this.send((id) => okMessage(id, message.id, 'pong'));
        break;
      case 'proxy':
        this.#options.onProxy(this, message);
        break;
      case 'sip':
        this.#options.onSip(this, message);
        break;
      case 'unknown':
        this.#refuse(message.id, 'Unknown message type');
        break;
    }
  }

  #route(answers: string, verb: string): void {
    if (this.#routes.length >= MAX_ROUTES) {
      this.send((id) => refusedMessage(id, answers, 'NO', `more than ${MAX_ROUTES} routes`));
      return;
    }
    this.#routes.push(verb);
    this.send((id) => okMessage(id, answers));
  }

  #authenticate(answers: string, secret: string): void {
    if (!sameSecret(secret, this.#options.secret)) {
      this.#options.log.warn({ from: this.#socket.remoteAddress }, 'sip server: a client gave a wrong secret');
      this.#refuse(answers, 'incorrect secret');
      return;
    }
    this.#authenticated = true;
    this.#cancelDeadline();
    this.send((id) => okMessage(id, answers, ...this.#options.greeting()));
  }

  #refuse(answers: string, why: string): void {
    this.send((id) => refusedMessage(id, answers, 'NO', why));
    this.close();
  }
}

/** Compares digests, so that the time taken tells nothing about the secret, nor about its length. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
