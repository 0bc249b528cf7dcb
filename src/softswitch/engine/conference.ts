/** A conference: each tick everybody's frame is added up, and everybody hears the sum without himself. */
import { Announcements } from './announcements.ts';
import type { AudioSource, ConferenceId, ConferenceSettings, EngineEvent, LegId, MemberState, PlayId } from './api.ts';
import type { AudioFiles } from './audio-files.ts';
import { AutoEnergyLevel, LoudnessGuard } from './energy-rules.ts';
import type { SharedEncoder } from './frame-encoder.ts';
import { GainControl } from './gain-control.ts';
import type { PlayAdjustment, PlayStatus, StopWhich } from './messages.ts';
import type { MixerLeg } from './mixer-leg.ts';
import { addFrame, applyGain, FRAMES_PER_SECOND, measure, mixAll, mixWithout, overlay, removeFrame, volumeGain } from './mixer.ts';
import { NoiseGate } from './noise-gate.ts';
import type { Recordings } from './recordings.ts';
import { TalkDetector } from './talk-detector.ts';
import type { TalkChange } from './talk-detector.ts';

/** What a conference needs of the engine. */
export interface ConferenceServices {
  readonly files: AudioFiles;
  readonly recordings: Recordings;
  readonly emit: (event: EngineEvent) => void;
}

interface Member {
  readonly leg: MixerLeg;
  readonly detector: TalkDetector;
  readonly gate: NoiseGate;
  readonly gainControl: GainControl;
  readonly autoEnergy: AutoEnergyLevel;
  readonly guard: LoudnessGuard;
  readonly announcements: Announcements;
  /** What the member says in the present tick, and whether that is in the sum. */
  readonly frame: Int16Array;
  isInSum: boolean;
  state: MemberState;
  /** Whom this member does not hear (`relate`). */
  readonly unheard: Set<Member>;
  /** With whom the whole mix is encoded. */
  shared: SharedEncoder | undefined;
}

/** One conference is mixed at a time, so all of one rate share these. */
interface Workspace {
  readonly sum: Int32Array;
  /** The sum without those a member does not hear. */
  readonly partial: Int32Array;
  /** The sum as a frame: the whole mix. */
  readonly mix: Int16Array;
  readonly out: Int16Array;
  readonly over: Int16Array;
  readonly scratch: Int16Array;
  readonly silence: Int16Array;
}

const loudness = { energy: 0, peak: 0, limit: -1 };
const workspaces = new Map<number, Workspace>();

function workspaceOf(rate: number): Workspace {
  const length = rate / FRAMES_PER_SECOND;
  const frame = (): Int16Array => new Int16Array(length);
  const made = workspaces.get(rate) ?? { sum: new Int32Array(length), partial: new Int32Array(length), mix: frame(), out: frame(), over: frame(), scratch: frame(), silence: frame() };
  workspaces.set(rate, made);
  return made;
}

const maySpeak = ({ speak, hold = false }: MemberState): boolean => speak && !hold;
const mayHear = ({ hear, hold = false }: MemberState): boolean => hear && !hold;

export class Conference {
  readonly id: ConferenceId;
  readonly rate: number;
  readonly #services: ConferenceServices;
  readonly #workspace: Workspace;
  readonly #members = new Map<LegId, Member>();
  readonly #announcements: Announcements;
  /** By key: of a codec with a memory, one encoder goes on for all. */
  readonly #encodings = new Map<string, SharedEncoder>();
  #tick = 0;

  constructor(id: ConferenceId, { rate }: ConferenceSettings, services: ConferenceServices) {
    this.id = id;
    this.rate = rate;
    this.#services = services;
    this.#workspace = workspaceOf(rate);
    this.#announcements = this.#newAnnouncements(undefined);
  }

  /** Nothing would come of a tick. */
  get isIdle(): boolean {
    return this.#members.size === 0 && this.#announcements.isEmpty && !this.#services.recordings.isRecordedConference(this.id);
  }

  join(leg: MixerLeg, state: MemberState): void {
    this.#members.set(leg.id, {
      leg,
      detector: new TalkDetector(),
      gate: new NoiseGate(),
      gainControl: new GainControl(),
      autoEnergy: new AutoEnergyLevel(),
      guard: new LoudnessGuard(),
      announcements: this.#newAnnouncements(leg.id),
      frame: new Int16Array(this.rate / FRAMES_PER_SECOND),
      isInSum: false,
      state,
      unheard: new Set(),
      shared: undefined,
    });
  }

  leave(leg: LegId): void {
    const member = this.#members.get(leg);
    if (member === undefined) return;
    this.#members.delete(leg);
    member.leg.stopListening();
    member.announcements.stop('all');
    const inUse = new Set<SharedEncoder>();
    for (const other of this.#members.values()) {
      other.unheard.delete(member);
      if (other.shared !== undefined) inUse.add(other.shared);
    }
    for (const encoder of this.#encodings.values()) {
      if (inUse.has(encoder)) continue;
      this.#encodings.delete(encoder.key);
      encoder.close();
    }
  }

  /** Puts everybody out and ends what is played and recorded; answers who was in it. */
  close(): LegId[] {
    this.#announcements.stop('all');
    this.#services.recordings.endOfConference(this.id);
    const legs = [...this.#members.keys()];
    for (const leg of legs) this.leave(leg);
    return legs;
  }

  setMember(leg: LegId, state: MemberState): void {
    const member = this.#members.get(leg);
    if (member === undefined) return;
    // Muted or unmuted, the same voice is another talk: mod_conference tells a muted member's first word anew (mute-detect).
    if (maySpeak(member.state) !== maySpeak(state)) this.#tellTalk(member, member.detector.stop());
    member.state = state;
  }

  relate(listener: LegId, speaker: LegId, hears: boolean): void {
    const [who, whom] = [this.#members.get(listener), this.#members.get(speaker)];
    // As in mod_conference: one's own voice is not in what one hears anyway.
    if (who === undefined || whom === undefined || who === whom) return;
    if (hears) who.unheard.delete(whom);
    else who.unheard.add(whom);
  }

  play(play: PlayId, source: AudioSource, { leg, async, volume }: { readonly leg: LegId | undefined; readonly async: boolean; readonly volume: number }): void {
    this.#announcementsOf(leg)?.add(play, source, async ? 'beside' : 'queue', volume);
  }

  stopPlay(which: StopWhich, leg: LegId | undefined): number {
    return this.#announcementsOf(leg)?.stop(which) ?? 0;
  }

  adjustPlay(change: PlayAdjustment, leg: LegId | undefined): void {
    this.#announcementsOf(leg)?.adjust(change);
  }

  playStatus(leg: LegId | undefined): PlayStatus {
    return this.#announcementsOf(leg)?.status();
  }

  tick(slot: number): void {
    const { sum, mix, over, scratch } = this.#workspace;
    this.#tick++;
    sum.fill(0);
    if (this.#announcements.next(over, scratch)) addFrame(sum, over);
    for (const member of this.#members.values()) this.#listen(member, slot);
    mixAll(sum, mix);
    this.#services.recordings.writeConference(this.id, mix);
    for (const member of this.#members.values()) this.#speakTo(member);
  }

  #newAnnouncements(leg: LegId | undefined): Announcements {
    return new Announcements(this.#services.files, this.rate, (play, what, samples) => {
      this.#services.emit({ type: 'conferencePlay', conference: this.id, play, ...(leg === undefined ? {} : { leg }), what, samples });
    });
  }

  #announcementsOf(leg: LegId | undefined): Announcements | undefined {
    return leg === undefined ? this.#announcements : this.#members.get(leg)?.announcements;
  }

  #listen(member: Member, slot: number): void {
    const { leg, state, frame, detector, gate, gainControl } = member;
    loudness.limit = this.#neededAbove(member);
    const outcome = leg.receive(slot, frame, this.rate, loudness);
    const isSilent = outcome === 'silence' || state.hold === true;
    // As in mod_conference a voice is judged as loud as its volume makes it.
    if (state.volumeIn !== 0) applyGain(frame, volumeGain(state.volumeIn));
    if (isSilent) loudness.energy = loudness.peak = 0;
    else if (outcome !== 'quiet') measure(frame, loudness);
    const { energy, peak } = loudness;
    this.#tellTalk(member, detector.frame(energy, state.energyLevel));
    if (state.autoEnergy !== undefined) this.#setEnergyLevel(member, member.autoEnergy.frame(member.state.energyLevel, detector.isTalking, state.autoEnergy));
    const guarded = state.maxEnergy === undefined || !maySpeak(state) ? 1 : member.guard.frame(energy, detector.loudFrames, state.maxEnergy);
    gate.frame(peak, state.energyLevel);
    member.isInSum = maySpeak(state) && !isSilent && outcome !== 'quiet' && gate.isOpen && guarded > 0;
    if (!member.isInSum) return;
    const gain = guarded * gainControl.frame(energy, state.agcLevel ?? 0, energy > state.energyLevel);
    if (gain !== 1) applyGain(frame, gain);
    addFrame(this.#workspace.sum, frame);
  }

  /** How loud a frame of the member has to be for its samples to be needed: most members listen, and what they send is judged without being decoded. Below 0: always. */
  #neededAbove({ leg, state, gate }: Member): number {
    const { recordings } = this.#services;
    if (state.volumeIn !== 0 || (recordings.hasLegs && recordings.isRecordedLeg(leg.id))) return -1;
    if (!maySpeak(state)) return Infinity;
    return gate.staysOpen || state.energyLevel === 0 ? -1 : state.energyLevel;
  }

  #speakTo(member: Member): void {
    const { leg, frame } = member;
    const sent = this.#send(member);
    if (this.#services.recordings.hasLegs) this.#services.recordings.writeLeg(leg.id, frame, sent);
  }

  /** Sends what the member is to hear, and answers it. */
  #send(member: Member): Int16Array {
    const { leg, state, announcements, unheard } = member;
    const { mix, out, over, scratch, silence } = this.#workspace;
    if (leg.player.next(out)) {
      leg.sendFrame(out, this.rate);
      return out;
    }
    const hasOverlay = announcements.next(over, scratch);
    const hears = mayHear(state);
    if (!hears && !hasOverlay) {
      leg.sendSilence();
      return silence;
    }
    if (hears && !hasOverlay && !member.isInSum && unheard.size === 0 && state.volumeOut === 0) {
      const shared = this.#sharedFor(member);
      if (shared === undefined) leg.sendFrame(mix, this.rate);
      else leg.sendShared(shared, mix, this.#tick);
      return mix;
    }
    if (hears) this.#mixFor(member);
    else out.fill(0);
    if (state.volumeOut !== 0) applyGain(out, volumeGain(state.volumeOut));
    if (hasOverlay) overlay(out, over);
    leg.sendFrame(out, this.rate);
    return out;
  }

  /** The sum without the member itself and without those it does not hear, into `out`. */
  #mixFor({ unheard, isInSum, frame }: Member): void {
    const { sum, partial, out } = this.#workspace;
    if (unheard.size === 0) {
      if (isInSum) mixWithout(sum, frame, out);
      else mixAll(sum, out);
      return;
    }
    partial.set(sum);
    if (isInSum) removeFrame(partial, frame);
    for (const speaker of unheard) if (speaker.isInSum) removeFrame(partial, speaker.frame);
    mixAll(partial, out);
  }

  /** Undefined where the leg has none: it is relayed, or not configured yet. */
  #sharedFor(member: Member): SharedEncoder | undefined {
    const { leg } = member;
    if (member.shared?.key === leg.encodingKey) return member.shared;
    member.shared = this.#encodings.get(leg.encodingKey) ?? leg.createShared(this.rate);
    if (member.shared !== undefined) this.#encodings.set(member.shared.key, member.shared);
    return member.shared;
  }

  #tellTalk(member: Member, change: TalkChange | undefined): void {
    if (change === undefined) return;
    const { leg, state, detector, autoEnergy } = member;
    this.#services.emit({ type: 'talking', conference: this.id, leg: leg.id, ...change, muted: !state.speak });
    if (change.talking || state.autoEnergy === undefined) return;
    const { loudFrames, softFrames } = detector;
    this.#setEnergyLevel(member, autoEnergy.talked(state.energyLevel, { ...change, loudFrames, softFrames }, state.autoEnergy));
  }

  #setEnergyLevel(member: Member, energyLevel: number): void {
    if (energyLevel === member.state.energyLevel) return;
    member.state = { ...member.state, energyLevel };
    this.#services.emit({ type: 'energyLevel', conference: this.id, leg: member.leg.id, level: energyLevel });
  }
}
