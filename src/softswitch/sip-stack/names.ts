/** Names to addresses: NAPTR and SRV from DNS, addresses as the whole machine finds them. Everything has a deadline. */
import { lookup, Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { Scheduler } from '../../lib/machine.ts';

export interface Naptr {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
}

export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

/** What is not found, or not in time, is an empty list. */
export interface Names {
  naptr(name: string): Promise<readonly Naptr[]>;
  srv(name: string): Promise<readonly Srv[]>;
  addresses(name: string): Promise<readonly string[]>;
}

/** An address that is not found within this time is not found; a request waits for it. */
const ADDRESS_MS = 5_000;
/** NAPTR and SRV are refinements: few zones have them, and a silent DNS server must not hold up every call. */
const RECORDS_MS = 2_000;
/** More records of a name are not looked at: whoever owns the zone decides how many there are. */
const MAX_RECORDS = 16;

export class SystemNames implements Names {
  readonly #scheduler: Scheduler;
  readonly #resolver = new Resolver({ timeout: 700, tries: 2 });
  readonly #own: boolean;

  /** `servers`: asked instead of the system's, which then finds no address either. */
  constructor(scheduler: Scheduler, servers: readonly string[] | undefined) {
    this.#scheduler = scheduler;
    this.#own = servers !== undefined;
    if (servers !== undefined) this.#resolver.setServers(servers);
  }

  naptr(name: string): Promise<readonly Naptr[]> {
    return this.#within(RECORDS_MS, this.#resolver.resolveNaptr(name));
  }

  srv(name: string): Promise<readonly Srv[]> {
    return this.#within(RECORDS_MS, this.#resolver.resolveSrv(name));
  }

  async addresses(name: string): Promise<readonly string[]> {
    if (this.#own) {
      const found = await Promise.all([this.#within(ADDRESS_MS, this.#resolver.resolve4(name)), this.#within(ADDRESS_MS, this.#resolver.resolve6(name))]);
      return found.flat();
    }
    const found = await this.#within(ADDRESS_MS, lookup(name, { all: true, verbatim: true }));
    return found.map(({ address }) => address).sort((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)));
  }

  close(): void {
    this.#resolver.cancel();
  }

  #within<T>(ms: number, asked: Promise<readonly T[]>): Promise<readonly T[]> {
    return new Promise((resolve) => {
      const cancel = this.#scheduler.after(ms, () => resolve([]));
      asked.then(
        (found) => {
          cancel();
          resolve(found.slice(0, MAX_RECORDS));
        },
        () => {
          cancel();
          resolve([]);
        },
      );
    });
  }
}
