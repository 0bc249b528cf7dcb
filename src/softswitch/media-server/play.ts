/** One playlist played to a leg: from the engine's reports to PLAYBACK_START, PLAYBACK_STOP and the playback variables. */
import type { PlaylistItem } from './audio-source.ts';
import type { Channel } from './channel.ts';
import type { PlayEvent } from './core.ts';

/** FreeSWITCH's Application-Response of `playback`; a list answers for its last file. */
export type PlayResponse = 'FILE PLAYED' | 'FILE NOT FOUND' | 'PLAYBACK ERROR';

interface OpenItem {
  readonly item: PlaylistItem;
  readonly startedAt: number;
  samples: number;
  offset: number;
  broken: boolean;
}

const SAMPLES_PER_MS = 8;

export class Play {
  readonly #channel: Channel;
  readonly #id: string;
  readonly #items: readonly PlaylistItem[];
  /** The item of every source handed to the engine. */
  readonly #itemOf: readonly PlaylistItem[];
  readonly #done: (response: PlayResponse, terminated: boolean) => void;
  #open: OpenItem | undefined;
  #response: PlayResponse = 'FILE NOT FOUND';

  /** Starts at once. A key of `terminators` ends it when it goes down. `done` is called after the last event of the play, from in here when there is nothing to play; `terminated`: by a key. */
  constructor(channel: Channel, items: readonly PlaylistItem[], terminators: string, done: (response: PlayResponse, terminated: boolean) => void) {
    this.#channel = channel;
    this.#id = channel.core.newUuid();
    this.#items = items;
    this.#itemOf = items.flatMap((item) => item.sources.map(() => item));
    this.#done = done;
    const sources = items.flatMap((item) => item.sources);
    if (sources.length === 0) {
      done('FILE NOT FOUND', false);
      return;
    }
    channel.core.plays.set(this.#id, (event) => this.#on(event));
    channel.core.engine.play(channel.uuid, this.#id, sources, terminators);
  }

  /** Ends the present file, or the whole list. */
  break(all: boolean): void {
    // When it is over the engine plays what lies below it, and that is not meant.
    if (this.#channel.core.plays.has(this.#id)) this.#channel.core.engine.breakPlay(this.#channel.uuid, all);
  }

  /** The channel leaves the play: nothing more is awaited. Status `done`, as FreeSWITCH reports it on hang-up (E12). */
  abandon(): void {
    if (!this.#channel.core.plays.delete(this.#id)) return;
    if (this.#open !== undefined) {
      this.#open.samples = (this.#channel.core.scheduler.now() - this.#open.startedAt) * SAMPLES_PER_MS;
      this.#open.offset = this.#open.samples;
      this.#close(this.#open, false);
    }
    this.#channel.core.engine.breakPlay(this.#channel.uuid, true);
  }

  #on(event: PlayEvent): void {
    switch (event.type) {
      case 'playStarted': {
        const item = this.#itemOf[event.index];
        if (item === undefined || this.#open?.item === item) break;
        if (this.#open !== undefined) this.#close(this.#open, this.#open.broken);
        this.#open = { item, startedAt: this.#channel.core.scheduler.now(), samples: 0, offset: 0, broken: false };
        this.#channel.publish('PLAYBACK_START', fileHeaders(item));
        break;
      }
      case 'playStopped':
        this.#stopped(event);
        break;
      case 'playDone':
        this.#channel.core.plays.delete(this.#id);
        if (event.terminator !== undefined) this.#channel.setVariable('playback_terminator_used', event.terminator);
        if (this.#open !== undefined) this.#close(this.#open, this.#open.broken);
        // A name that meant nothing never reached the engine.
        if (this.#items.at(-1)?.sources.length === 0) this.#response = 'FILE NOT FOUND';
        this.#done(this.#response, event.terminator !== undefined);
        break;
    }
  }

  #stopped(event: Extract<PlayEvent, { readonly type: 'playStopped' }>): void {
    if (event.how === 'not_found' || event.how === 'unreadable') {
      this.#response = event.how === 'not_found' ? 'FILE NOT FOUND' : 'PLAYBACK ERROR';
      return;
    }
    this.#response = 'FILE PLAYED';
    if (this.#open === undefined) return;
    this.#open.samples += event.samples;
    this.#open.offset = event.offset;
    this.#open.broken ||= event.how === 'broken';
    const more = this.#itemOf[event.index + 1] === this.#open.item;
    if (!more) this.#close(this.#open, this.#open.broken);
  }

  #close(open: OpenItem, broken: boolean): void {
    this.#open = undefined;
    const ms = Math.round(open.samples / SAMPLES_PER_MS);
    this.#channel.setVariable('playback_last_offset_pos', String(open.offset));
    this.#channel.setVariable('playback_seconds', String(Math.floor(ms / 1_000)));
    this.#channel.setVariable('playback_ms', String(ms));
    this.#channel.setVariable('playback_samples', String(open.samples));
    this.#channel.publish('PLAYBACK_STOP', [...fileHeaders(open.item), ['Playback-Status', broken ? 'break' : 'done']]);
  }
}

function fileHeaders(item: PlaylistItem): readonly (readonly [string, string])[] {
  const path = ['Playback-File-Path', item.path] as const;
  // FreeSWITCH names the type of generated audio only.
  return item.type === 'tone_stream' ? [['Playback-File-Type', item.type], path] : [path];
}
