import type { RoomEvent } from '../domain/events.ts';
import type { RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { StoreProblem } from './store-problem.ts';

/** An event as it is kept. */
export interface StoredEvent {
  /** Counts all events, upwards. */
  readonly id: number;
  /** Counts those of its room from 1 without a gap; absent for an event of no room. */
  readonly seq?: number;
  readonly event: RoomEvent;
}

export interface EventQuery {
  readonly limit: number;
  /** Only those of this room. */
  readonly room?: RoomId;
  /** Only those of these types. */
  readonly types?: readonly string[];
}

/** An event is dropped when it is older than `since`, or one of more than `most`; but while a webhook has not got it, only when it is one of more than `mostUndelivered`. */
export interface EventsToKeep {
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly most: number;
  readonly mostUndelivered: number;
}

/** The outbox: what happened is kept before anybody is told. */
export interface EventStore {
  /** All of them in this order, or none. */
  append(events: readonly RoomEvent[]): Promise<Result<readonly StoredEvent[], StoreProblem>>;
  /** Those with an id above `id`, oldest first. */
  after(id: number, query: EventQuery): Promise<Result<readonly StoredEvent[], StoreProblem>>;
  /** Those of the room with a number above `seq`, oldest first. */
  afterInRoom(room: RoomId, seq: number, limit: number): Promise<Result<readonly StoredEvent[], StoreProblem>>;
  /** The ids of the oldest that is kept and of the newest there ever was; 0 where there is none. A cursor below `oldest - 1` has missed some. */
  range(): Promise<Result<{ readonly oldest: number; readonly newest: number }, StoreProblem>>;
  /** Drops what need not be kept any longer, from the oldest on and `limit` at most; answers how many. Numbers go on. */
  prune(keep: EventsToKeep, limit: number): Promise<Result<number, StoreProblem>>;
  /** Calls `listener` after every commit that added events, by whatever store of this process. The function returned ends it. */
  onAppended(listener: () => void): () => void;
}
