/** The UDP sockets of one leg: RTP on an even port, RTCP on the next (RFC 3550 §11). */
import type { PacketHandler, PacketIo, PacketSocket } from './packet-io.ts';
import type { PortPool } from './port-pool.ts';

/** Ports found taken by somebody else are passed over, this many at most. */
const MAX_ATTEMPTS = 64;

export interface RtpSocketEvents {
  readonly onRtp: PacketHandler;
  readonly onRtcp: PacketHandler;
  readonly onError: (error: Error) => void;
}

/** Both sockets of a leg, and the port they have to give back. */
export class RtpSockets {
  readonly port: number;
  readonly rtp: PacketSocket;
  readonly rtcp: PacketSocket;
  readonly #release: () => void;

  constructor(port: number, rtp: PacketSocket, rtcp: PacketSocket, release: () => void) {
    this.port = port;
    this.rtp = rtp;
    this.rtcp = rtcp;
    this.#release = release;
  }

  close(): void {
    this.rtp.close();
    this.rtcp.close();
    this.#release();
  }
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES');

/** Binds a pair at `host`; undefined when no port of the pool can be had. */
export async function openRtpSockets(io: PacketIo, host: string, pool: PortPool, now: () => number, events: RtpSocketEvents): Promise<RtpSockets | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const port = pool.take(now());
    if (port === undefined) return undefined;
    let rtp: PacketSocket | undefined;
    try {
      rtp = await io.open(host, port, events.onRtp);
      const rtcp = await io.open(host, port + 1, events.onRtcp);
      return new RtpSockets(port, rtp, rtcp, () => {
        pool.release(port, now());
      });
    } catch (error) {
      rtp?.close();
      pool.release(port, now());
      if (isTaken(error)) continue;
      events.onError(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }
  return undefined;
}
