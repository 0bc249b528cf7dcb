/** One worker as the main thread has it: commands go in, answers come back by request number, each with a deadline; its end is told once. */
import { Worker } from 'node:worker_threads';
import type { EngineEvent } from './api.ts';
import type { EngineAnswer, EngineCommand, WorkerMessage, WorkerSettings } from './messages.ts';

/** The worker answers within a tick; when it does not for this long it is stuck. */
const DEADLINE_MS = 2000;
/** How often it is asked whether it lives, and how many questions may stand open. Counted, not timed: a main thread held up itself must not blame the worker. */
const BEAT_MS = 500;
const MAX_UNANSWERED = DEADLINE_MS / BEAT_MS;
/** A worker that starts on a busy machine is let off as many more: 10 s. */
const START_BEATS = 20;
/** Space for short-lived objects, of which audio makes next to none: V8 would let it grow to 48 MB, a larger share of each leg than all it is made of. */
const YOUNG_MB = 6;

export interface WorkerClientOptions {
  readonly settings: WorkerSettings;
  /** What the thread runs; absent: the engine. */
  readonly script?: URL;
  readonly onEvent: (event: EngineEvent) => void;
  /** The worker has died by itself, or was ended because it was stuck; nothing of it follows. */
  readonly onDeath: (message: string) => void;
  readonly log: { warn(fields: { readonly code: string }, message: string): void };
}

export class WorkerClient {
  readonly #options: WorkerClientOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #beat: NodeJS.Timeout;
  readonly #pending = new Map<number, (answer: EngineAnswer | undefined) => void>();
  /** Said in this turn of the event loop. A message is a wake of the thread: those of a turn go in one. */
  #unsent: EngineCommand[] = [];
  #requests = 0;
  #unanswered = -START_BEATS;
  #state: 'running' | 'stopping' | 'dead' = 'running';

  constructor(options: WorkerClientOptions) {
    this.#options = options;
    this.#worker = new Worker(options.script ?? new URL('./worker.js', import.meta.url), { workerData: options.settings, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    this.#worker.on('message', (messages: readonly WorkerMessage[]) => {
      for (const message of messages) this.#receive(message);
    });
    this.#worker.on('error', (error) => {
      this.#die(error.message);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#die(`the worker ended with code ${code}`);
        resolve();
      });
    });
    this.#beat = setInterval(() => {
      this.#ask();
    }, BEAT_MS);
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  send(command: EngineCommand): void {
    if (this.#state !== 'running') return;
    if (this.#unsent.push(command) === 1) setImmediate(() => this.#flush());
  }

  /** Undefined when the worker is dead or too late. */
  request<T extends EngineAnswer['type']>(type: T, command: (request: number) => EngineCommand): Promise<Extract<EngineAnswer, { type: T }> | undefined> {
    if (this.#state !== 'running') return Promise.resolve(undefined);
    const request = ++this.#requests;
    return new Promise((resolve) => {
      const settle = (answer: EngineAnswer | undefined): void => {
        clearTimeout(deadline);
        this.#pending.delete(request);
        resolve(answer?.type === type ? (answer as Extract<EngineAnswer, { type: T }>) : undefined);
      };
      const deadline = setTimeout(() => {
        this.#options.log.warn({ code: 'engine_deadline' }, `the media engine did not answer within ${DEADLINE_MS} ms`);
        settle(undefined);
      }, DEADLINE_MS);
      this.#pending.set(request, settle);
      this.send(command(request));
    });
  }

  /** Ends the thread in good order, or from outside when it does not answer. */
  async stop(): Promise<void> {
    if (this.#state === 'running') {
      const stopped = this.request('stopped', (request) => ({ type: 'stop', request }));
      this.#state = 'stopping';
      clearInterval(this.#beat);
      if ((await stopped) === undefined) await this.#worker.terminate();
    }
    await this.#exited;
  }

  #flush(): void {
    const commands = this.#unsent;
    this.#unsent = [];
    this.#worker.postMessage(commands);
  }

  #receive(message: WorkerMessage): void {
    if (this.#state === 'dead') return;
    this.#unanswered = 0;
    switch (message.type) {
      case 'answer':
        this.#pending.get(message.request)?.(message.answer);
        return;
      case 'event':
        this.#options.onEvent(message.event);
        return;
      case 'pong':
        return;
      case 'warning':
        this.#options.log.warn({ code: message.code }, message.message);
    }
  }

  #ask(): void {
    if (this.#unanswered >= MAX_UNANSWERED) {
      this.#die(`the worker did not answer for ${DEADLINE_MS} ms`);
      void this.#worker.terminate();
      return;
    }
    this.#unanswered++;
    this.send({ type: 'ping' });
  }

  #die(message: string): void {
    if (this.#state === 'dead') return;
    const wasStopping = this.#state === 'stopping';
    this.#state = 'dead';
    clearInterval(this.#beat);
    for (const settle of [...this.#pending.values()]) settle(undefined);
    if (!wasStopping) this.#options.onDeath(message);
  }
}
