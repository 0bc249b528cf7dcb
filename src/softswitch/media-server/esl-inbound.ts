/** The event socket clients connect to: loopback, one password, a bounded number of them. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { authRequest } from '../../protocol/esl/encode.ts';
import type { Core } from './core.ts';
import { EslSession } from './esl-session.ts';
import { upTime } from './system-commands.ts';

export interface EslInboundOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

export class EslInbound {
  readonly #core: Core;
  readonly #secret: Buffer;
  readonly #server: Server;
  readonly #sessions = new Set<EslSession>();
  #cancelHeartbeat: (() => void) | undefined;

  constructor(core: Core, secret: string) {
    this.#core = core;
    this.#secret = digest(secret);
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Rejects when the address cannot be listened on. Answers the port. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#core.log.error({ error }, 'event socket listener failed'));
    this.#beat();
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#cancelHeartbeat?.();
    for (const session of this.#sessions) session.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    if (this.#sessions.size >= this.#core.limits.eslConnections) {
      this.#core.log.warn({ remote: socket.remoteAddress }, 'too many event socket clients');
      socket.on('error', () => undefined);
      // Not only our side: who is not let in must not stay by not hanging up.
      socket.end('Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n', () => socket.destroy());
      return;
    }
    const session: EslSession = new EslSession({
      core: this.#core,
      socket,
      // Equal lengths by hashing, then compared in constant time.
      authenticate: (password) => timingSafeEqual(digest(password), this.#secret),
      closed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    session.write(authRequest());
  }

  /** On the server's own clock, first after the start: a client hears the next one (F-24). */
  #beat(): void {
    this.#cancelHeartbeat = this.#core.scheduler.after(this.#core.limits.heartbeatMs, () => this.#beat());
    const core = this.#core;
    const { sessions } = core;
    const { recentPeaks } = sessions;
    const uptime = core.scheduler.now() - core.identity.startedAt;
    core.bus.publish('HEARTBEAT', [
      ['Event-Info', 'System Ready'],
      ['Up-Time', upTime(uptime)],
      ['FreeSWITCH-Version', core.identity.version],
      ['Uptime-msec', String(uptime)],
      ['Session-Count', String(core.channels.size)],
      ['Max-Sessions', String(sessions.max)],
      ['Session-Per-Sec', String(sessions.perSecond)],
      ['Session-Per-Sec-Last', String(sessions.lastPerSecond)],
      ['Session-Per-Sec-Max', String(sessions.peakPerSecond)],
      ['Session-Per-Sec-FiveMin', String(recentPeaks.perSecond)],
      ['Session-Since-Startup', String(sessions.total)],
      ['Session-Peak-Max', String(sessions.peak)],
      ['Session-Peak-FiveMin', String(recentPeaks.sessions)],
      ['Idle-CPU', '100.000000'],
    ]);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
