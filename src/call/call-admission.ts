import { admit, judgePin, type AdmissionInput, type AdmissionVerdict, type Credential, type Grant, type PinMatch, type Standing } from '../domain/admission.ts';
import type { Decision } from '../domain/decision.ts';
import type { Pin } from '../domain/pin-format.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { RoomRules } from '../domain/policy.ts';
import { roomRules, type Room } from '../domain/room.ts';
import { pickRoom } from '../domain/schedule.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { CallLeg } from '../ports/call-leg.ts';
import type { Log } from '../ports/log.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { StoreProblem } from '../ports/store-problem.ts';
import type { Entrance, Source } from './entrance.ts';
import { offeredProtection } from './media-protection.ts';

export interface CallAdmissionOptions {
  readonly leg: CallLeg;
  readonly rooms: RoomStore;
  readonly entrance: Entrance;
  readonly attendant: { readonly pin: Pin | undefined };
  readonly standing: (room: Room) => Standing;
  readonly onDecision: (decision: Decision) => void;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Puts what is known of one call before the rules of admission, counts its wrong guesses, and notes each decision. */
export class CallAdmission {
  readonly #options: CallAdmissionOptions;
  readonly #source: Source;
  /** What the call brought along for the room it found. */
  #credential: Credential | undefined;

  constructor(options: CallAdmissionOptions) {
    this.#options = options;
    // Whom we call has not come to guess.
    this.#source = options.leg.dialled === undefined ? options.entrance.source(options.leg) : undefined;
  }

  isBlocked(): boolean {
    return this.#options.entrance.isBlocked(this.#source);
  }

  /** The room that is meant, and with it what the call brought along for it. Undefined: no such room. `failed`: the store cannot tell. */
  async find(aliases: readonly string[]): Promise<Room | undefined | 'failed'> {
    const { rooms, scheduler, entrance, leg } = this.#options;
    if (leg.dialled !== undefined) {
      const found = await rooms.byId(leg.dialled.room);
      return found.ok ? found.value : this.#failed(found.error);
    }
    for (const alias of aliases) {
      const found = await rooms.byAlias(alias);
      if (!found.ok) return this.#failed(found.error);
      const room = pickRoom(found.value, scheduler.now());
      if (room === undefined) continue;
      const credential = await entrance.credential(leg, room);
      if (!credential.ok) return this.#failed(credential.error);
      this.#credential = credential.value;
      return room;
    }
    entrance.unknownAlias(this.#source);
    // What was keyed at the attendant is not told: it may be a PIN keyed too early.
    this.#decided(undefined, 'arrival', 'unknown_alias', aliases === leg.aliases ? 'reject' : 'wrong');
    return undefined;
  }

  /** The attendant was dialled. Answers why the call cannot go on, if so (row 1). */
  atAttendant(): EndReason | undefined {
    const { leg, attendant } = this.#options;
    // Who is authenticated may mean a room of his own, unless there is something to guess at here already.
    const isShut = this.isBlocked() && (leg.identity === undefined || attendant.pin !== undefined);
    const reason = isShut ? 'source_blocked' : undefined;
    this.#decided(undefined, 'arrival', reason ?? 'attendant', reason === undefined ? 'ask' : 'reject');
    return reason;
  }

  /** Nothing of what was offered can be used. */
  unusableMedia(reason: EndReason, room: Room | undefined): EndReason {
    this.#decided(room, 'arrival', 'media_unusable', 'reject');
    return reason;
  }

  /** The admission rules, as the room and its conference stand at the moment. */
  judge(room: Room): AdmissionVerdict {
    return admit({ ...this.#known(room), source: this.isBlocked() ? 'blocked' : 'free', ...(this.#credential === undefined ? {} : { credential: this.#credential }) });
  }

  /** The rules of another room, for a call that is moved there: what it brought along was for the first one. */
  judgeMove(room: Room): AdmissionVerdict {
    return admit({ ...this.#known(room), source: 'free' });
  }

  #known(room: Room): Omit<AdmissionInput, 'source' | 'credential'> {
    const { leg, standing, entrance, scheduler } = this.#options;
    const identity = entrance.identity(leg);
    return {
      room: roomRules(room),
      conference: standing(room),
      media: offeredProtection(leg.offer),
      now: scheduler.now(),
      ...(identity === undefined ? {} : { identity }),
      ...(leg.dialled === undefined ? {} : { dialled: leg.dialled }),
    };
  }

  /** The verdict counts. */
  arrived(room: Room, { rule, kind }: Pick<AdmissionVerdict, 'rule' | 'kind'>): void {
    this.#decided(room, 'arrival', rule, kind);
  }

  /** A credential that is worth nothing is a wrong attempt, once. Answers the attempts used up. */
  countCredential(room: Room, wrong: number): number {
    if (wrong === 0) return 0;
    this.#credential = undefined;
    this.wrongPin(room);
    return wrong;
  }

  /** How long a stranger waits before the prompt of a room that is guessed at (section 6). */
  delayMs(room: Room): number {
    const standing = this.#options.leg.identity === undefined ? this.#options.entrance.standing(this.#source, room) : undefined;
    return standing?.kind === 'slowed' ? standing.ms : 0;
  }

  checkPin(room: Room, entry: Pin): { readonly match: PinMatch; readonly room: RoomRules; readonly present: ReadonlySet<string> } {
    const { rooms, standing } = this.#options;
    const match = rooms.identify(room, entry);
    const rules = roomRules(room);
    const { members } = standing(room);
    const verdict = judgePin(match, rules, members);
    if (verdict.kind === 'wrong') this.wrongPin(room);
    this.#decided(room, 'pin', verdict.kind === 'admit' ? verdict.rule : verdict.kind === 'wrong' ? 'wrong_pin' : 'member_in_use', verdict.kind);
    return { match, room: rules, present: members };
  }

  checkAttendantPin(entry: Pin): boolean {
    const correct = this.#options.attendant.pin?.reveal() === entry.reveal();
    if (!correct) this.wrongPin(undefined);
    return correct;
  }

  /** `room`: undefined at the attendant. */
  wrongPin(room: Room | undefined): void {
    this.#options.entrance.wrongPin(this.#source, room);
  }

  admitted(room: Room, grant: Grant): void {
    this.#options.entrance.admitted(this.#options.leg, this.#source, room, grant);
  }

  #failed(problem: StoreProblem): 'failed' {
    this.#options.log.error({ code: problem.code, problem: problem.message }, 'the room could not be looked up');
    return 'failed';
  }

  /** With what it was made of; of PINs and tokens only whether there are any. */
  #decided(room: Room | undefined, stage: Decision['stage'], rule: Decision['rule'], outcome: string): void {
    const { leg, scheduler, onDecision } = this.#options;
    onDecision({
      callId: leg.id,
      at: scheduler.now(),
      stage,
      rule,
      outcome,
      inputs: {
        room: room?.id ?? null,
        alias: leg.aliases.at(-1) ?? '',
        identity: leg.identity ?? null,
        credential: this.#credential?.kind ?? null,
        blocked: this.isBlocked(),
        ...(room === undefined ? {} : this.#inputsOf(room)),
      },
    });
  }

  #inputsOf(room: Room): Decision['inputs'] {
    const { open, locked } = this.#options.standing(room);
    return {
      hostPin: room.pins.host !== undefined,
      guestPin: room.pins.guest !== undefined,
      open,
      locked,
      scheduled: room.schedule !== undefined,
      moderatorWay: room.anonymous.moderator.enabled,
      speakerWay: room.anonymous.speaker.enabled,
    };
  }
}
