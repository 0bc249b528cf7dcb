import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FRAME_SAMPLES, JitterBuffer } from '../../../src/protocol/rtp/jitter-buffer.ts';
import type { PutOutcome, TakeOutcome } from '../../../src/protocol/rtp/jitter-buffer.ts';

const RAMP = 16384;

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
    return this.#buffer.put(ssrc, (this.#start + position) >>> 0, arrival, samples, count);
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
  const buffer = new JitterBuffer();
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

const outcomes = (taken: readonly Taken[]): string => taken.map(({ outcome }) => ({ audio: 'a', shortened: 's', concealed: 'c', silence: '-' })[outcome]).join('');

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
    const delay = (t: Taken): number => t.at - (t.first + 160) / 8;
    assert.ok(delay(taken[250]!) >= 30);
    const last = taken.at(-5)!;
    assert.equal(last.outcome, 'audio');
    assert.ok(taken.some(({ outcome }) => outcome === 'shortened'));
  });

  it('a burst after a stall of the network is worked off', () => {
    const packets = steady(400).map((p) => (p.arrival > 1000 && p.arrival < 1300 ? { ...p, arrival: 1300 } : p));
    const { taken, buffer } = run(packets, 7900);
    assert.ok(buffer.depth <= 320, `${buffer.depth}`);
    assert.ok(taken.slice(-50).every(({ outcome }) => outcome === 'audio'));
  });

  it('a new SSRC starts anew at once', () => {
    const buffer = new JitterBuffer();
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
    const buffer = new JitterBuffer();
    for (const count of [0, -1, 481]) assert.equal(buffer.put(1, 0, 0, new Int16Array(1000), count), 'malformed');
    assert.equal(buffer.put(1, 0, 0, new Int16Array(10), 20), 'malformed');
  });

  for (const ppm of [100, -100]) {
    it(`an hour with a clock ${ppm} ppm off: bounded delay, one frame made up or left out each 200 s`, () => {
      const packets = steady(180_000).map((p) => ({ ...p, arrival: p.arrival * (1 + ppm / 1e6) }));
      const buffer = new JitterBuffer();
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
        deepest = Math.max(deepest, buffer.depth);
      }
      assert.ok(deepest <= 320, `${deepest}`);
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
    const put = fc.record({ ssrc: fc.integer({ min: 0, max: 1 }), timestamp: fc.integer({ min: 0, max: 2 ** 32 - 1 }), count: fc.integer({ min: -1, max: 500 }), wait: fc.integer({ min: 0, max: 100 }) });
    fc.assert(
      fc.property(fc.array(put, { maxLength: 60 }), (puts) => {
        const buffer = new JitterBuffer();
        const frame = new Int16Array(FRAME_SAMPLES);
        const samples = new Int16Array(480);
        let now = 0;
        for (const { ssrc, timestamp, count, wait } of puts) {
          buffer.put(ssrc, timestamp, now, samples, count);
          now += wait;
          buffer.take(now, frame);
          assert.ok(buffer.depth <= 4096);
        }
      }),
      { seed: 1 },
    );
  });
});
