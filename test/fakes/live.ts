import type { Commander, ControlCommand } from '../../src/domain/commands.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { RoomEvent } from '../../src/domain/events.ts';
import { setOfRole } from '../../src/domain/permissions.ts';
import type { RoomId } from '../../src/domain/room.ts';
import { ok, type Result } from '../../src/lib/result.ts';
import type { CommandOutcome, CommandRefusal, EndpointDetails, Level, LiveConference, LiveParticipant, LivePort, MediaStatistics } from '../../src/ports/live.ts';

/** Running conferences that are told what they are: notes what it is ordered, and does nothing. */
export class FakeLive implements LivePort {
  readonly running = new Map<RoomId, LiveConference>();
  readonly commands: { readonly room: RoomId; readonly command: ControlCommand; readonly by: Commander }[] = [];
  answer: Result<CommandOutcome, CommandRefusal> = ok({ kind: 'done' });
  readonly endpoints = new Map<string, EndpointDetails>();
  readonly decided: Decision[] = [];
  readonly #events = new Set<(event: RoomEvent) => void>();
  readonly #levels = new Map<(level: Level) => void, RoomId>();

  conferences = (): readonly LiveConference[] => [...this.running.values()];
  conference = (room: RoomId): LiveConference | undefined => this.running.get(room);
  roomOf = (call: string): RoomId | undefined => this.conferences().find(({ participants }) => participants.some((each) => each.call === call))?.room;
  details = (call: string): EndpointDetails | undefined => this.endpoints.get(call);
  statistics = (call: string): Promise<MediaStatistics | undefined> => Promise.resolve(this.endpoints.has(call) ? { packetsReceived: 50, packetsLost: 1 } : undefined);
  decisions = (call: string): readonly Decision[] => this.decided.filter(({ callId }) => callId === call);

  command(room: RoomId, command: ControlCommand, by: Commander): Promise<Result<CommandOutcome, CommandRefusal>> {
    this.commands.push({ room, command, by });
    return Promise.resolve(this.answer);
  }

  roomChanged = (): void => undefined;
  roomRemoved = (): void => undefined;
  memberRemoved = (): void => undefined;

  onEvent(listener: (event: RoomEvent) => void): () => void {
    this.#events.add(listener);
    return () => this.#events.delete(listener);
  }

  onLevel(room: RoomId, listener: (level: Level) => void): () => void {
    this.#levels.set(listener, room);
    return () => this.#levels.delete(listener);
  }

  /** Clients that want levels. */
  get listening(): number {
    return this.#levels.size;
  }

  say(event: RoomEvent): void {
    for (const listener of this.#events) listener(event);
  }

  level(level: Level): void {
    for (const [listener, room] of this.#levels) if (room === level.room) listener(level);
  }

  /** Somebody is in the conference of the room. */
  enters(room: RoomId, call: string, changes: Partial<LiveParticipant> = {}): void {
    const participant: LiveParticipant = {
      call,
      name: call,
      role: 'guest',
      rule: 'guest_pin',
      permissions: setOfRole('speaker', { moderator: {}, speaker: {} }),
      place: 'conference',
      since: Date.UTC(2026, 0, 1),
      muted: { self: false, host: false, policy: false },
      mixer: 'live',
      handRaised: false,
      gain: 0,
      deaf: false,
      important: false,
      wrongPins: 0,
      protocol: 'sip',
      direction: 'in',
      alias: '2000',
      held: false,
      timers: [{ name: 'maxDuration', dueInSeconds: 60 }],
      ...changes,
    };
    const before = this.running.get(room);
    this.running.set(room, {
      room,
      conferenceId: 'conference-1',
      access: 'open',
      lock: 'unlocked',
      guestsMuted: false,
      recording: 'off',
      timers: [{ name: 'lone', dueInSeconds: 90 }],
      ...before,
      participants: [...(before?.participants ?? []), participant],
    });
  }
}
