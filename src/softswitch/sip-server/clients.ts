/** The clients connected, and which of them gets a new request. */
import type { Client } from './client.ts';

export class Clients {
  readonly #all = new Set<Client>();
  /** How many requests of each verb were given out: round robin. */
  readonly #given = new Map<string, number>();

  get size(): number {
    return this.#all.size;
  }

  add(client: Client): void {
    this.#all.add(client);
  }

  delete(client: Client): void {
    this.#all.delete(client);
  }

  all(): Client[] {
    return [...this.#all];
  }

  /** The client that is next for `verb` (lower case); undefined when nobody asked for it. */
  choose(verb: string): Client | undefined {
    const candidates = this.all().flatMap((client) => client.routes.filter((route) => route === verb).map(() => client));
    if (candidates.length === 0) return undefined;
    const given = this.#given.get(verb) ?? 0;
    this.#given.set(verb, given + 1);
    // The second begins, as drachtio-server has it.
    return candidates[(given + 1) % candidates.length];
  }
}
