/** Participants in rooms of ten, more and more of them, each with a tone of its own: cost, loss and content of each load. */
import { setTimeout as pause } from 'node:timers/promises';
import { decodeUlaw, toneAmplitude } from '../e2e/phone/audio.ts';
import { heardAmplitude } from '../e2e/phone/media.ts';
import { lag } from '../e2e/phone/pacer.ts';
import { Phone } from '../e2e/phone/phone.ts';
import { round, spread, type Spread } from './figures.ts';
import { measureMouthToEar } from './mouth-to-ear.ts';
import { costOf, cpuPercent, waitPercent } from './process-cost.ts';
import type { Server } from './server.ts';

export interface LoadFigures {
  readonly participants: number;
  /** Percent of one core. */
  readonly cpu: number;
  /** Run-queue wait in percent of running; above 5 the machine was too small for the measurement. */
  readonly wait: number;
  readonly memoryMb: number;
  /** The worst participant's share of lost packets, in percent. */
  readonly worstLoss: number;
  /** Participants who did not hear every other of their room, or heard themselves. */
  readonly wrong: number;
  readonly mouthToEar: Spread;
  /** Our own process: CPU in percent of one core, and turns that came more than 5 ms late. */
  readonly generatorCpu: number;
  readonly generatorLate: number;
}

const roomSize = 10;
const settleMs = 2_000;
const toneOf = (seat: number): number => 1600 + 150 * (seat % roomSize);

interface Seat {
  readonly phone: Phone;
  readonly room: number;
  readonly hz: number;
}

export async function measureLoads(server: Server, loads: readonly number[], windowMs: number): Promise<readonly LoadFigures[]> {
  const seats: Seat[] = [];
  const figures: LoadFigures[] = [];
  try {
    for (const load of loads) {
      while (seats.length < load) {
        const batch = Array.from({ length: Math.min(roomSize, load - seats.length) }, (_, i) => seats.length + i);
        seats.push(...(await Promise.all(batch.map((index) => enter(server, index)))));
      }
      figures.push(await measureLoad(server, seats, windowMs));
    }
  } finally {
    await Promise.all(seats.filter(({ phone }) => phone.isUp).map(({ phone }) => phone.hangUp()));
    for (const { phone } of seats) phone.close();
  }
  return figures;
}

async function enter(server: Server, index: number): Promise<Seat> {
  const room = Math.floor(index / roomSize) % server.rooms.length;
  const phone = await Phone.open(`load-${index}`, server.target);
  const hz = toneOf(index);
  phone.media.tone(hz);
  await phone.call(server.rooms[room] ?? '');
  await phone.press(`${server.hostPin}#`);
  return { phone, room, hz };
}

async function measureLoad(server: Server, seats: readonly Seat[], windowMs: number): Promise<LoadFigures> {
  await pause(settleMs);
  const received = seats.map(({ phone }) => ({ received: phone.media.received, lost: phone.media.lost }));
  const lateBefore = lag.late;
  const turnsBefore = lag.turns;
  const own = process.cpuUsage();
  const from = server.pid === undefined ? undefined : costOf(server.pid);
  const start = performance.now();
  await pause(windowMs);
  const to = server.pid === undefined ? undefined : costOf(server.pid);
  const ownMs = (process.cpuUsage(own).user + process.cpuUsage(own).system) / 1000;
  const elapsed = performance.now() - start;
  const losses = seats.map(({ phone }, i) => {
    const got = phone.media.received - (received[i]?.received ?? 0);
    // What never came has no gap to show itself by: expected are 50 packets a second.
    const lost = Math.max(phone.media.lost - (received[i]?.lost ?? 0), Math.floor(elapsed / 20) - 2 - got);
    return (100 * lost) / (elapsed / 20);
  });
  const wrong = seats.filter((seat) => !hearsRight(seat, seats)).length;
  const pairs = seats.flatMap((seat, i) => (i % roomSize === 0 && seats[i + 1] !== undefined ? [[seat.phone, (seats[i + 1] ?? seat).phone] as const] : []));
  return {
    participants: seats.length,
    cpu: from === undefined || to === undefined ? Number.NaN : round(cpuPercent(from, to)),
    wait: from === undefined || to === undefined ? Number.NaN : round(waitPercent(from, to)),
    memoryMb: to === undefined ? Number.NaN : round(to.pssKb / 1024),
    worstLoss: round(Math.max(...losses), 2),
    wrong,
    mouthToEar: seats.length < 2 ? spread([]) : await measureMouthToEar(pairs, Math.ceil(60 / pairs.length)),
    generatorCpu: round((100 * ownMs) / elapsed),
    generatorLate: round((100 * (lag.late - lateBefore)) / Math.max(lag.turns - turnsBefore, 1), 2),
  };
}

/** Over the last 200 ms: everybody else of the room, and not oneself. */
function hearsRight(seat: Seat, seats: readonly Seat[]): boolean {
  const samples = decodeUlaw(Buffer.concat(seat.phone.media.heard.slice(-10).map((frame) => frame.payload)));
  const others = seats.filter((other) => other !== seat && other.room === seat.room && other.hz !== seat.hz);
  return others.every((other) => toneAmplitude(samples, other.hz) > heardAmplitude) && toneAmplitude(samples, seat.hz) < heardAmplitude / 4;
}
