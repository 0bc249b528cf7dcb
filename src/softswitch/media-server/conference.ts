/**
 * One conference: members, floor, lock, settings; the engine does the mixing. Every change is told as a
 * `conference::maintenance` event, in mod_conference's order. When it ends is decided by `conference-life`.
 */
import { Machine } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { EngineEvent } from '../engine/api.ts';
import { playlist } from './audio-source.ts';
import type { ConferenceFlags } from './conference-flags.ts';
import { conferenceHeaders, memberHeaders } from './conference-headers.ts';
import { initialLife, stepLife, type LifeEffect, type LifeEvent, type LifeState } from './conference-life.ts';
import { memberState, type Member } from './conference-member.ts';
import { ConferenceMusic, wantedMusic } from './conference-music.ts';
import { ConferencePlays } from './conference-plays.ts';
import type { ConferenceProfile, SoundName } from './conference-profile.ts';
import { ConferenceRecordings } from './conference-recordings.ts';
import { ConferenceRelations } from './conference-relations.ts';
import { ConferenceSettings } from './conference-settings.ts';
import type { Core } from './core.ts';

type PlayEvent = Extract<EngineEvent, { readonly type: 'conferencePlay' }>;
type TalkingEvent = Extract<EngineEvent, { readonly type: 'talking' }>;

export interface ConferenceOptions {
  readonly name: string;
  readonly profile: ConferenceProfile;
  readonly flags: ConferenceFlags;
  readonly settings: ConferenceSettings;
  /** Where the engine does best to mix it: with the legs of the same place. */
  readonly place: string | undefined;
  /** The name is free again. */
  readonly destroyed: () => void;
}

export class Conference {
  readonly name: string;
  readonly uuid: string;
  readonly profile: ConferenceProfile;
  readonly flags: ConferenceFlags;
  readonly createdAt: number;
  readonly variables = new Map<string, string>();
  readonly settings: ConferenceSettings;
  readonly plays: ConferencePlays;
  readonly recordings: ConferenceRecordings;
  readonly relations: ConferenceRelations;
  readonly music: ConferenceMusic;
  locked = false;
  /** All wait, unheard, for the first moderator. */
  waitMod: boolean;
  readonly #core: Core;
  readonly #destroyed: () => void;
  readonly #life: Machine<LifeState, LifeEvent, LifeEffect>;
  /** Newest first, as mod_conference keeps and lists them. */
  #members: readonly Member[] = [];
  #floor: Member | undefined;
  #ending = false;
  #autoRecorded = false;

  constructor(core: Core, options: ConferenceOptions) {
    const { name, profile, flags, settings, place, destroyed } = options;
    this.#core = core;
    this.name = name;
    this.profile = profile;
    this.flags = flags;
    this.settings = settings;
    this.waitMod = flags.waitMod;
    this.uuid = core.newUuid();
    this.createdAt = core.scheduler.now();
    this.#destroyed = destroyed;
    this.plays = new ConferencePlays(core, this);
    this.recordings = new ConferenceRecordings(core, this.uuid, (headers) => this.tell(headers));
    this.relations = new ConferenceRelations(core.engine, this.uuid);
    this.music = new ConferenceMusic(core, this.plays, () => this.settings.soundPrefix, () => this.#wantedMusic());
    this.#life = new Machine(
      {
        initial: initialLife({ heartbeatMs: profile.heartbeatPeriodSec * 1_000, silenceMs: profile.terminateOnSilence * 1_000 }),
        step: stepLife,
        run: (effect) => this.#live(effect),
        onError: (error) => core.log.error({ conference: name, error }, 'the life of a conference failed'),
      },
      core.scheduler,
    );
    core.engine.createConference(this.uuid, { rate: profile.rate }, place);
    this.tell([['Action', 'conference-create']]);
    this.#life.post({ type: 'created' });
  }

  /** Of the mix, Hz. */
  get rate(): number {
    return this.profile.rate;
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
    return this.settings.maxMembers > 0 && this.size >= this.settings.maxMembers;
  }

  get ending(): boolean {
    return this.#ending;
  }

  get enforceMin(): boolean {
    return this.#life.state.enforceMin;
  }

  member(id: number): Member | undefined {
    return this.#members.find((member) => member.id === id);
  }

  add(member: Member): void {
    const { channel, flags } = member;
    this.#members = [member, ...this.#members];
    channel.member = member;
    if (flags.moderator && this.waitMod) this.#moderatorCame();
    this.#core.engine.join(this.uuid, channel.uuid, memberState(member));
    // mod_conference holds back the event together with the sounds of a silent entry.
    const silent = channel.variables.get('conference_silent_entry') === 'true';
    if (this.size > 1) this.settings.nomoh = false;
    if (!silent && this.size > 1) this.#entranceSound('enter-sound', this.settings.enterSoundOn, channel.variables.get('conference_enter_sound'));
    if (!silent && this.size === 1 && !flags.ghost && !this.waitMod) this.sound('alone-sound');
    this.#life.post({ type: 'joined', member: flags });
    if (!silent) this.tellOf(member, [['Action', 'add-member']]);
    // The first one to be there holds the floor without a word.
    if (this.#floor === undefined) this.#floorTo(this.#nextHolder());
    this.music.update();
    this.#autoRecord();
  }

  /** The member goes; its application completes; the last one takes the conference along, others may (`conference-life`). */
  remove(member: Member, kicked?: { readonly sound: string | undefined }): void {
    if (!this.#members.includes(member)) return;
    const wasTalking = member.talking;
    this.#core.engine.leave(member.channel.uuid);
    this.plays.end(member);
    this.relations.forget(member);
    const heldFloor = this.#floor === member;
    if (heldFloor) this.#tellFloor(undefined, 'none');
    this.#members = this.#members.filter((other) => other !== member);
    member.talking = false;
    this.tellOf(member, [['Action', 'del-member']]);
    member.channel.member = undefined;
    member.released(kicked);
    this.#life.post({ type: 'left', member: member.flags, wasTalking, graceMs: this.settings.endconfGraceTime * 1_000 });
    if (this.#members.length === 0) this.#destroy();
    else if (!this.#ending) this.#goOnWithout(member, heldFloor);
  }

  /** Sends what a member may and hears to the engine, after a change. */
  apply(member: Member): void {
    if (!member.speak || member.hold || member.channel.muted) this.#setTalking(member, false);
    this.#core.engine.setMember(member.channel.uuid, memberState(member));
  }

  takeFloor(member: Member): void {
    this.#floorTo(member);
  }

  /** The holder gives the floor up; the next one in line has it (E08). */
  dropFloor(): void {
    const holder = this.#floor;
    if (holder === undefined) return;
    this.#tellFloor(undefined, String(holder.id));
    this.#floorTo(this.#nextHolder());
  }

  talking(event: TalkingEvent): void {
    const member = this.#members.find((candidate) => candidate.channel.uuid === event.leg);
    if (member === undefined || member.channel.muted || member.hold) return;
    member.currentEnergy = event.talking ? Math.round(event.energy) : 0;
    if (!member.speak) {
      // A muted member is only noticed when it asked to be (mute-detect), once per utterance.
      if (!member.flags.muteDetect) return;
      this.#setTalking(member, event.talking);
      if (!event.talking) return;
      this.tellOf(member, [['Action', 'mute-detect']]);
    } else {
      this.#setTalking(member, event.talking);
      member.lastTalkingAt = this.#core.scheduler.now();
      this.tellOf(member, event.talking ? [['Action', 'start-talking']] : stopTalking(event));
    }
    if (event.talking && this.#floor !== member && this.#floor?.talking !== true) this.#floorTo(member);
  }

  played(event: PlayEvent): void {
    this.plays.on(event);
  }

  /** A key of a member. True when it is passed on to the others (dist-dtmf). */
  digit(member: Member, digit: string): boolean {
    if (!member.flags.distDtmf) return false;
    for (const other of this.#members) {
      if (other !== member && !other.flags.skipDtmf) this.sendDigits(other, digit);
    }
    return true;
  }

  sendDigits(member: Member, digits: string): void {
    this.#core.engine.sendDtmf(member.channel.uuid, digits, DIGIT_MS);
  }

  /** Plays one of the profile's sounds, if it has it, to all or to one. */
  sound(name: SoundName, member?: Member): void {
    const path = this.profile.sounds[name];
    if (path !== undefined) this.playSound(path, member);
  }

  playSound(path: string, member?: Member, done?: (heard: boolean) => void): boolean {
    const [item] = playlist(path, undefined, this.settings.soundPrefix);
    return this.plays.start(path, item, { ...(member === undefined ? {} : { member }), ...(done === undefined ? {} : { done }) });
  }

  /** An event of the conference itself, or `about` a member whose headers are among these. */
  tell(headers: readonly EslHeader[], about?: Member): void {
    const { bus } = this.#core;
    const action = headers.find(([name]) => name === 'Action')?.[1];
    if (typeof action === 'string' && this.profile.suppressEvents.has(action)) return;
    if (!bus.isHeard('CUSTOM', about?.channel.uuid ?? '')) return;
    bus.publish('CUSTOM', [...conferenceHeaders(this), ...headers], { subclass: 'conference::maintenance', detail: about?.channel.eventDetail ?? 'full' });
  }

  /** An event of a member. */
  tellOf(member: Member, headers: readonly EslHeader[]): void {
    this.tell([...memberHeaders(this, member), ...headers], member);
  }

  /** Everybody goes: hung up, or set free where the variable hangup_after_conference says so. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    for (const member of this.#members) {
      if (member.channel.variables.get('hangup_after_conference') === 'false') this.remove(member);
      else member.channel.hangup('NORMAL_CLEARING');
    }
  }

  #live(effect: LifeEffect): void {
    switch (effect.type) {
      case 'startTimer':
        this.#life.startTimer(effect.timer, effect.ms, { type: 'timeout', timer: effect.timer });
        return;
      case 'cancelTimer':
        this.#life.cancelTimer(effect.timer);
        return;
      case 'heartbeat':
        this.tell([['Action', 'conference-heartbeat']]);
        return;
      case 'end':
        if (!this.#ending && this.#members.length > 0) this.#core.log.info({ conference: this.name, why: effect.why }, 'conference ends');
        this.end();
        return;
      default:
        unreachable(effect);
    }
  }

  #goOnWithout(member: Member, heldFloor: boolean): void {
    const { variables } = member.channel;
    const silent = variables.get('conference_silent_entry') === 'true';
    if (!silent) this.#entranceSound('exit-sound', this.settings.exitSoundOn, variables.get('conference_exit_sound'));
    if (this.size === 1 && !member.flags.ghost && !this.waitMod) this.sound('alone-sound');
    if (heldFloor) this.#floorTo(this.#nextHolder());
    this.music.update();
  }

  #moderatorCame(): void {
    this.waitMod = false;
    for (const member of this.#members) this.apply(member);
  }

  /** The member's own sound comes before the conference's. */
  #entranceSound(name: 'enter-sound' | 'exit-sound', on: boolean, own: string | undefined): void {
    const path = own ?? (name === 'enter-sound' ? this.settings.enterSound : this.settings.exitSound);
    if (on && path !== '') this.playSound(path);
  }

  #wantedMusic(): string | undefined {
    const { nomoh, perpetualSound, mohSound } = this.settings;
    return wantedMusic({ perpetualSound, mohSound, nomoh: nomoh || this.#members.some(({ flags }) => flags.nomoh), members: this.size, waitMod: this.waitMod });
  }

  #autoRecord(): void {
    const { autoRecord } = this.settings;
    if (autoRecord === '' || this.#autoRecorded || this.size < this.profile.minRecordingParticipants) return;
    this.#autoRecorded = true;
    // A name a caller chose must not lead elsewhere.
    const path = autoRecord.replaceAll('${conference_name}', this.name.replaceAll(/[/\\]|^\.+/g, '_')).replaceAll('${conference_uuid}', this.uuid);
    this.recordings.start(path, this.settings.file(path), true);
  }

  #nextHolder(): Member | undefined {
    return this.#members.find((candidate) => !candidate.flags.ghost);
  }

  #floorTo(member: Member | undefined): void {
    const before = this.#floor;
    if (member !== undefined && before !== member) this.#tellFloor(member, before === undefined ? 'none' : String(before.id));
  }

  /** One who left is `none` as the old holder (E19), one who gave it up is not (E08). */
  #tellFloor(member: Member | undefined, oldId: string): void {
    this.#floor = member;
    const head: EslHeader[] = [['Action', 'floor-change'], ['Old-ID', oldId]];
    if (member === undefined) this.tell([...head, ['New-ID', 'none']]);
    else this.tell([...head, ...memberHeaders(this, member), ['New-ID', String(member.id)]], member);
  }

  #setTalking(member: Member, talking: boolean): void {
    if (member.talking === talking) return;
    member.talking = talking;
    this.#life.post({ type: talking ? 'talking' : 'stoppedTalking' });
  }

  /** The name is free at once; the event waits for the recordings, as in mod_conference. */
  #destroy(): void {
    if (this.#core.conferences.get(this.name) !== this) return;
    this.#ending = true;
    this.#life.stop();
    this.music.end();
    this.plays.end();
    this.#destroyed();
    this.recordings.end(() => this.tell([['Action', 'conference-destroy']]));
    this.#core.engine.destroyConference(this.uuid);
  }
}

/** FreeSWITCH's length of a key it makes itself: 2000 samples. */
const DIGIT_MS = 250;

function stopTalking(event: TalkingEvent): readonly EslHeader[] {
  return [
    ['talking-duration-ms', String(Math.round(event.durationMs))],
    ['talking-average-energy', event.energy.toFixed(6)],
    ['Action', 'stop-talking'],
  ];
}
