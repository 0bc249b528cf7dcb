import { connect, createServer } from 'node:net';
import type Mrf from 'drachtio-fsmrf';
import { attempt, errorText, failureText } from '../../lib/attempt.ts';
import type { Scheduler } from '../../lib/machine.ts';
import type { Log } from '../../ports/log.ts';
import { listedChannels, listedMembers, type ListedChannel } from './api-reply.ts';
import { argument, conferencePrefix } from './esl-text.ts';
import { inOneWrite, sendInOneWrite } from './one-write.ts';

export interface FreeSwitchServer {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** SIP profile that takes our calls. */
  readonly profile: string;
  /** Our end of the connections it makes back to us, and its address as that server sees it. */
  readonly listenHost: string;
  readonly listenPort: number;
  readonly advertisedHost?: string;
  /** The prompt folder as that server sees it. */
  readonly promptDir: string;
  /** Other folders of ours, and where that server sees them; what is in none of these it sees where we do. */
  readonly folders?: readonly SharedFolder[];
}

export interface SharedFolder {
  readonly here: string;
  readonly there: string;
}

export interface ConnectionHandlers {
  readonly onUp: () => void;
  /** It was up and is lost: every endpoint on it is gone. */
  readonly onDown: () => void;
  /** Whether a channel that a former run has left is still wanted. */
  readonly isKept: (channel: string) => boolean;
}

/** The library gives up on a server that lets it in but is not ready after 1 s; a wrong secret it never reports (D-5). */
const connectMs = 3_000;
const probeMs = 2_000;
const retryMs = 1_000;
const apiMs = 4_000;

/**
 * The connection to one FreeSWITCH. Kept up by retrying; after a loss it is built anew, because the library mixes up
 * answers on a connection it restored itself (D-2, D-38).
 */
export class MediaServerConnection {
  readonly server: FreeSwitchServer;
  readonly #mrf: Mrf;
  readonly #scheduler: Scheduler;
  readonly #log: Log;
  readonly #handlers: ConnectionHandlers;
  #mediaServer: Mrf.MediaServer | undefined;
  #cancelRetry: (() => void) | undefined;
  #stopped = false;
  /** A server that stays away is reported once, not every second. */
  #reported: string | undefined;

  constructor(server: FreeSwitchServer, options: { readonly mrf: Mrf; readonly scheduler: Scheduler; readonly log: Log; readonly handlers: ConnectionHandlers }) {
    this.server = server;
    this.#mrf = options.mrf;
    this.#scheduler = options.scheduler;
    this.#log = options.log.child({ mediaServer: `${server.host}:${server.port}` });
    this.#handlers = options.handlers;
  }

  get mediaServer(): Mrf.MediaServer | undefined {
    return this.#mediaServer;
  }

  /** Settles after the first try; later ones go on by themselves. */
  async start(): Promise<void> {
    const { host, port, listenHost, listenPort } = this.server;
    // A refused connection would leave the library retrying in the background for ever (D-5); a port it cannot listen on ends the process.
    const probed = await attempt(Promise.all([probe(host, port), probeListen(listenHost, listenPort)]), probeMs, this.#scheduler);
    if (this.#stopped) return;
    if (probed.ok) await this.#connect();
    else this.#failed(failureText(probed.error));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#mediaServer?.disconnect();
    this.#mediaServer = undefined;
  }

  /** The answer to an API command, undefined when there was none in time. */
  async api(command: string): Promise<string | undefined> {
    const mediaServer = this.#mediaServer;
    if (mediaServer === undefined) return undefined;
    const answer = await attempt(mediaServer.api(argument(command)), apiMs, this.#scheduler);
    if (answer.ok) return answer.value;
    this.#log.warn({ code: 'media_server_silent', command: command.split(' ', 1)[0], problem: failureText(answer.error) }, 'the media server did not answer a command');
    return undefined;
  }

  #failed(problem: string): void {
    if (this.#stopped || this.#mediaServer !== undefined) return;
    if (problem !== this.#reported) this.#log.warn({ code: 'media_server_unreachable', problem }, 'the media server cannot be reached; trying on');
    this.#reported = problem;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#scheduler.after(retryMs, () => void this.start());
  }

  /** Settles with the first outcome. A client of the library cannot be stopped before it is connected, so it may succeed later. */
  #connect(): Promise<void> {
    const { host, port, secret, profile, listenHost, listenPort, advertisedHost } = this.server;
    return new Promise((settled) => {
      let outcome: 'none' | 'known' = 'none';
      const first = (): 'first' | 'later' => {
        if (outcome === 'known') return 'later';
        outcome = 'known';
        cancelWatch();
        return 'first';
      };
      const cancelWatch = this.#scheduler.after(connectMs, () => {
        // The library neither reports a refused secret nor stops trying: no second client beside it.
        this.#log.warn({ code: 'media_server_refuses' }, 'the media server took the connection but does not let us in: check its secret; trying on');
        settled();
      });
      const options = { address: host, port, secret, profile, listenAddress: listenHost, listenPort, ...(advertisedHost === undefined ? {} : { advertisedAddress: advertisedHost }) };
      this.#mrf.connect(options, (error, mediaServer) => {
        const when = first();
        if (mediaServer !== undefined) {
          void this.#connected(mediaServer).then(settled);
        } else if (when === 'first') {
          this.#failed(errorText(error));
          settled();
        }
      });
    });
  }

  async #connected(mediaServer: Mrf.MediaServer): Promise<void> {
    if (this.#stopped || this.#mediaServer !== undefined) {
      mediaServer.disconnect();
      return;
    }
    this.#cancelRetry?.();
    // D-16: the library writes a command header by header; with Nagle's algorithm each takes 45 ms.
    mediaServer.conn.socket?.setNoDelay(true);
    sendInOneWrite(mediaServer.conn);
    // Before the library greets a connection of an endpoint, which it does as soon as it has it.
    mediaServer._server.server.prependListener('connection', (socket) => {
      socket.setNoDelay(true);
      inOneWrite(socket);
    });
    mediaServer._server.on('connection::open', sendInOneWrite);
    mediaServer.on('end', () => this.#lost(mediaServer));
    this.#mediaServer = mediaServer;
    this.#reported = undefined;
    await this.reap();
    this.#log.info({}, 'connected to the media server');
    this.#handlers.onUp();
  }

  #lost(mediaServer: Mrf.MediaServer): void {
    if (this.#mediaServer !== mediaServer) return;
    this.#mediaServer = undefined;
    mediaServer.disconnect();
    if (this.#stopped) return;
    this.#log.error({ code: 'media_server_lost' }, 'the media server is lost');
    this.#handlers.onDown();
    this.#cancelRetry = this.#scheduler.after(retryMs, () => void this.start());
  }

  /**
   * Ends what a former run of ours left on the server and nobody wants: members of conferences of ours, and channels that play from our
   * prompt folder, which outlive their connection (F-15), and those parked by its loss. Called before the first call of this run.
   */
  async reap(): Promise<void> {
    const members = listedMembers((await this.api('conference json_list')) ?? '').filter((member) => member.conference.startsWith(conferencePrefix));
    const channels = listedChannels((await this.api('show channels as json')) ?? '').filter((channel) => this.#isLeft(channel));
    const uuids = new Set([...members, ...channels].map((left) => left.uuid).filter((uuid) => !this.#handlers.isKept(uuid)));
    for (const uuid of uuids) await this.api(`uuid_kill ${uuid}`);
    if (uuids.size > 0) this.#log.warn({ count: uuids.size }, 'ended channels that a former run had left on the media server');
  }

  #isLeft({ name, application, data }: ListedChannel): boolean {
    if (application === 'park') return name.startsWith(`sofia/${this.server.profile}/`);
    return application === 'playback' && data.startsWith(`${this.server.promptDir}/`);
  }
}

function probe(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      // Its greeting is read before it is closed: with data unread the close would be a reset.
      socket.resume();
      socket.end();
      resolve();
    });
    socket.once('error', (error) => {
      socket.destroy();
      reject(error);
    });
    socket.setTimeout(probeMs, () => socket.destroy(new Error('no connection in time')));
  });
}

function probeListen(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => server.close(() => resolve()));
  });
}
