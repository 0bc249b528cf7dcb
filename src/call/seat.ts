import type { CallId, ConferenceEvent, Participant } from '../domain/conference.ts';
import type { Refusal } from '../domain/control.ts';
import type { Room, RoomId } from '../domain/room.ts';
import type { AnsweredCall } from './answered-call.ts';
import type { CallAdmission } from './call-admission.ts';
import type { ConferenceActor, ConferenceLeg, LegOrder } from './conference-actor.ts';
import { arrivalOf, Move, type Entering } from './move.ts';

export interface SeatHost {
  readonly call: CallId;
  readonly admission: CallAdmission;
  readonly conference: (room: Room) => ConferenceActor;
  /** Undefined before the call was answered, and when it is ending. */
  readonly answered: () => AnsweredCall | undefined;
  /** Does what the room it is in wants. */
  readonly obey: (order: LegOrder) => Promise<void>;
  /** It is in another room. */
  readonly onMoved: (room: Room, as: Entering) => void;
  /** It is in none, though it should be. */
  readonly onLost: () => void;
}

/** The place of a call in rooms: the one it is in, the way to another, and what it was in those it was moved out of. */
export class Seat {
  readonly #host: SeatHost;
  /** The leg as its room has it: another one after a move, so that a former room has nothing to say any more. */
  #leg: ConferenceLeg | undefined;
  #conference: ConferenceActor | undefined;
  #move: Move | undefined;
  readonly #former = new Map<RoomId, Participant>();

  constructor(host: SeatHost) {
    this.#host = host;
  }

  get conference(): ConferenceActor | undefined {
    return this.#conference;
  }

  enter(conference: ConferenceActor, as: Omit<Extract<ConferenceEvent, { type: 'enter' }>, 'type' | 'call'>): void {
    this.#conference = conference;
    conference.enter(this.#newLeg(), as);
  }

  /** A conference that has the call already, from a former process. */
  resume(conference: ConferenceActor): void {
    this.#conference = conference;
    conference.adopt(this.#newLeg());
  }

  /** The call is over. */
  leave(): void {
    this.#move?.abandon();
    this.#conference?.left(this.#host.call);
  }

  /** Takes the leg from one room to another, past the PINs there: whoever asks for it controls both (N-19). */
  async moveTo(room: Room): Promise<'done' | Refusal> {
    const { call, admission, answered, onMoved } = this.#host;
    const from = this.#conference;
    const participant = from?.state.participants.get(call);
    const there = answered();
    if (from === undefined || participant === undefined || there === undefined || this.#move !== undefined) return 'not_now';
    if (room.id === from.room.id) return 'value_invalid';
    const arrival = arrivalOf(admission.judgeMove(room), participant, room, this.#former.get(room.id));
    if (arrival.kind === 'refused') return arrival.why;
    admission.arrived(room, { kind: 'admit', rule: arrival.as.rule });
    const leg: ConferenceLeg = { id: call, order: (order) => this.#ordered(leg, order) };
    const to = this.#host.conference(room);
    this.#move = new Move({
      ...{ call, media: there.media, voice: there.voice, from, to, participant, leg },
      onMoved: () => {
        this.#former.set(from.room.id, from.state.participants.get(call) ?? participant);
        this.#leg = leg;
        this.#move = undefined;
        this.#conference = to;
        onMoved(room, arrival.as);
        from.movedAway(call, room.id);
      },
    });
    const outcome = await this.#move.begin(arrival.as);
    this.#move = undefined;
    if (outcome.kind === 'moved') return 'done';
    if (outcome.kind === 'lost') this.#host.onLost();
    else from.movedBack(call, room.id);
    return outcome.kind === 'returned' && outcome.reason === 'full' ? 'full' : 'failed';
  }

  #newLeg(): ConferenceLeg {
    const leg: ConferenceLeg = { id: this.#host.call, order: (order) => this.#ordered(leg, order) };
    this.#leg = leg;
    return leg;
  }

  #ordered(leg: ConferenceLeg, order: LegOrder): Promise<void> {
    if (leg !== this.#leg) return this.#move?.leg === leg ? this.#move.order(order) : Promise.resolve();
    // On its way elsewhere nothing but its end counts here; should it come back, it is put as it is to be then.
    return this.#move !== undefined && order.do !== 'end' ? Promise.resolve() : this.#host.obey(order);
  }
}
