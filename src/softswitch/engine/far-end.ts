/**
 * Where a leg sends to and whom it listens to: symmetric RTP (RFC 4961, and RFC 7362 §4 for far ends behind NAT).
 *
 * The signalled address is used until valid packets show the real source. From then on only that source counts: a stranger who finds
 * the port cannot speak into the call or draw its audio away. A source nobody signalled is on probation first (RFC 3550 §A.1): one
 * stray packet, of a former call perhaps, is no far end. The signalled address needs none, and takes back what another has taken.
 * Signalling another address starts this over.
 */
import type { Address } from './packet-io.ts';

const isSame = (a: Address | undefined, b: Address): boolean => a === b || (a?.port === b.port && a.address === b.address);

/** What of an RTP header makes two packets follow one another. */
export interface StreamPosition {
  readonly ssrc: number;
  readonly sequence: number;
}

export class FarEnd {
  #signalled: Address | undefined;
  #source: Address | undefined;
  /** The one on probation, and the packet that would prove it. */
  #candidate: (Address & StreamPosition) | undefined;

  /** Where to send; undefined while nothing is known. */
  get target(): Address | undefined {
    return this.#source ?? this.#signalled;
  }

  get signalled(): Address | undefined {
    return this.#signalled;
  }

  /** The source is the one that was signalled: nobody can take its place. */
  get isCertain(): boolean {
    return this.#source !== undefined && isSame(this.#signalled, this.#source);
  }

  /** Answers whether that is another address than before. */
  signal(to: Address): 'same' | 'moved' {
    if (isSame(this.#signalled, to)) return 'same';
    this.#signalled = { address: to.address, port: to.port };
    this.#source = undefined;
    this.#candidate = undefined;
    return 'moved';
  }

  /** True for a packet that comes from anybody else, once the source is known: it needs no closer look. */
  isForeign(from: Address): boolean {
    return this.#source !== undefined && !isSame(this.#source, from) && !isSame(this.#signalled, from);
  }

  /** A packet from `from`, not foreign, is valid by its content. `locked`: it is the source from here on; `probation`: not yet, the packet does not count. */
  prove(from: Address, { ssrc, sequence }: StreamPosition): 'source' | 'locked' | 'probation' {
    if (isSame(this.#source, from)) return 'source';
    const candidate = this.#candidate;
    // RFC 3550 §A.1, MIN_SEQUENTIAL = 2: two packets in sequence.
    const isProven = isSame(this.#signalled, from) || (isSame(candidate, from) && candidate?.ssrc === ssrc && candidate.sequence === sequence);
    if (!isProven) {
      this.#candidate = { address: from.address, port: from.port, ssrc, sequence: (sequence + 1) & 0xffff };
      return 'probation';
    }
    // The object itself: the sockets hand over the same one again and again, and comparing it costs nothing.
    this.#source = from;
    this.#candidate = undefined;
    return 'locked';
  }
}
