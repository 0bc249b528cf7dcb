/** Calls a second through the PIN into the room: each is answered, prompted, keys, hears the room's talker, stays a little, goes. */
import { setTimeout as pause } from 'node:timers/promises';
import { round, spread } from '../figures.ts';
import type { CrowdCommand, Rushed } from './messages.ts';
import type { Phones } from './phones.ts';
import { Visitor } from './visitor.ts';

/** A step not done after this long failed. */
const patienceMs = 10_000;

interface Times {
  readonly inviteMs: number;
  readonly lastKeyToRoomMs: number;
}

export async function rush(phones: Phones, { rate, ms, holdMs, rooms }: Extract<CrowdCommand, { readonly type: 'rush' }>): Promise<Rushed> {
  const { caller } = phones;
  const retransmissions = caller.retransmissions;
  const startedAt = performance.now();
  const calls: Promise<Times | string>[] = [];
  for (let i = 0; i < (rate * ms) / 1000; i++) {
    const wait = startedAt + (i * 1000) / rate - performance.now();
    if (wait > 0) await pause(wait);
    calls.push(visit(phones, i % rooms, holdMs).catch((error: unknown) => String(error)));
  }
  const outcomes = await Promise.all(calls);
  const good = outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome]));
  return {
    type: 'rushed',
    rate,
    calls: outcomes.length,
    success: round((100 * good.length) / outcomes.length, 2),
    firstFailure: outcomes.find((outcome) => typeof outcome === 'string'),
    inviteTo200: spread(good.map(({ inviteMs }) => inviteMs)),
    lastKeyToRoom: spread(good.map(({ lastKeyToRoomMs }) => lastKeyToRoomMs)),
    retransmissions: caller.retransmissions - retransmissions,
  };
}

async function visit(phones: Phones, room: number, holdMs: number): Promise<Times> {
  const { settings, caller, pace } = phones;
  const own: { visitor?: Visitor } = {};
  const { socket, port } = await phones.socket((bytes, start, end, _from, arrivalMs) => own.visitor?.receive(bytes, start, end, arrivalMs));
  const visitor = new Visitor(socket, phones.newId(), room);
  own.visitor = visitor;
  pace.add(visitor);
  try {
    const call = await caller.invite(phones.alias(room), port, settings.host);
    try {
      visitor.voice.sendTo(call.rtp);
      await within('no prompt', visitor.prompt());
      const keyed = settings.pin === '' ? performance.now() : await visitor.voice.press(`${settings.pin}#`);
      const heard = await within('room not heard', visitor.hearsRoom());
      await pause(holdMs);
      return { inviteMs: call.inviteMs, lastKeyToRoomMs: heard - keyed };
    } finally {
      await call.hangUp();
    }
  } finally {
    pace.remove(visitor);
    visitor.voice.close();
  }
}

async function within<T>(failure: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(failure)), patienceMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
