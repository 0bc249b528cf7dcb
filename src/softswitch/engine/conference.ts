/** A conference: each tick everybody's frame is added up, and everybody hears the sum without himself. */
import { encodeG711, aLaw, muLaw } from '../../protocol/g711/g711.ts';
import { FRAME_SAMPLES } from '../../protocol/rtp/jitter-buffer.ts';
import { Announcements } from './announcements.ts';
import type { AudioSource, ConferenceId, EngineEvent, LegId, MemberState, PlayId } from './api.ts';
import type { AudioFiles } from './audio-files.ts';
import type { Leg } from './leg.ts';
import type { StopWhich } from './messages.ts';
import { addFrame, applyGain, energy, mixAll, mixWithout, overlay, volumeGain } from './mixer.ts';
import { TalkDetector } from './talk-detector.ts';
import type { TalkChange } from './talk-detector.ts';

interface Member {
  readonly leg: Leg;
  readonly detector: TalkDetector;
  readonly announcements: Announcements;
  /** What the member says in the present tick, and whether that is in the sum. */
  readonly frame: Int16Array;
  isInSum: boolean;
  state: MemberState;
}

// One conference is mixed at a time, so all share these.
const sum = new Int32Array(FRAME_SAMPLES);
const out = new Int16Array(FRAME_SAMPLES);
const over = new Int16Array(FRAME_SAMPLES);
/** The whole mix, encoded once a tick for all who hear exactly it. */
const shared = [muLaw, aLaw].map((law) => ({ law, codes: new Uint8Array(FRAME_SAMPLES), isEncoded: false }));

export class Conference {
  readonly id: ConferenceId;
  readonly #files: AudioFiles;
  readonly #emit: (event: EngineEvent) => void;
  readonly #members = new Map<LegId, Member>();
  readonly #announcements: Announcements;

  constructor(id: ConferenceId, files: AudioFiles, emit: (event: EngineEvent) => void) {
    this.id = id;
    this.#files = files;
    this.#emit = emit;
    this.#announcements = new Announcements(files, (play, what, samples) => {
      emit({ type: 'conferencePlay', conference: id, play, what, samples });
    });
  }

  join(leg: Leg, state: MemberState): void {
    leg.startListening();
    const announcements = new Announcements(this.#files, (play, what, samples) => {
      this.#emit({ type: 'conferencePlay', conference: this.id, play, leg: leg.id, what, samples });
    });
    this.#members.set(leg.id, { leg, detector: new TalkDetector(), announcements, frame: new Int16Array(FRAME_SAMPLES), isInSum: false, state });
  }

  leave(leg: LegId): void {
    const member = this.#members.get(leg);
    if (member === undefined) return;
    this.#members.delete(leg);
    member.leg.stopListening();
    member.announcements.stop('all');
  }

  /** Puts everybody out and ends what is played; answers who was in it. */
  close(): LegId[] {
    this.#announcements.stop('all');
    const legs = [...this.#members.keys()];
    for (const leg of legs) this.leave(leg);
    return legs;
  }

  setMember(leg: LegId, state: MemberState): void {
    const member = this.#members.get(leg);
    if (member === undefined) return;
    // Muted or unmuted, the same voice is another talk: mod_conference tells a muted member's first word anew (mute-detect).
    if (member.state.speak !== state.speak) this.#tellTalk(member, member.detector.stop());
    member.state = state;
  }

  play(play: PlayId, source: AudioSource, leg: LegId | undefined): void {
    this.#announcementsOf(leg)?.add(play, source);
  }

  stopPlay(which: StopWhich, leg: LegId | undefined): number {
    return this.#announcementsOf(leg)?.stop(which) ?? 0;
  }

  tick(slot: number): void {
    sum.fill(0);
    for (const entry of shared) entry.isEncoded = false;
    if (this.#announcements.next(over)) addFrame(sum, over);
    for (const member of this.#members.values()) this.#listen(member, slot);
    for (const member of this.#members.values()) this.#speakTo(member);
  }

  #announcementsOf(leg: LegId | undefined): Announcements | undefined {
    return leg === undefined ? this.#announcements : this.#members.get(leg)?.announcements;
  }

  #listen(member: Member, slot: number): void {
    const { leg, state, frame, detector } = member;
    const isSilent = leg.receive(slot, frame) === 'silence';
    this.#tellTalk(member, detector.frame(isSilent ? 0 : energy(frame), state.energyLevel));
    member.isInSum = state.speak && !isSilent;
    if (!member.isInSum) return;
    if (state.volumeIn !== 0) applyGain(frame, volumeGain(state.volumeIn));
    addFrame(sum, frame);
  }

  #speakTo(member: Member): void {
    const { leg, state, frame, isInSum, announcements } = member;
    if (leg.player.next(out)) {
      leg.sendFrame(out);
      return;
    }
    const hasOverlay = announcements.next(over);
    if (!state.hear && !hasOverlay) {
      leg.sendSilence();
    } else if (state.hear && !isInSum && !hasOverlay && state.volumeOut === 0) {
      leg.sendCodes(this.#sharedCodes(leg));
    } else {
      if (!state.hear) out.fill(0);
      else if (isInSum) mixWithout(sum, frame, out);
      else mixAll(sum, out);
      if (state.volumeOut !== 0) applyGain(out, volumeGain(state.volumeOut));
      if (hasOverlay) overlay(out, over);
      leg.sendFrame(out);
    }
  }

  #sharedCodes(leg: Leg): Uint8Array {
    const entry = shared.find(({ law }) => law === leg.law);
    if (entry === undefined) throw new Error('a law without a shared frame');
    if (!entry.isEncoded) {
      mixAll(sum, out);
      encodeG711(entry.law, out, entry.codes);
      entry.isEncoded = true;
    }
    return entry.codes;
  }

  #tellTalk({ leg, state }: Member, change: TalkChange | undefined): void {
    if (change === undefined) return;
    this.#emit({ type: 'talking', conference: this.id, leg: leg.id, ...change, muted: !state.speak });
  }
}
