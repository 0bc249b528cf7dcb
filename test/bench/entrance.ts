/** From the INVITE to the room: call after call through the PIN prompt, a few at a time, each timed on its way. */
import { setTimeout as pause } from 'node:timers/promises';
import { frameSounds, frameTone, heardAmplitude, type Heard } from '../e2e/phone/media.ts';
import { Phone } from '../e2e/phone/phone.ts';
import { spread, type Spread } from './figures.ts';
import type { Server } from './server.ts';

export interface Entrance {
  readonly inviteTo200: Spread;
  readonly ackToPrompt: Spread;
  readonly bargeIn: Spread;
  readonly lastDigitToRoom: Spread;
  readonly retransmissions: number;
}

const lanes = 5;
const roomTone = 2750;

export async function measureEntrance(server: Server, calls: number): Promise<Entrance> {
  const room = server.rooms[0] ?? '';
  const host = await Phone.open('entrance-host', server.target);
  host.media.tone(roomTone);
  await host.call(room);
  await host.press(`${server.hostPin}#`);
  const figures = { inviteTo200: [] as number[], ackToPrompt: [] as number[], bargeIn: [] as number[], lastDigitToRoom: [] as number[] };
  let retransmissions = 0;
  const lane = async (name: number): Promise<void> => {
    // Spread over the length of a call: callers do not come in step.
    await pause(name * 250);
    for (let i = 0; i < calls / lanes; i++) {
      const phone = await Phone.open(`entrance-${name}-${i}`, server.target);
      await oneCall(phone, room, server.hostPin, figures);
      await phone.hangUp();
      retransmissions += phone.retransmissions;
      phone.close();
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, name) => lane(name)));
  await host.hangUp();
  host.close();
  return {
    inviteTo200: spread(figures.inviteTo200),
    ackToPrompt: spread(figures.ackToPrompt),
    bargeIn: spread(figures.bargeIn),
    lastDigitToRoom: spread(figures.lastDigitToRoom),
    retransmissions,
  };
}

async function oneCall(phone: Phone, room: string, pin: string, figures: Record<keyof Omit<Entrance, 'retransmissions'>, number[]>): Promise<void> {
  const frames: { readonly at: number; readonly sounds: boolean }[] = [];
  const stop = phone.media.watch((frame) => frames.push({ at: frame.at, sounds: frameSounds(frame) }));
  await phone.call(room);
  const { invite, final = 0, ack = 0 } = phone.times;
  figures.inviteTo200.push(final - invite);
  // Digits come while the prompt is in full voice: three sounding frames running.
  let running = 0;
  await phone.frame('the prompt in full voice', (frame) => (running = frameSounds(frame) ? running + 1 : 0) >= 3);
  figures.ackToPrompt.push((frames.find(({ sounds }) => sounds)?.at ?? Number.NaN) - ack);
  const entered = phone.frame('the room', (frame: Heard) => frameTone(frame, roomTone) > heardAmplitude);
  const { firstPacket, lastEnd } = await phone.press(pin);
  stop();
  // The prompt is silent from the frame after its last sounding one, before the last digit was keyed and the room could be heard.
  const prompt = frames.filter(({ at }) => at < lastEnd);
  const silent = prompt[prompt.findLastIndex(({ sounds }) => sounds) + 1]?.at ?? Number.NaN;
  figures.bargeIn.push(silent - firstPacket);
  figures.lastDigitToRoom.push((await entered).at - lastEnd);
}
