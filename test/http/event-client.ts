import { get, type ClientRequest, type IncomingMessage } from 'node:http';

export interface Received {
  readonly id?: number;
  readonly event?: string;
  readonly data?: unknown;
}

/** A client of the event stream, as browsers read it (WHATWG HTML §9.2.6). */
export class EventClient {
  readonly received: Received[] = [];
  readonly status: number;
  /** Settles when the server has ended it. */
  readonly ended: Promise<void>;
  readonly #response: IncomingMessage;
  readonly #request: ClientRequest;
  #text = '';
  #waiting: (() => void)[] = [];

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.ended = new Promise((resolve) => {
      response.on('close', resolve);
      response.on('error', () => resolve());
    });
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#take(chunk));
  }

  static open(url: string, headers: Readonly<Record<string, string>>): Promise<EventClient> {
    return new Promise((resolve, reject) => {
      const request = get(url, { headers, agent: false }, (response) => resolve(new EventClient(request, response)));
      request.on('error', reject);
    });
  }

  /** Settles when `enough` holds of what was received. */
  async until(enough: (received: readonly Received[]) => boolean): Promise<readonly Received[]> {
    while (!enough(this.received)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.received;
  }

  ids(): readonly number[] {
    return this.received.flatMap(({ id, data }) => (id === undefined || data === undefined ? [] : [id]));
  }

  close(): void {
    this.#response.destroy();
    this.#request.destroy();
  }

  #take(chunk: string): void {
    this.#text += chunk;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      const lines = this.#text.slice(0, end).split('\n');
      this.#text = this.#text.slice(end + 2);
      const value = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const [id, event, data] = [value('id'), value('event'), value('data')];
      this.received.push({ ...(id === undefined ? {} : { id: Number(id) }), ...(event === undefined ? {} : { event }), ...(data === undefined ? {} : { data: JSON.parse(data) as unknown }) });
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
