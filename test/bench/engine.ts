/**
 * What the media engine costs and delays: rooms of phones, over real sockets on the loopback.
 *
 * `node build/test/bench/engine.js [legs] [legs per room] [talkers per room] [seconds] [native|node]` prints one JSON line for each way
 * packets can take, and how the two compare. CPU is that of the engine's process without that of the load, which runs in a process of
 * its own. All phones send; talkers are loud enough to be mixed. A phone's delay is from the sending of a packet with a marker burst
 * to the packet in which another member of the room hears it.
 */
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { muLaw } from '../../src/protocol/g711/g711.ts';
import { createEngine } from '../../src/softswitch/engine/client.ts';
import { loadNativeAddon } from '../../src/softswitch/engine/native-addon.ts';
import { sine } from '../audio.ts';

const HOST = '127.0.0.1';
const [legs = 200, perRoom = 10, talkers = 2, seconds = 10] = process.argv.slice(2).map(Number).filter(Number.isFinite);
const MEMBER = { speak: true, hear: true, volumeIn: 0, volumeOut: 0, energyLevel: 100 };
const FRAME_MS = 20;

const percentile = (values: number[], p: number): number => Math.round((values.sort((a, b) => a - b)[Math.floor((values.length - 1) * p)] ?? NaN) * 10) / 10;

/** The load: talkers speak, the others are as good as silent; once a second the first of each room is loud for one packet, and the next one listens for it. */
async function load(): Promise<void> {
  const [ports] = (await once(process, 'message')) as [number[]];
  const [speech, hush] = [-30, -70].map((level) => Uint8Array.from(sine(8000, 200, 20, level), (sample) => muLaw.encode[sample & 0xffff] ?? 0xff));
  const loud = new Uint8Array(160).fill(muLaw.encode[20_000] ?? 0);
  const delays: number[] = [];
  const phones = await Promise.all(
    ports.map(async (port, index) => {
      const socket = createSocket({ type: 'udp4', lookup: (address, _options, callback) => callback(null, address, 4) });
      // With a lookup that answers at once the socket listens before `bind` returns.
      const listening = once(socket, 'listening');
      socket.bind(0, HOST);
      await listening;
      const packet = Buffer.alloc(172);
      packet[0] = 0x80;
      packet.writeUInt32BE(index + 1, 8);
      return { socket, port, index, packet, loudAt: 0, phase: (index * 7.3) % FRAME_MS, sent: 0 };
    }),
  );
  for (const phone of phones) {
    const speaker = phones[phone.index - 1];
    phone.socket.on('message', (bytes) => {
      if (phone.index % perRoom !== 1 || speaker === undefined || speaker.loudAt === 0) return;
      for (let i = 12; i < bytes.length; i++) {
        if (Math.abs(muLaw.decode[bytes[i] ?? 0xff] ?? 0) < 15_000) continue;
        delays.push(performance.now() - speaker.loudAt);
        speaker.loudAt = 0;
        return;
      }
    });
  }
  const start = performance.now();
  const pump = setInterval(() => {
    const now = performance.now() - start;
    for (const phone of phones) {
      for (; now >= phone.phase + phone.sent * FRAME_MS; phone.sent++) {
        const isLoud = phone.index % perRoom === 0 && phone.sent % 50 === 25;
        if (isLoud) phone.loudAt = performance.now();
        phone.packet.set((isLoud ? loud : phone.index % perRoom < talkers ? speech : hush) ?? loud, 12);
        phone.packet.writeUInt16BE(phone.sent & 0xffff, 2);
        phone.packet.writeUInt32BE((phone.sent * 160) >>> 0, 4);
        phone.socket.send(phone.packet, phone.port, HOST);
      }
    }
  }, 1);
  process.send?.(phones.map(({ socket }) => socket.address().port));
  await once(process, 'message');
  clearInterval(pump);
  process.send?.(delays);
  process.disconnect();
  for (const { socket } of phones) socket.close();
}

interface Figures {
  readonly packetIo: string;
  readonly microsPerLegFrame: number;
}

async function measure(packetIo: 'native' | 'node'): Promise<Figures> {
  const engine = createEngine({ portMin: 30_000, portMax: 39_999, limits: { legs, portQuarantineMs: 0, audioCacheBytes: 8e6 }, packetIo, onEvent: () => undefined, log: console });
  await engine.engineStats();
  const memory = (): number => process.memoryUsage().rss;
  const memoryBefore = memory();
  const ports: number[] = [];
  for (let i = 0; i < legs; i++) {
    const opened = await engine.open(`leg${i}`, HOST);
    if (!opened.ok) throw new Error(opened.error);
    ports.push(opened.port);
  }
  const child = fork(fileURLToPath(import.meta.url), ['load', ...process.argv.slice(2)]);
  child.send(ports);
  const [phonePorts] = (await once(child, 'message')) as [number[]];
  for (const [i, port] of phonePorts.entries()) {
    const room = `room${Math.floor(i / perRoom)}`;
    engine.createConference(room, { rate: 8000 });
    engine.configure(`leg${i}`, { address: HOST, port, format: { codec: 'PCMU', payloadType: 0, clockRate: 8000, ptime: FRAME_MS }, direction: 'sendrecv' });
    engine.join(room, `leg${i}`, MEMBER);
  }
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(3000);
  const statsBefore = await engine.engineStats();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await pause(seconds * 1000);
  const cpu = process.cpuUsage(cpuBefore);
  const elapsed = performance.now() - startedAt;
  const memoryAfter = memory();
  const stats = await engine.engineStats();
  const all = await Promise.all(ports.map((_, i) => engine.stats(`leg${i}`)));
  child.send('stop');
  const [delays] = (await once(child, 'message')) as [number[]];
  await engine.stop();
  const busyMicros = cpu.user + cpu.system;
  const figures = {
    packetIo: stats.packetIo,
    legs,
    perRoom,
    talkers,
    cpuPercentOfOneCore: Math.round(busyMicros / elapsed) / 10,
    microsPerLegFrame: Math.round((busyMicros / ((legs * elapsed) / FRAME_MS)) * 10) / 10,
    systemShare: Math.round((cpu.system / busyMicros) * 100) / 100,
    kilobytesPerLeg: Math.round((memoryAfter - memoryBefore) / legs / 1024),
    delayMs: { count: delays.length, p50: percentile(delays, 0.5), p95: percentile(delays, 0.95), p99: percentile(delays, 0.99), largest: percentile(delays, 1) },
    framesReceived: all.reduce((sum, one) => sum + (one?.inMediaPackets ?? 0), 0),
    concealed: all.reduce((sum, one) => sum + (one?.inLost ?? 0), 0),
    discarded: all.reduce((sum, one) => sum + (one?.inDiscarded ?? 0), 0),
    lateTicks: stats.lateTicks - statsBefore.lateTicks,
    largestLagMs: Math.round(stats.largestLagMs * 10) / 10,
    skippedTicks: stats.skippedTicks - statsBefore.skippedTicks,
    load: readFileSync('/proc/loadavg', 'utf8').trim(),
  };
  console.log(JSON.stringify(figures));
  return figures;
}

async function main(): Promise<void> {
  const asked = process.argv.find((argument) => argument === 'native' || argument === 'node');
  if (asked !== undefined) {
    await measure(asked);
    return;
  }
  const node = await measure('node');
  if (loadNativeAddon() === undefined) return;
  const native = await measure('native');
  console.log(JSON.stringify({ nativeIsFasterBy: Math.round((node.microsPerLegFrame / native.microsPerLegFrame) * 100) / 100 }));
}

await (process.argv[2] === 'load' ? load() : main());
