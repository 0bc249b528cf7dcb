import type { AdmissionVerdict, Grant } from '../domain/admission.ts';
import type { CallId, ConferenceEvent, Participant } from '../domain/conference.ts';
import type { Refusal } from '../domain/control.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { Room } from '../domain/room.ts';
import { unreachable } from '../lib/result.ts';
import type { LegMedia } from '../ports/media.ts';
import type { ConferenceActor, ConferenceLeg, LegOrder } from './conference-actor.ts';
import type { LegVoice } from './leg-voice.ts';

/** `returned`: it is where it was, for this reason. `lost`: it could not be put back. */
export type MoveOutcome = { readonly kind: 'moved' } | { readonly kind: 'returned'; readonly reason: EndReason } | { readonly kind: 'lost' };

export interface MoveOptions {
  readonly call: CallId;
  readonly media: LegMedia;
  readonly voice: LegVoice;
  readonly from: ConferenceActor;
  readonly to: ConferenceActor;
  /** As it was when the move began. */
  readonly participant: Participant;
  /** The leg as the room it goes to has it. */
  readonly leg: ConferenceLeg;
  /** It is there: called once, before anything else happens to it there. */
  readonly onMoved: () => void;
}

export type Entering = Omit<Extract<ConferenceEvent, { type: 'enter' }>, 'type' | 'call'>;

/**
 * As what a participant of one room comes to another: as the rules there judge it; of a room it was in before, as what it was there;
 * where it would be asked for a PIN, as a guest. It keeps name, mute, gain and deafness.
 */
export function arrivalOf(verdict: AdmissionVerdict, participant: Participant, room: Room, before: Participant | undefined): { readonly kind: 'arrives'; readonly as: Entering } | { readonly kind: 'refused'; readonly why: Refusal } {
  if ('reason' in verdict) return { kind: 'refused', why: verdict.reason === 'encryption_required' ? 'encryption_required' : 'not_now' };
  const { name, wrongPins, keepAlive, gain, deaf, muted } = participant;
  const kept = { gain, deaf, muted: { ...muted, policy: false } };
  const common = { name, wrongPins, ...(keepAlive === undefined ? {} : { keepAlive }) };
  const isMemberStill = before?.member === undefined || room.members.some(({ id }) => id === before.member);
  if (before !== undefined && isMemberStill) {
    const { role, rule, member, hostBy, permissions, original } = before;
    const itsRole = { ...(hostBy === undefined ? {} : { hostBy }), permissions, ...(original === undefined ? {} : { original }) };
    return { kind: 'arrives', as: { ...common, role, rule, ...(member === undefined ? {} : { member }), kept: { ...kept, ...itsRole } } };
  }
  if (verdict.kind === 'askPin') return { kind: 'arrives', as: { ...common, role: room.pins.host === undefined ? 'host' : 'guest', rule: 'moved', kept } };
  const { role, rule, member }: Grant = verdict;
  const fixedName = room.members.find(({ id }) => id === member)?.name;
  return { kind: 'arrives', as: { ...common, ...(fixedName === undefined ? {} : { name: fixedName }), role, rule, ...(member === undefined ? {} : { member }), kept } };
}

/**
 * One leg on its way from one room to another (N-19). The room it leaves counts on it until the other one has it, so that a move that
 * fails only puts it back into the mixer.
 */
export class Move {
  readonly #options: MoveOptions;
  readonly #outcome: Promise<MoveOutcome>;
  #settle: (outcome: MoveOutcome) => void = () => undefined;
  #media: 'untouched' | 'switching' | 'over' = 'untouched';

  constructor(options: MoveOptions) {
    this.#options = options;
    this.#outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get leg(): ConferenceLeg {
    return this.#options.leg;
  }

  begin(as: Entering): Promise<MoveOutcome> {
    const { voice, to, leg } = this.#options;
    // What is told from here on is said where it arrives.
    voice.leaveLobby();
    to.enter(leg, as);
    return this.#outcome;
  }

  /** What the room it goes to wants of it. */
  order(order: LegOrder): Promise<void> {
    switch (order.do) {
      case 'join':
        return this.#join(order.muted);
      case 'lobby':
        return this.#wait();
      case 'end':
        return this.#return(order.reason);
      // It was not there to be told, or is told again when it is.
      case 'tell':
      case 'mute':
      case 'gain':
      case 'deaf':
        return Promise.resolve();
      default:
        return unreachable(order);
    }
  }

  /** The call is over meanwhile. */
  abandon(): void {
    this.#media = 'over';
    this.#options.to.left(this.#options.call);
    this.#settle({ kind: 'lost' });
  }

  async #join(muted: boolean): Promise<void> {
    const { call, media, voice, to } = this.#options;
    await this.#leaveMixer();
    const joined = await media.join(to.room.id, muted);
    if (this.#isOver()) return;
    if (!joined.ok) {
      to.post({ type: 'joinFailed', call, reason: 'media_unavailable' });
      return;
    }
    this.#arrived();
    voice.enterConference();
    to.post({ type: 'joined', call });
  }

  async #wait(): Promise<void> {
    await this.#leaveMixer();
    if (this.#isOver()) return;
    this.#arrived();
    this.#options.voice.enterLobby();
  }

  #arrived(): void {
    this.#media = 'over';
    this.#options.onMoved();
    this.#settle({ kind: 'moved' });
  }

  async #leaveMixer(): Promise<void> {
    const { media, participant } = this.#options;
    this.#media = 'switching';
    if (participant.place === 'conference') await media.leave();
  }

  async #return(reason: EndReason): Promise<void> {
    const { call, media, voice, from, to, participant } = this.#options;
    if (this.#isOver()) return;
    const before = this.#media;
    this.#media = 'over';
    to.left(call);
    const now = from.state.participants.get(call);
    if (now === undefined) {
      // Ended there meanwhile.
      this.#settle({ kind: 'lost' });
      return;
    }
    if (participant.place === 'lobby') {
      voice.enterLobby();
    } else {
      if (before === 'switching' && !(await media.join(from.room.id, now.mixer === 'muted')).ok) {
        this.#settle({ kind: 'lost' });
        return;
      }
      if (before === 'switching') await Promise.all([now.gain === 0 ? undefined : media.setGain(now.gain), now.deaf ? media.setDeaf(true) : undefined]);
      voice.enterConference();
    }
    this.#settle({ kind: 'returned', reason });
  }

  #isOver(): boolean {
    return this.#media === 'over';
  }
}
