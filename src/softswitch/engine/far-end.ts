/**
 * Where a leg sends to and whom it listens to: symmetric RTP (RFC 4961, and RFC 7362 §4 for far ends behind NAT).
 *
 * The signalled address is used until the first valid packet shows the real source. From then on only that source counts: a stranger
 * who finds the port cannot speak into the call or draw its audio away. Signalling another address starts this over.
 */
export interface Address {
  readonly address: string;
  readonly port: number;
}

const isSame = (a: Address | undefined, b: Address): boolean => a?.address === b.address && a.port === b.port;

export class FarEnd {
  #signalled: Address | undefined;
  #source: Address | undefined;

  /** Where to send; undefined while nothing is known. */
  get target(): Address | undefined {
    return this.#source ?? this.#signalled;
  }

  signal(to: Address): void {
    if (isSame(this.#signalled, to)) return;
    this.#signalled = { address: to.address, port: to.port };
    this.#source = undefined;
  }

  /** True for a packet from anybody else, once the source is known. */
  isForeign(from: Address): boolean {
    return this.#source !== undefined && !isSame(this.#source, from);
  }

  /** A packet from `from` is valid by its content: that is the source, unless it is known already. */
  lock(from: Address): void {
    this.#source ??= { address: from.address, port: from.port };
  }
}
