/** Networks in CIDR notation (RFC 4632, RFC 4291 §2.3), and which source address counts as one source. */
import { BlockList, isIP } from 'node:net';

export const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];

export class Networks {
  /** IPv4: compared as numbers, for every packet's source. */
  readonly #four: { readonly base: number; readonly mask: number }[] = [];
  readonly #six = new BlockList();

  /** Entries that are no network are ignored: the configuration refuses them. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', prefix = ''] = network.split('/');
      const version = isIP(address);
      if (version === 0 || !/^[0-9]{1,3}$/.test(prefix) || Number(prefix) > (version === 4 ? 32 : 128)) continue;
      if (version === 6) this.#six.addSubnet(address, Number(prefix), 'ipv6');
      else {
        // A shift by 32 is one by 0.
        const mask = Number(prefix) === 0 ? 0 : -1 << (32 - Number(prefix));
        this.#four.push({ base: ipv4Number(address) & mask, mask });
      }
    }
  }

  has(address: string): boolean {
    if (address.includes(':')) return this.#six.check(address.replace(/%.*$/, ''), 'ipv6');
    const number = ipv4Number(address);
    return this.#four.some(({ base, mask }) => (number & mask) === base);
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

function ipv4Number(address: string): number {
  return address.split('.').reduce((number, part) => (number << 8) | Number(part), 0);
}

/** Eight numbers; a socket never tells an address with dots among colons, as it takes IPv6 only. */
function ipv6Groups(address: string): number[] {
  const [front = '', back] = address.replace(/%.*$/, '').split('::');
  const head = front === '' ? [] : front.split(':');
  const tail = back === undefined || back === '' ? [] : back.split(':');
  const gap = back === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  return [...head, ...Array<string>(gap).fill('0'), ...tail].map((group) => parseInt(group, 16));
}
