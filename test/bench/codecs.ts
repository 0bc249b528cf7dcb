/** What 20 ms cost in each codec, and in the tone detector: `node build/test/bench/codecs.js`. */
import { ToneDetector } from '../../src/protocol/dtmf/tone-detector.ts';
import type { AudioFormat } from '../../src/softswitch/engine/api.ts';
import { createDecoder, createEncoder } from '../../src/softswitch/engine/codecs.ts';
import { loadOpus } from '../../src/softswitch/engine/opus-codec.ts';

const FRAMES = 1500;
const opus = await loadOpus();

/** CPU time of one call, us, once it is warm. */
function cost(run: (n: number) => void): string {
  for (let n = 0; n < FRAMES; n++) run(n);
  const before = process.cpuUsage();
  for (let n = 0; n < FRAMES; n++) run(n);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / FRAMES).toFixed(1);
}

const codecs: [rate: number, format: AudioFormat][] = [
  [8000, { codec: 'PCMU', payloadType: 0, clockRate: 8000, ptime: 20 }],
  [16_000, { codec: 'G722', payloadType: 9, clockRate: 8000, ptime: 20 }],
  [16_000, { codec: 'L16', payloadType: 98, clockRate: 16_000, ptime: 20 }],
  [16_000, { codec: 'OPUS', payloadType: 111, clockRate: 48_000, ptime: 20, opus: { inbandFec: true } }],
  [48_000, { codec: 'OPUS', payloadType: 111, clockRate: 48_000, ptime: 20, opus: { inbandFec: true } }],
];

for (const [rate, format] of codecs) {
  const samples = rate / 50;
  // A gliding pitch with harmonics: a constant tone is cheaper.
  const frames = Array.from({ length: 50 }, (_, n) =>
    Int16Array.from({ length: samples }, (__, i) => {
      const phase = 2 * Math.PI * (150 + 2 * n) * ((n * samples + i) / rate);
      return 4000 * Math.sin(phase) + 2000 * Math.sin(3 * phase) + 800 * Math.sin(7 * phase);
    }),
  );
  const frame = (n: number): Int16Array => frames[n % frames.length] ?? new Int16Array(samples);
  const encoder = createEncoder(format, rate, opus);
  const decoder = createDecoder(format, rate, opus);
  const out = new Int16Array(samples);
  const encode = cost((n) => encoder.encode(frame(n)));
  const packets = frames.map((each) => Uint8Array.from(encoder.encode(each)[0] ?? []));
  const decode = cost((n) => {
    const packet = packets[n % packets.length];
    if (packet !== undefined) decoder.decode(packet, packet.length, out);
  });
  console.log(`${format.codec.padEnd(5)} ${String(rate).padStart(5)} Hz: encode ${encode} us, decode ${decode} us a frame`);
  encoder.close();
  decoder.close();
}

const detector = new ToneDetector(8000);
const tone = Int16Array.from({ length: 160 }, (_, i) => 8000 * Math.sin(i));
console.log(`tone detector, 8000 Hz: ${cost(() => detector.listen(tone))} us a frame`);
