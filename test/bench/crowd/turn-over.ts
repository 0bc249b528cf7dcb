/** Calls coming and going: one room after the other hangs up and calls again; everybody is judged over his whole stay. */
import { setTimeout as pause } from 'node:timers/promises';
import { round } from '../figures.ts';
import type { Crowd } from './crowd.ts';
import type { TurnedOver } from './messages.ts';
import type { Phones } from './phones.ts';
import { roomSize } from './sounds.ts';

/** After the last of a room came, until its content is judged. */
const settleMs = 3_000;
const failedFrom = 1;

export async function turnOver(crowd: Crowd, phones: Phones, roomEveryMs: number, ms: number): Promise<TurnedOver> {
  const endAt = performance.now() + ms;
  const bad: number[] = [];
  const refusals: string[] = [];
  let calls = 0;
  const turns: Promise<void>[] = [];
  const turn = async (room: number): Promise<void> => {
    const seats = Array.from({ length: roomSize }, (_, seat) => room * roomSize + seat);
    // All are judged before the first one goes: who stays would miss him.
    for (const seat of seats) crowd.judge(seat, (verdict) => bad.push(verdict.bad));
    await Promise.all(seats.map((seat) => crowd.leave(seat)));
    const taken = await Promise.all(
      seats.map(async (seat) => {
        calls++;
        return crowd.take(seat).catch((error: unknown) => void refusals.push(String(error)));
      }),
    );
    await pause(settleMs);
    for (const seat of taken) seat?.participant.start(performance.now());
  };
  for (let room = 0; performance.now() < endAt; room = (room + 1) % crowd.rooms) {
    turns.push(turn(room));
    await pause(roomEveryMs);
  }
  await Promise.all(turns);
  return {
    type: 'turnedOver',
    calls,
    refused: refusals.length,
    firstRefusal: refusals[0],
    judged: bad.length,
    failed: bad.filter((percent) => percent >= failedFrom).length,
    worst: round(bad.reduce((most, percent) => Math.max(most, percent), 0), 2),
    ended: phones.caller.lost,
    retransmissions: phones.caller.retransmissions,
  };
}
