import type { RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { Page, PageQuery } from './page.ts';
import type { StoreProblem } from './store-problem.ts';
import type { TrailOf } from './trail.ts';

export interface Recording {
  readonly id: string;
  readonly roomId: RoomId;
  readonly conferenceId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly bytes: number;
  /** Relative to the folder of recordings. */
  readonly path: string;
  readonly state: 'active' | 'paused' | 'complete' | 'failed';
}

export interface RecordingQuery extends PageQuery {
  readonly room?: RoomId;
  readonly state?: Recording['state'];
}

/** What there is to know of the files of recordings. They outlive their room. */
export interface RecordingStore {
  byId(id: string): Promise<Result<Recording | undefined, StoreProblem>>;
  /** Newest first. */
  list(query: RecordingQuery): Promise<Result<Page<Recording>, StoreProblem>>;
  /** Those that ended before `before` (ms since the epoch), oldest first. */
  endedBefore(before: number, limit: number): Promise<Result<readonly Recording[], StoreProblem>>;
  totalBytes(): Promise<Result<number, StoreProblem>>;
  add(recording: Recording, trail: TrailOf<[added: Recording]>): Promise<Result<void, StoreProblem>>;
  /** Fails with `recording_unknown`. */
  change(id: string, change: Partial<Pick<Recording, 'endedAt' | 'bytes' | 'state'>>, trail: TrailOf<[after: Recording]>): Promise<Result<Recording, StoreProblem>>;
  /** Those that are not there are passed over. Answers those that were. */
  remove(ids: readonly string[], trail: TrailOf<[removed: readonly Recording[]]>): Promise<Result<readonly Recording[], StoreProblem>>;
}
