/**
 * Who may hear an event, found by the event's own headers: each channel has a socket that filters for it, and a thousand of
 * them must not be asked about every event.
 */
import { demands, type HeaderValue, type Subscriptions } from '../../protocol/esl/subscriptions.ts';

interface Entry {
  readonly names: ReadonlySet<string>;
  readonly demands: readonly HeaderValue[] | undefined;
}

export class ListenerIndex<L> {
  readonly #entries = new Map<L, Entry>();
  /** Those who must be asked about every event. */
  readonly #general = new Set<L>();
  /** By header name and value, both in lower case. */
  readonly #byHeader = new Map<string, Map<string, Set<L>>>();
  /** How many subscribed to a name. */
  readonly #names = new Map<string, number>();

  has(listener: L): boolean {
    return this.#entries.has(listener);
  }

  /** Adds a listener, or takes note of its new subscriptions. */
  set(listener: L, subscriptions: Subscriptions): void {
    this.delete(listener);
    const entry: Entry = { names: subscriptions.names, demands: demands(subscriptions) };
    this.#entries.set(listener, entry);
    for (const name of entry.names) this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
    if (entry.demands === undefined) this.#general.add(listener);
    for (const { header, value } of entry.demands ?? []) {
      const values = this.#byHeader.get(header) ?? new Map<string, Set<L>>();
      const listeners = values.get(value) ?? new Set<L>();
      this.#byHeader.set(header, values.set(value, listeners.add(listener)));
    }
  }

  delete(listener: L): void {
    const entry = this.#entries.get(listener);
    if (entry === undefined) return;
    this.#entries.delete(listener);
    this.#general.delete(listener);
    for (const name of entry.names) {
      const count = (this.#names.get(name) ?? 0) - 1;
      if (count > 0) this.#names.set(name, count);
      else this.#names.delete(name);
    }
    for (const { header, value } of entry.demands ?? []) {
      const values = this.#byHeader.get(header);
      const listeners = values?.get(value);
      listeners?.delete(listener);
      if (listeners?.size === 0) values?.delete(value);
      if (values?.size === 0) this.#byHeader.delete(header);
    }
  }

  /** Each who could hear an event with these headers, once. */
  candidates(valueOf: (header: string) => string | undefined): ReadonlySet<L> {
    const found = new Set(this.#general);
    for (const [header, values] of this.#byHeader) {
      for (const listener of values.get((valueOf(header) ?? '').toLowerCase()) ?? []) found.add(listener);
    }
    return found;
  }

  /** Whether anybody could hear an event of this name about this channel. */
  isHeard(name: string, uuid: string): boolean {
    if (!this.#names.has(name) && !this.#names.has('ALL')) return false;
    const hears = (listener: L): boolean => {
      const names = this.#entries.get(listener)?.names;
      return names !== undefined && (names.has(name) || names.has('ALL'));
    };
    for (const listener of this.#general) if (hears(listener)) return true;
    for (const [header, values] of this.#byHeader) {
      // What another header says is known once the event is made.
      if (header !== 'unique-id') return true;
      for (const listener of values.get(uuid.toLowerCase()) ?? []) if (hears(listener)) return true;
    }
    return false;
  }
}
