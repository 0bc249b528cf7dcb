/** One recording, from its start to exactly one end: stopped or failed. */
import type { Scheduler } from '../../lib/machine.ts';
import type { EngineEvent, RecordingId } from './api.ts';
import type { RecordingLimits, RecordingSource } from './messages.ts';
import { FRAMES_PER_SECOND, measure } from './mixer.ts';
import { RecordingFile } from './recording-file.ts';
import { Resampler, SUPPORTED_RATES } from './resampler.ts';

const FRAME_MS = 1000 / FRAMES_PER_SECOND;
/** Frames lost to a slow disk after which it is no recording any more: 5 s. */
const MAX_DROPPED = 250;
/** A disk that does not take the rest in this time will not. */
const END_DEADLINE_MS = 5000;
/** mod_dptools `record`: the threshold when none is given. */
const SILENCE_LEVEL = 200;

const loudness = { energy: 0, peak: 0 };

export type RecordingEnd = 'asked' | 'limit' | 'silence' | 'left';

/** What recordings need of the engine. */
export interface RecordingServices {
  readonly scheduler: Scheduler;
  readonly emit: (event: EngineEvent) => void;
  readonly warn: (code: string, message: string) => void;
}

export interface RecordingOrder {
  readonly id: RecordingId;
  readonly from: RecordingSource;
  readonly path: string;
  readonly limits: RecordingLimits;
}

type State =
  /** `why` is set when it was ended before the file was open. */
  | { readonly name: 'opening'; readonly why: RecordingEnd | undefined }
  | { readonly name: 'running'; readonly file: RecordingFile }
  | { readonly name: 'ending' }
  | { readonly name: 'over' };

export class Recording {
  readonly order: RecordingOrder;
  /** Resolves after the last event, when the file is closed or given up. */
  readonly over: Promise<void>;
  readonly #services: RecordingServices;
  readonly #settleOver: () => void;
  #state: State = { name: 'opening', why: undefined };
  #cancelDeadline: () => void = () => undefined;
  #paused = false;
  #frames = 0;
  #silentFrames = 0;
  #dropped = 0;
  /** From the rate of the frames to that of the file, when they differ. */
  #resampler: { readonly rate: number; readonly resampler: Resampler; readonly out: Int16Array } | undefined;

  /** Opens the file at `rate` when `before` has resolved: what was recorded to the same path must be closed. */
  constructor(order: RecordingOrder, rate: number, services: RecordingServices, before: Promise<void>) {
    this.order = order;
    this.#services = services;
    const { promise, resolve } = withResolver();
    this.over = promise;
    this.#settleOver = resolve;
    const { path, limits } = order;
    before
      .then(() => RecordingFile.open(path, rate, limits.append === true, (error) => this.#fail(error)))
      .then(
        (file) => this.#opened(file),
        (error: unknown) => this.#fail(error),
      );
  }

  /** It takes no more, though its file may still be open. */
  get isEnded(): boolean {
    return this.#state.name === 'ending' || this.#state.name === 'over';
  }

  /** Takes the next 20 ms. */
  write(frame: Int16Array): void {
    const state = this.#state;
    if (state.name !== 'running' || this.#paused) return;
    const { limitMs = Infinity, silenceMs = Infinity, silenceLevel = SILENCE_LEVEL } = this.order.limits;
    const outcome = this.#append(state.file, frame);
    if (outcome === 'full') {
      this.end('limit');
      return;
    }
    if (outcome === 'dropped' && ++this.#dropped >= MAX_DROPPED) {
      this.#fail(new Error(`the disk is too slow: ${this.#dropped * FRAME_MS} ms were lost`));
      return;
    }
    this.#frames++;
    measure(frame, loudness);
    this.#silentFrames = loudness.energy < silenceLevel ? this.#silentFrames + 1 : 0;
    if (this.#frames * FRAME_MS >= limitMs) this.end('limit');
    else if (this.#silentFrames * FRAME_MS >= silenceMs) this.end('silence');
  }

  /** What passes while it is paused is left out. */
  pause(paused: boolean): void {
    this.#paused = paused;
  }

  end(why: RecordingEnd): void {
    const state = this.#state;
    if (state.name === 'ending' || state.name === 'over') return;
    this.#cancelDeadline();
    this.#cancelDeadline = this.#services.scheduler.after(END_DEADLINE_MS, () => this.#fail(new Error('the disk does not answer')));
    if (state.name === 'opening') {
      this.#state = { name: 'opening', why: state.why ?? why };
      return;
    }
    this.#state = { name: 'ending' };
    const { file } = state;
    file.close().then(
      (bytes) => {
        if (this.#dropped > 0) this.#services.warn('recording_dropped', `${this.order.path}: the disk was too slow, ${this.#dropped * FRAME_MS} ms were lost`);
        this.#over({ type: 'recording', recording: this.order.id, what: 'stopped', why, samples: file.samples, bytes, rate: file.rate });
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #opened(file: RecordingFile): void {
    if (this.#state.name !== 'opening') {
      // Too late: it was given up.
      file.close().catch(() => undefined);
      return;
    }
    const { why } = this.#state;
    this.#state = { name: 'running', file };
    this.#services.emit({ type: 'recording', recording: this.order.id, what: 'started' });
    if (!SUPPORTED_RATES.some((rate) => rate === file.rate)) this.#fail(new Error(`sampling rate ${file.rate} is not supported`));
    else if (why !== undefined) this.end(why);
  }

  #append(file: RecordingFile, frame: Int16Array): 'taken' | 'dropped' | 'full' {
    const rate = frame.length * FRAMES_PER_SECOND;
    if (rate === file.rate) return file.write(frame, frame.length);
    if (this.#resampler?.rate !== rate) {
      this.#resampler = { rate, resampler: new Resampler(rate, file.rate, 'frames'), out: new Int16Array(Math.ceil(file.rate / FRAMES_PER_SECOND)) };
    }
    const { resampler, out } = this.#resampler;
    return file.write(out, resampler.push(frame, out));
  }

  #fail(error: unknown): void {
    if (this.#state.name === 'over') return;
    // What was written so far stays, and is a whole file.
    if (this.#state.name === 'running') this.#state.file.close().catch(() => undefined);
    const message = `cannot record to ${this.order.path}: ${error instanceof Error ? error.message : String(error)}`;
    this.#over({ type: 'recording', recording: this.order.id, what: 'failed', message });
  }

  #over(event: EngineEvent): void {
    if (this.#state.name === 'over') return;
    this.#state = { name: 'over' };
    this.#cancelDeadline();
    this.#services.emit(event);
    this.#settleOver();
  }
}

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
