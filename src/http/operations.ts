import type { Policy } from '../domain/policy.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { Problem } from '../lib/problem.ts';
import { ok, type Result } from '../lib/result.ts';
import { Calls } from '../manage/calls.ts';
import { Conferences } from '../manage/conferences.ts';
import { Control } from '../manage/control.ts';
import { EventFeed } from '../manage/event-feed.ts';
import { Recordings } from '../manage/recordings.ts';
import { Simulator } from '../manage/simulate.ts';
import { WebhookDelivery, type BackOff } from '../manage/webhook-delivery.ts';
import { Webhooks } from '../manage/webhooks.ts';
import type { AdmissionView } from '../ports/admission.ts';
import type { LivePort } from '../ports/live.ts';
import type { Log } from '../ports/log.ts';
import type { RecordingFiles } from '../ports/recording-files.ts';
import type { RecordingReader } from '../ports/recording-reader.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Status } from '../ports/status.ts';
import type { Stores } from '../ports/stores.ts';
import type { WebhookSender } from '../ports/webhook-sender.ts';
import type { EventStream } from './event-stream.ts';
import type { Answered, Metrics } from './metrics.ts';
import type { Route } from './route.ts';
import { callRoutes } from './routes/calls.ts';
import { eventRoutes } from './routes/events.ts';
import { liveCommandRoutes } from './routes/live-commands.ts';
import { liveRoutes } from './routes/live.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { policyRoutes } from './routes/policy.ts';
import { recordingRoutes } from './routes/recordings.ts';
import { webhookRoutes } from './routes/webhooks.ts';

export interface OperationsOptions {
  readonly stores: Pick<Stores, 'rooms' | 'audit' | 'events' | 'webhooks' | 'recordings' | 'decisions' | 'cdr'>;
  readonly live: LivePort;
  readonly view: AdmissionView;
  readonly policy: Policy;
  readonly attendantAliases: readonly string[];
  readonly metrics: Metrics;
  readonly isMetricsClient: (address: string) => boolean;
  readonly sender: WebhookSender;
  readonly backOff: BackOff;
  readonly files: Pick<RecordingFiles, 'remove'>;
  readonly reader: RecordingReader;
  readonly secrets: Secrets;
  readonly status: () => Promise<Status>;
  readonly pageSize: number;
  /** Milliseconds an event stream goes on before its client shows again who he is. */
  readonly streamMs: number;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Running a conference server, as far as it goes by REST: control, events, records, figures. */
export class Operations {
  readonly routes: readonly Route[];
  readonly feed: EventFeed;
  readonly #delivery: WebhookDelivery;
  readonly #streams = new Set<EventStream>();
  readonly #metrics: Metrics;

  private constructor(options: OperationsOptions) {
    const { stores, live, scheduler, pageSize, log, metrics, sender, backOff, secrets, status, view } = options;
    const now = (): number => scheduler.now();
    this.#metrics = metrics;
    this.feed = new EventFeed({ events: stores.events, scheduler, log });
    this.#delivery = new WebhookDelivery({ webhooks: stores.webhooks, feed: this.feed, sender, scheduler, log, rules: backOff });
    metrics.observe({ status, eventLagMs: () => this.feed.lagMs(), streams: () => this.#streams.size });
    const calls = new Calls({ cdr: stores.cdr, decisions: stores.decisions, live });
    this.routes = [
      ...liveRoutes({ conferences: new Conferences(live, now) }),
      ...liveCommandRoutes({ control: new Control({ live, rooms: stores.rooms, audit: stores.audit, log }), now }),
      ...recordingRoutes({ recordings: new Recordings({ ...options, recordings: stores.recordings }), pageSize, now }),
      ...callRoutes({ calls, pageSize }),
      ...policyRoutes({ simulator: new Simulator({ ...options, rooms: stores.rooms, view, now }) }),
      ...eventRoutes({ ...options, events: stores.events, rooms: stores.rooms, feed: this.feed, streams: this.#streams }),
      ...webhookRoutes({ webhooks: new Webhooks({ webhooks: stores.webhooks, delivery: this.#delivery, secrets }), pageSize, now }),
      ...metricsRoutes(options),
    ];
  }

  static async start(options: OperationsOptions): Promise<Result<Operations, Problem>> {
    const operations = new Operations(options);
    const reading = await operations.feed.start();
    if (!reading.ok) return reading;
    const delivering = await operations.#delivery.start();
    return delivering.ok ? ok(operations) : delivering;
  }

  readonly onAnswered = (answered: Answered): void => this.#metrics.answered(answered);

  /** Before the server stops: event streams end, and nobody is sent anything any more. */
  async stop(): Promise<void> {
    for (const stream of [...this.#streams]) stream.end();
    await this.#delivery.stop();
    await this.feed.stop();
  }
}
