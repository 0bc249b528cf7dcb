/** Makes events and hands them to the sockets that hear them. */
import type { Scheduler } from '../../lib/machine.ts';
import { writeEvent, type EventFormat } from '../../protocol/esl/encode.ts';
import { headerOf, type EslEvent, type EslHeader } from '../../protocol/esl/event.ts';
import { hears, type Subscriptions } from '../../protocol/esl/subscriptions.ts';
import type { Identity } from './core.ts';
import { ListenerIndex } from './listener-index.ts';

/** `subscriptions` may change at any time; the bus must be told, see `changed`. */
export interface EventListener {
  readonly subscriptions: Subscriptions;
  /** Takes an event, written in the listener's format. */
  deliver(text: string): void;
}

/** What an event tells besides what happened: all that FreeSWITCH tells, or only what names the server and the channel. */
export type EventDetail = 'full' | 'brief';

interface EventOptions {
  readonly subclass?: string;
  readonly body?: string;
  /** Default: full. */
  readonly detail?: EventDetail;
}

export class EventBus {
  readonly #identity: Identity;
  readonly #scheduler: Scheduler;
  readonly #listeners = new ListenerIndex<EventListener>();
  #sequence = 0;

  constructor(identity: Identity, scheduler: Scheduler) {
    this.#identity = identity;
    this.#scheduler = scheduler;
  }

  add(listener: EventListener): void {
    this.#listeners.set(listener, listener.subscriptions);
  }

  /** The subscriptions of a listener are others; one that is gone stays gone. */
  changed(listener: EventListener): void {
    if (this.#listeners.has(listener)) this.#listeners.set(listener, listener.subscriptions);
  }

  remove(listener: EventListener): void {
    this.#listeners.delete(listener);
  }

  /** An event with the headers every event has. The library needs Core-UUID in each to dispatch it (B.1). */
  make(name: string, headers: readonly EslHeader[], options: EventOptions = {}): EslEvent {
    this.#sequence++;
    const { subclass, body, detail = 'full' } = options;
    const common: readonly EslHeader[] = [['Event-Name', name], ['Core-UUID', this.#identity.coreUuid], ...(detail === 'full' ? this.#circumstances() : [])];
    const all = subclass === undefined ? [...common, ...headers] : [['Event-Subclass', subclass] as const, ...common, ...headers];
    return { name, headers: all, ...(subclass === undefined ? {} : { subclass }), ...(body === undefined ? {} : { body }) };
  }

  publish(name: string, headers: readonly EslHeader[], options: EventOptions = {}): void {
    const event = this.make(name, headers, options);
    const written = new Map<EventFormat, string>();
    for (const listener of this.#listeners.candidates((header) => headerOf(event, header))) {
      const { format } = listener.subscriptions;
      if (!hears(listener.subscriptions, event)) continue;
      const text = written.get(format) ?? writeEvent(event, format);
      written.set(format, text);
      listener.deliver(text);
    }
  }

  /** An event a client sent: its headers come after those every event has. */
  forward(event: { readonly name: string; readonly subclass: string | undefined; readonly headers: readonly EslHeader[]; readonly body: string }): void {
    const { name, subclass, headers, body } = event;
    this.publish(name, headers, { ...(subclass === undefined ? {} : { subclass }), ...(body === '' ? {} : { body }) });
  }

  #circumstances(): readonly EslHeader[] {
    const now = this.#scheduler.now();
    const date = new Date(now);
    const { hostname } = this.#identity;
    return [
      ['FreeSWITCH-Hostname', hostname],
      ['FreeSWITCH-Switchname', hostname],
      ['FreeSWITCH-IPv4', '127.0.0.1'],
      ['FreeSWITCH-IPv6', '::1'],
      ['Event-Date-Local', localTime(date)],
      ['Event-Date-GMT', date.toUTCString()],
      ['Event-Date-Timestamp', String(now * 1_000)],
      ['Event-Sequence', String(this.#sequence)],
    ];
  }

  /** Whether anybody could hear an event of this name about this channel: others need not be made. */
  isHeard(name: string, uuid: string): boolean {
    return this.#listeners.isHeard(name, uuid);
  }
}

/** FreeSWITCH's `2026-11-22 00:43:18`, local time. */
export function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
