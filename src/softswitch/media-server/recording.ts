/** One recording of a channel: from the engine's reports to RECORD_START, RECORD_STOP and the record variables. */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { Channel } from './channel.ts';
import type { RecordingEvent } from './core.ts';

export type RecordingEnd = 'done' | 'failed';

export interface RecordingOptions {
  readonly path: string;
  /** What is said by the channel alone, or to it as well. */
  readonly what: 'heard' | 'both';
  readonly limitMs?: number;
  readonly silenceMs?: number;
  readonly silenceLevel?: number;
  readonly append?: boolean;
}

/** Recordings of one channel at the same time. */
const MAX_RECORDINGS = 8;

export class Recording {
  readonly #channel: Channel;
  readonly #id: string;
  readonly #path: string;
  readonly #ended: (end: RecordingEnd) => void;

  private constructor(channel: Channel, options: RecordingOptions, ended: (end: RecordingEnd) => void) {
    const { path, what, ...limits } = options;
    const { core } = channel;
    this.#channel = channel;
    this.#path = path;
    this.#ended = ended;
    this.#id = core.newUuid();
    channel.recordings.set(path, this);
    core.recordings.set(this.#id, (event) => this.#on(event));
    core.engine.record(this.#id, { leg: channel.uuid, what }, path, limits);
  }

  /** Undefined when the channel records into this file already, or it or the server into too many. `ended` is called once. */
  static start(channel: Channel, options: RecordingOptions, ended: (end: RecordingEnd) => void = () => undefined): Recording | undefined {
    const { recordings, limits } = channel.core;
    if (channel.recordings.has(options.path) || channel.recordings.size >= MAX_RECORDINGS || recordings.size >= limits.recordings) return undefined;
    return new Recording(channel, options, ended);
  }

  /** The end is told when the engine has written the file. */
  stop(): void {
    this.#channel.core.engine.stopRecording(this.#id);
  }

  /** Masked, silence is written instead of what is said. */
  mask(masked: boolean): void {
    this.#channel.core.engine.pauseRecording(this.#id, masked);
  }

  #on(event: RecordingEvent): void {
    const channel = this.#channel;
    const file: EslHeader = ['Record-File-Path', this.#path];
    switch (event.what) {
      case 'started':
        channel.publish('RECORD_START', [file]);
        return;
      case 'stopped': {
        this.#forget();
        const ms = Math.round((event.samples * 1_000) / event.rate);
        channel.setVariable('record_file_size', String(event.bytes));
        channel.setVariable('record_seconds', String(Math.floor(ms / 1_000)));
        channel.setVariable('record_ms', String(ms));
        channel.setVariable('record_samples', String(event.samples));
        channel.setVariable('record_completion_cause', completionCause(event.why));
        channel.publish('RECORD_STOP', [file, ['Record-Completion-Cause', completionCause(event.why)]]);
        this.#ended('done');
        return;
      }
      case 'failed':
        this.#forget();
        channel.core.log.warn({ channel: channel.uuid, path: this.#path, error: event.message }, 'a recording failed');
        for (const name of ['record_file_size', 'record_seconds', 'record_ms', 'record_samples']) channel.setVariable(name, undefined);
        channel.setVariable('record_completion_cause', 'failed');
        channel.publish('RECORD_STOP', [file, ['Record-Completion-Cause', 'failed']]);
        this.#ended('failed');
        return;
    }
  }

  #forget(): void {
    this.#channel.core.recordings.delete(this.#id);
    this.#channel.recordings.delete(this.#path);
  }
}

function completionCause(why: 'asked' | 'limit' | 'silence' | 'left'): string {
  switch (why) {
    case 'limit':
      return 'success-maxtime';
    case 'silence':
      return 'success-silence';
    case 'asked':
    case 'left':
      return 'success';
  }
}
