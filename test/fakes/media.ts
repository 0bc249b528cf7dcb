import type { Prompt } from '../../src/domain/prompts.ts';
import type { Scheduler } from '../../src/lib/machine.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { AllocateFailure, LegMedia, MediaDescription, MediaHandlers, MediaPort } from '../../src/ports/media.ts';
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

  play(prompts: readonly Prompt[], language: string): Promise<'done' | 'stopped' | 'failed'> {
    this.heard.push(...prompts.map((prompt) => (language === 'en' ? spoken(prompt) : `${language}:${spoken(prompt)}`)));
    return this.#sound(prompts.length * promptMs);
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
    if (this.#server.joinFailure !== undefined) return err(this.#server.joinFailure);
    this.conference = conference;
    this.muted = muted ? 'yes' : 'no';
    return ok(undefined);
  }

  async leave(): Promise<void> {
    await this.#server.points.pass('leave');
    this.conference = undefined;
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

  async tell(prompts: readonly Prompt[]): Promise<void> {
    this.heard.push(...prompts.map((prompt) => `conference:${spoken(prompt)}`));
    await this.#sound(prompts.length * promptMs);
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
    this.conference = undefined;
    this.#server.legs.delete(this);
  }

  lose(): void {
    this.conference = undefined;
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

const spoken = (prompt: Prompt): string => ('count' in prompt ? `${prompt.key}:${prompt.count}` : prompt.key);
