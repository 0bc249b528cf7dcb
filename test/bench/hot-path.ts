/**
 * What one frame of one leg costs in JavaScript, without the sockets: rooms of legs, driven as fast as they go on a clock of their own.
 *
 * `node build/test/bench/hot-path.js [legs] [legs per room] [talkers per room] [ticks]` prints a JSON line. Talkers are loud enough to be
 * mixed, the others as good as silent; each packet comes 12 ms before the tick that plays it.
 */
import { muLaw } from '../../src/protocol/g711/g711.ts';
import { AudioFiles } from '../../src/softswitch/engine/audio-files.ts';
import { Conference } from '../../src/softswitch/engine/conference.ts';
import { Leg } from '../../src/softswitch/engine/leg.ts';
import type { PacketSocket } from '../../src/softswitch/engine/packet-io.ts';
import { Recordings } from '../../src/softswitch/engine/recordings.ts';
import { RtpSockets } from '../../src/softswitch/engine/rtp-sockets.ts';
import { sine } from '../audio.ts';

const [legs = 400, perRoom = 10, talkers = 2, ticks = 1500] = process.argv.slice(2).map(Number).filter(Number.isFinite);
const FRAME_MS = 20;
const FRAME = 160;
const WARM_UP = 500;
const far = { address: '192.0.2.1', port: 5004 };
const member = { speak: true, hear: true, volumeIn: 0, volumeOut: 0, energyLevel: 100 };

let now = 0;
let sent = 0;
const socket: PacketSocket = {
  aim: () => 'aimed',
  send: () => {
    sent++;
  },
  close: () => undefined,
};
const scheduler = { now: () => now, after: () => () => undefined };
const emit = (): void => undefined;
const warn = (_code: string, message: string): void => {
  throw new Error(message);
};
const files = new AudioFiles(0, warn);
const recordings = new Recordings({ scheduler, emit, warn });
const services = { now: () => now, scheduler, files, opus: undefined, emit, onError: (error: unknown) => console.error(error) };

const memoryBefore = heap();
const phones = Array.from({ length: legs }, (_, i) => {
  const leg = new Leg(`leg${i}`, services);
  leg.session.attach(new RtpSockets(socket, socket));
  leg.configure({ ...far, format: { codec: 'PCMU', payloadType: 0, clockRate: 8000, ptime: FRAME_MS }, direction: 'sendrecv' });
  return leg;
});
const rooms = Array.from({ length: Math.ceil(legs / perRoom) }, (_, i) => new Conference(`room${i}`, { rate: 8000 }, { files, recordings, emit }));
for (const [i, leg] of phones.entries()) rooms[Math.floor(i / perRoom)]?.join(leg, member);

const [speech, hush] = [-30, -70].map((level) => Uint8Array.from(sine(8000, 200, FRAME_MS, level), (sample) => muLaw.encode[sample & 0xffff] ?? 0xff));
const packets = phones.map((_, i) => {
  const packet = Buffer.alloc(12 + FRAME);
  packet[0] = 0x80;
  packet.writeUInt32BE(i + 1, 8);
  packet.set((i % perRoom < talkers ? speech : hush) ?? [], 12);
  return packet;
});

function tick(slot: number): void {
  now = slot * FRAME_MS;
  for (const [i, packet] of packets.entries()) {
    packet.writeUInt16BE(slot & 0xffff, 2);
    packet.writeUInt32BE((slot * FRAME) >>> 0, 4);
    phones[i]?.session.onRtpDatagram(packet, 0, packet.length, far, now - 12);
  }
  for (const leg of phones) leg.session.tick(now);
  for (const room of rooms) room.tick(now);
}

function heap(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

for (let slot = 1; slot <= WARM_UP; slot++) tick(slot);
const bytesPerLeg = (heap() - memoryBefore) / legs;
sent = 0;
const before = process.cpuUsage();
for (let slot = WARM_UP + 1; slot <= WARM_UP + ticks; slot++) tick(slot);
const { user, system } = process.cpuUsage(before);
const inMedia = phones.reduce((sum, leg) => sum + leg.stats.inMediaPackets, 0);
console.log(
  JSON.stringify({
    legs,
    perRoom,
    talkers,
    microsPerLegFrame: Math.round(((user + system) / (legs * ticks)) * 100) / 100,
    sentShare: sent / (legs * ticks),
    receivedShare: inMedia / (legs * (ticks + WARM_UP)),
    concealed: phones.reduce((sum, leg) => sum + leg.stats.inLost, 0),
    kilobytesPerLeg: Math.round(bytesPerLeg / 102.4) / 10,
  }),
);
