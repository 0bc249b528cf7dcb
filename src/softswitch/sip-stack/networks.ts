/** Networks in CIDR notation (RFC 4632, RFC 4291 §2.3), and which source address counts as one source. */
import { BlockList, isIP, isIPv6 } from 'node:net';

export const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];

export class Networks {
  readonly #list = new BlockList();

  /** Entries that are no network are ignored: the configuration refuses them. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', prefix = ''] = network.split('/');
      const version = isIP(address);
      if (version === 0 || !/^[0-9]{1,3}$/.test(prefix) || Number(prefix) > (version === 4 ? 32 : 128)) continue;
      this.#list.addSubnet(address, Number(prefix), version === 4 ? 'ipv4' : 'ipv6');
    }
  }

  has(address: string): boolean {
    return this.#list.check(address.replace(/%.*$/, ''), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

const loopback = new Networks(LOOPBACK);

export function isLoopback(address: string): boolean {
  return loopback.has(address);
}

/** An IPv6 host owns its whole /64 (RFC 4291 §2.5.4): it is one source with all of it. */
export function sourceOf(address: string): string {
  if (!address.includes(':')) return address;
  return ipv6Groups(address).slice(0, 4).map((group) => group.toString(16)).join(':');
}

/** The 4 or 16 bytes of an IP address. */
export function addressBytes(address: string): Uint8Array {
  if (!address.includes(':')) return Uint8Array.from(address.split('.'), Number);
  return Uint8Array.from(ipv6Groups(address).flatMap((group) => [group >> 8, group & 255]));
}

/** Eight numbers; a socket never tells an address with dots among colons, as it takes IPv6 only. */
function ipv6Groups(address: string): number[] {
  const [front = '', back] = address.replace(/%.*$/, '').split('::');
  const head = front === '' ? [] : front.split(':');
  const tail = back === undefined || back === '' ? [] : back.split(':');
  const gap = back === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  return [...head, ...Array<string>(gap).fill('0'), ...tail].map((group) => parseInt(group, 16));
}
