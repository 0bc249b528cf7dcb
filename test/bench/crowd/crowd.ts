/** Rooms of ten, two of them talking, everybody judged. */
import { setTimeout as pause } from 'node:timers/promises';
import { round, spread } from '../figures.ts';
import type { Grown, Measured } from './messages.ts';
import { Participant, type Verdict } from './participant.ts';
import type { Phones } from './phones.ts';
import { Room } from './room.ts';
import { roomSize } from './sounds.ts';

const failedFrom = 1;

export interface Seat {
  readonly participant: Participant;
  readonly hangUp: () => Promise<void>;
  readonly inviteMs: number;
}

export class Crowd {
  readonly #phones: Phones;
  readonly #seats: (Seat | undefined)[] = [];
  readonly #rooms: Room[] = [];
  readonly #delays: number[] = [];

  constructor(phones: Phones) {
    this.#phones = phones;
  }

  get rooms(): number {
    return this.#rooms.length;
  }

  async grow(to: number): Promise<Grown> {
    const { rate } = this.#phones.settings;
    const from = this.#seats.length;
    this.#seats.length = to;
    const startedAt = performance.now();
    const calls: Promise<Seat | string>[] = [];
    for (let index = from; index < to; index++) {
      const wait = startedAt + ((index - from) * 1000) / rate - performance.now();
      if (wait > 0) await pause(wait);
      calls.push(this.take(index).catch((error: unknown) => String(error)));
    }
    const outcomes = await Promise.all(calls);
    const refused = outcomes.filter((outcome) => typeof outcome === 'string');
    const times = outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome.inviteMs]));
    return { type: 'grown', participants: times.length, refused: refused.length, firstRefusal: refused[0], inviteTo200: spread(times), retransmissions: this.#phones.caller.retransmissions };
  }

  /** Fills one seat: calls, keys the PIN if there is one. */
  async take(index: number): Promise<Seat> {
    const { settings, caller, pace } = this.#phones;
    const number = Math.floor(index / roomSize);
    const room = (this.#rooms[number] ??= new Room(number, performance.now(), this.#delays));
    const participant = await Participant.open(this.#phones, room, index % roomSize);
    pace.add(participant);
    const call = await caller.invite(this.#phones.alias(number), participant.port, settings.host).catch((error: unknown) => {
      this.#drop(participant);
      throw error;
    });
    const seat: Seat = { participant, inviteMs: call.inviteMs, hangUp: call.hangUp };
    this.#seats[index] = seat;
    participant.voice.sendTo(call.rtp);
    if (settings.pin !== '') await participant.voice.press(`${settings.pin}#`);
    return seat;
  }

  /** Empties one seat; answers who sat there. */
  async leave(index: number): Promise<Participant | undefined> {
    const seat = this.#seats[index];
    if (seat === undefined) return undefined;
    this.#seats[index] = undefined;
    await seat.hangUp();
    this.#drop(seat.participant);
    return seat.participant;
  }

  /** How the one on a seat fared since `start`; nobody when it is empty. */
  judge(index: number, tell: (verdict: Verdict) => void): void {
    const seat = this.#seats[index];
    if (seat !== undefined) tell(seat.participant.verdict(performance.now()));
  }

  async measure(settleMs: number, ms: number): Promise<Measured> {
    const { pace, caller, packetIo } = this.#phones;
    const participants = this.#seats.flatMap((seat) => (seat === undefined ? [] : [seat.participant]));
    for (const participant of participants) participant.settle();
    await pause(settleMs);
    this.#delays.length = 0;
    const cpu = process.cpuUsage();
    const { turns, lateTurns } = pace;
    const startedAt = performance.now();
    for (const participant of participants) participant.start(startedAt);
    await pause(ms);
    const endedAt = performance.now();
    const verdicts = participants.map((participant) => participant.verdict(endedAt));
    const used = process.cpuUsage(cpu);
    const sum = (pick: (verdict: (typeof verdicts)[number]) => number): number => verdicts.reduce((total, verdict) => total + pick(verdict), 0);
    const expected = sum((verdict) => verdict.expected);
    return {
      type: 'measured',
      participants: verdicts.length,
      worst: round(Math.max(...verdicts.map(({ bad }) => bad)), 2),
      meanLost: round((100 * sum(({ lost }) => lost)) / expected, 3),
      meanLate: round((100 * sum(({ late }) => late)) / expected, 3),
      wrong: sum(({ wrong }) => wrong),
      looks: sum(({ looks }) => looks),
      failed: verdicts.filter(({ bad }) => bad >= failedFrom).length,
      ended: caller.lost,
      mouthToEar: spread(this.#delays),
      cpu: round((100 * (used.user + used.system)) / 1000 / (endedAt - startedAt)),
      lateTurns: round((100 * (pace.lateTurns - lateTurns)) / (pace.turns - turns), 2),
      packetIo,
    };
  }

  async end(): Promise<void> {
    const { rate } = this.#phones.settings;
    await Promise.all(
      this.#seats.map(async (_, index) => {
        await pause((index * 1000) / (2 * rate));
        await this.leave(index);
      }),
    );
  }

  #drop(participant: Participant): void {
    this.#phones.pace.remove(participant);
    participant.voice.close();
  }
}
