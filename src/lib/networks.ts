import { BlockList, isIP } from 'node:net';

/** Networks in CIDR notation; an address alone is a network of one. */
export class Networks {
  readonly #list = new BlockList();

  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      const is6 = isIP(address) === 6;
      this.#list.addSubnet(address, Number(bits ?? (is6 ? 128 : 32)), is6 ? 'ipv6' : 'ipv4');
    }
  }

  /** Of IPv4 written as IPv6, the address of IPv4 counts. */
  has(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }
}
