/** An event socket without a library: what is written on it, frame by frame. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HOST = '127.0.0.1';

export type Headers = Readonly<Record<string, string>>;

/** One frame of the event socket. */
export interface Frame {
  readonly headers: Headers;
  readonly body: string;
}

/** Splits what a server wrote on an event socket into frames. */
export function frames(text: string): readonly Frame[] {
  const list: Frame[] = [];
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const end = rest.indexOf('\n\n');
    if (end < 0) break;
    const headers: Headers = Object.fromEntries(
      rest
        .subarray(0, end)
        .toString()
        .split('\n')
        .map((line) => readHeader(line)),
    );
    const length = Number(headers['Content-Length'] ?? 0);
    if (rest.length < end + 2 + length) break;
    list.push({ headers, body: rest.subarray(end + 2, end + 2 + length).toString() });
    rest = rest.subarray(end + 2 + length);
  }
  return list;
}

function readHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(': ');
  return [line.slice(0, colon), line.slice(colon + 2)];
}

/** An event socket without a library. */
export class RawEsl {
  readonly events: Headers[] = [];
  readonly socket: Socket;
  readonly #changed = new EventEmitter();
  #text = '';
  readonly #replies: Frame[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString();
      const all = frames(this.#text);
      for (const frame of all) {
        if (frame.headers['Content-Type'] === 'text/event-json') this.events.push(JSON.parse(frame.body) as Headers);
        else this.#replies.push(frame);
      }
      const used = all.reduce((sum, { headers, body }) => sum + Buffer.byteLength(body) + headerBytes(headers), 0);
      this.#text = Buffer.from(this.#text).subarray(used).toString();
      this.#changed.emit('changed');
    });
    socket.on('close', () => this.#changed.emit('changed'));
  }

  static async connect(port: number, host = HOST): Promise<RawEsl> {
    const socket = connect(port, host);
    const raw = new RawEsl(socket);
    assert.equal((await raw.reply()).headers['Content-Type'], 'auth/request');
    return raw;
  }

  send(text: string): void {
    this.socket.write(`${text}\n\n`);
  }

  /** The next frame that is no event. */
  async reply(): Promise<Frame> {
    for (;;) {
      const frame = this.#replies.shift();
      if (frame !== undefined) return frame;
      await once(this.#changed, 'changed');
    }
  }

  /** Sends a command and answers its Reply-Text. */
  async command(text: string): Promise<string> {
    this.send(text);
    return (await this.reply()).headers['Reply-Text'] ?? '';
  }

  async api(text: string): Promise<string> {
    this.send(`api ${text}`);
    return (await this.reply()).body;
  }

  /** The first event, from `from` on, that `matches`; waits for it. */
  async event(matches: (event: Headers) => boolean, from = 0): Promise<Headers> {
    for (;;) {
      const found = this.events.slice(from).find(matches);
      if (found !== undefined) return found;
      await once(this.#changed, 'changed');
    }
  }

  /** Conference actions heard from event `from` on, of one conference. */
  actions(name: string, from = 0): readonly string[] {
    return this.events.slice(from).flatMap((event) => (event['Conference-Name'] === name ? [event.Action ?? ''] : []));
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  close(): void {
    this.socket.destroy();
  }
}

function headerBytes(headers: Headers): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}: ${value}\n`), 1);
}

/** What a frame is, in a word: an event's name and what it is about, or its content type. */
export function label(frame: Frame): string {
  if (frame.headers['Content-Type'] !== 'text/event-json') return frame.headers['Content-Type'] ?? '';
  return eventLabel(JSON.parse(frame.body) as Headers);
}

export function eventLabel(event: Headers): string {
  const name = event['Event-Name'] ?? '';
  if (name === 'CUSTOM') return event.Action ?? '';
  if (name === 'CHANNEL_CALLSTATE') return `${name} ${event['Channel-Call-State'] ?? ''}`;
  if (name === 'DTMF') return `${name} ${event['DTMF-Digit'] ?? ''}`;
  if (name === 'PLAYBACK_STOP') return `${name} ${event['Playback-Status'] ?? ''}`;
  return event.Application === undefined ? name : `${name} ${event.Application}`;
}
