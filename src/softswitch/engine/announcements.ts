/** What is played into a conference, or over it to one member: one source after the other. */
import type { AudioSource, PlayId } from './api.ts';
import type { AudioFiles } from './audio-files.ts';
import type { StopWhich } from './messages.ts';
import { openSource } from './source.ts';
import type { SourceReader } from './source.ts';

export type AnnouncementChange = 'started' | 'done' | 'broken' | 'not_found' | 'unreadable';

interface Announcement {
  readonly play: PlayId;
  readonly reader: SourceReader;
  sounding: boolean;
}

export class Announcements {
  readonly #files: AudioFiles;
  readonly #emit: (play: PlayId, what: AnnouncementChange, samples: number) => void;
  readonly #queue: Announcement[] = [];

  constructor(files: AudioFiles, emit: (play: PlayId, what: AnnouncementChange, samples: number) => void) {
    this.#files = files;
    this.#emit = emit;
  }

  add(play: PlayId, source: AudioSource): void {
    this.#queue.push({ play, reader: openSource(source, this.#files), sounding: false });
  }

  /** Fills `frame` with what is to be heard now; false when there is nothing. */
  next(frame: Int16Array): boolean {
    for (let current = this.#queue[0]; current !== undefined; current = this.#queue[0]) {
      const outcome = current.reader.read(frame);
      if (outcome === 'pending') return false;
      if (outcome === 'audio') {
        if (!current.sounding) this.#emit(current.play, 'started', 0);
        current.sounding = true;
        return true;
      }
      this.#queue.shift();
      this.#emit(current.play, outcome, current.reader.samples);
    }
    return false;
  }

  /** Ends the present one, or all; answers how many. */
  stop(which: StopWhich): number {
    const stopped = this.#queue.splice(0, which === 'all' ? this.#queue.length : 1);
    for (const { play, reader } of stopped) this.#emit(play, 'broken', reader.samples);
    return stopped.length;
  }
}
