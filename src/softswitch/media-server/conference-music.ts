/** Music of a conference: the perpetual sound, or music on hold while someone is alone or all wait for a moderator. It starts anew when it ends. */
import type { Core } from './core.ts';
import { playlist } from './audio-source.ts';
import type { ConferencePlays } from './conference-plays.ts';

export interface MusicNeed {
  readonly perpetualSound: string | undefined;
  readonly mohSound: string | undefined;
  /** `moh off`, or a member that wants none. */
  readonly nomoh: boolean;
  readonly members: number;
  readonly waitMod: boolean;
}

/** What should sound now. */
export function wantedMusic(need: MusicNeed): string | undefined {
  if (need.members === 0) return undefined;
  if (need.perpetualSound !== undefined) return need.perpetualSound;
  return need.waitMod || (need.members === 1 && !need.nomoh) ? need.mohSound : undefined;
}

/** As mod_conference waits before it tries a music again that could not be played. */
const RETRY_MS = 2_000;

export class ConferenceMusic {
  readonly #core: Core;
  readonly #plays: ConferencePlays;
  readonly #soundPrefix: () => string;
  readonly #wanted: () => string | undefined;
  /** What sounds; `undefined` is nothing. */
  #playing: string | undefined;
  #cancelRetry: (() => void) | undefined;
  #ended = false;

  constructor(core: Core, plays: ConferencePlays, soundPrefix: () => string, wanted: () => string | undefined) {
    this.#core = core;
    this.#plays = plays;
    this.#soundPrefix = soundPrefix;
    this.#wanted = wanted;
  }

  /** After any change of what is needed. */
  update(): void {
    if (this.#ended) return;
    const wanted = this.#wanted();
    if (this.#playing === wanted) return;
    if (this.#playing !== undefined) {
      // When it is told to have stopped the next one begins.
      this.#plays.stop('async').catch((error: unknown) => this.#core.log.error({ error }, 'music could not be stopped'));
      return;
    }
    if (wanted === undefined || this.#cancelRetry !== undefined) return;
    const [item] = playlist(wanted, undefined, this.#soundPrefix());
    this.#playing = wanted;
    if (!this.#plays.start(wanted, item, { async: true, done: (heard) => this.#over(heard) })) this.#over(false);
  }

  end(): void {
    this.#ended = true;
    this.#cancelRetry?.();
  }

  #over(heard: boolean): void {
    this.#playing = undefined;
    if (this.#ended) return;
    if (heard) {
      this.update();
      return;
    }
    this.#cancelRetry = this.#core.scheduler.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.update();
    });
  }
}
