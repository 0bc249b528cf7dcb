/** What is played into a conference or to one member: a queue for each target, and files beside it (`async`). */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { EngineEvent } from '../engine/api.ts';
import type { PlaylistItem } from './audio-source.ts';
import type { Conference } from './conference.ts';
import type { Member } from './conference-member.ts';
import type { Core } from './core.ts';

export interface PlayOptions {
  /** Beside the queue. */
  readonly async?: boolean;
  /** To this member alone. */
  readonly member?: Member;
  /** The member hears the file in place of the conference. */
  readonly nomux?: boolean;
  /** Called when it is over; `heard`: something of it was, and whom it is for is still there. */
  readonly done?: (heard: boolean) => void;
}

interface ConferencePlay extends PlayOptions {
  readonly path: string;
  /** Engine plays not over yet: a name may stand for several sources. */
  open: number;
  samples: number;
}

type PlayEvent = Extract<EngineEvent, { readonly type: 'conferencePlay' }>;

/** Waiting and sounding, in one conference. */
const MAX_PLAYS = 256;
const SAMPLES_PER_MS = 8;

export class ConferencePlays {
  readonly #core: Core;
  readonly #conference: Conference;
  /** By the id of each engine play. */
  readonly #open = new Map<string, ConferencePlay>();
  /** Who has the sounding file of its queue paused: a member, or the conference itself. */
  readonly #paused = new Set<Member | undefined>();

  constructor(core: Core, conference: Conference) {
    this.#core = core;
    this.#conference = conference;
  }

  /** Queues what `item` names. False when it cannot: nothing is named, or too much waits. */
  start(path: string, item: PlaylistItem | undefined, options: PlayOptions = {}): boolean {
    const sources = item?.sources ?? [];
    if (sources.length === 0 || this.#open.size + sources.length > MAX_PLAYS) return false;
    const { member, async = false } = options;
    const volume = volumeOf(path);
    const play: ConferencePlay = { ...options, path, open: sources.length, samples: 0 };
    if (member !== undefined && options.nomux === true) this.#solo(member, 1);
    for (const source of sources) {
      const id = this.#core.newUuid();
      this.#open.set(id, play);
      this.#core.engine.playToConference(this.#conference.uuid, id, source, { async, volume, ...(member === undefined ? {} : { leg: member.channel.uuid }) });
    }
    return true;
  }

  /** Ids of what sounds and waits. */
  get ids(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** The file that sounds in a queue. */
  current(member?: Member): string | undefined {
    return this.#queue(member)[0]?.path;
  }

  /** Answers how many files were stopped. */
  async stop(which: 'current' | 'all' | 'async' | 'last', member?: Member): Promise<number> {
    const before = this.#of(member);
    await this.#core.engine.stopConferencePlay(this.#conference.uuid, which, member?.channel.uuid);
    // The engine tells each end before it answers.
    const after = this.#of(member);
    return [...before].filter((play) => !after.has(play)).length;
  }

  /** Answers whether it is paused from here on. */
  togglePause(member?: Member): boolean {
    const paused = !this.#paused.has(member);
    if (paused) this.#paused.add(member);
    else this.#paused.delete(member);
    this.#core.engine.adjustConferencePlay(this.#conference.uuid, { paused }, member?.channel.uuid);
    return paused;
  }

  on(event: PlayEvent): void {
    const play = this.#open.get(event.play);
    if (play === undefined || event.what === 'started') return;
    play.samples += event.samples;
    this.#over(event.play, play, 'heard out');
  }

  /** What the engine will not report any more is over: someone may wait for its end (D-21). `member`: of this one only. */
  end(member?: Member): void {
    for (const [id, play] of [...this.#open]) if (member === undefined || play.member === member) this.#over(id, play, 'cut');
  }

  #over(id: string, play: ConferencePlay, how: 'heard out' | 'cut'): void {
    this.#open.delete(id);
    if (--play.open > 0) return;
    const { member } = play;
    if (play.async !== true) this.#paused.delete(member);
    if (member !== undefined && play.nomux === true) this.#solo(member, -1);
    this.#tellDone(play);
    play.done?.(how === 'heard out' && play.samples > 0);
  }

  #solo(member: Member, change: 1 | -1): void {
    member.soloPlays += change;
    this.#conference.apply(member);
  }

  #of(member: Member | undefined): ReadonlySet<ConferencePlay> {
    return new Set([...this.#open.values()].filter((play) => play.member === member));
  }

  #queue(member: Member | undefined): readonly ConferencePlay[] {
    return [...this.#of(member)].filter((play) => play.async !== true);
  }

  #tellDone({ path, member, async, samples }: ConferencePlay): void {
    const ms = Math.round(samples / SAMPLES_PER_MS);
    const head: EslHeader[] = [['seconds', String(Math.floor(ms / 1_000))], ['milliseconds', String(ms)], ['samples', String(samples)]];
    if (member === undefined) this.#conference.tell([...head, ['Action', 'play-file-done'], ['File', path], ...(async === true ? [['Async', 'true'] as const] : [])]);
    else this.#conference.tellOf(member, [...head, ['Action', 'play-file-member-done'], ['File', path]]);
  }
}

/** `{vol=2}file`: a volume step (mod_conference); the other parameters of a file have no effect. */
function volumeOf(path: string): number {
  const [, parameters = ''] = /^\{([^}]*)\}/.exec(path) ?? [];
  const volume = /(?:^|,)\s*vol=(-?\d{1,6})/.exec(parameters)?.[1] ?? '0';
  return Math.max(-4, Math.min(4, Number(volume)));
}
