import type { RoomEvent } from '../domain/events.ts';
import type { RoomId } from '../domain/room.ts';
import { errorText } from '../lib/attempt.ts';
import type { Scheduler } from '../lib/machine.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Log } from '../ports/log.ts';
import type { ConferenceRecording, MediaPort } from '../ports/media.ts';
import type { RecordingFiles } from '../ports/recording-files.ts';
import type { RecordingStore } from '../ports/recordings.ts';
import type { Performed } from './conference-actor.ts';

export interface RecorderOptions {
  readonly media: Pick<MediaPort, 'record'>;
  readonly recordings: RecordingStore;
  readonly files: RecordingFiles;
  /** Most bytes of all recordings together; 0: no limit. */
  readonly maxBytes: number;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly newId: () => string;
  /** Of events that are kept already. */
  readonly onKept: (event: RoomEvent) => void;
}

/** One recording under way. */
interface Active {
  readonly id: string;
  readonly name: string;
  readonly recording: ConferenceRecording;
  state: 'on' | 'paused';
  readonly cancelCheck: { cancel: () => void };
}

/** Between two looks at what recordings under way take. */
const checkMs = 10_000;
/** Of a crash; more than these were never under way at a time. */
const mostLeftOpen = 10_000;

/** Records conferences, one recording a room at a time, and keeps the books about the files. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #active = new Map<RoomId, Active | 'starting'>();
  /** Ends being written down. */
  readonly #ending = new Set<Promise<void>>();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Recordings a former process left under way are over. Before the first call. */
  async closeLeftOpen(): Promise<void> {
    for (const state of ['active', 'paused'] as const) {
      const left = await this.#options.recordings.list({ state, limit: mostLeftOpen });
      if (left.ok) for (const { id, roomId, path } of left.value.items) await this.#writeEnd(roomId, id, path, 'complete');
    }
  }

  /** Settles when every end is written down. */
  async close(): Promise<void> {
    await Promise.all(this.#ending);
  }

  state(room: RoomId): 'off' | 'on' | 'paused' {
    const active = this.#active.get(room);
    return active === undefined || active === 'starting' ? 'off' : active.state;
  }

  /** `conference`: id of its record. */
  async start(room: RoomId, conference: string): Promise<Performed> {
    if (this.#active.has(room)) return err('not_now');
    this.#active.set(room, 'starting');
    const started = await this.#start(room, conference).catch((error: unknown) => {
      this.#options.log.error({ code: 'recording_failed', room, problem: errorText(error) }, 'a recording could not be begun');
      return err('failed' as const);
    });
    if (!started.ok) {
      this.#active.delete(room);
      return started;
    }
    return ok({ kind: 'recording', recording: started.value });
  }

  stop(room: RoomId): Promise<Performed> {
    return this.#with(room, 'any', async ({ id, recording }) => {
      const stopped = await recording.stop();
      await this.close();
      return stopped.ok ? ok({ kind: 'recording', recording: id }) : err('failed');
    });
  }

  pause(room: RoomId): Promise<Performed> {
    return this.#with(room, 'on', (active) => this.#change(room, active, 'paused'));
  }

  resume(room: RoomId): Promise<Performed> {
    return this.#with(room, 'paused', (active) => this.#change(room, active, 'on'));
  }

  #with(room: RoomId, state: 'on' | 'paused' | 'any', what: (active: Active) => Promise<Performed>): Promise<Performed> {
    const active = this.#active.get(room);
    if (active === undefined || active === 'starting' || (state !== 'any' && active.state !== state)) return Promise.resolve(err('not_now'));
    return what(active);
  }

  async #start(room: RoomId, conference: string): Promise<Result<string, 'storage_full' | 'failed'>> {
    const { media, recordings, files, scheduler, newId } = this.#options;
    if (await this.#isFull()) return err('storage_full');
    const id = newId();
    const name = `${room}/${id}.wav`;
    const path = await files.prepare(name);
    const started = await media.record(room, path, (how) => this.#ended(room, id, how));
    if (!started.ok) return err('failed');
    const check = { cancel: (): void => undefined };
    this.#active.set(room, { id, name, recording: started.value, state: 'on', cancelCheck: check });
    this.#checkLater(room, check);
    const event: RoomEvent = { type: 'recording.started', at: scheduler.now(), roomId: room, data: { recording: id } };
    const added = await recordings.add({ id, roomId: room, conferenceId: conference, startedAt: event.at, bytes: 0, path: name, state: 'active' }, () => ({ events: [event] }));
    if (!added.ok) {
      this.#options.log.error({ code: added.error.code, problem: added.error.message }, 'a recording could not be written down; it is stopped');
      await started.value.stop();
      await files.remove(name);
      return err('failed');
    }
    this.#options.onKept(event);
    return ok(id);
  }

  async #change(room: RoomId, active: Active, to: 'on' | 'paused'): Promise<Performed> {
    const { recordings, scheduler } = this.#options;
    if (!(await (to === 'on' ? active.recording.resume() : active.recording.pause())).ok) return err('failed');
    active.state = to;
    const event: RoomEvent = { type: to === 'on' ? 'recording.resumed' : 'recording.paused', at: scheduler.now(), roomId: room, data: { recording: active.id } };
    const changed = await recordings.change(active.id, { state: to === 'on' ? 'active' : 'paused' }, () => ({ events: [event] }));
    // The mixer has done it: what is written of it is another matter.
    if (changed.ok) this.#options.onKept(event);
    else this.#options.log.error({ code: changed.error.code, problem: changed.error.message }, 'a change of a recording could not be written down');
    return ok({ kind: 'recording', recording: active.id });
  }

  #ended(room: RoomId, id: string, how: 'stopped' | 'failed'): void {
    const active = this.#active.get(room);
    if (active === undefined || active === 'starting' || active.id !== id) return;
    active.cancelCheck.cancel();
    this.#active.delete(room);
    if (how === 'failed') this.#options.log.warn({ code: 'recording_failed', room, recording: id }, 'a recording ended before its time');
    const written: Promise<void> = this.#writeEnd(room, id, active.name, how === 'stopped' ? 'complete' : 'failed').finally(() => this.#ending.delete(written));
    this.#ending.add(written);
  }

  async #writeEnd(room: RoomId, id: string, name: string, state: 'complete' | 'failed'): Promise<void> {
    const { recordings, files, scheduler, log } = this.#options;
    const endedAt = scheduler.now();
    const event: RoomEvent = { type: 'recording.stopped', at: endedAt, roomId: room, data: { recording: id } };
    const changed = await recordings.change(id, { endedAt, bytes: await files.size(name), state }, () => ({ events: [event] }));
    if (changed.ok) this.#options.onKept(event);
    else if (changed.error.code !== 'recording_unknown') log.error({ code: changed.error.code, problem: changed.error.message, recording: id }, 'the end of a recording could not be written down');
  }

  #checkLater(room: RoomId, check: { cancel: () => void }): void {
    check.cancel = this.#options.scheduler.after(checkMs, () => {
      void this.#isFull().then((full) => {
        const active = this.#active.get(room);
        if (active === undefined || active === 'starting' || active.cancelCheck !== check) return;
        if (full) {
          this.#options.log.warn({ code: 'recordings_full', room }, 'recording.maxBytes is reached: a recording is stopped');
          void active.recording.stop();
        } else this.#checkLater(room, check);
      });
    });
  }

  /** What is finished by the books, what is under way by its size. */
  async #isFull(): Promise<boolean> {
    const { recordings, files, maxBytes } = this.#options;
    if (maxBytes === 0) return false;
    const total = await recordings.totalBytes();
    const underWay = await Promise.all([...this.#active.values()].flatMap((active) => (active === 'starting' ? [] : [files.size(active.name)])));
    return (total.ok ? total.value : 0) + underWay.reduce((sum, bytes) => sum + bytes, 0) >= maxBytes;
  }
}
