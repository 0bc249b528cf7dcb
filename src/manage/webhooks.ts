import { roomEventTypes } from '../domain/events.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Page, PageQuery } from '../ports/page.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Webhook, WebhookSettings, WebhookStore } from '../ports/webhooks.ts';
import { changed, entryOf, timeText, type Origin } from './audit.ts';
import { eventView, type EventView } from './event-view.ts';
import type { WebhookDelivery } from './webhook-delivery.ts';

export interface WebhooksOptions {
  readonly webhooks: WebhookStore;
  readonly delivery: WebhookDelivery;
  readonly secrets: Secrets;
}

/** Times are RFC 3339. */
export type WebhookView = ReturnType<typeof webhookView>;

export interface WebhookGiven {
  readonly url?: string;
  /** `null`: all. */
  readonly events?: readonly string[] | null;
  readonly rooms?: readonly string[] | null;
  readonly state?: 'active' | 'paused';
  readonly secret?: string;
}

export interface DeadLetterView extends EventView {
  readonly givenUpAt: string;
  readonly problem: string;
}

export type TestOutcome = { readonly outcome: 'delivered'; readonly status: number } | { readonly outcome: 'failed'; readonly problem: string; readonly status?: number };

const mostWebhooks = 100;

/** Receivers that are told what happens. */
export class Webhooks {
  readonly #options: WebhooksOptions;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  async list(): Promise<Result<readonly WebhookView[], Problem>> {
    const all = await this.#options.webhooks.all();
    return all.ok ? ok(all.value.map(webhookView)) : all;
  }

  async get(id: string): Promise<Result<WebhookView, Problem>> {
    const found = await this.#find(id);
    return found.ok ? ok(webhookView(found.value)) : found;
  }

  /** `secret`: in clear, this once. */
  async add(origin: Origin, given: WebhookGiven & { readonly url: string }): Promise<Result<{ readonly webhook: WebhookView; readonly secret: string }, Problem>> {
    const { webhooks, delivery, secrets } = this.#options;
    const all = await webhooks.all();
    if (!all.ok) return all;
    if (all.value.length >= mostWebhooks) return err({ code: 'webhooks_too_many', message: `there are ${mostWebhooks} webhooks`, advice: 'remove some' });
    const settings = settingsOf(given, { url: given.url, state: 'active' });
    if (!settings.ok) return settings;
    const secret = given.secret ?? secrets.token();
    const added = await webhooks.add(settings.value, secret, (webhook) => ({ audit: entryOf(origin, 'webhook.add', `webhook:${webhook.id}`, { after: noted(webhook) }), events: [] }));
    if (!added.ok) return added;
    delivery.wake(added.value);
    return ok({ webhook: webhookView(added.value), secret });
  }

  async change(origin: Origin, id: string, version: number | undefined, given: WebhookGiven): Promise<Result<WebhookView, Problem>> {
    const { webhooks, delivery } = this.#options;
    const found = await this.#find(id);
    if (!found.ok) return found;
    const settings = settingsOf(given, found.value);
    if (!settings.ok) return settings;
    const { secret } = given;
    const kept = await webhooks.change(id, version, { settings: settings.value, ...(secret === undefined ? {} : { secret }) }, (after, before) => ({
      audit: entryOf(origin, 'webhook.change', `webhook:${id}`, { before: noted(before), after: { ...noted(after), ...(secret === undefined ? {} : { secret: changed }) } }),
      events: [],
    }));
    if (!kept.ok) return kept;
    delivery.wake(kept.value);
    return ok(webhookView(kept.value));
  }

  async remove(origin: Origin, id: string): Promise<Result<void, Problem>> {
    const { webhooks, delivery } = this.#options;
    const removed = await webhooks.remove(id, (webhook) => ({ audit: entryOf(origin, 'webhook.remove', `webhook:${id}`, { before: noted(webhook) }), events: [] }));
    if (removed.ok) delivery.forget(id);
    return removed;
  }

  /** A delivery that failed is an answer, too. */
  async test(id: string): Promise<Result<TestOutcome, Problem>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    const sent = await this.#options.delivery.test(found.value);
    if (sent.ok) return ok({ outcome: 'delivered', status: sent.value });
    const { message, status } = sent.error;
    return ok({ outcome: 'failed', problem: message, ...(status === undefined ? {} : { status }) });
  }

  /** Sends everything after event `after` again, in order. */
  async replay(id: string, after: number): Promise<Result<void, Problem>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    this.#options.delivery.replay(id, after);
    return ok(undefined);
  }

  async deadLetters(id: string, query: PageQuery): Promise<Result<Page<DeadLetterView>, Problem>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    const page = await this.#options.webhooks.deadLetters(id, query);
    return page.ok ? ok({ ...page.value, items: page.value.items.map((letter) => ({ ...eventView(letter), givenUpAt: timeText(letter.at), problem: letter.problem })) }) : page;
  }

  async dropDeadLetters(id: string): Promise<Result<void, Problem>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    const dropped = await this.#options.webhooks.dropDeadLetters(id);
    return dropped.ok ? ok(undefined) : dropped;
  }

  async #find(id: string): Promise<Result<Webhook, Problem>> {
    const found = await this.#options.webhooks.byId(id);
    if (!found.ok) return found;
    return found.value === undefined ? err(unknown) : ok(found.value);
  }
}

const unknown: Problem = { code: 'webhook_unknown', message: 'there is no such webhook', advice: 'list the webhooks for their ids' };

function settingsOf(given: WebhookGiven, before: WebhookSettings): Result<WebhookSettings, Problem> {
  const url = given.url ?? before.url;
  const events = given.events === undefined ? before.events : (given.events ?? undefined);
  const rooms = given.rooms === undefined ? before.rooms : (given.rooms ?? undefined);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) return err({ code: 'webhook_url_invalid', message: 'the address is not one of http or https', advice: 'give an absolute address, as https://example.com/hook', field: 'url' });
  if (parsed.username !== '' || parsed.password !== '') return err({ code: 'webhook_url_invalid', message: 'the address holds a password', advice: 'check the signature of each delivery instead', field: 'url' });
  const strange = events?.findIndex((type) => !roomEventTypes.some((known) => known === type)) ?? -1;
  if (strange >= 0) return err({ code: 'event_type_unknown', message: 'there is no such type of events', advice: `choose from: ${roomEventTypes.join(', ')}`, field: `events[${strange}]` });
  return ok({ url, state: given.state ?? before.state, ...(events === undefined ? {} : { events }), ...(rooms === undefined ? {} : { rooms }) });
}

const noted = ({ url, events, rooms, state }: Webhook): object => ({ url, ...(events === undefined ? {} : { events }), ...(rooms === undefined ? {} : { rooms }), state });

export function webhookView({ id, url, events, rooms, state, cursor, failures, nextAttemptAt, createdAt, version }: Webhook) {
  return {
    id,
    url,
    ...(events === undefined ? {} : { events }),
    ...(rooms === undefined ? {} : { rooms }),
    state,
    deliveredUpTo: cursor,
    failures,
    ...(nextAttemptAt === undefined ? {} : { nextAttemptAt: timeText(nextAttemptAt) }),
    createdAt: timeText(createdAt),
    version,
  };
}
