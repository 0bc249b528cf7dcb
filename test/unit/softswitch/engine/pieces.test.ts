import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { TickClock } from '../../../../src/softswitch/engine/clock.ts';
import { FarEnd } from '../../../../src/softswitch/engine/far-end.ts';
import { addFrame, mixWithout, overlay, volumeGain } from '../../../../src/softswitch/engine/mixer.ts';
import { PortPool } from '../../../../src/softswitch/engine/port-pool.ts';
import { PacketLimit } from '../../../../src/softswitch/engine/rate-limit.ts';
import type { AudioFormat } from '../../../../src/softswitch/engine/api.ts';
import { RtpSender } from '../../../../src/softswitch/engine/rtp-sender.ts';
import { AutoEnergyLevel, LoudnessGuard } from '../../../../src/softswitch/engine/energy-rules.ts';
import type { AutoEnergy, MaxEnergy, Talk } from '../../../../src/softswitch/engine/energy-rules.ts';
import { TalkDetector } from '../../../../src/softswitch/engine/talk-detector.ts';
import type { TalkChange } from '../../../../src/softswitch/engine/talk-detector.ts';

describe('port pool', () => {
  it('RFC 3550 §11: gives the even ports of the range, each once', () => {
    const pool = new PortPool(10001, 10009, 0, 0);
    assert.deepEqual([pool.take(0), pool.take(0), pool.take(0), pool.take(0), pool.take(0)], [10002, 10004, 10006, 10008, undefined]);
  });
  it('has no port whose RTCP neighbour is outside the range', () => assert.equal(new PortPool(10000, 10002, 0, 0).size, 1));
  it('has no port when the range is empty', () => assert.equal(new PortPool(10001, 10001, 0, 0.5).take(0), undefined));
  it('begins anywhere in the range', () => assert.equal(new PortPool(10000, 10019, 0, 0.55).take(0), 10010));
  it('a closed port rests for the quarantine and comes last', () => {
    const pool = new PortPool(10000, 10003, 5000, 0);
    assert.equal(pool.take(0), 10000);
    pool.release(10000, 100);
    assert.equal(pool.take(100), 10002);
    assert.equal(pool.take(5099), undefined);
    assert.equal(pool.take(5100), 10000);
  });
});

describe('tick clock', () => {
  it('after a stall five ticks are caught up at once, the others skipped and counted', async () => {
    let now = 0;
    const ticks = await new Promise<[slot: number, skipped: number][]>((resolve) => {
      const ran: [number, number][] = [];
      const clock = new TickClock(() => now, 0, (slot, skipped) => {
        ran.push([slot, skipped]);
        now = Math.max(now, slot);
        if (ran.length === 1) now = 1000;
        if (slot < 1000) return;
        clock.stop();
        resolve(ran);
        assert.deepEqual(clock.stats, { lateTicks: 5, largestLagMs: 960, skippedTicks: 43 });
      });
    });
    assert.deepEqual(ticks, [[20, 0], [900, 43], [920, 0], [940, 0], [960, 0], [980, 0], [1000, 0]]);
  });
});

describe('packet limit', () => {
  it('lets 100 pass at once, then 200 a second', () => {
    const limit = new PacketLimit();
    const admitted = (count: number, now: number): number => Array.from({ length: count }, () => limit.admit(now)).filter(Boolean).length;
    assert.equal(admitted(1000, 1), 100);
    assert.equal(admitted(1000, 501), 100);
    assert.equal(admitted(1000, 601), 20);
  });
});

describe('far end, symmetric RTP (RFC 4961)', () => {
  const signalled = { address: '10.0.0.1', port: 4000 };
  const real = { address: '192.0.2.7', port: 61000 };
  const stranger = { address: '198.51.100.1', port: 9 };
  const at = (sequence: number, ssrc = 1) => ({ sequence, ssrc });
  const open = (): FarEnd => {
    const end = new FarEnd();
    end.signal(signalled);
    return end;
  };
  const locked = (): FarEnd => {
    const end = open();
    assert.deepEqual([end.prove(real, at(65_535)), end.prove(real, at(0)), end.prove({ ...real }, at(7))], ['probation', 'locked', 'source']);
    return end;
  };
  it('nothing known -> no target', () => assert.equal(new FarEnd().target, undefined));
  it('signalled -> target', () => assert.deepEqual(open().target, signalled));
  it('signalled -> first packet from there -> locked, without probation', () => {
    const end = open();
    assert.equal(end.isCertain, false);
    assert.equal(end.prove({ ...signalled }, at(9)), 'locked');
    assert.equal(end.isForeign(real), true);
    assert.equal(end.isCertain, true);
  });
  it('RFC 3550 §A.1: signalled -> two packets in sequence from elsewhere -> locked to it, strangers are foreign', () => {
    const end = locked();
    assert.deepEqual(end.target, real);
    assert.equal(end.isCertain, false);
    assert.equal(end.isForeign({ ...real }), false);
    assert.equal(end.isForeign({ ...real, port: 61001 }), true);
    assert.equal(end.isForeign(stranger), true);
  });
  it('RFC 3550 §A.1: signalled -> packets of elsewhere out of sequence, of two streams or of two sources -> still open', () => {
    const end = open();
    for (const [from, position] of [[real, at(1)], [real, at(3)], [real, at(3)], [real, at(4, 2)], [stranger, at(5, 2)], [real, at(6, 2)]] as const) {
      assert.equal(end.prove(from, position), 'probation');
    }
    assert.deepEqual(end.target, signalled);
    assert.equal(end.isForeign(stranger), false);
  });
  it('locked -> a packet from the signalled address -> it takes back its place', () => {
    const end = locked();
    assert.equal(end.isForeign(signalled), false);
    assert.equal(end.prove(signalled, at(70)), 'locked');
    assert.equal(end.isForeign(real), true);
  });
  it('locked -> same address signalled again -> locked', () => {
    const end = locked();
    assert.equal(end.signal({ ...signalled }), 'same');
    assert.deepEqual(end.target, real);
  });
  it('locked -> other address signalled -> open again', () => {
    const end = locked();
    assert.equal(end.signal({ ...signalled, port: 4002 }), 'moved');
    assert.deepEqual(end.target, { ...signalled, port: 4002 });
    assert.equal(end.isForeign(signalled), false);
  });
});

describe('mixer', () => {
  const frame = fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 4, maxLength: 4 }).map((samples) => Int16Array.from(samples));
  it('property: N-1 is the sum of the others, cut only at the end', () => {
    fc.assert(fc.property(fc.array(frame, { minLength: 1, maxLength: 40 }), (frames) => {
      const sum = new Int32Array(4);
      for (const one of frames) addFrame(sum, one);
      const out = new Int16Array(4);
      for (const [self, own] of frames.entries()) {
        mixWithout(sum, own, out);
        const expected = [0, 1, 2, 3].map((i) => frames.reduce((total, other, n) => (n === self ? total : total + other[i]!), 0));
        assert.deepEqual([...out], expected.map((value) => Math.max(-32768, Math.min(32767, value))));
      }
    }), { seed: 1 });
  });
  it('overlay cuts at both ends', () => {
    const out = Int16Array.of(30000, -30000, 1);
    overlay(out, Int16Array.of(10000, -10000, 1));
    assert.deepEqual([...out], [32767, -32768, 2]);
  });
  it('volume steps are those of mod_conference', () => {
    assert.deepEqual([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5].map(volumeGain), [0.2, 0.2, 0.4, 0.6, 0.8, 1, 1.3, 2.3, 3.3, 4.3, 4.3]);
  });
});

describe('talk detector, F-21', () => {
  const run = (...scores: [score: number, frames: number][]): [frame: number, change: TalkChange][] => {
    const detector = new TalkDetector();
    let frame = 0;
    return scores.flatMap(([score, frames]) =>
      Array.from({ length: frames }, () => {
        const change = detector.frame(score, 100);
        frame++;
        return change === undefined ? [] : [[frame, change] satisfies [number, TalkChange]];
      }).flat(),
    );
  };
  const started = (energy: number): TalkChange => ({ talking: true, energy, durationMs: 0 });
  it('clearly above the level: at the first frame', () => assert.deepEqual(run([0, 3], [500, 2]), [[4, started(500)]]));
  it('a little above the level: at the fifth frame', () => assert.deepEqual(run([0, 3], [499, 6]), [[8, started(499)]]));
  it('a little above, on and off: not at all', () => assert.deepEqual(run([200, 3], [0, 3], [200, 3], [0, 3]), []));
  it('at the level is not above it', () => assert.deepEqual(run([100, 50]), []));
  it('stops after 40 frames (800 ms) below, the 800 ms included in the length', () => {
    assert.deepEqual(run([1000, 10], [0, 60]), [[1, started(1000)], [50, { talking: false, energy: 1000, durationMs: 1000 }]]);
  });
  it('a pause of 780 ms is none', () => assert.deepEqual(run([1000, 10], [0, 39], [1000, 10]), [[1, started(1000)]]));
});

describe('auto-energy (conference_loop.c)', () => {
  const rule: AutoEnergy = { most: 900, least: 100, quietMs: 5000 };
  it('after 5 s without talk the level sinks by 100, to the least of the conference', () => {
    const auto = new AutoEnergyLevel();
    const after = (frames: number, level: number, talking = false): number => Array.from({ length: frames }).reduce<number>((now) => auto.frame(now, talking, rule), level);
    assert.equal(after(249, 350), 350);
    assert.equal(after(1, 350), 250);
    assert.equal(after(600, 250, true), 250);
    assert.equal(after(500, 250), 100);
    assert.equal(after(500, 60), 60);
  });
  const talks: [name: string, talk: Talk, level: number][] = [
    ['three quarters of what was heard', { loudFrames: 100, softFrames: 20, durationMs: 3000, energy: 1000 }, 750],
    ['no more than the bound', { loudFrames: 100, softFrames: 20, durationMs: 3000, energy: 2000 }, 900],
    ['a short one tells nothing', { loudFrames: 60, softFrames: 20, durationMs: 2000, energy: 1000 }, 100],
    ['one without a pause tells nothing', { loudFrames: 500, softFrames: 0, durationMs: 11_000, energy: 1000 }, 100],
  ];
  for (const [name, talk, level] of talks) it(`after a talk: ${name}`, () => assert.equal(new AutoEnergyLevel().talked(100, talk, rule), level));
});

describe('max-energy (conference_loop.c)', () => {
  const rule: MaxEnergy = { level: 1000, muteMs: 60, hits: 2 };
  const run = (...energies: number[]): number[] => {
    const guard = new LoudnessGuard();
    return energies.map((energy, i) => guard.frame(energy, i, rule));
  };
  it('below three quarters nothing happens', () => assert.deepEqual(run(0, 750), [1, 1]));
  it('above that it is softer, the more the longer the talk', () => assert.deepEqual(run(...Array.from({ length: 11 }, () => 800)), [0.8, 0.8, 0.8, 0.8, 0.6, 0.6, 0.6, 0.4, 0.4, 0.4, 0.2]));
  it('above the maximum too often: muted for a while, then counted anew', () => assert.deepEqual(run(1001, 1001, 1001, 0, 0, 0, 1001, 0), [0.8, 0.8, 0, 0, 0, 1, 0.6, 1]));
});

describe('RTP sender', () => {
  interface Sent {
    readonly size: number;
    readonly marker: boolean;
    readonly timestamp: number;
    readonly first: number;
  }
  const sent = (ptime: number, act: (sender: RtpSender) => void, format: Partial<AudioFormat> = {}): Sent[] => {
    const packets: Sent[] = [];
    let timestamp = 0;
    const sender = new RtpSender({
      send: (_payloadType, payload, marker) => packets.push({ size: payload.length, marker, timestamp, first: payload[0]! }),
      advance: (step) => (timestamp += step),
    });
    sender.configure({ codec: 'PCMU', payloadType: 0, clockRate: 8000, ptime, ...format });
    act(sender);
    return packets;
  };
  const frames = (sender: RtpSender, count: number): void => {
    for (let i = 0; i < count; i++) sender.push([new Uint8Array(160).fill(i)]);
  };
  for (const [ptime, count] of [[10, 12], [20, 6], [30, 4], [40, 3], [60, 2]] as const) {
    it(`ptime ${ptime}: six frames are ${count} packets`, () => {
      const packets = sent(ptime, (sender) => frames(sender, 6));
      assert.equal(packets.length, count);
      for (const [i, packet] of packets.entries()) {
        assert.deepEqual(packet, { size: ptime * 8, marker: i === 0, timestamp: i * ptime * 8, first: Math.floor((i * ptime) / 20) });
      }
    });
  }
  it('a ptime out of bounds is brought into them', () => {
    assert.equal(sent(1, (sender) => frames(sender, 1))[0]!.size, 80);
    assert.equal(sent(NaN, (sender) => frames(sender, 1))[0]!.size, 160);
    assert.equal(sent(500, (sender) => frames(sender, 3))[0]!.size, 480);
  });
  it('L16 at 48 kHz: a packet stays within a frame of Ethernet', () => {
    const packets = sent(20, (sender) => sender.push([new Uint8Array(1920)]), { codec: 'L16', clockRate: 48_000 });
    assert.deepEqual(packets.map(({ size, timestamp }) => ({ size, timestamp })), [{ size: 960, timestamp: 0 }, { size: 960, timestamp: 480 }]);
  });
  const opus = { codec: 'OPUS', payloadType: 111, clockRate: 48_000 } as const;
  it('Opus frames share a packet (RFC 6716 §3.2.5), unless their configurations differ', () => {
    const packet = (toc: number): Uint8Array => Uint8Array.of(toc, 1, 2, 3);
    const packets = sent(
      40,
      (sender) => {
        for (const toc of [0x78, 0x78, 0x78, 0x70]) sender.push([packet(toc)]);
      },
      opus,
    );
    assert.deepEqual(packets.map(({ size, timestamp, first }) => ({ size, timestamp, first })), [
      { size: 9, timestamp: 0, first: 0x7b },
      { size: 4, timestamp: 1920, first: 0x78 },
      { size: 4, timestamp: 2880, first: 0x70 },
    ]);
  });
  it('Opus of 10 ms: two packets a tick; of 30 ms: three in one', () => {
    const push = (sender: RtpSender): void => {
      for (let i = 0; i < 3; i++) sender.push([Uint8Array.of(0x70, i), Uint8Array.of(0x70, i)]);
    };
    assert.deepEqual(sent(10, push, opus).map(({ timestamp }) => timestamp), [0, 480, 960, 1440, 1920, 2400]);
    assert.deepEqual(sent(30, push, opus).map(({ timestamp, first }) => ({ timestamp, first })), [{ timestamp: 0, first: 0x73 }, { timestamp: 1440, first: 0x73 }]);
  });
  it('an encoder that made nothing is a pause', () => {
    const packets = sent(20, (sender) => {
      sender.push([]);
      frames(sender, 1);
    });
    assert.deepEqual(packets.map(({ marker, timestamp }) => ({ marker, timestamp })), [{ marker: true, timestamp: 160 }]);
  });
  it('RFC 3551 §4.1: after a pause time has gone on, and the marker is set', () => {
    const packets = sent(20, (sender) => {
      frames(sender, 1);
      sender.pause(3);
      frames(sender, 2);
    });
    assert.deepEqual(packets.map(({ marker, timestamp }) => ({ marker, timestamp })), [
      { marker: true, timestamp: 0 },
      { marker: true, timestamp: 640 },
      { marker: false, timestamp: 800 },
    ]);
  });
});
