import type { RoomId } from '../domain/room.ts';
import type { CallLeg } from '../ports/call-leg.ts';
import type { KeptCall } from '../ports/live-state.ts';
import type { SessionEvent } from './session-step.ts';

/** Timers of a leg that go on at their deadlines in another process. */
const legTimers = ['longest', 'longestWarning', 'mediaPoll'] as const;

export interface CallInRoom {
  readonly roomId: RoomId;
  /** Milliseconds since the epoch, as the deadlines of `timers`. */
  readonly since: number;
  readonly timers: ReadonlyMap<string, number>;
  /** The media server's name of it. */
  readonly endpoint: string;
}

/** What another process needs to take a call over. */
export function keptCall({ id, protocol, protocolId, aliases, caller, identity, dialog }: CallLeg, { roomId, since, timers, endpoint }: CallInRoom): KeptCall {
  return {
    ...{ callId: id, roomId, protocol, protocolId, aliases, caller, since, endpoint },
    deadlines: Object.fromEntries([...timers].filter(([name]) => legTimers.some((timer) => timer === name))),
    ...(identity === undefined ? {} : { identity }),
    ...(dialog === undefined ? {} : { dialog }),
  };
}

/** The timers of a call taken over; one whose deadline has passed meanwhile is due at once. */
export function timersLeft(deadlines: KeptCall['deadlines'], now: number): readonly { readonly name: string; readonly ms: number; readonly event: SessionEvent }[] {
  return legTimers.flatMap((name) => {
    const deadline = deadlines[name];
    if (deadline === undefined) return [];
    const ms = Math.max(deadline - now, 0);
    return [{ name, ms, event: { type: 'leg', event: { type: 'timer', name, now: now + ms } } }];
  });
}
