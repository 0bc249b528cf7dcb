/**
 * What is played to one leg: lists of sources, nested as FreeSWITCH nests applications. A new list sets the running one aside;
 * when it is over the one below goes on where it was.
 */
import type { EngineEvent, LegId, LegSource, PlayId } from './api.ts';
import type { AudioFiles } from './audio-files.ts';
import { Echo } from './echo.ts';
import { FRAMES_PER_SECOND } from './mixer.ts';
import { openSource } from './source.ts';
import type { SourceReader } from './source.ts';

interface Play {
  readonly id: PlayId;
  readonly sources: readonly LegSource[];
  readonly terminators: string;
  index: number;
  /** The present source, undefined when the list is over; and the next one, loading while the present one is heard. */
  reader: SourceReader | undefined;
  next: SourceReader | undefined;
  sounding: boolean;
}

export class Player {
  readonly #leg: LegId;
  readonly #files: AudioFiles;
  readonly #said: () => Int16Array | undefined;
  readonly #emit: (event: EngineEvent) => void;
  /** The last one is running. */
  readonly #plays: Play[] = [];
  /** Of the last frame: what comes next will most likely be wanted at it, too. */
  #rate = 8000;

  /** `said`: what the leg said in this tick, if anybody listened. */
  constructor(leg: LegId, files: AudioFiles, said: () => Int16Array | undefined, emit: (event: EngineEvent) => void) {
    this.#leg = leg;
    this.#files = files;
    this.#said = said;
    this.#emit = emit;
  }

  /** The leg hears itself: somebody must listen to it, before `next`. */
  get echoes(): boolean {
    return this.#plays.at(-1)?.reader instanceof Echo;
  }

  play(id: PlayId, sources: readonly LegSource[], terminators: string): void {
    const play: Play = { id, sources, terminators, index: 0, reader: undefined, next: undefined, sounding: false };
    this.#plays.push(play);
    this.#open(play);
  }

  /** Ends the present source of the running list, or all of that list. Another call meets what follows: the next source, the list below. */
  break(all: boolean): void {
    const running = this.#plays.at(-1);
    if (running === undefined) return;
    if (!all && running.reader !== undefined) this.#ended(running, 'broken');
    if (all || running.reader === undefined) this.#endList();
  }

  /** A key went down: it ends the running list if it is one of its terminators. */
  pressed(key: string): void {
    if (this.#plays.at(-1)?.terminators.includes(key) === true) this.#endList(key);
  }

  /** Fills `frame` with what is to be heard now; false when nothing is played, or it is not loaded yet. */
  next(frame: Int16Array): boolean {
    if (this.#plays.length === 0) return false;
    this.#rate = frame.length * FRAMES_PER_SECOND;
    for (let play = this.#plays.at(-1); play !== undefined; play = this.#plays.at(-1)) {
      const outcome = play.reader?.read(frame);
      if (outcome === undefined) {
        this.#endList();
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
    while (this.#plays.length > 0) this.#endList();
  }

  #endList(terminator?: string): void {
    const play = this.#plays.pop();
    if (play === undefined) return;
    if (play.reader !== undefined) this.#tellStopped(play, play.reader, 'broken');
    this.#emit({ type: 'playDone', leg: this.#leg, play: play.id, ...(terminator === undefined ? {} : { terminator }) });
  }

  #began(play: Play): void {
    if (play.sounding) return;
    play.sounding = true;
    const following = play.sources[play.index + 1];
    if (following !== undefined) play.next = this.#reader(following);
    this.#emit({ type: 'playStarted', leg: this.#leg, play: play.id, index: play.index });
  }

  #ended(play: Play, how: 'done' | 'broken' | 'not_found' | 'unreadable'): void {
    if (play.reader !== undefined) this.#tellStopped(play, play.reader, how);
    play.index++;
    this.#open(play);
  }

  #tellStopped({ id, index }: Play, { samples, offset }: SourceReader, how: 'done' | 'broken' | 'not_found' | 'unreadable'): void {
    this.#emit({ type: 'playStopped', leg: this.#leg, play: id, index, how, samples, offset });
  }

  #open(play: Play): void {
    const source = play.sources[play.index];
    play.reader = play.next ?? (source === undefined ? undefined : this.#reader(source));
    play.next = undefined;
    play.sounding = false;
  }

  #reader(source: LegSource): SourceReader {
    return source.kind === 'echo' ? new Echo(this.#said, source.delayMs) : openSource(source, this.#files, this.#rate);
  }
}
