import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { decodeL16, encodeL16 } from '../../../src/protocol/l16/l16.ts';
import { JitterBuffer } from '../../../src/protocol/rtp/jitter-buffer.ts';
import type { PutOutcome, StreamDecoder, TakeOutcome } from '../../../src/protocol/rtp/jitter-buffer.ts';

const FRAME_SAMPLES = 160;
const RAMP = 16384;
/** Fades to silence within three frames. */
const FADE = 480;

/** L16, so that what comes out is exactly what went in; it counts what it is asked for. */
class Decoder implements StreamDecoder {
  readonly rate: number;
  readonly correctsErrors: boolean;
  readonly restored: number[] = [];
  decoded = 0;
  #concealed = FADE;
  constructor(rate = 8000, correctsErrors = false) {
    this.rate = rate;
    this.correctsErrors = correctsErrors;
  }
  decode(payload: Uint8Array, length: number, samples: Int16Array): number {
    this.decoded++;
    this.#concealed = 0;
    return decodeL16(payload, 0, length, samples);
  }
  conceal(samples: Int16Array, next?: { readonly position: number }): 'concealed' | 'silence' {
    samples.fill(0);
    if (next !== undefined && this.correctsErrors) this.restored.push(next.position);
    if (this.#concealed >= FADE) return 'silence';
    this.#concealed += samples.length;
    return 'concealed';
  }
}

/** A sender whose sample at position n has the value n mod 16384, plus 1: what comes out tells where it was. */
class Sender {
  readonly #buffer: JitterBuffer;
  readonly #start: number;
  constructor(buffer: JitterBuffer, start = 0xffff_ff00) {
    this.#buffer = buffer;
    this.#start = start;
  }
  send(position: number, count: number, arrival: number, ssrc = 1): PutOutcome {
    const samples = Int16Array.from({ length: count }, (_, i) => ((position + i) % RAMP) + 1);
    const bytes = new Uint8Array(2 * count);
    encodeL16(samples, bytes);
    return this.#buffer.put(ssrc, (this.#start + position) >>> 0, count, arrival, bytes, 0, bytes.length);
  }
}

interface Taken {
  readonly at: number;
  readonly outcome: TakeOutcome;
  readonly first: number;
  readonly last: number;
  readonly consecutive: boolean;
}

function take(buffer: JitterBuffer, at: number): Taken {
  const frame = new Int16Array(FRAME_SAMPLES);
  const outcome = buffer.take(at, frame);
  const consecutive = frame.every((value, i) => i === 0 || value === ((frame[i - 1]! - 1 + 1) % RAMP) + 1);
  return { at, outcome, first: frame[0]! - 1, last: frame[FRAME_SAMPLES - 1]! - 1, consecutive };
}

interface Packet {
  readonly position: number;
  readonly count: number;
  readonly arrival: number;
}

/** Plays packets in order of arrival, with a tick every 20 ms at `phase`. */
function run(packets: readonly Packet[], until: number, phase = 10, start?: number): { taken: Taken[]; buffer: JitterBuffer; puts: PutOutcome[] } {
  const buffer = new JitterBuffer(8000, new Decoder());
  const sender = new Sender(buffer, start);
  const queue = [...packets].sort((a, b) => a.arrival - b.arrival);
  const taken: Taken[] = [];
  const puts: PutOutcome[] = [];
  for (let at = phase; at < until; at += 20) {
    while (queue[0] !== undefined && queue[0].arrival <= at) {
      const packet = queue.shift()!;
      puts.push(sender.send(packet.position, packet.count, packet.arrival));
    }
    taken.push(take(buffer, at));
  }
  return { taken, buffer, puts };
}

const steady = (count: number, packetSamples = 160): Packet[] =>
  Array.from({ length: count }, (_, i) => ({ position: i * packetSamples, count: packetSamples, arrival: ((i + 1) * packetSamples) / 8 }));

/** ms between a frame's end and its being heard; the ramp repeats every 2 s. */
const delay = (t: Taken): number => (t.at - (t.first + 160) / 8) % (RAMP / 8);

const outcomes = (taken: readonly Taken[]): string => taken.map(({ outcome }) => ({ audio: 'a', shortened: 's', concealed: 'c', silence: '-', quiet: 'q' })[outcome]).join('');

describe('jitter buffer', () => {
  it('clean network: a frame is heard at the first tick 3 ms or more after its packet', () => {
    for (let phase = 0; phase < 20; phase++) {
      const { taken } = run(steady(50), 1000, phase);
      const heard = taken.find(({ outcome }) => outcome === 'audio')!;
      // Packet 0 arrives at 20.
      assert.equal(heard.at, phase >= 3 ? phase + 20 : phase + 40, `phase ${phase}`);
      assert.equal(heard.first, 0);
      assert.ok(taken.slice(taken.indexOf(heard)).every(({ outcome, consecutive }) => outcome === 'audio' && consecutive));
    }
  });

  for (const ms of [10, 20, 30, 40, 60]) {
    it(`packets of ${ms} ms become frames of 20 ms, none lost, none twice, across the timestamp wrap`, () => {
      const { taken } = run(steady(1200 / ms, ms * 8), 1180);
      const audio = taken.filter(({ outcome }) => outcome !== 'silence');
      assert.ok(audio.length >= 50);
      audio.forEach(({ outcome, first, consecutive }, i) => {
        assert.equal(outcome, 'audio');
        assert.equal(first, i * 160);
        assert.ok(consecutive);
      });
    });
  }

  it('a lost packet is concealed and costs no delay', () => {
    const { taken } = run(steady(12).filter((_, i) => i !== 5), 240);
    assert.equal(outcomes(taken), '-aaaaacaaaaa');
    assert.equal(taken[7]!.first, 6 * 160);
  });

  it('three in a row are concealed fading, and the stream goes on in time', () => {
    const { taken } = run(steady(14).filter((_, i) => i < 5 || i > 7), 280);
    assert.equal(outcomes(taken), '-aaaaacccaaaaa'.slice(0, taken.length));
    assert.equal(taken[9]!.first, 8 * 160);
  });

  it('a sender that stops fades out within 60 ms, and is heard again at once', () => {
    const packets = [...steady(5), ...steady(5).map((p) => ({ ...p, position: p.position + 8000, arrival: p.arrival + 1000 }))];
    const { taken } = run(packets, 1120);
    assert.match(outcomes(taken), /^-a{5}c{3}-+a{5}$/);
    assert.equal(taken.find(({ at }) => at === 1030)!.first, 8000);
  });

  it('two packets swapped before their tick are played in order', () => {
    const packets = steady(10).map((p, i) => ({ ...p, arrival: i === 4 ? p.arrival + 8.5 : i === 5 ? p.arrival - 12 : p.arrival }));
    const { taken } = run(packets, 200);
    assert.equal(outcomes(taken), '-aaaaaaaaa');
  });

  it('duplicates are told and heard once', () => {
    const packets = steady(10).flatMap((p) => [p, { ...p, arrival: p.arrival + 1 }]);
    const { taken, puts } = run(packets, 200);
    assert.equal(puts.filter((put) => put === 'duplicate').length, 9);
    assert.equal(outcomes(taken), '-aaaaaaaaa');
  });

  it('a packet after its turn is late', () => {
    const packets = steady(10).map((p, i) => (i === 3 ? { ...p, arrival: p.arrival + 35 } : p));
    const { puts } = run(packets, 220);
    assert.deepEqual(puts.filter((put) => put !== 'queued'), ['late']);
  });

  it('delay grows under jitter and goes back when it is over', () => {
    const jittery = steady(900).map((p, i) => ({ ...p, arrival: p.arrival + (i > 100 && i < 300 ? (i * 7) % 45 : 0) }));
    const { taken } = run(jittery, 18_000);
    const during = taken.slice(130, 300);
    assert.ok(during.filter(({ outcome }) => outcome === 'concealed').length <= 3, outcomes(during));
    assert.ok(delay(taken[250]!) >= 30);
    // Jitter ends with packet 300, at 6 s; what is held for it is given back within the two windows and 0.5 s a frame.
    const after = taken.filter(({ at, outcome }) => at > 12_500 && outcome === 'audio');
    assert.ok(after.length > 200 && after.every((t) => delay(t) <= 30), `${delay(after[0]!)}`);
    assert.ok(taken.some(({ outcome }) => outcome === 'shortened'));
  });

  it('a burst after a stall of the network is worked off', () => {
    const packets = steady(400).map((p) => (p.arrival > 1000 && p.arrival < 1300 ? { ...p, arrival: 1300 } : p));
    const { taken, buffer } = run(packets, 7900);
    assert.ok(buffer.depthMs <= 40, `${buffer.depthMs}`);
    assert.ok(taken.slice(-50).every(({ outcome }) => outcome === 'audio'));
  });

  it('a stall of 90 ms costs no lasting delay; one each second is believed', () => {
    const stalled = (every: number): Packet[] => steady(1000).map((p, i) => (i % every < 5 && i > 50 ? { ...p, arrival: Math.max(p.arrival, (i - (i % every) + 5) * 20) } : p));
    const delays = (packets: Packet[]): number[] => run(packets, 19_900).taken.filter(({ outcome }) => outcome === 'audio').map(delay);
    assert.ok(delays(stalled(10_000)).at(-1)! <= 30);
    const often = run(stalled(50), 19_900).taken.slice(400);
    assert.ok(often.filter(({ outcome }) => outcome === 'concealed').length <= 5, outcomes(often));
  });

  for (const [clockRate, rate] of [[8000, 8000], [8000, 16_000], [16_000, 16_000], [48_000, 48_000], [48_000, 8000]] as const) {
    for (const ms of [10, 20, 30, 40, 60]) {
      it(`clock of ${clockRate} Hz, audio of ${rate} Hz, packets of ${ms} ms: all of it, in order`, () => {
        const perPacket = (rate * ms) / 1000;
        const buffer = new JitterBuffer(clockRate, new Decoder(rate));
        const frame = new Int16Array(rate / 50);
        let expected = 0;
        let sent = 0;
        for (let at = 10; at < 1500; at += 20) {
          while ((sent + 1) * ms <= at) {
            const bytes = new Uint8Array(2 * perPacket);
            encodeL16(Int16Array.from({ length: perPacket }, (_, i) => (sent * perPacket + i) % RAMP), bytes);
            assert.equal(buffer.put(7, (0xffff_f000 + (sent * ms * clockRate) / 1000) >>> 0, (ms * clockRate) / 1000, (sent + 1) * ms, bytes, 0, bytes.length), 'queued');
            sent++;
          }
          if (buffer.take(at, frame) === 'silence') continue;
          for (const sample of frame) assert.equal(sample, expected++ % RAMP);
        }
        assert.ok(expected >= 1.35 * rate);
      });
    }
  }

  it('packets nobody hears in time are not decoded; one that is decoded is decoded once', () => {
    const decoder = new Decoder();
    const buffer = new JitterBuffer(8000, decoder);
    const sender = new Sender(buffer);
    sender.send(0, 160, 20);
    sender.send(320, 160, 60);
    const frame = new Int16Array(160);
    for (const at of [70, 90, 110]) buffer.take(at, frame);
    assert.equal(decoder.decoded, 2);
    assert.equal(sender.send(0, 160, 111), 'late');
    buffer.take(130, frame);
    assert.equal(decoder.decoded, 2);
  });

  it('forward error correction: after two losses the packet after a gap is waited for, and given to the decoder', () => {
    const decoder = new Decoder(8000, true);
    const buffer = new JitterBuffer(8000, decoder);
    const sender = new Sender(buffer);
    const frame = new Int16Array(160);
    for (let i = 0; i < 200; i++) {
      if (i % 20 !== 5) sender.send(i * 160, 160, i * 20);
      buffer.take(i * 20 + 10, frame);
    }
    // Lost are 5, 25, 45 and so on; the first two teach it to wait.
    assert.deepEqual(decoder.restored, [46, 66, 86, 106, 126, 146, 166, 186].map((packet) => packet * 160));
  });

  it('a new SSRC starts anew at once', () => {
    const buffer = new JitterBuffer(8000, new Decoder());
    const sender = new Sender(buffer);
    sender.send(0, 160, 0);
    take(buffer, 10);
    const other = new Sender(buffer, 77);
    assert.equal(other.send(320, 160, 20, 2), 'queued');
    assert.deepEqual({ ...take(buffer, 30) }, { at: 30, outcome: 'audio', first: 320, last: 479, consecutive: true });
  });

  it('a jump of the timestamp starts anew at once', () => {
    for (const jump of [5_000_000, -5_000_000]) {
      const packets = steady(20).map((p, i) => (i >= 10 ? { ...p, position: p.position + 6_000_000 + jump } : { ...p, position: p.position + 6_000_000 }));
      const { taken } = run(packets, 400, 10, 0);
      assert.match(outcomes(taken), /^-a{18,19}$/);
    }
  });

  it('timestamps that step back by less than a second are followed after 25 late packets', () => {
    const packets = steady(80).map((p, i) => (i >= 20 ? { ...p, position: p.position - 4000 } : p));
    const { taken } = run(packets, 1600);
    assert.ok(taken.slice(-20).every(({ outcome }) => outcome === 'audio'), outcomes(taken));
  });

  it('malformed sizes are refused', () => {
    const buffer = new JitterBuffer(8000, new Decoder());
    for (const duration of [0, -1, 961]) assert.equal(buffer.put(1, 0, duration, 0, new Uint8Array(320), 0, 320), 'malformed');
    assert.equal(buffer.put(1, 0, 160, 0, new Uint8Array(320), 12, 12), 'malformed');
  });

  for (const ppm of [100, -100]) {
    it(`an hour with a clock ${ppm} ppm off and up to 30 ms of jitter: bounded delay, and back to the clean one after it`, () => {
      const buffer = new JitterBuffer(8000, new Decoder());
      const sender = new Sender(buffer);
      let seed = 1;
      let concealed = 0;
      let last: Taken | undefined;
      let next = 0;
      let arrival = 0;
      for (let at = 30; at < 3_599_000; at += 20) {
        for (; arrival <= at; next++) {
          if (next > 0) sender.send((next - 1) * 160, 160, arrival);
          seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
          const jitter = next < 170_000 ? (seed >>> 8) % 31 : 0;
          arrival = Math.max(arrival, (next + 1) * 20 * (1 + ppm / 1e6) + jitter);
        }
        last = take(buffer, at);
        if (last.outcome === 'concealed') concealed++;
        assert.ok(buffer.depthMs <= 100);
      }
      assert.ok(concealed < 400, `${concealed}`);
      assert.ok(buffer.depthMs <= 40, `${buffer.depthMs}`);
    });

    it(`an hour with a clock ${ppm} ppm off: bounded delay, one frame made up or left out each 200 s`, () => {
      const packets = steady(180_000).map((p) => ({ ...p, arrival: p.arrival * (1 + ppm / 1e6) }));
      const buffer = new JitterBuffer(8000, new Decoder());
      const sender = new Sender(buffer);
      let next = 0;
      let odd = 0;
      let deepest = 0;
      for (let at = 30; at < 3_599_000; at += 20) {
        while (packets[next]!.arrival <= at) {
          const { position, count, arrival } = packets[next++]!;
          sender.send(position, count, arrival);
        }
        const { outcome } = take(buffer, at);
        if (outcome !== 'audio') odd++;
        deepest = Math.max(deepest, buffer.depthMs);
      }
      assert.ok(deepest <= 40, `${deepest}`);
      assert.ok(odd >= 15 && odd <= 20, `${odd}`);
    });
  }

  it('property: under loss, reordering and duplication nothing is played out of order, and depth is bounded', () => {
    const fate = fc.record({ lost: fc.integer({ min: 0, max: 9 }), delay: fc.integer({ min: 0, max: 80 }), twice: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(fate, { minLength: 20, maxLength: 100 }), fc.integer({ min: 0, max: 19 }), (fates, phase) => {
        const packets = steady(fates.length).flatMap((p, i) => {
          const { lost, delay, twice } = fates[i]!;
          if (lost === 0) return [];
          const arrival = p.arrival + delay;
          return twice === 0 ? [{ ...p, arrival }, { ...p, arrival: arrival + delay }] : [{ ...p, arrival }];
        });
        const { taken, buffer } = run(packets, fates.length * 20 + 400, phase);
        let last = -1;
        for (const t of taken) {
          if (t.outcome !== 'audio') continue;
          assert.ok(t.consecutive && t.first > last, `${t.first} after ${last}`);
          last = t.last;
        }
        assert.ok(buffer.largestDepth <= 26);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('property: any timestamps at any time keep it bounded and finite', () => {
    const put = fc.record({ ssrc: fc.integer({ min: 0, max: 1 }), timestamp: fc.integer({ min: 0, max: 2 ** 32 - 1 }), count: fc.integer({ min: -1, max: 1000 }), wait: fc.integer({ min: 0, max: 100 }) });
    fc.assert(
      fc.property(fc.array(put, { maxLength: 60 }), (puts) => {
        const buffer = new JitterBuffer(8000, new Decoder());
        const frame = new Int16Array(FRAME_SAMPLES);
        const samples = new Uint8Array(2000);
        let now = 0;
        for (const { ssrc, timestamp, count, wait } of puts) {
          buffer.put(ssrc, timestamp, count, now, samples, 0, 2 * count);
          now += wait;
          buffer.take(now, frame);
          assert.ok(buffer.depthMs <= 512);
        }
      }),
      { seed: 1 },
    );
  });

  describe('frames nobody would hear', () => {
    class Gate extends Decoder {
      skipped = 0;
      skipQuiet(_payload: Uint8Array, _length: number, quiet: { readonly limit: number }): boolean {
        if (quiet.limit < 100) return false;
        this.skipped++;
        return true;
      }
    }
    const filled = (decoder: Decoder, count: number, samples = 160): JitterBuffer => {
      const buffer = new JitterBuffer(8000, decoder);
      const sender = new Sender(buffer);
      for (let i = 0; i < count; i++) sender.send(i * samples, samples, ((i + 1) * samples) / 8);
      return buffer;
    };
    const frame = new Int16Array(FRAME_SAMPLES);
    it('are taken and not decoded; the frame is not written', () => {
      const decoder = new Gate();
      const buffer = filled(decoder, 1);
      frame.fill(7);
      assert.equal(buffer.take(30, frame, { limit: 100, energy: 0, peak: 0 }), 'quiet');
      assert.deepEqual([decoder.skipped, decoder.decoded, frame[0]], [1, 0, 7]);
      assert.equal(buffer.depthMs, 0);
    });
    it('are decoded where the decoder finds them too loud, or the listener needs every frame', () => {
      for (const limit of [99, -1]) {
        const decoder = new Gate();
        assert.equal(filled(decoder, 1).take(30, frame, { limit, energy: 0, peak: 0 }), 'audio');
        assert.deepEqual([decoder.skipped, decoder.decoded], [0, 1]);
      }
    });
    it('are decoded where a packet is not just the frame', () => {
      const decoder = new Gate();
      const buffer = filled(decoder, 2, 240);
      assert.equal(buffer.take(70, frame, { limit: 100, energy: 0, peak: 0 }), 'audio');
      assert.equal(decoder.skipped, 0);
    });
    it('are decoded while there is more delay than needed: the frame that goes may be loud', () => {
      const decoder = new Gate();
      const buffer = filled(decoder, 3);
      assert.equal(buffer.take(120, frame, { limit: 100, energy: 0, peak: 0 }), 'shortened');
      assert.equal(decoder.skipped, 0);
    });
  });
});
