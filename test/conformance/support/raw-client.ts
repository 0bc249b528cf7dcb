/** A drachtio client made of a raw socket: frames are sent as written. */
import { randomUUID } from 'node:crypto';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { encodeFrame, FrameDecoder } from '../../../src/protocol/drachtio/frame-codec.ts';
import { Inbox } from './inbox.ts';

export class RawClient {
  readonly inbox = new Inbox<string>();
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', resolve));
    const decoder = new FrameDecoder(1_000_000);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const frame of decoder.push(chunk)) if (frame.ok) this.inbox.put(frame.value);
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = createConnection({ host, port, noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  sendBytes(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends `<id>|rest` and answers the id. */
  send(rest: string): string {
    const id = randomUUID();
    this.#socket.write(encodeFrame(`${id}|${rest}`));
    return id;
  }

  /** Sends and awaits the fields after `response|<id>`. */
  async ask(rest: string): Promise<string> {
    const id = this.send(rest);
    const answer = await this.inbox.next((payload) => payload.split('|')[1] === 'response' && payload.split('|')[2] === id);
    return answer.split('|').slice(3).join('|');
  }

  close(): void {
    this.#socket.destroy();
  }
}
