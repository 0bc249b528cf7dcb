import { EventEmitter } from 'node:events';
import type Mrf from 'drachtio-fsmrf';
import { attempt } from '../../lib/attempt.ts';
import type { Scheduler } from '../../lib/machine.ts';
import type { FreeSwitchServer } from './media-server.ts';
import { sendInOneWrite } from './one-write.ts';

const openMs = 3_000;
const heard = 'CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP DTMF CUSTOM conference::maintenance';

/**
 * A channel made by a former process, as the library presents one of this process: over a connection of its own, which here is
 * an inbound one that hears of this channel alone. The channel itself is left as it is: a member stays in its conference.
 */
export class AdoptedEndpoint extends EventEmitter implements Mrf.Endpoint {
  readonly uuid: string;
  readonly local = { sdp: '' };
  /** The dialog with the media server is the former process's, and the SIP server hands on nothing of it (F-10). */
  readonly dialog = null;
  readonly #connection: Mrf.Connection;

  private constructor(uuid: string, connection: Mrf.InboundConnection) {
    super();
    this.uuid = uuid;
    const execute = connection.execute.bind(connection);
    // An inbound connection says which channel it means.
    this.#connection = Object.assign(connection, { execute: (app: string, arg: string, done: (event: Mrf.Event) => void) => execute(app, arg, uuid, done) });
    connection.on(`esl::event::DTMF::${uuid}`, (event) => void this.emit('dtmf', { dtmf: event.getHeader('DTMF-Digit') ?? '', source: event.getHeader('DTMF-Source') ?? '' }));
    connection.on(`esl::event::CHANNEL_HANGUP::${uuid}`, () => this.#gone());
    // Connected again by the library it would hear nothing: it is made to believe that it has tried often enough.
    connection.reconnectOpts.maxAttempts = 1;
    connection.reconnectVars.attempts = 1;
    connection.on('esl::end', () => this.#gone());
    connection.on('error', () => undefined);
  }

  /** Undefined when the server does not let us in in time. `like`: a connection to it, whose class the new one is of. */
  static async open(uuid: string, { host, port, secret }: FreeSwitchServer, like: Mrf.Connection, scheduler: Scheduler): Promise<AdoptedEndpoint | undefined> {
    const Connection = like.constructor as Mrf.InboundConnectionClass;
    const opened = new Promise<Mrf.InboundConnection>((resolve) => {
      const connection = new Connection(host, port, secret, () => resolve(connection));
    });
    const connection = await attempt(opened, openMs, scheduler);
    if (!connection.ok) {
      void opened.then((late) => late.disconnect());
      return undefined;
    }
    connection.value.socket?.setNoDelay(true);
    const endpoint = new AdoptedEndpoint(uuid, connection.value);
    sendInOneWrite(endpoint.#connection);
    connection.value.sendRecv(`filter Unique-ID ${uuid}`);
    connection.value.sendRecv(`event plain ${heard}`);
    return endpoint;
  }

  get connected(): boolean {
    return this.#connection.socket !== null;
  }

  get conn(): Mrf.Connection | null {
    return this.connected ? this.#connection : null;
  }

  close(): void {
    this.#connection.disconnect();
  }

  #gone(): void {
    this.close();
    this.emit('destroy');
  }
}
