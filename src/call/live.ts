import type { Commander, ControlCommand } from '../domain/commands.ts';
import type { CallId } from '../domain/conference.ts';
import { mayControl, type Refusal } from '../domain/control.ts';
import type { Decision } from '../domain/decision.ts';
import type { RoomEvent } from '../domain/events.ts';
import type { Room, RoomId } from '../domain/room.ts';
import { attempt } from '../lib/attempt.ts';
import type { Scheduler } from '../lib/machine.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { CommandOutcome, CommandRefusal, EndpointDetails, Level, LiveConference, LivePort, MediaStatistics } from '../ports/live.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { ConferenceActor, Performed } from './conference-actor.ts';
import type { EventHub } from './event-hub.ts';
import { claimHost } from './live-control.ts';
import { liveConference } from './live-view.ts';
import type { Recorder } from './recorder.ts';
import type { Registry } from './registry.ts';
import { adviceOf } from './refusal-advice.ts';
import type { RoomServices } from './room-services.ts';

export interface LiveControlOptions {
  /** Made after this, which it tells of talking and asks to perform commands. */
  readonly registry: () => Registry;
  readonly services: RoomServices;
  readonly recorder: Recorder;
  readonly rooms: RoomStore;
  readonly hub: EventHub;
  readonly scheduler: Scheduler;
}

/** Below the deadline of a request to the API. */
const commandMs = 25_000;

/** Running conferences, for use cases and the API. */
export class LiveControl implements LivePort {
  readonly #options: LiveControlOptions;
  readonly #levels = new Map<RoomId, Set<(level: Level) => void>>();

  constructor(options: LiveControlOptions) {
    this.#options = options;
  }

  conferences(): readonly LiveConference[] {
    return this.#options.registry().actors.map((conference) => this.#view(conference));
  }

  conference(room: RoomId): LiveConference | undefined {
    const conference = this.#options.registry().actor(room);
    return conference && this.#view(conference);
  }

  roomOf(call: CallId): RoomId | undefined {
    return this.#options.registry().session(call)?.room?.id;
  }

  details(call: CallId): EndpointDetails | undefined {
    return this.#options.registry().session(call)?.details;
  }

  async statistics(call: CallId): Promise<MediaStatistics | undefined> {
    return this.#options.registry().session(call)?.statistics();
  }

  async command(room: RoomId, command: ControlCommand, by: Commander): Promise<Result<CommandOutcome, CommandRefusal>> {
    const outcome = await attempt(this.#command(room, command, by), commandMs, this.#options.scheduler);
    if (!outcome.ok) return refused('failed');
    return outcome.value.ok ? outcome.value : refused(outcome.value.error);
  }

  decisions(call: CallId): readonly Decision[] {
    return this.#options.registry().session(call)?.decisions ?? [];
  }

  roomChanged(room: Room): void {
    this.#options.registry().roomChanged(room);
  }

  roomRemoved(id: RoomId): void {
    this.#options.registry().roomRemoved(id);
  }

  memberRemoved(room: RoomId, member: string): void {
    this.#options.registry().memberRemoved(room, member);
  }

  onEvent(listener: (event: RoomEvent) => void): () => void {
    return this.#options.hub.onEvent(listener);
  }

  onLevel(room: RoomId, listener: (level: Level) => void): () => void {
    const own = (level: Level): void => listener(level);
    const listeners = this.#levels.get(room) ?? new Set();
    this.#levels.set(room, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0) this.#levels.delete(room);
    };
  }

  /** Somebody began to speak, or stopped. */
  talking(call: CallId, talking: boolean, level: number): void {
    const { registry, hub, scheduler } = this.#options;
    const room = registry().session(call)?.room?.id;
    if (room === undefined) return;
    for (const listener of [...(this.#levels.get(room) ?? [])]) listener({ room, call, talking, level });
    hub.tell({ type: 'participant.talking', at: scheduler.now(), roomId: room, callId: call, data: { talking } });
  }

  async #command(id: RoomId, command: ControlCommand, by: Commander): Promise<Performed> {
    const { registry, rooms, services } = this.#options;
    const conference = registry().actor(id);
    if (command.type === 'claimHost') {
      if (by.kind !== 'participant' || conference === undefined) return err('not_permitted');
      return (await claimHost(by.call, command, conference, rooms)) === 'done' ? ok({ kind: 'done' }) : err('not_permitted');
    }
    if (conference !== undefined) return registry().command(id, command, by);
    if (by.kind === 'participant') return err('target_unknown');
    const room = await rooms.byId(id);
    if (!room.ok) return err('failed');
    if (room.value === undefined) return err('not_now');
    const verdict = mayControl(by, command, room.value);
    if (verdict.kind === 'refused') return err(verdict.why);
    // Somebody may be called into a room where nobody is.
    return command.type === 'dial' ? services.perform(id, { command, by }) : err('not_now');
  }

  #view(conference: ConferenceActor): LiveConference {
    const { registry, recorder, scheduler } = this.#options;
    return liveConference(conference, { session: (call) => registry().session(call), recording: recorder.state(conference.room.id), now: scheduler.now() });
  }
}

const refused = (why: Refusal): Result<never, CommandRefusal> => err({ why, advice: adviceOf(why) });
