/** RTP ports: even ones (RFC 3550 §11) in turn, so that the one unused for longest comes next; a closed one rests first. */
export class PortPool {
  readonly #quarantineMs: number;
  readonly #free: { readonly port: number; readonly usableAt: number }[] = [];

  /** `start` (0 to 1) is where in the range to begin: a restarted process must not meet the packets of its predecessor's calls. */
  constructor(portMin: number, portMax: number, quarantineMs: number, start: number) {
    this.#quarantineMs = quarantineMs;
    const first = portMin + (portMin % 2);
    const pairs = Math.max(Math.floor((portMax - first + 1) / 2), 0);
    for (let i = 0; i < pairs; i++) {
      this.#free.push({ port: first + 2 * ((Math.floor(start * pairs) + i) % pairs), usableAt: -Infinity });
    }
  }

  /** Ports not in use, those in quarantine included. */
  get size(): number {
    return this.#free.length;
  }

  /** The next even port; undefined when all are in use or in quarantine. */
  take(now: number): number | undefined {
    const [next] = this.#free;
    if (next === undefined || next.usableAt > now) return undefined;
    this.#free.shift();
    return next.port;
  }

  /** Gives a port back; it rests for the quarantine. */
  release(port: number, now: number): void {
    this.#free.push({ port, usableAt: now + this.#quarantineMs });
  }
}
