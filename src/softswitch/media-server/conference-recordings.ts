/** What a conference is being recorded into. The engine writes the files; start-recording and stop-recording are told when it says so (E09). */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { Core, RecordingEvent } from './core.ts';

export interface Recording {
  readonly id: string;
  /** As it was asked for. */
  readonly path: string;
  readonly file: string;
  /** By profile or variable, not by command. */
  readonly auto: boolean;
  /** Seconds since the Unix epoch. */
  readonly startedAt: number;
  /** The engine has opened the file. */
  started: boolean;
  paused: boolean;
  stopping: boolean;
}

/** At once in one conference. */
const MAX_RECORDINGS = 16;
/** An engine that says nothing any more does not keep the end of a conference. */
const CLOSE_MS = 2_000;

export class ConferenceRecordings {
  readonly #core: Core;
  readonly #conference: string;
  readonly #tell: (headers: readonly EslHeader[]) => void;
  readonly #all = new Map<string, Recording>();
  #whenEmpty: (() => void) | undefined;

  constructor(core: Core, conference: string, tell: (headers: readonly EslHeader[]) => void) {
    this.#core = core;
    this.#conference = conference;
    this.#tell = tell;
  }

  /** Newest first, as mod_conference lists them; those that are being stopped are not listed. */
  get list(): readonly Recording[] {
    return [...this.#all.values()].filter(({ stopping }) => !stopping).toReversed();
  }

  /** `file` is where `path` leads to. */
  start(path: string, file: string, auto = false): 'started' | 'in_use' | 'too_many' {
    if (this.list.some((recording) => recording.file === file)) return 'in_use';
    if (this.#all.size >= MAX_RECORDINGS || this.#core.recordings.size >= this.#core.limits.recordings) return 'too_many';
    const id = this.#core.newUuid();
    this.#all.set(id, { id, path, file, auto, startedAt: Math.floor(this.#core.scheduler.now() / 1_000), started: false, paused: false, stopping: false });
    this.#core.recordings.set(id, (event) => this.#on(event));
    this.#core.engine.record(id, { conference: this.#conference }, file);
    return 'started';
  }

  /** Answers what was stopped: of this path, or all. */
  stop(path?: string): readonly Recording[] {
    const meant = this.#meant(path);
    for (const recording of meant) {
      recording.stopping = true;
      this.#core.engine.stopRecording(recording.id);
    }
    return meant;
  }

  /** False when there is none of this path. */
  pause(path: string, paused: boolean): boolean {
    const meant = this.#meant(path);
    for (const recording of meant) {
      recording.paused = paused;
      this.#core.engine.pauseRecording(recording.id, paused);
    }
    return meant.length > 0;
  }

  /** Stops all; `done` follows when the last one is told to be stopped. */
  end(done: () => void): void {
    this.stop();
    if (this.#all.size === 0) {
      done();
      return;
    }
    const giveUp = this.#core.scheduler.after(CLOSE_MS, () => {
      for (const recording of [...this.#all.values()]) this.#stopped(recording, []);
    });
    this.#whenEmpty = () => {
      giveUp();
      done();
    };
  }

  #on(event: RecordingEvent): void {
    const recording = this.#all.get(event.recording);
    if (recording === undefined) return;
    switch (event.what) {
      case 'started':
        recording.started = true;
        this.#tell([['Action', 'start-recording'], ['Path', recording.path]]);
        return;
      case 'failed':
        this.#core.log.warn({ path: recording.path, error: event.message }, 'recording failed');
        // A full disk, or a worker that died: what was told to have begun is told to be over.
        if (recording.started) {
          this.#stopped(recording, [['Error', 'File could not be written']]);
          return;
        }
        this.#tell([['Action', 'start-recording'], ['Path', recording.path], ['Error', 'File could not be opened for recording']]);
        this.#forget(recording);
        return;
      case 'stopped': {
        const { samples, rate, bytes } = event;
        this.#stopped(recording, [
          ['Samples-Out', String(samples)],
          ['Samplerate', String(rate)],
          ['Milliseconds-Elapsed', String(Math.floor((samples * 1_000) / rate))],
          ['Record-File-Size', String(bytes)],
        ]);
      }
    }
  }

  #meant(path: string | undefined): readonly Recording[] {
    return this.list.filter((recording) => path === undefined || recording.path === path);
  }

  #stopped(recording: Recording, figures: readonly EslHeader[]): void {
    this.#all.delete(recording.id);
    this.#tell([['Action', 'stop-recording'], ['Path', recording.path], ['Other-Recordings', String(this.list.length > 0)], ...figures]);
    this.#forget(recording);
  }

  #forget({ id }: Recording): void {
    this.#all.delete(id);
    this.#core.recordings.delete(id);
    if (this.#all.size > 0) return;
    this.#whenEmpty?.();
    this.#whenEmpty = undefined;
  }
}
