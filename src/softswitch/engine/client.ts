/** The engine as the main thread has it: commands go to the worker, answers come back by request number, each with a deadline. */
import { Worker } from 'node:worker_threads';
import type { ConferenceId, ConferenceSettings, Engine, EngineEvent, EngineStats, FarConfiguration, LegAudio, LegId, RecordingId } from './api.ts';
import type { EngineAnswer, EngineCommand, EngineLimits, OpenResult, WorkerMessage, WorkerSettings } from './messages.ts';

export type { EngineLimits } from './messages.ts';

/** The worker answers within a tick; when it does not for this long it is stuck. */
const DEADLINE_MS = 2000;

export interface EngineOptions {
  /** Range of UDP ports for RTP (even) and RTCP (odd), both ends included. */
  readonly portMin: number;
  readonly portMax: number;
  readonly limits: EngineLimits;
  /** How packets are moved; absent: by the native addon where it was built. */
  readonly packetIo?: EngineStats['packetIo'];
  /** Never called before `createEngine` has returned. */
  readonly onEvent: (event: EngineEvent) => void;
  /** Where warnings go; each has a stable `code`. */
  readonly log: { warn(fields: { readonly code: string }, message: string): void };
}

/** Starts the worker. A failure to start shows as the event `lost`. */
export function createEngine(options: EngineOptions): Engine {
  return new EngineClient(options);
}

class EngineClient implements Engine {
  readonly #options: EngineOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #legs = new Set<LegId>();
  readonly #conferences = new Set<ConferenceId>();
  readonly #pending = new Map<number, (answer: EngineAnswer | undefined) => void>();
  #requests = 0;
  #state: 'running' | 'stopping' | 'dead' = 'running';

  constructor(options: EngineOptions) {
    this.#options = options;
    const { portMin, portMax, limits, packetIo } = options;
    const settings: WorkerSettings = { portMin, portMax, limits, ...(packetIo === undefined ? {} : { packetIo }) };
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: settings });
    this.#worker.on('message', (message: WorkerMessage) => {
      this.#receive(message);
    });
    this.#worker.on('error', (error) => {
      this.#fail(error.message);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#fail(`the worker ended with code ${code}`);
        resolve();
      });
    });
  }

  async open(leg: LegId, host: string): Promise<OpenResult> {
    this.#legs.add(leg);
    const answer = await this.#request((request) => ({ type: 'open', request, leg, host }));
    if (answer?.type === 'opened') return answer.result;
    // If the answer is only late, nobody will ever use that leg.
    this.close(leg);
    return { ok: false, error: 'engine_failed' };
  }

  configure(leg: LegId, far: FarConfiguration): void {
    this.#send({ type: 'configure', leg, far });
  }

  close(leg: LegId): void {
    this.#legs.delete(leg);
    this.#send({ type: 'close', leg });
  }

  play(...[leg, play, sources, terminators = '']: Parameters<Engine['play']>): void {
    this.#send({ type: 'play', leg, play, sources, terminators });
  }

  breakPlay(leg: LegId, all: boolean): void {
    this.#send({ type: 'breakPlay', leg, all });
  }

  sendDtmf(leg: LegId, digits: string, durationMs: number): void {
    this.#send({ type: 'sendDtmf', leg, digits, durationMs });
  }

  detectDtmf(leg: LegId, on: boolean): void {
    this.#send({ type: 'detectDtmf', leg, on });
  }

  setLegAudio(leg: LegId, audio: LegAudio): void {
    this.#send({ type: 'setLegAudio', leg, audio });
  }

  setMediaTimeout(leg: LegId, ms: number, holdMs: number): void {
    this.#send({ type: 'setMediaTimeout', leg, ms, holdMs });
  }

  createConference(conference: ConferenceId, settings: ConferenceSettings): void {
    this.#conferences.add(conference);
    this.#send({ type: 'createConference', conference, settings });
  }

  destroyConference(conference: ConferenceId): void {
    this.#conferences.delete(conference);
    this.#send({ type: 'destroyConference', conference });
  }

  join(...[conference, leg, member]: Parameters<Engine['join']>): void {
    this.#send({ type: 'join', conference, leg, member });
  }

  leave(leg: LegId): void {
    this.#send({ type: 'leave', leg });
  }

  setMember(...[leg, member]: Parameters<Engine['setMember']>): void {
    this.#send({ type: 'setMember', leg, member });
  }

  relate(...[conference, listener, speaker, hears]: Parameters<Engine['relate']>): void {
    this.#send({ type: 'relate', conference, listener, speaker, hears });
  }

  playToConference(...[conference, play, source, options]: Parameters<Engine['playToConference']>): void {
    this.#send({ type: 'playToConference', conference, play, source, leg: options?.leg, async: options?.async === true });
  }

  async stopConferencePlay(...[conference, which, leg]: Parameters<Engine['stopConferencePlay']>): Promise<number> {
    const answer = await this.#request((request) => ({ type: 'stopConferencePlay', request, conference, which, leg }));
    return answer?.type === 'playsStopped' ? answer.count : 0;
  }

  adjustConferencePlay(...[conference, change, leg]: Parameters<Engine['adjustConferencePlay']>): void {
    this.#send({ type: 'adjustConferencePlay', conference, change, leg });
  }

  async conferencePlayStatus(conference: ConferenceId, leg?: LegId): ReturnType<Engine['conferencePlayStatus']> {
    const answer = await this.#request((request) => ({ type: 'conferencePlayStatus', request, conference, leg }));
    return answer?.type === 'playStatus' ? answer.status : undefined;
  }

  record(...[recording, from, path, limits = {}]: Parameters<Engine['record']>): void {
    this.#send({ type: 'record', recording, from, path, limits });
  }

  pauseRecording(recording: RecordingId, paused: boolean): void {
    this.#send({ type: 'pauseRecording', recording, paused });
  }

  stopRecording(recording: RecordingId): void {
    this.#send({ type: 'stopRecording', recording });
  }

  async stats(leg: LegId): ReturnType<Engine['stats']> {
    const answer = await this.#request((request) => ({ type: 'stats', request, leg }));
    return answer?.type === 'legStats' ? answer.stats : undefined;
  }

  async engineStats(): Promise<EngineStats> {
    const answer = await this.#request((request) => ({ type: 'engineStats', request }));
    return answer?.type === 'engineStats' ? answer.stats : { legs: 0, conferences: 0, lateTicks: 0, largestLagMs: 0, skippedTicks: 0, workers: 0, packetIo: 'node' };
  }

  async stop(): Promise<void> {
    if (this.#state === 'running') {
      const stopped = this.#request((request) => ({ type: 'stop', request }));
      this.#state = 'stopping';
      // A worker that does not answer is stuck: it is ended from outside.
      if ((await stopped) === undefined) await this.#worker.terminate();
    }
    await this.#exited;
  }

  #send(command: EngineCommand): void {
    if (this.#state === 'running') this.#worker.postMessage(command);
  }

  /** Undefined when the worker is dead or too late. */
  #request(command: (request: number) => EngineCommand): Promise<EngineAnswer | undefined> {
    if (this.#state !== 'running') return Promise.resolve(undefined);
    const request = ++this.#requests;
    return new Promise((resolve) => {
      const settle = (answer: EngineAnswer | undefined): void => {
        clearTimeout(deadline);
        this.#pending.delete(request);
        resolve(answer);
      };
      const deadline = setTimeout(() => {
        this.#options.log.warn({ code: 'engine_deadline' }, `the media engine did not answer within ${DEADLINE_MS} ms`);
        settle(undefined);
      }, DEADLINE_MS);
      this.#pending.set(request, settle);
      this.#send(command(request));
    });
  }

  #receive(message: WorkerMessage): void {
    switch (message.type) {
      case 'answer':
        this.#pending.get(message.request)?.(message.answer);
        return;
      case 'event':
        this.#options.onEvent(message.event);
        return;
      case 'warning':
        this.#options.log.warn({ code: message.code }, message.message);
    }
  }

  #fail(reason: string): void {
    if (this.#state === 'dead') return;
    const wasStopping = this.#state === 'stopping';
    this.#state = 'dead';
    for (const settle of [...this.#pending.values()]) settle(undefined);
    if (!wasStopping) this.#options.onEvent({ type: 'lost', legs: [...this.#legs], conferences: [...this.#conferences], message: reason });
  }
}
