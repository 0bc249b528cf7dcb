/**
 * Notices a closed UDP port at once. An unconnected socket is never told of ICMP "port unreachable", and a request to a
 * peer that is down would be repeated for 32 s; so when nothing was heard from a peer lately, a connected socket sends it
 * a keep-alive (RFC 5626 §3.5.1: CRLF CRLF, which SIP ignores) and listens for the refusal.
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Scheduler } from '../../lib/machine.ts';
import type { HostPort } from './api.ts';
import { RecentMap } from './recent-map.ts';

const MAX_PEERS = 4096;
const MAX_PROBES = 256;
/** A refusal comes within a round trip. */
const WAIT_MS = 2000;
/** A peer heard within this time needs no probe. */
const HEARD_MS = 30_000;

export class PeerProbe {
  readonly #heard: RecentMap<number>;
  readonly #probes = new Map<Socket, () => void>();
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#heard = new RecentMap({ max: MAX_PEERS, ttlMs: HEARD_MS, now: () => scheduler.now() });
  }

  heard(peer: HostPort): void {
    this.#heard.set(`${peer.host} ${peer.port}`, this.#scheduler.now());
  }

  /** Calls `refused` at most once, if the peer's machine says that nobody listens on that port. */
  watch(peer: HostPort, refused: () => void): void {
    const heard = this.#heard.get(`${peer.host} ${peer.port}`);
    if (heard !== undefined && this.#scheduler.now() - heard < HEARD_MS) return;
    if (this.#probes.size >= MAX_PROBES) return;
    const socket = createSocket(isIPv6(peer.host) ? 'udp6' : 'udp4');
    const cancel = this.#scheduler.after(WAIT_MS, () => this.#end(socket));
    this.#probes.set(socket, cancel);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const live = this.#probes.has(socket);
      this.#end(socket);
      if (live && error.code === 'ECONNREFUSED') refused();
    });
    socket.connect(peer.port, peer.host, () => {
      if (this.#probes.has(socket)) socket.send('\r\n\r\n');
    });
  }

  close(): void {
    for (const socket of [...this.#probes.keys()]) this.#end(socket);
  }

  #end(socket: Socket): void {
    const cancel = this.#probes.get(socket);
    if (cancel === undefined) return;
    this.#probes.delete(socket);
    cancel();
    socket.close();
  }
}
