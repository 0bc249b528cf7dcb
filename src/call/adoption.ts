import type { Room } from '../domain/room.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { MediaSurvivors, SignallingSurvivors } from '../ports/adoption.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import type { KeptCall, KeptConference, LiveState } from '../ports/live-state.ts';
import type { Log } from '../ports/log.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { Registry } from './registry.ts';

export interface AdoptionOptions {
  readonly registry: Registry;
  readonly rooms: RoomStore;
  readonly media: MediaSurvivors;
  readonly signalling: SignallingSurvivors;
  readonly cdr: CdrRecorder;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Calls and conferences of a former process that may be taken over: their records stay open until it is known. */
export const mayGoOn = ({ calls, conferences }: LiveState): readonly string[] => [
  ...calls.map(({ callId }) => callId),
  ...conferences.flatMap(({ record, state }) => (record === undefined || state.participants.length === 0 ? [] : [record.id])),
];

/**
 * Takes over what a former process has left: conferences as they were, with those whose media is still there; the others are over, by
 * reason `restart`. Ends what nobody owns. Before the first call of this process.
 */
export async function adopt(state: LiveState, options: AdoptionOptions): Promise<void> {
  const { rooms, media, log } = options;
  let adopted = 0;
  const known = new Set<string>();
  for (const kept of state.conferences) {
    if (kept.state.participants.length === 0) continue;
    const found = await rooms.byId(kept.roomId);
    if (!found.ok || found.value === undefined) continue;
    const calls = state.calls.filter(({ roomId }) => roomId === kept.roomId);
    for (const { callId } of calls) known.add(callId);
    adopted += await adoptRoom(kept, calls, found.value, options);
  }
  // Of a room that was removed meanwhile.
  for (const call of state.calls) if (!known.has(call.callId)) close(call, options);
  await media.reap();
  if (state.calls.length > 0) log.warn({ calls: state.calls.length, adopted }, 'took over the calls of a former run; what is gone is closed');
}

async function adoptRoom(kept: KeptConference, calls: readonly KeptCall[], room: Room, { registry, media, signalling }: AdoptionOptions): Promise<number> {
  const conference = registry.resume(kept, room);
  const there = await Promise.all(
    calls.map(async (call): Promise<number> => {
      const session = registry.takeOver(signalling.adopt(call), call.since, room);
      const endpoint = await media.adopt(call.endpoint, room.id, session.mediaHandlers);
      // Its telephone may still wait for us to say so.
      if (endpoint === undefined) session.cut('restart');
      else session.resume(endpoint, conference, call.deadlines);
      return endpoint === undefined ? 0 : 1;
    }),
  );
  conference.resume(kept.deadlines);
  return there.reduce((sum, one) => sum + one, 0);
}

function close(call: KeptCall, { signalling, cdr, scheduler }: AdoptionOptions): void {
  void signalling.adopt(call).end('restart');
  cdr.record({ type: 'callClosed', id: call.callId, at: scheduler.now(), reason: 'restart', cause: 'BYE', fault: 'us' });
}
