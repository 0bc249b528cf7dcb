import type { RoomId } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Log } from '../ports/log.ts';
import type { Page } from '../ports/page.ts';
import type { RecordingFiles } from '../ports/recording-files.ts';
import type { OpenRecording, RecordingReader } from '../ports/recording-reader.ts';
import type { Recording, RecordingQuery, RecordingStore } from '../ports/recordings.ts';
import { errorText } from '../lib/attempt.ts';
import { entryOf, timeText, type Origin } from './audit.ts';

export interface RecordingsOptions {
  readonly recordings: RecordingStore;
  readonly files: Pick<RecordingFiles, 'remove'>;
  readonly reader: RecordingReader;
  readonly log: Log;
}

/** Times are RFC 3339. */
export type RecordingView = ReturnType<typeof recordingView>;

/** Recordings that were made; making them is a command to a conference. */
export class Recordings {
  readonly #options: RecordingsOptions;

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  async list(query: RecordingQuery): Promise<Result<Page<RecordingView>, Problem>> {
    const page = await this.#options.recordings.list(query);
    return page.ok ? ok({ ...page.value, items: page.value.items.map(recordingView) }) : page;
  }

  /** `room`: where it must have been made; absent: anywhere. */
  async get(id: string, room: RoomId | undefined): Promise<Result<RecordingView, Problem>> {
    const found = await this.#find(id, room);
    return found.ok ? ok(recordingView(found.value)) : found;
  }

  /** Its file, to be read or closed. */
  async open(id: string, room: RoomId | undefined): Promise<Result<OpenRecording & { readonly name: string }, Problem>> {
    const found = await this.#find(id, room);
    if (!found.ok) return found;
    if (found.value.state === 'active' || found.value.state === 'paused') return err(underWay);
    const file = await this.#options.reader.open(found.value.path);
    if (file === undefined) return err({ code: 'recording_file_missing', message: 'the file of the recording is not there', advice: 'look for it in a backup' });
    return ok({ ...file, name: `${timeText(found.value.startedAt).replaceAll(/[:.]/g, '-')}-${id}.wav` });
  }

  /** Row and file. */
  async remove(origin: Origin, id: string, room: RoomId | undefined): Promise<Result<void, Problem>> {
    const { recordings, files, log } = this.#options;
    const found = await this.#find(id, room);
    if (!found.ok) return found;
    if (found.value.state === 'active' || found.value.state === 'paused') return err(underWay);
    const removed = await recordings.remove([id], () => ({ audit: entryOf(origin, 'recording.remove', `recording:${id}`, { before: recordingView(found.value) }), events: [] }));
    if (!removed.ok) return removed;
    try {
      await files.remove(found.value.path);
    } catch (error) {
      log.error({ code: 'recording_file_left', recording: id, problem: errorText(error) }, 'the file of a deleted recording could not be removed');
    }
    return ok(undefined);
  }

  async #find(id: string, room: RoomId | undefined): Promise<Result<Recording, Problem>> {
    const found = await this.#options.recordings.byId(id);
    if (!found.ok) return found;
    return found.value === undefined || (room !== undefined && found.value.roomId !== room) ? err(unknown) : ok(found.value);
  }
}

const unknown: Problem = { code: 'recording_unknown', message: 'there is no such recording', advice: 'list the recordings for their ids' };
const underWay: Problem = { code: 'recording_under_way', message: 'the recording is being made', advice: 'stop it first' };

export function recordingView({ id, roomId, conferenceId, startedAt, endedAt, bytes, state }: Recording) {
  return { id, room: roomId, conference: conferenceId, startedAt: timeText(startedAt), ...(endedAt === undefined ? {} : { endedAt: timeText(endedAt) }), bytes, state };
}
