import type { Scheduler } from '../lib/machine.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Problem } from '../lib/problem.ts';
import type { StoredEvent } from '../ports/events.ts';
import type { Log } from '../ports/log.ts';
import type { DeliveryProblem, WebhookSender } from '../ports/webhook-sender.ts';
import type { DeadLetter, Webhook, WebhookProgress, WebhookStore } from '../ports/webhooks.ts';
import type { EventFeed } from './event-feed.ts';
import { eventView } from './event-view.ts';

export interface WebhookDeliveryOptions {
  readonly webhooks: WebhookStore;
  readonly feed: EventFeed;
  readonly sender: WebhookSender;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly rules: BackOff;
}

/** Between two tries of one event. */
export interface BackOff {
  /** Milliseconds; doubled by each failure, up to `longestMs`. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** Failures after which an event is given up and the next one has its turn. */
  readonly attempts: number;
}

/** The wait after so many failures, 1 or more. */
export const waitAfter = (failures: number, { firstMs, longestMs }: BackOff): number => Math.min(longestMs, firstMs * 2 ** Math.min(30, failures - 1));

const storeRetryMs = 1_000;
const largestRead = 100;

/** What is being done for one webhook. */
interface Line {
  progress: WebhookProgress;
  cancelTimer: (() => void) | undefined;
  running: Promise<void> | undefined;
  again: boolean;
  /** Where a replay begins, once what is under way is over. */
  rewind: number | undefined;
}

/**
 * Sends each webhook its events: one at a time and in order, none left out. Where it stands is kept, so that a restart goes on
 * there; an event whose answer was lost is sent again, with its id.
 */
export class WebhookDelivery {
  readonly #options: WebhookDeliveryOptions;
  readonly #lines = new Map<string, Line>();
  #stopNews: () => void = () => undefined;
  #stopped = false;

  constructor(options: WebhookDeliveryOptions) {
    this.#options = options;
  }

  async start(): Promise<Result<void, Problem>> {
    const all = await this.#options.webhooks.all();
    if (!all.ok) return all;
    for (const webhook of all.value) this.wake(webhook);
    this.#stopNews = this.#options.feed.onNews(() => {
      for (const id of this.#lines.keys()) this.#work(id);
    });
    return ok(undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopNews();
    for (const { cancelTimer } of this.#lines.values()) cancelTimer?.();
    this.#options.sender.close();
    await Promise.all([...this.#lines.values()].flatMap(({ running }) => (running === undefined ? [] : [running])));
  }

  /** It was made or changed: what waits is tried at once. */
  wake({ id, cursor, failures, nextAttemptAt }: Webhook): void {
    const line = this.#lines.get(id);
    if (line === undefined) this.#lines.set(id, { progress: { cursor, failures, ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }) }, cancelTimer: undefined, running: undefined, again: false, rewind: undefined });
    else line.progress = { cursor: line.progress.cursor, failures: line.progress.failures };
    this.#work(id);
  }

  forget(id: string): void {
    this.#lines.get(id)?.cancelTimer?.();
    this.#lines.delete(id);
  }

  /** Everything after event `cursor` is sent again. */
  replay(id: string, cursor: number): void {
    const line = this.#lines.get(id);
    if (line === undefined) return;
    line.rewind = cursor;
    this.#work(id);
  }

  #work(id: string): void {
    const line = this.#lines.get(id);
    if (line === undefined || this.#stopped) return;
    line.again = true;
    if (line.running !== undefined) return;
    line.running = this.#run(id, line).finally(() => {
      line.running = undefined;
      if (line.again) this.#work(id);
    });
  }

  async #run(id: string, line: Line): Promise<void> {
    const { scheduler, webhooks } = this.#options;
    line.again = false;
    if (line.rewind !== undefined) {
      const cursor = line.rewind;
      line.rewind = undefined;
      if (!(await this.#keep(id, line, { cursor, failures: 0 }, []))) return;
    }
    const wait = (line.progress.nextAttemptAt ?? 0) - scheduler.now();
    if (wait > 0) {
      this.#later(id, line, wait);
      return;
    }
    const found = await webhooks.byId(id);
    if (!found.ok) {
      this.#later(id, line, storeRetryMs);
      return;
    }
    if (found.value === undefined) this.forget(id);
    else if (found.value.state === 'active') await this.#deliver(found.value, line);
  }

  async #deliver(webhook: Webhook, line: Line): Promise<void> {
    const { feed } = this.#options;
    const page = await feed.after(line.progress.cursor, largestRead);
    if (!page.ok) {
      this.#later(webhook.id, line, storeRetryMs);
      return;
    }
    const last = page.value.at(-1);
    if (last === undefined) return;
    for (const stored of page.value) {
      if (this.#stopped || line.rewind !== undefined || !this.#lines.has(webhook.id)) return;
      if (!isFor(webhook, stored)) continue;
      if (!(await this.#deliverOne(webhook, line, stored))) return;
    }
    if (line.progress.cursor < last.id && !(await this.#keep(webhook.id, line, { cursor: last.id, failures: 0 }, []))) return;
    line.again = true;
  }

  /** Whether the next one has its turn. */
  async #deliverOne(webhook: Webhook, line: Line, stored: StoredEvent): Promise<boolean> {
    const { scheduler, rules, log } = this.#options;
    const outcome = await this.#post(webhook, JSON.stringify(eventView(stored)));
    if (this.#stopped) return false;
    if (outcome.ok) {
      if (line.progress.failures > 0) log.info({ webhook: webhook.id, failures: line.progress.failures }, 'a webhook takes its events again');
      return this.#keep(webhook.id, line, { cursor: stored.id, failures: 0 }, []);
    }
    const failures = line.progress.failures + 1;
    if (failures === 1) log.warn({ code: 'webhook_failing', webhook: webhook.id, problem: outcome.error.message }, 'a webhook does not take an event; trying on');
    if (failures >= rules.attempts) {
      log.error({ code: 'webhook_dead_letter', webhook: webhook.id, event: stored.id, problem: outcome.error.message }, 'an event was given up for a webhook');
      const letter: DeadLetter = { ...stored, at: scheduler.now(), problem: outcome.error.message };
      return this.#keep(webhook.id, line, { cursor: stored.id, failures: 0 }, [letter]);
    }
    const wait = waitAfter(failures, rules);
    await this.#keep(webhook.id, line, { cursor: line.progress.cursor, failures, nextAttemptAt: scheduler.now() + wait }, []);
    this.#later(webhook.id, line, wait);
    return false;
  }

  async #post(webhook: Webhook, body: string): Promise<Result<number, DeliveryProblem>> {
    const { webhooks, sender, scheduler } = this.#options;
    const secret = await webhooks.secret(webhook.id);
    if (!secret.ok || secret.value === undefined) return err({ kind: 'unreachable', message: 'the secret of the webhook cannot be read' });
    return sender.send({ url: webhook.url, secret: secret.value, body, at: scheduler.now() });
  }

  /** Sends something that is no event, now, whatever waits. */
  async test(webhook: Webhook): Promise<Result<number, DeliveryProblem>> {
    const at = this.#options.scheduler.now();
    return this.#post(webhook, JSON.stringify({ type: 'webhook.test', at: new Date(at).toISOString(), data: {} }));
  }

  async #keep(id: string, line: Line, progress: WebhookProgress, dead: readonly DeadLetter[]): Promise<boolean> {
    const kept = await this.#options.webhooks.progress(id, progress, dead);
    if (!kept.ok) {
      this.#options.log.warn({ code: kept.error.code, webhook: id, problem: kept.error.message }, 'where a webhook stands could not be kept; trying on');
      this.#later(id, line, storeRetryMs);
      return false;
    }
    line.progress = progress;
    return true;
  }

  #later(id: string, line: Line, ms: number): void {
    line.cancelTimer?.();
    line.cancelTimer = this.#options.scheduler.after(ms, () => this.#work(id));
  }
}

const isFor = ({ events, rooms }: Webhook, { event }: StoredEvent): boolean =>
  (events === undefined || events.includes(event.type)) && (rooms === undefined || (event.roomId !== undefined && rooms.includes(event.roomId)));
