/** Which address a peer is told to reach us at: our own towards it, or outside the local networks the external one. */
import { isIP, isIPv6 } from 'node:net';
import type { NatOptions } from './api.ts';
import { isWildcard } from './listeners.ts';
import type { LocalAddresses } from './local-address.ts';
import { LOOPBACK, Networks } from './networks.ts';

export class Advertised {
  readonly #locals: LocalAddresses;
  readonly #external: string | undefined;
  readonly #inside: Networks;

  constructor(locals: LocalAddresses, nat: NatOptions | undefined) {
    this.#locals = locals;
    this.#external = nat?.externalAddress;
    this.#inside = new Networks([...LOOPBACK, ...(nat?.localNetworks ?? [])]);
  }

  /** Calls back with the address for `remote` (an IP address) of a socket bound to `bound`; undefined when there is no route. */
  find(remote: string, bound: string, done: (local: string | undefined) => void): void {
    const external = this.#external;
    // No NAT between IPv6 networks is known to us, unless an IPv6 address or a name is given.
    if (external !== undefined && !this.#inside.has(remote) && (isIP(external) === 0 || isIPv6(external) === isIPv6(remote))) done(external);
    else if (isWildcard(bound)) this.#locals.find(remote, done);
    else done(bound);
  }
}
