/** The UDP sockets of one leg: RTP on an even port, RTCP on the next (RFC 3550 §11). */
import type { PacketHandler, PacketIo, PacketSocket } from './packet-io.ts';

export interface RtpSocketEvents {
  readonly onRtp: PacketHandler;
  readonly onRtcp: PacketHandler;
  readonly onError: (error: Error) => void;
}

/** Both sockets of a leg. */
export class RtpSockets {
  readonly rtp: PacketSocket;
  readonly rtcp: PacketSocket;

  constructor(rtp: PacketSocket, rtcp: PacketSocket) {
    this.rtp = rtp;
    this.rtcp = rtcp;
  }

  close(): void {
    this.rtp.close();
    this.rtcp.close();
  }
}

export type BindOutcome = { readonly ok: true; readonly sockets: RtpSockets } | { readonly ok: false; readonly error: 'port_taken' | 'failed' };

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES');

/** Binds `port` and the next at `host`. `port_taken`: by somebody else; another may do. `failed`: no port will, as `onError` was told. */
export async function openRtpSockets(io: PacketIo, host: string, port: number, events: RtpSocketEvents): Promise<BindOutcome> {
  let rtp: PacketSocket | undefined;
  try {
    rtp = await io.open(host, port, events.onRtp);
    const rtcp = await io.open(host, port + 1, events.onRtcp);
    return { ok: true, sockets: new RtpSockets(rtp, rtcp) };
  } catch (error) {
    rtp?.close();
    if (isTaken(error)) return { ok: false, error: 'port_taken' };
    events.onError(error instanceof Error ? error : new Error(String(error)));
    return { ok: false, error: 'failed' };
  }
}
