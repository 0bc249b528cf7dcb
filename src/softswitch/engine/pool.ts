/**
 * The engine over several workers. Each leg and each conference lives on one; what belongs together is kept together, and a leg whose
 * conference is elsewhere is relayed. Ports are given out here, so that no worker lacks one while another has them to spare.
 */
import type { Scheduler } from '../../lib/machine.ts';
import type { ConferenceId, ConferenceSettings, Engine, EngineEvent, EngineStats, FarConfiguration, LegAudio, LegId, MemberState, RecordingId } from './api.ts';
import { TICK_MS } from './clock.ts';
import type { EngineCommand } from './messages.ts';
import { Places } from './places.ts';
import { PortPool } from './port-pool.ts';
import { newRelayLink } from './relay.ts';
import { WorkerClient } from './worker-client.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Ports found taken by somebody else are passed over, this many at most. */
const MAX_ATTEMPTS = 64;

export interface EngineLimits {
  /** Legs open at once. */
  readonly legs: number;
  /** How long a closed port is not given out again, ms: what its old far end still sends must not reach a new call. */
  readonly portQuarantineMs: number;
  /** Decoded audio files kept by each worker, bytes; no single file may take more than half of it. */
  readonly audioCacheBytes: number;
}

export interface EngineOptions {
  /** Range of UDP ports for RTP (even) and RTCP (odd), both ends included. */
  readonly portMin: number;
  readonly portMax: number;
  readonly limits: EngineLimits;
  /** Threads; default 1. */
  readonly workers?: number;
  /** How packets are moved; absent: by the native addon where it was built. */
  readonly packetIo?: EngineStats['packetIo'];
  /** Never called before `createEngine` has returned. */
  readonly onEvent: (event: EngineEvent) => void;
  /** Where warnings go; each has a stable `code`. */
  readonly log: { warn(fields: { readonly code: string }, message: string): void };
}

interface PooledLeg {
  readonly id: LegId;
  readonly slot: WorkerSlot;
  readonly place: string | undefined;
  /** Undefined until one is found. */
  port: number | undefined;
  conference: PooledConference | undefined;
}

interface PooledConference {
  readonly id: ConferenceId;
  readonly settings: ConferenceSettings;
  readonly place: string | undefined;
  /** Undefined until the first leg joins, or something else needs it to be somewhere. */
  slot: WorkerSlot | undefined;
  readonly members: Set<PooledLeg>;
}

export class EnginePool implements Engine {
  readonly #options: EngineOptions;
  readonly #ports: PortPool;
  readonly #slots: readonly WorkerSlot[];
  readonly #places = new Places<WorkerSlot>();
  readonly #legs = new Map<LegId, PooledLeg>();
  readonly #conferences = new Map<ConferenceId, PooledConference>();
  /** Those not over yet. */
  readonly #recordings = new Map<RecordingId, { readonly slot: WorkerSlot; readonly path: string }>();

  constructor(options: EngineOptions) {
    this.#options = options;
    const { portMin, portMax, limits, workers = 1 } = options;
    this.#ports = new PortPool(portMin, portMax, limits.portQuarantineMs, Math.random());
    this.#slots = Array.from({ length: workers }, (_, i) => new WorkerSlot((slot) => this.#startWorker(slot, (i * TICK_MS) / workers), clock));
  }

  async open(id: LegId, host: string, place?: string): ReturnType<Engine['open']> {
    this.close(id);
    if (this.#legs.size >= this.#options.limits.legs) return { ok: false, error: 'too_many_legs' };
    const slot = this.#slotFor(place);
    if (slot === undefined) return { ok: false, error: 'engine_failed' };
    const leg: PooledLeg = { id, slot, place, port: undefined, conference: undefined };
    this.#legs.set(id, leg);
    slot.legs.add(id);
    this.#places.hold(place, slot);
    const opened = await this.#bind(leg, host);
    // Who closes a leg has given its port back.
    if (!opened.ok && this.#legs.get(id) === leg) this.close(id);
    return opened;
  }

  configure(leg: LegId, far: FarConfiguration): void {
    this.#toLeg({ type: 'configure', leg, far });
  }

  close(id: LegId): void {
    const leg = this.#legs.get(id);
    if (leg === undefined) return;
    this.leave(id);
    this.#toLeg({ type: 'close', leg: id });
    this.#forgetLeg(leg);
  }

  play(...[leg, play, sources, terminators = '']: Parameters<Engine['play']>): void {
    this.#toLeg({ type: 'play', leg, play, sources, terminators });
  }

  breakPlay(leg: LegId, all: boolean): void {
    this.#toLeg({ type: 'breakPlay', leg, all });
  }

  sendDtmf(leg: LegId, digits: string, durationMs: number): void {
    this.#toLeg({ type: 'sendDtmf', leg, digits, durationMs });
  }

  detectDtmf(leg: LegId, on: boolean): void {
    this.#toLeg({ type: 'detectDtmf', leg, on });
  }

  setLegAudio(leg: LegId, audio: LegAudio): void {
    this.#toLeg({ type: 'setLegAudio', leg, audio });
  }

  setMediaTimeout(leg: LegId, ms: number, holdMs: number): void {
    this.#toLeg({ type: 'setMediaTimeout', leg, ms, holdMs });
  }

  createConference(id: ConferenceId, settings: ConferenceSettings, place?: string): void {
    if (this.#conferences.has(id)) return;
    const conference: PooledConference = { id, settings, place, slot: undefined, members: new Set() };
    this.#conferences.set(id, conference);
    // Without a place it goes where its first leg is.
    if (place !== undefined) this.#settle(conference);
  }

  destroyConference(id: ConferenceId): void {
    const conference = this.#conferences.get(id);
    if (conference === undefined) return;
    for (const leg of conference.members) this.leave(leg.id);
    conference.slot?.client.send({ type: 'destroyConference', conference: id });
    this.#forgetConference(conference);
  }

  join(id: ConferenceId, legId: LegId, member: MemberState): void {
    const [conference, leg] = [this.#conferences.get(id), this.#legs.get(legId)];
    if (conference === undefined || leg === undefined) return;
    this.leave(legId);
    const slot = this.#settle(conference, leg.slot);
    if (slot === undefined) return;
    leg.conference = conference;
    conference.members.add(leg);
    if (slot === leg.slot) {
      slot.client.send({ type: 'join', conference: id, leg: legId, member });
      return;
    }
    const link = newRelayLink(conference.settings.rate);
    leg.slot.client.send({ type: 'lend', leg: legId, link });
    slot.client.send({ type: 'joinRelayed', conference: id, leg: legId, member, link });
  }

  leave(id: LegId): void {
    const leg = this.#legs.get(id);
    const conference = leg?.conference;
    if (leg === undefined || conference === undefined) return;
    leg.conference = undefined;
    conference.members.delete(leg);
    for (const slot of new Set([conference.slot, leg.slot])) slot?.client.send({ type: 'leave', leg: id });
  }

  setMember(leg: LegId, member: MemberState): void {
    this.#legs.get(leg)?.conference?.slot?.client.send({ type: 'setMember', leg, member });
  }

  relate(...[conference, listener, speaker, hears]: Parameters<Engine['relate']>): void {
    this.#clientOf(conference)?.send({ type: 'relate', conference, listener, speaker, hears });
  }

  playToConference(...[conference, play, source, options]: Parameters<Engine['playToConference']>): void {
    this.#clientOf(conference)?.send({ type: 'playToConference', conference, play, source, leg: options?.leg, async: options?.async === true, volume: options?.volume ?? 0 });
  }

  async stopConferencePlay(...[conference, which, leg]: Parameters<Engine['stopConferencePlay']>): Promise<number> {
    const answer = await this.#clientOf(conference)?.request('playsStopped', (request) => ({ type: 'stopConferencePlay', request, conference, which, leg }));
    return answer?.count ?? 0;
  }

  adjustConferencePlay(...[conference, change, leg]: Parameters<Engine['adjustConferencePlay']>): void {
    this.#clientOf(conference)?.send({ type: 'adjustConferencePlay', conference, change, leg });
  }

  async conferencePlayStatus(conference: ConferenceId, leg?: LegId): ReturnType<Engine['conferencePlayStatus']> {
    const answer = await this.#clientOf(conference)?.request('playStatus', (request) => ({ type: 'conferencePlayStatus', request, conference, leg }));
    return answer?.status;
  }

  record(...[recording, from, path, limits = {}]: Parameters<Engine['record']>): void {
    if (this.#recordings.has(recording)) return;
    const conference = 'leg' in from ? undefined : this.#conferences.get(from.conference);
    const slot = 'leg' in from ? this.#legs.get(from.leg)?.slot : conference && this.#settle(conference);
    if (slot === undefined) {
      this.#refuse(recording, path, 'leg' in from ? 'no such leg' : 'no such conference');
      return;
    }
    // On one worker one recording waits for the end of the other; two workers cannot.
    if ([...this.#recordings.values()].some((other) => other.path === path && other.slot !== slot)) {
      this.#refuse(recording, path, 'it is being recorded to');
      return;
    }
    this.#recordings.set(recording, { slot, path });
    slot.client.send({ type: 'record', recording, from, path, limits });
  }

  pauseRecording(recording: RecordingId, paused: boolean): void {
    this.#recordings.get(recording)?.slot.client.send({ type: 'pauseRecording', recording, paused });
  }

  stopRecording(recording: RecordingId): void {
    this.#recordings.get(recording)?.slot.client.send({ type: 'stopRecording', recording });
  }

  async stats(leg: LegId): ReturnType<Engine['stats']> {
    const answer = await this.#legs.get(leg)?.slot.client.request('legStats', (request) => ({ type: 'stats', request, leg }));
    return answer?.stats;
  }

  async engineStats(): Promise<EngineStats> {
    const answers = await Promise.all(this.#slots.map(({ client }) => client.request('workerStats', (request) => ({ type: 'workerStats', request }))));
    const workers = answers.flatMap((answer) => answer?.stats ?? []);
    return {
      legs: this.#legs.size,
      conferences: this.#conferences.size,
      lateTicks: workers.reduce((sum, { lateTicks }) => sum + lateTicks, 0),
      largestLagMs: Math.max(0, ...workers.map(({ largestLagMs }) => largestLagMs)),
      skippedTicks: workers.reduce((sum, { skippedTicks }) => sum + skippedTicks, 0),
      relayUnderruns: workers.reduce((sum, { relayUnderruns }) => sum + relayUnderruns, 0),
      unsentPackets: workers.reduce((sum, { unsentPackets }) => sum + unsentPackets, 0),
      workers: workers.length,
      packetIo: workers[0]?.packetIo ?? 'node',
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.stop()));
  }

  #startWorker(slot: WorkerSlot, phaseMs: number): WorkerClient {
    const { limits, packetIo, log } = this.#options;
    return new WorkerClient({
      settings: { phaseMs, audioCacheBytes: limits.audioCacheBytes, ...(packetIo === undefined ? {} : { packetIo }) },
      onEvent: (event) => {
        this.#onEvent(event);
      },
      onDeath: (message) => {
        this.#lost(slot, message);
      },
      log,
    });
  }

  /** Where the place is, or there is the least to do. Undefined when no worker is alive. */
  #slotFor(place: string | undefined): WorkerSlot | undefined {
    const held = this.#places.find(place);
    if (held !== undefined) return held;
    const [first, ...others] = this.#slots.filter(({ client }) => client.isRunning);
    return first && others.reduce((least, slot) => (isBusier(least, slot) ? slot : least), first);
  }

  /** Where the conference is, from the first time it is needed: at its place, or on `near`. */
  #settle(conference: PooledConference, near?: WorkerSlot): WorkerSlot | undefined {
    if (conference.slot !== undefined) return conference.slot;
    const { id, settings, place } = conference;
    const slot = place === undefined ? (near ?? this.#slotFor(undefined)) : this.#slotFor(place);
    if (slot === undefined) return undefined;
    conference.slot = slot;
    slot.conferences.add(id);
    this.#places.hold(place, slot);
    slot.client.send({ type: 'createConference', conference: id, settings });
    return slot;
  }

  #clientOf(id: ConferenceId): WorkerClient | undefined {
    const conference = this.#conferences.get(id);
    return conference && this.#settle(conference)?.client;
  }

  #toLeg(command: Extract<EngineCommand, { readonly leg: LegId }>): void {
    this.#legs.get(command.leg)?.slot.client.send(command);
  }

  async #bind(leg: PooledLeg, host: string): ReturnType<Engine['open']> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const port = this.#ports.take(clock.now());
      if (port === undefined) return { ok: false, error: 'no_port' };
      leg.port = port;
      const answer = await leg.slot.client.request('opened', (request) => ({ type: 'open', request, leg: leg.id, host, port }));
      // Closed meanwhile, or its worker is dead: it has no port any more.
      if (this.#legs.get(leg.id) !== leg || answer === undefined) return { ok: false, error: 'engine_failed' };
      if (answer.result === 'bound') return { ok: true, port };
      this.#releasePort(leg);
      if (answer.result === 'failed') return { ok: false, error: 'no_port' };
    }
    return { ok: false, error: 'no_port' };
  }

  #releasePort(leg: PooledLeg): void {
    if (leg.port !== undefined) this.#ports.release(leg.port, clock.now());
    leg.port = undefined;
  }

  #forgetLeg(leg: PooledLeg): void {
    this.#legs.delete(leg.id);
    leg.slot.legs.delete(leg.id);
    this.#places.release(leg.place);
    this.#releasePort(leg);
  }

  #forgetConference({ id, slot, place }: PooledConference): void {
    this.#conferences.delete(id);
    if (slot === undefined) return;
    slot.conferences.delete(id);
    this.#places.release(place);
  }

  #onEvent(event: EngineEvent): void {
    if (event.type === 'recording' && event.what !== 'started') this.#recordings.delete(event.recording);
    this.#options.onEvent(event);
  }

  #refuse(recording: RecordingId, path: string, reason: string): void {
    // Not before who asks has its answer.
    queueMicrotask(() => {
      this.#options.onEvent({ type: 'recording', recording, what: 'failed', message: `cannot record to ${path}: ${reason}` });
    });
  }

  /** A worker died: its legs leave conferences elsewhere, and legs elsewhere leave its conferences. */
  #lost(slot: WorkerSlot, message: string): void {
    const [legs, conferences] = [[...slot.legs], [...slot.conferences]];
    for (const id of legs) this.close(id);
    for (const id of conferences) this.destroyConference(id);
    const recordings = [...this.#recordings].filter(([, recording]) => recording.slot === slot);
    for (const [id] of recordings) this.#recordings.delete(id);
    slot.replace();
    this.#options.onEvent({ type: 'lost', legs, conferences, message });
    for (const [id, { path }] of recordings) this.#refuse(id, path, message);
  }
}

const clock: Scheduler = {
  now: () => performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

/** Conferences count only among workers with as many legs: empty ones are spread, too. */
const isBusier = (a: WorkerSlot, b: WorkerSlot): boolean => a.legs.size > b.legs.size || (a.legs.size === b.legs.size && a.conferences.size > b.conferences.size);
