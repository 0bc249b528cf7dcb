/** What is played into a conference, or over it to one member: a queue, one source after the other, and `async` ones beside it. */
import type { AudioSource, PlayId } from './api.ts';
import type { AudioFiles, FileFault } from './audio-files.ts';
import type { PlayAdjustment, PlayStatus, StopWhich } from './messages.ts';
import { applyGain, overlay, volumeGain } from './mixer.ts';
import { openSource } from './source.ts';
import type { SourceReader } from './source.ts';

const SAMPLES_PER_MS = 8;

export type AnnouncementChange = 'started' | 'done' | 'broken' | FileFault;

interface Announcement {
  readonly play: PlayId;
  readonly reader: SourceReader;
  sounding: boolean;
  paused: boolean;
  /** mod_conference volume step. */
  volume: number;
}

export class Announcements {
  readonly #files: AudioFiles;
  readonly #rate: number;
  readonly #emit: (play: PlayId, what: AnnouncementChange, samples: number) => void;
  /** The first one sounds. */
  readonly #queue: Announcement[] = [];
  readonly #beside: Announcement[] = [];
  #newest: Announcement | undefined;

  /** `rate` is that of the conference, Hz. */
  constructor(files: AudioFiles, rate: number, emit: (play: PlayId, what: AnnouncementChange, samples: number) => void) {
    this.#files = files;
    this.#rate = rate;
    this.#emit = emit;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#beside.length === 0;
  }

  add(play: PlayId, source: AudioSource, where: 'queue' | 'beside', volume = 0): void {
    this.#newest = { play, reader: openSource(source, this.#files, this.#rate), sounding: false, paused: false, volume };
    (where === 'queue' ? this.#queue : this.#beside).push(this.#newest);
  }

  /** Fills `frame` with what is to be heard now, false when there is nothing; `scratch` is as long and is overwritten. */
  next(frame: Int16Array, scratch: Int16Array): boolean {
    let heard = this.#nextOfQueue(frame);
    for (let i = 0; i < this.#beside.length; ) {
      const one = this.#beside[i];
      if (one === undefined) break;
      const outcome = this.#read(one, heard ? scratch : frame);
      // What is over has left the list.
      if (outcome !== 'over') i++;
      if (outcome !== 'audio') continue;
      if (heard) overlay(frame, scratch);
      heard = true;
    }
    return heard;
  }

  /** Ends those meant, answers how many; `last` is the one added last, if it is not over. */
  stop(which: StopWhich): number {
    const stopped = this.#meant(which);
    for (const one of stopped) this.#end(one, 'broken');
    return stopped.length;
  }

  /** Changes what is first in the queue; `positionMs` is counted from its beginning. */
  adjust({ paused, positionMs, volume }: PlayAdjustment): void {
    const current = this.#queue[0];
    if (current === undefined) return;
    if (paused !== undefined) current.paused = paused;
    if (positionMs !== undefined) current.reader.seek(positionMs * SAMPLES_PER_MS);
    if (volume !== undefined) current.volume = volume;
  }

  /** Of what is first in the queue, once it has begun to sound. */
  status(): PlayStatus {
    const current = this.#queue[0];
    if (current?.sounding !== true) return undefined;
    const { offset, length } = current.reader;
    return { play: current.play, positionMs: Math.round(offset / SAMPLES_PER_MS), ...(length === Infinity ? {} : { lengthMs: Math.round(length / SAMPLES_PER_MS) }) };
  }

  #nextOfQueue(frame: Int16Array): boolean {
    for (let current = this.#queue[0]; current !== undefined && !current.paused; current = this.#queue[0]) {
      const outcome = this.#read(current, frame);
      if (outcome !== 'over') return outcome === 'audio';
    }
    return false;
  }

  #meant(which: StopWhich): Announcement[] {
    switch (which) {
      case 'current':
        return this.#queue.slice(0, 1);
      case 'all':
        return [...this.#queue, ...this.#beside];
      case 'async':
        return [...this.#beside];
      case 'last':
        return this.#newest === undefined ? [] : [this.#newest];
    }
  }

  #read(one: Announcement, frame: Int16Array): 'audio' | 'pending' | 'over' {
    const outcome = one.reader.read(frame);
    if (outcome === 'pending') return 'pending';
    if (outcome !== 'audio') {
      this.#end(one, outcome);
      return 'over';
    }
    if (!one.sounding) this.#emit(one.play, 'started', 0);
    one.sounding = true;
    if (one.volume !== 0) applyGain(frame, volumeGain(one.volume));
    return 'audio';
  }

  #end(one: Announcement, how: AnnouncementChange): void {
    for (const list of [this.#queue, this.#beside]) {
      const at = list.indexOf(one);
      if (at >= 0) list.splice(at, 1);
    }
    if (this.#newest === one) this.#newest = undefined;
    this.#emit(one.play, how, one.reader.samples);
  }
}
