import type { Prompt } from '../../src/domain/prompts.ts';
import type { Scheduler } from '../../src/lib/machine.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { MediaStatistics } from '../../src/ports/live.ts';
import type { AllocateFailure, ConferenceRecording, LegMedia, MediaDescription, MediaHandlers, MediaPort, Sound } from '../../src/ports/media.ts';
import type { Points } from './points.ts';

/** Every prompt takes so long to say. */
export const promptMs = 1_000;

const music = { key: '(music)' };

export const description: MediaDescription = {
  lines: [{ kind: 'audio', protocol: 'RTP/AVP', address: '192.0.2.9', port: 4_000, direction: 'sendrecv', codecs: [{ name: 'PCMU', payloadType: 0, clockRate: 8_000 }] }],
};

/** A media server that plays nothing and takes the time of it. */
export class FakeMedia implements MediaPort {
  readonly legs = new Set<FakeLegMedia>();
  readonly announced: { readonly conference: string; readonly keys: readonly string[] }[] = [];
  available = true;
  /** What `allocate` and `join` fail with, if they do. */
  allocateFailure: AllocateFailure | undefined;
  joinFailure: 'join_failed' | undefined;
  /** How many joins fail so. */
  joinFailures = Infinity;
  recordFailure: 'failed' | undefined;
  /** Of each file that was begun: what became of it. */
  readonly recordings = new Map<string, { readonly conference: string; state: 'on' | 'paused' | 'stopped'; readonly end: (how: 'stopped' | 'failed') => void }>();
  readonly scheduler: Scheduler;
  readonly points: Points;

  constructor(scheduler: Scheduler, points: Points) {
    this.scheduler = scheduler;
    this.points = points;
  }

  async allocate(_offer: MediaDescription | undefined, handlers: MediaHandlers): Promise<Result<LegMedia, AllocateFailure>> {
    await this.points.pass('allocate');
    if (this.allocateFailure !== undefined) return err(this.allocateFailure);
    const leg = new FakeLegMedia(this, handlers);
    this.legs.add(leg);
    return ok(leg);
  }

  announce(conference: string, prompts: readonly Prompt[]): Promise<void> {
    this.announced.push({ conference, keys: prompts.map(spoken) });
    return Promise.resolve();
  }

  async announceFile(conference: string, path: string): Promise<'said' | 'failed'> {
    this.announced.push({ conference, keys: [path] });
    await new Promise<void>((resolve) => this.scheduler.after(promptMs, resolve));
    return 'said';
  }

  async record(conference: string, path: string, onEnded: (how: 'stopped' | 'failed') => void): Promise<Result<ConferenceRecording, 'failed'>> {
    await this.points.pass('record');
    if (this.recordFailure !== undefined) return err(this.recordFailure);
    const recording = {
      conference,
      state: 'on' as 'on' | 'paused' | 'stopped',
      end: (how: 'stopped' | 'failed'): void => {
        if (recording.state === 'stopped') return;
        recording.state = 'stopped';
        onEnded(how);
      },
    };
    this.recordings.set(path, recording);
    const to = (state: 'on' | 'paused'): Promise<Result<void, 'failed'>> => {
      recording.state = state;
      return Promise.resolve(ok(undefined));
    };
    return ok({
      pause: () => to('paused'),
      resume: () => to('on'),
      stop: () => {
        recording.end('stopped');
        return Promise.resolve(ok(undefined));
      },
    });
  }

  /** The last member has left: what is recorded ends. */
  emptied(conference: string): void {
    if ([...this.legs].some((leg) => leg.conference === conference)) return;
    for (const recording of this.recordings.values()) if (recording.conference === conference) recording.end('stopped');
  }

  /** The server is gone, and every endpoint on it. */
  lose(): void {
    this.available = false;
    for (const leg of [...this.legs]) leg.lose();
  }
}

export class FakeLegMedia implements LegMedia {
  readonly answer = description;
  readonly id: string;
  readonly heard: string[] = [];
  readonly handlers: MediaHandlers;
  conference: string | undefined;
  muted: 'yes' | 'no' = 'no';
  deaf: 'yes' | 'no' = 'no';
  gain = 0;
  /** Keys sent to the far end. */
  keyed = '';
  /** RTP packets that have come in. A test that wants silence stops counting them. */
  packets: 'coming' | 'none' = 'coming';
  releases = 0;
  #count = 0;
  #playing: ((how: 'done' | 'stopped') => void) | undefined;
  readonly #server: FakeMedia;

  constructor(server: FakeMedia, handlers: MediaHandlers) {
    this.#server = server;
    this.handlers = handlers;
    this.id = `endpoint-${server.legs.size + 1}`;
  }

  get details(): { readonly codec: string; readonly encrypted: boolean } {
    return { codec: 'PCMU', encrypted: false };
  }

  play(sounds: readonly Sound[], language: string): Promise<'done' | 'stopped' | 'failed'> {
    this.heard.push(...sounds.map((sound) => (language === 'en' ? spoken(sound) : `${language}:${spoken(sound)}`)));
    return this.#sound(sounds.length * promptMs);
  }

  async playMusic(): Promise<'stopped' | 'failed'> {
    this.heard.push(music.key);
    await this.#sound(undefined);
    return 'stopped';
  }

  stopPlay(): Promise<void> {
    this.#playing?.('stopped');
    return Promise.resolve();
  }

  async join(conference: string, muted: boolean): Promise<Result<void, 'join_failed'>> {
    await this.stopPlay();
    await this.#server.points.pass('join');
    if (this.#server.joinFailure !== undefined && this.#server.joinFailures-- > 0) return err(this.#server.joinFailure);
    this.conference = conference;
    this.muted = muted ? 'yes' : 'no';
    return ok(undefined);
  }

  async leave(): Promise<void> {
    await this.#server.points.pass('leave');
    this.#leave();
  }

  setGain(decibels: number): Promise<void> {
    this.gain = decibels;
    return Promise.resolve();
  }

  setDeaf(deaf: boolean): Promise<void> {
    this.deaf = deaf ? 'yes' : 'no';
    return Promise.resolve();
  }

  sendDigits(digits: string): Promise<void> {
    this.keyed += digits;
    return Promise.resolve();
  }

  setMuted(muted: boolean): Promise<void> {
    this.muted = muted ? 'yes' : 'no';
    return Promise.resolve();
  }

  async tell(sounds: readonly Sound[]): Promise<'said' | 'failed'> {
    this.heard.push(...sounds.map((sound) => `conference:${spoken(sound)}`));
    return (await this.#sound(sounds.length * promptMs)) === 'done' ? 'said' : 'failed';
  }

  statistics(): Promise<MediaStatistics | undefined> {
    return Promise.resolve({ packetsReceived: this.#count, packetsLost: 0 });
  }

  async packetsReceived(): Promise<number | undefined> {
    await this.#server.points.pass('packets');
    if (this.packets === 'coming') this.#count += 50;
    return this.#count;
  }

  update(): Promise<Result<MediaDescription, AllocateFailure>> {
    return Promise.resolve(ok(description));
  }

  async release(): Promise<void> {
    this.releases += 1;
    this.#playing?.('stopped');
    await this.#server.points.pass('release');
    this.#leave();
    this.#server.legs.delete(this);
  }

  #leave(): void {
    const left = this.conference;
    this.conference = undefined;
    if (left !== undefined) this.#server.emptied(left);
  }

  lose(): void {
    this.#leave();
    this.#server.legs.delete(this);
    this.#playing?.('stopped');
    this.handlers.onLost();
  }

  /** What the play in progress is replaced by lasts `ms`, or for ever. */
  async #sound(ms: number | undefined): Promise<'done' | 'stopped'> {
    this.#playing?.('stopped');
    await this.#server.points.pass('play');
    if (!this.#server.legs.has(this)) return 'stopped';
    return new Promise((resolve) => {
      const cancel = ms === undefined ? (): void => undefined : this.#server.scheduler.after(ms, () => over('done'));
      const over = (how: 'done' | 'stopped'): void => {
        cancel();
        if (this.#playing === over) this.#playing = undefined;
        resolve(how);
      };
      this.#playing = over;
    });
  }
}

const spoken = (sound: Sound): string => ('file' in sound ? sound.file : 'count' in sound ? `${sound.key}:${sound.count}` : sound.key);
