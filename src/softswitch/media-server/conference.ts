/**
 * One conference: members, floor, lock, variables, what plays into it; the engine does the mixing. Every change is told as
 * a `conference::maintenance` event, in mod_conference's order.
 */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { AudioSource, EngineEvent, MemberState } from '../engine/api.ts';
import type { Channel } from './channel.ts';
import { conferenceHeaders, memberHeaders } from './conference-headers.ts';
import type { Core } from './core.ts';

export interface MemberFlags {
  readonly mute: boolean;
  readonly deaf: boolean;
  readonly moderator: boolean;
  readonly endconf: boolean;
  readonly muteDetect: boolean;
  readonly ghost: boolean;
}

export interface Member {
  readonly id: number;
  readonly channel: Channel;
  readonly flags: MemberFlags;
  readonly conference: Conference;
  readonly joinedAt: number;
  speak: boolean;
  hear: boolean;
  talking: boolean;
  volumeIn: number;
  volumeOut: number;
  energyLevel: number;
  currentEnergy: number;
  lastTalkingAt: number | undefined;
  /** Completes the `conference` application of the channel. */
  readonly released: () => void;
}

interface ConferencePlay {
  readonly path: string;
  readonly async: boolean;
  readonly member: Member | undefined;
}

type TalkingEvent = Extract<EngineEvent, { readonly type: 'talking' }>;
type PlayEvent = Extract<EngineEvent, { readonly type: 'conferencePlay' }>;

/** Stock profile value, mod_conference scale. */
export const DEFAULT_ENERGY = 100;
const SAMPLES_PER_MS = 8;
const MIX_RATE = 8_000;

export class Conference {
  readonly name: string;
  readonly uuid: string;
  readonly profile: string;
  readonly createdAt: number;
  readonly rate = MIX_RATE;
  readonly variables = new Map<string, string>();
  locked = false;
  /** 0 is no limit. */
  maxMembers = 0;
  readonly #core: Core;
  readonly #destroyed: () => void;
  /** Newest first, as mod_conference keeps and lists them. */
  #members: readonly Member[] = [];
  #floor: Member | undefined;
  #ending = false;
  readonly #plays = new Map<string, ConferencePlay>();

  constructor(core: Core, name: string, profile: string, destroyed: () => void) {
    this.#core = core;
    this.name = name;
    this.profile = profile;
    this.uuid = core.newUuid();
    this.createdAt = core.scheduler.now();
    this.#destroyed = destroyed;
    core.engine.createConference(this.uuid, { rate: 8000 });
    this.tell([['Action', 'conference-create']]);
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get floor(): Member | undefined {
    return this.#floor;
  }

  /** Ghosts are not counted. */
  get size(): number {
    return this.#members.filter((member) => !member.flags.ghost).length;
  }

  get ghosts(): number {
    return this.#members.length - this.size;
  }

  get full(): boolean {
    return this.maxMembers > 0 && this.size >= this.maxMembers;
  }

  get ending(): boolean {
    return this.#ending;
  }

  member(id: number): Member | undefined {
    return this.#members.find((member) => member.id === id);
  }

  add(member: Member): void {
    this.#members = [member, ...this.#members];
    member.channel.member = member;
    this.#core.engine.join(this.uuid, member.channel.uuid, memberState(member));
    // mod_conference holds back the event together with the sounds of a silent entry.
    if (member.channel.variables.get('conference_silent_entry') !== 'true') this.tellOf(member, [['Action', 'add-member']]);
    // The first one to be there holds the floor without a word.
    if (this.#floor === undefined) this.#setFloor(this.#members.find((candidate) => !candidate.flags.ghost));
  }

  /** The member goes; its application completes; the last one, or one with endconf, takes the conference along. */
  remove(member: Member): void {
    if (!this.#members.includes(member)) return;
    this.#core.engine.leave(member.channel.uuid);
    member.channel.member = undefined;
    this.#endPlays((play) => play.member === member);
    const heldFloor = this.#floor === member;
    if (heldFloor) this.#setFloor(undefined);
    this.#members = this.#members.filter((other) => other !== member);
    member.talking = false;
    this.tellOf(member, [['Action', 'del-member']]);
    member.released();
    if (member.flags.endconf && !this.#ending) this.#endAll();
    if (this.#members.length === 0) this.#destroy();
    else if (heldFloor && !this.#ending) this.#setFloor(this.#members.find((candidate) => !candidate.flags.ghost));
  }

  /** Sends what a member may and hears to the engine, after a change. */
  apply(member: Member): void {
    if (!member.speak || member.channel.muted) member.talking = false;
    this.#core.engine.setMember(member.channel.uuid, memberState(member));
  }

  /** Gives the floor, or takes it with `undefined`. */
  setFloor(member: Member | undefined): void {
    this.#setFloor(member);
  }

  talking(event: TalkingEvent): void {
    const member = this.#members.find((candidate) => candidate.channel.uuid === event.leg);
    if (member === undefined || member.channel.muted) return;
    member.currentEnergy = event.talking ? Math.round(event.energy) : 0;
    if (!member.speak) {
      // A muted member is only noticed when it asked to be (mute-detect), once per utterance.
      if (!member.flags.muteDetect) return;
      member.talking = event.talking;
      if (!event.talking) return;
      this.tellOf(member, [['Action', 'mute-detect']]);
    } else {
      member.talking = event.talking;
      member.lastTalkingAt = this.#core.scheduler.now();
      this.tellOf(member, event.talking ? [['Action', 'start-talking']] : stopTalking(event));
    }
    if (event.talking && this.#floor !== member && this.#floor?.talking !== true) this.#setFloor(member);
  }

  /** Queues a file for everyone, or for one member. */
  play(path: string, source: AudioSource, options: { readonly async?: boolean; readonly member?: Member } = {}): void {
    const { async = false, member } = options;
    const id = this.#core.newUuid();
    this.#plays.set(id, { path, async, member });
    this.#core.engine.playToConference(this.uuid, id, source, member === undefined ? {} : { leg: member.channel.uuid });
    if (member === undefined) this.tell([['Action', 'play-file'], ['File', path], ['Async', String(async)]]);
    else this.tellOf(member, [['Action', 'play-file-member'], ['File', path]]);
  }

  /** Whether anything plays or waits to, to everyone or to the member. */
  isPlaying(member?: Member): boolean {
    return [...this.#plays.values()].some((play) => play.member === member);
  }

  async stopPlay(which: 'current' | 'all', member?: Member): Promise<number> {
    return this.#core.engine.stopConferencePlay(this.uuid, which, member?.channel.uuid);
  }

  played(event: PlayEvent): void {
    const play = this.#plays.get(event.play);
    if (play === undefined || event.what === 'started') return;
    this.#plays.delete(event.play);
    this.#tellPlayDone(play, event.samples);
  }

  /** An event of the conference itself. */
  tell(headers: readonly EslHeader[]): void {
    this.#core.bus.publish('CUSTOM', [...conferenceHeaders(this), ...headers], { subclass: 'conference::maintenance' });
  }

  /** An event of a member. */
  tellOf(member: Member, headers: readonly EslHeader[]): void {
    this.tell([...memberHeaders(this, member), ...headers]);
  }

  #setFloor(member: Member | undefined): void {
    const before = this.#floor;
    if (before === member) return;
    this.#floor = member;
    // As the real server has it: the old holder is `none` when the floor is given up (E19).
    const head: EslHeader[] = [['Action', 'floor-change'], ['Old-ID', before === undefined || member === undefined ? 'none' : String(before.id)]];
    if (member === undefined) this.tell([...head, ['New-ID', 'none']]);
    else this.tell([...head, ...memberHeaders(this, member), ['New-ID', String(member.id)]]);
  }

  #endAll(): void {
    this.#ending = true;
    for (const member of this.#members) member.channel.hangup('NORMAL_CLEARING');
  }

  #destroy(): void {
    if (this.#core.conferences.get(this.name) !== this) return;
    this.#endPlays(() => true);
    this.#destroyed();
    this.#core.engine.destroyConference(this.uuid);
    this.tell([['Action', 'conference-destroy']]);
  }

  /** What will never be reported by the engine is over now: someone may wait for its end (D-21). */
  #endPlays(which: (play: ConferencePlay) => boolean): void {
    for (const [id, play] of this.#plays) {
      if (!which(play)) continue;
      this.#plays.delete(id);
      this.#tellPlayDone(play, 0);
    }
  }

  #tellPlayDone(play: ConferencePlay, samples: number): void {
    const ms = Math.round(samples / SAMPLES_PER_MS);
    const head: EslHeader[] = [['seconds', String(Math.floor(ms / 1_000))], ['milliseconds', String(ms)], ['samples', String(samples)]];
    if (play.member !== undefined) this.tellOf(play.member, [...head, ['Action', 'play-file-member-done'], ['File', play.path]]);
    else this.tell([...head, ['Action', 'play-file-done'], ['File', play.path], ...(play.async ? [['Async', 'true'] as const] : [])]);
  }
}

export function memberState(member: Member): MemberState {
  return {
    speak: member.speak && !member.channel.muted,
    hear: member.hear,
    volumeIn: member.volumeIn,
    volumeOut: member.volumeOut,
    energyLevel: member.energyLevel,
  };
}

function stopTalking(event: TalkingEvent): readonly EslHeader[] {
  return [
    ['talking-duration-ms', String(Math.round(event.durationMs))],
    ['talking-average-energy', event.energy.toFixed(6)],
    ['Action', 'stop-talking'],
  ];
}
