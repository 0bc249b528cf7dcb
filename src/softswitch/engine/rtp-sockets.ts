/** The UDP sockets of one leg: RTP on an even port, RTCP on the next. */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { PortPool } from './port-pool.ts';

/** Ports found taken by somebody else are passed over, this many at most. */
const MAX_ATTEMPTS = 64;

export interface RtpSocketEvents {
  readonly onRtp: (packet: Buffer, from: RemoteInfo) => void;
  readonly onError: (error: Error) => void;
}

/** Both sockets of a leg, and the port they have to give back. */
export class RtpSockets {
  readonly port: number;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #release: () => void;

  constructor(port: number, rtp: Socket, rtcp: Socket, release: () => void) {
    this.port = port;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#release = release;
  }

  /** `address` must be an IP address; what cannot be sent is lost, as on any network. */
  send(packet: Buffer, port: number, address: string): void {
    this.#rtp.send(packet, port, address);
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
    this.#release();
  }
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES');

/** Binds a pair at `host`; undefined when no port of the pool can be had. */
export async function openRtpSockets(host: string, pool: PortPool, now: () => number, events: RtpSocketEvents): Promise<RtpSockets | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const port = pool.take(now());
    if (port === undefined) return undefined;
    const release = (): void => {
      pool.release(port, now());
    };
    const rtp = newSocket(host);
    const rtcp = newSocket(host);
    try {
      await bind(rtp, port, host);
      await bind(rtcp, port + 1, host);
    } catch (error) {
      rtp.close();
      rtcp.close();
      release();
      if (isTaken(error)) continue;
      events.onError(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
    for (const socket of [rtp, rtcp]) socket.on('error', events.onError);
    rtp.on('message', events.onRtp);
    // RTCP is read, so that nothing piles up, and dropped.
    rtcp.on('message', () => undefined);
    return new RtpSockets(port, rtp, rtcp, release);
  }
  return undefined;
}

/** Without a lookup of our own Node asks the resolver, and takes a turn of the event loop, for every packet sent. */
function newSocket(host: string): Socket {
  const type = isIPv6(host) ? 'udp6' : 'udp4';
  const family = type === 'udp6' ? 6 : 4;
  return createSocket({
    type,
    lookup: (address, _options, callback) => {
      callback(null, address, family);
    },
  });
}

async function bind(socket: Socket, port: number, host: string): Promise<void> {
  const listening = once(socket, 'listening');
  socket.bind({ port, address: host, exclusive: true });
  await listening;
}
