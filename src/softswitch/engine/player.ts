/**
 * What is played to one leg: lists of sources, nested as FreeSWITCH nests applications. A new list sets the running one aside;
 * when it is over the one below goes on where it was.
 */
import type { AudioSource, EngineEvent, LegId, PlayId } from './api.ts';
import type { AudioFiles } from './audio-files.ts';
import { openSource } from './source.ts';
import type { SourceReader } from './source.ts';

interface Play {
  readonly id: PlayId;
  readonly sources: readonly AudioSource[];
  readonly terminators: string;
  terminatedBy: string | undefined;
  index: number;
  /** The present source; and the next one, loading while the present one is heard. */
  reader: SourceReader | undefined;
  next: SourceReader | undefined;
  sounding: boolean;
  /** Asked for since the last tick. */
  toBreak: 'nothing' | 'source' | 'list';
}

export class Player {
  readonly #leg: LegId;
  readonly #files: AudioFiles;
  readonly #emit: (event: EngineEvent) => void;
  /** The last one is running. */
  readonly #plays: Play[] = [];

  constructor(leg: LegId, files: AudioFiles, emit: (event: EngineEvent) => void) {
    this.#leg = leg;
    this.#files = files;
    this.#emit = emit;
  }

  play(id: PlayId, sources: readonly AudioSource[], terminators: string): void {
    const play: Play = { id, sources, terminators, terminatedBy: undefined, index: 0, reader: undefined, next: undefined, sounding: false, toBreak: 'nothing' };
    this.#plays.push(play);
    this.#open(play);
  }

  /** Ends the present source of the running list, or all of that list, at the next tick. */
  break(all: boolean): void {
    const running = this.#plays.at(-1);
    if (running !== undefined && running.toBreak !== 'list') running.toBreak = all ? 'list' : 'source';
  }

  /** A key went down: it ends the running list if it is one of its terminators. */
  pressed(key: string): void {
    const running = this.#plays.at(-1);
    if (running?.terminators.includes(key) !== true || running.terminatedBy !== undefined) return;
    running.terminatedBy = key;
    running.toBreak = 'list';
  }

  /** Fills `frame` with what is to be heard now; false when nothing is played, or it is not loaded yet. */
  next(frame: Int16Array): boolean {
    if (this.#plays.length === 0) return false;
    for (const play of this.#plays) this.#applyBreak(play);
    for (let play = this.#plays.at(-1); play !== undefined; play = this.#plays.at(-1)) {
      const outcome = play.reader?.read(frame);
      if (outcome === undefined) {
        this.#plays.pop();
        this.#done(play);
      } else if (outcome === 'pending') {
        return false;
      } else if (outcome === 'audio') {
        this.#began(play);
        return true;
      } else {
        this.#ended(play, outcome);
      }
    }
    return false;
  }

  /** Ends everything at once. */
  stop(): void {
    for (let play = this.#plays.pop(); play !== undefined; play = this.#plays.pop()) {
      play.toBreak = 'list';
      this.#applyBreak(play);
      this.#done(play);
    }
  }

  #done({ id, terminatedBy }: Play): void {
    this.#emit({ type: 'playDone', leg: this.#leg, play: id, ...(terminatedBy === undefined ? {} : { terminator: terminatedBy }) });
  }

  #applyBreak(play: Play): void {
    const { toBreak } = play;
    if (toBreak === 'nothing') return;
    play.toBreak = 'nothing';
    if (play.reader !== undefined) this.#ended(play, 'broken');
    if (toBreak === 'list') play.reader = undefined;
  }

  #began(play: Play): void {
    if (play.sounding) return;
    play.sounding = true;
    const following = play.sources[play.index + 1];
    if (following !== undefined) play.next = openSource(following, this.#files);
    this.#emit({ type: 'playStarted', leg: this.#leg, play: play.id, index: play.index });
  }

  #ended(play: Play, how: 'done' | 'broken' | 'not_found' | 'unreadable'): void {
    const { samples = 0, offset = 0 } = play.reader ?? {};
    this.#emit({ type: 'playStopped', leg: this.#leg, play: play.id, index: play.index, how, samples, offset });
    play.index++;
    this.#open(play);
  }

  #open(play: Play): void {
    const source = play.sources[play.index];
    play.reader = play.next ?? (source === undefined ? undefined : openSource(source, this.#files));
    play.next = undefined;
    play.sounding = false;
  }
}
