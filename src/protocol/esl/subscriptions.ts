/** Which events a socket hears: the names it subscribed to, and then its filters. Pure: every change is a new value. */
import type { EventFormat } from './encode.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { headerOf, type EslEvent } from './event.ts';
import { CHANNEL_EVENT_NAMES, EVENT_NAMES } from './event-names.ts';

/** One filter, read when it is set: every event of the server is held against it. */
export interface EslFilter {
  readonly header: string;
  readonly value: string;
  readonly excludes: boolean;
  /** What the header is compared with, in lower case; undefined for a regular expression. */
  readonly exact: string | undefined;
  readonly matches: (text: string) => boolean;
}

export interface Subscriptions {
  readonly format: EventFormat;
  /** Only events of this channel are heard (`myevents`). */
  readonly channel?: string;
  /** Event names; `ALL` is everything. */
  readonly names: ReadonlySet<string>;
  /** Subclasses of CUSTOM events. */
  readonly subclasses: ReadonlySet<string>;
  readonly filters: readonly EslFilter[];
}

export const noSubscriptions: Subscriptions = { format: 'plain', names: new Set(), subclasses: new Set(), filters: [] };

/** A socket cannot make the server remember more than this many subclasses, and as many filters. */
const MAX_ENTRIES = 256;
const MAX_PATTERN = 256;
const EVERY_NAME: ReadonlySet<string> = new Set([...EVENT_NAMES].filter((name) => name !== 'ALL'));

export type SubscriptionError = { readonly code: 'no_keywords' } | { readonly code: 'too_many' } | { readonly code: 'invalid_filter' };

/** Adds to what is heard. After the word CUSTOM every further word is a subclass, even if an event has that name. */
export function subscribe(
  before: Subscriptions,
  format: EventFormat,
  words: readonly string[],
): Result<Subscriptions, SubscriptionError> {
  const { names, subclasses } = readWords(words);
  if (names.length === 0 && subclasses.length === 0) return err({ code: 'no_keywords' });
  const after = { ...before, format, names: new Set([...before.names, ...names]), subclasses: new Set([...before.subclasses, ...subclasses]) };
  return after.subclasses.size > MAX_ENTRIES ? err({ code: 'too_many' }) : ok(after);
}

/** `myevents`: all that happens to one channel, and nothing of others. */
export function subscribeToChannel(before: Subscriptions, format: EventFormat, channel: string): Subscriptions {
  return { ...before, format, channel, names: new Set([...before.names, ...CHANNEL_EVENT_NAMES]) };
}

export function unsubscribe(before: Subscriptions, words: readonly string[]): Subscriptions {
  const { names, subclasses } = readWords(words);
  const gone = new Set(names);
  const goneSubclasses = new Set(subclasses);
  // `CUSTOM x::y` takes the subclass away, not all custom events.
  if (subclasses.length > 0) gone.delete('CUSTOM');
  // A name taken out of ALL leaves the others.
  const present = before.names.has('ALL') && gone.size > 0 ? EVERY_NAME : before.names;
  return {
    ...before,
    names: gone.has('ALL') ? new Set() : new Set([...present].filter((name) => !gone.has(name))),
    subclasses: new Set([...before.subclasses].filter((name) => !goneSubclasses.has(name))),
  };
}

/** A value starting with `-` excludes; `/re/` is a regular expression; anything else is compared without regard to case. */
export function addFilter(before: Subscriptions, header: string, value: string): Result<Subscriptions, SubscriptionError> {
  if (header === '' || value === '' || value.length > MAX_PATTERN) return err({ code: 'invalid_filter' });
  if (before.filters.length >= MAX_ENTRIES) return err({ code: 'too_many' });
  const filter = readFilter(header, value);
  return filter === undefined ? err({ code: 'invalid_filter' }) : ok({ ...before, filters: [...before.filters, filter] });
}

export function deleteFilter(before: Subscriptions, header: string, value: string): Subscriptions {
  if (header.toLowerCase() === 'all') return { ...before, filters: [] };
  const goes = (filter: EslFilter): boolean =>
    filter.header.toLowerCase() === header.toLowerCase() && (value === '' || filter.value === value);
  return { ...before, filters: before.filters.filter((filter) => !goes(filter)) };
}

/** Without filters everything subscribed passes; with filters an event passes when one matches and none excludes it. */
export function hears(subscriptions: Subscriptions, event: EslEvent): boolean {
  const { channel } = subscriptions;
  if (!isSubscribed(subscriptions, event)) return false;
  if (channel !== undefined && headerOf(event, 'Unique-ID') !== channel && headerOf(event, 'Other-Leg-Unique-ID') !== channel) return false;
  return passesFilters(subscriptions.filters, event);
}

/** One header with one value, in lower case. */
export interface HeaderValue {
  readonly header: string;
  readonly value: string;
}

/** An event must have one of these to be heard; undefined when that cannot be told so simply. Many sockets hear one channel each. */
export function demands({ filters }: Subscriptions): readonly HeaderValue[] | undefined {
  if (filters.length === 0) return undefined;
  const wanted: HeaderValue[] = [];
  for (const { header, exact, excludes } of filters) {
    if (excludes) continue;
    if (exact === undefined) return undefined;
    wanted.push({ header: header.toLowerCase(), value: exact });
  }
  return wanted;
}

function isSubscribed({ names, subclasses }: Subscriptions, event: EslEvent): boolean {
  if (names.has('ALL')) return true;
  return names.has(event.name) && (event.subclass === undefined || subclasses.has(event.subclass));
}

function passesFilters(filters: readonly EslFilter[], event: EslEvent): boolean {
  if (filters.length === 0) return true;
  let passes = false;
  for (const filter of filters) {
    const value = headerOf(event, filter.header);
    if (value === undefined || !filter.matches(value)) continue;
    if (filter.excludes) return false;
    passes = true;
  }
  return passes;
}

function readFilter(header: string, value: string): EslFilter | undefined {
  const sign = /^[+\- ]*/.exec(value)?.[0] ?? '';
  const excludes = sign.trimEnd().endsWith('-');
  const wanted = value.slice(sign.length).toLowerCase();
  if (!wanted.startsWith('/')) return { header, value, excludes, exact: wanted, matches: (text) => text.toLowerCase() === wanted };
  const [, pattern, flags] = /^\/(.*)\/(i?)$/.exec(value.slice(sign.length)) ?? [];
  if (pattern === undefined) return undefined;
  try {
    const regexp = new RegExp(pattern, flags);
    return { header, value, excludes, exact: undefined, matches: (text) => regexp.test(text) };
  } catch {
    return undefined;
  }
}

function readWords(words: readonly string[]): { readonly names: readonly string[]; readonly subclasses: readonly string[] } {
  const names: string[] = [];
  const subclasses: string[] = [];
  let custom = false;
  for (const word of words) {
    if (custom) {
      subclasses.push(word);
      continue;
    }
    const name = word.toUpperCase().replace(/^SWITCH_EVENT_/, '');
    if (EVENT_NAMES.has(name)) names.push(name);
    custom = name === 'CUSTOM';
  }
  return { names, subclasses };
}
