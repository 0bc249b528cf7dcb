/** The recordings of an engine: which legs and conferences are recorded, and into what. */
import type { ConferenceId, LegId, RecordingId } from './api.ts';
import { overlay } from './mixer.ts';
import { Recording } from './recording.ts';
import type { RecordingOrder, RecordingServices } from './recording.ts';

export class Recordings {
  readonly #services: RecordingServices;
  readonly #byId = new Map<RecordingId, Recording>();
  readonly #ofConferences = new Map<ConferenceId, Set<Recording>>();
  readonly #ofLegs = new Map<LegId, Set<Recording>>();
  /** Both sides of a leg, by length of a frame. */
  readonly #mixed = new Map<number, Int16Array>();

  constructor(services: RecordingServices) {
    this.#services = services;
  }

  /** `rate`, Hz, is that of the file. An id that is in use is ignored; a path that is in use fails. */
  start(order: RecordingOrder, rate: number): void {
    if (this.#byId.has(order.id)) return;
    const before = [...this.#byId.values()].filter(({ order: { path } }) => path === order.path).at(-1);
    if (before?.isEnded === false) {
      this.refuse(order, 'it is being recorded to');
      return;
    }
    const recording = new Recording(order, rate, this.#services, before?.over ?? Promise.resolve());
    this.#add(recording);
    recording.over.then(
      () => this.#remove(recording),
      () => undefined,
    );
  }

  /** Tells that `order` cannot be carried out. */
  refuse({ id, path }: RecordingOrder, reason: string): void {
    this.#services.emit({ type: 'recording', recording: id, what: 'failed', message: `cannot record to ${path}: ${reason}` });
  }

  pause(id: RecordingId, paused: boolean): void {
    this.#byId.get(id)?.pause(paused);
  }

  stop(id: RecordingId): void {
    this.#byId.get(id)?.end('asked');
  }

  get hasLegs(): boolean {
    return this.#ofLegs.size > 0;
  }

  isRecordedLeg(leg: LegId): boolean {
    return this.#ofLegs.has(leg);
  }

  isRecordedConference(conference: ConferenceId): boolean {
    return this.#ofConferences.has(conference);
  }

  writeConference(conference: ConferenceId, mix: Int16Array): void {
    const recordings = this.#ofConferences.get(conference);
    if (recordings !== undefined) for (const recording of recordings) recording.write(mix);
  }

  /** One frame each of what the leg said and what it was sent, of one length. */
  writeLeg(leg: LegId, said: Int16Array, sent: Int16Array): void {
    const recordings = this.#ofLegs.get(leg);
    if (recordings === undefined) return;
    for (const recording of recordings) {
      const { from } = recording.order;
      recording.write('leg' in from && from.what === 'both' ? this.#both(said, sent) : said);
    }
  }

  endOfConference(conference: ConferenceId): void {
    for (const recording of this.#ofConferences.get(conference) ?? []) recording.end('left');
  }

  endOfLeg(leg: LegId): void {
    for (const recording of this.#ofLegs.get(leg) ?? []) recording.end('left');
  }

  /** Resolves when all that were begun are over. */
  async allOver(): Promise<void> {
    await Promise.all([...this.#byId.values()].map(({ over }) => over));
  }

  #both(said: Int16Array, sent: Int16Array): Int16Array {
    const mixed = this.#mixed.get(said.length) ?? new Int16Array(said.length);
    this.#mixed.set(said.length, mixed);
    mixed.set(said);
    overlay(mixed, sent);
    return mixed;
  }

  #add(recording: Recording): void {
    const { id, from } = recording.order;
    this.#byId.set(id, recording);
    if ('leg' in from) addTo(this.#ofLegs, from.leg, recording);
    else addTo(this.#ofConferences, from.conference, recording);
  }

  #remove(recording: Recording): void {
    const { id, from } = recording.order;
    this.#byId.delete(id);
    if ('leg' in from) removeFrom(this.#ofLegs, from.leg, recording);
    else removeFrom(this.#ofConferences, from.conference, recording);
  }
}

function addTo(groups: Map<string, Set<Recording>>, key: string, recording: Recording): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, new Set([recording]));
  else group.add(recording);
}

function removeFrom(groups: Map<string, Set<Recording>>, key: string, recording: Recording): void {
  const group = groups.get(key);
  if (group?.delete(recording) === true && group.size === 0) groups.delete(key);
}
