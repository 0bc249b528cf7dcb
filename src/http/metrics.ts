import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Decision } from '../domain/decision.ts';
import type { RoomEvent } from '../domain/events.ts';
import type { CdrRecord } from '../ports/cdr.ts';
import type { Status } from '../ports/status.ts';

export interface MetricsSources {
  readonly status: () => Promise<Status>;
  /** Milliseconds the oldest event not yet told is behind. */
  readonly eventLagMs: () => Promise<number>;
  readonly streams: () => number;
}

export interface Answered {
  /** Its pattern, never the address. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
}

/** Calls whose setup is being measured; beyond it the oldest is forgotten. */
const mostMeasured = 10_000;

/** Figures for Prometheus. Labels are names of this program's own: neither rooms nor callers, whose number nobody bounds. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #arrived = new Map<string, number>();
  readonly #calls = this.#counter('vestibule_calls_total', 'Calls that have come in');
  readonly #ended = this.#counter('vestibule_calls_ended_total', 'Calls that are over, by reason', 'reason');
  readonly #setup = new Histogram({ name: 'vestibule_call_setup_seconds', help: 'From the arrival of a call to its place in the conference; prompts and lobby included', buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80], registers: [this.#registry] });
  readonly #pins = this.#counter('vestibule_pin_entries_total', 'PINs entered, by outcome', 'outcome');
  readonly #refusals = this.#counter('vestibule_commands_refused_total', 'Commands to conferences that were refused, by reason', 'why');
  readonly #http = new Histogram({ name: 'vestibule_http_request_seconds', help: 'Requests of the REST interface', labelNames: ['method', 'route', 'status'], buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5], registers: [this.#registry] });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  readonly contentType = this.#registry.contentType;

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Of a call, as its records have it. */
  call(record: CdrRecord): void {
    switch (record.type) {
      case 'callOpened':
        this.#calls.inc();
        this.#remember(record.id, record.at);
        return;
      case 'callJoined':
        this.#joined(record.id, record.at);
        return;
      case 'callClosed':
        this.#arrived.delete(record.id);
        this.#ended.inc({ reason: record.reason });
        return;
      default:
        return;
    }
  }

  event(event: RoomEvent): void {
    if (event.type === 'command.refused') this.#refusals.inc({ why: event.data.why });
  }

  decision({ stage, outcome }: Decision): void {
    if (stage === 'pin' || stage === 'claim') this.#pins.inc({ outcome });
  }

  answered({ route, method, status, ms }: Answered): void {
    this.#http.observe({ route, method, status: `${Math.floor(status / 100)}xx` }, ms / 1_000);
  }

  #remember(call: string, at: number): void {
    this.#arrived.set(call, at);
    if (this.#arrived.size <= mostMeasured) return;
    const oldest = this.#arrived.keys().next();
    if (oldest.done !== true) this.#arrived.delete(oldest.value);
  }

  #joined(call: string, at: number): void {
    const arrived = this.#arrived.get(call);
    if (arrived === undefined) return;
    this.#arrived.delete(call);
    this.#setup.observe(Math.max(0, at - arrived) / 1_000);
  }

  #counter(name: string, help: string, label?: string): Counter {
    return new Counter({ name, help, labelNames: label === undefined ? [] : [label], registers: [this.#registry] });
  }

  #gauge(name: string, help: string, label?: string): Gauge {
    return new Gauge({ name, help, labelNames: label === undefined ? [] : [label], registers: [this.#registry] });
  }

  /** What is read when somebody asks; once. */
  observe({ status, eventLagMs, streams }: MetricsSources): void {
    const conferences = this.#gauge('vestibule_conferences', 'Rooms with somebody in them or in their lobby, by state', 'state');
    const participants = this.#gauge('vestibule_participants', 'Participants, by place', 'place');
    const asked = this.#gauge('vestibule_calls_asked', 'Calls at the attendant or at a PIN prompt');
    const timers = this.#gauge('vestibule_timers', 'Timers that run');
    const ticks = this.#gauge('vestibule_mixer_ticks', 'Ticks of 20 ms of the own mixers since the start that were late, left out, or without the frame of another thread', 'what');
    const unsent = this.#gauge('vestibule_media_unsent_packets', 'RTP packets the system did not take since the start');
    const lag = this.#gauge('vestibule_mixer_largest_lag_seconds', 'Largest lag of a mixer since the start');
    const streaming = this.#gauge('vestibule_event_streams', 'Clients of the event stream');
    const behind = new Gauge({
      name: 'vestibule_event_lag_seconds',
      help: 'How far the telling of events is behind their keeping',
      registers: [this.#registry],
      collect: async () => {
        behind.set((await eventLagMs()) / 1_000);
        streaming.set(streams());
        const { rooms, calls, media } = await status();
        const people = rooms.flatMap((room) => room.participants);
        for (const state of ['open', 'closed'] as const) conferences.set({ state }, rooms.filter((room) => room.state === state).length);
        for (const place of ['conference', 'lobby'] as const) participants.set({ place }, people.filter((each) => each.place === place).length);
        asked.set(calls.length);
        timers.set([...rooms, ...people, ...calls].reduce((sum, each) => sum + each.timers.length, 0));
        if (media === undefined) return;
        ticks.set({ what: 'late' }, media.lateTicks);
        ticks.set({ what: 'skipped' }, media.skippedTicks);
        ticks.set({ what: 'underrun' }, media.relayUnderruns);
        unsent.set(media.unsentPackets);
        lag.set(media.largestLagMs / 1_000);
      },
    });
  }
}
