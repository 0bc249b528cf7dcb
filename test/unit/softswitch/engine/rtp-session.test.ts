import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { readRtcp } from '../../../../src/protocol/rtp/rtcp.ts';
import type { AudioFormat, FarConfiguration, SrtpKey, SrtpSuite } from '../../../../src/softswitch/engine/api.ts';
import type { Address, PacketSocket } from '../../../../src/softswitch/engine/packet-io.ts';
import { RtpSession } from '../../../../src/softswitch/engine/rtp-session.ts';
import { RtpSockets } from '../../../../src/softswitch/engine/rtp-sockets.ts';

const format: AudioFormat = { codec: 'PCMU', payloadType: 0, clockRate: 8_000, ptime: 20, telephoneEvent: 101 };
const payload = new Uint8Array(160).fill(0x55);

interface Wire {
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
}

/** Sessions joined by a wire in memory, on a clock moved by hand. */
class World {
  now = 1_000;
  readonly wires: Wire[] = [];
  readonly ends: End[] = [];

  end(port: number): End {
    const end = new End(this, port);
    this.ends.push(end);
    return end;
  }

  deliver({ from, to, bytes }: Wire): void {
    const end = this.ends.find(({ port }) => port === to.port || port + 1 === to.port);
    if (end === undefined) return;
    const copy = bytes.slice();
    if (end.port === to.port) end.session.onRtpDatagram(copy, 0, copy.length, from, this.now);
    else end.session.onRtcpDatagram(copy, 0, copy.length, from, this.now);
  }

  /** 20 ms of both talking, `count` times. */
  talk(count: number): void {
    for (let i = 0; i < count; i++) {
      this.now += 20;
      for (const { session } of this.ends) {
        session.tick(this.now);
        session.send(format.payloadType, payload, false);
        session.advance(160);
      }
    }
  }

  /** What was sent to `port` so far. */
  to(port: number): readonly Wire[] {
    return this.wires.filter(({ to }) => to.port === port);
  }
}

class End {
  readonly port: number;
  readonly session: RtpSession;
  readonly heard: string[] = [];

  constructor(world: World, port: number) {
    this.port = port;
    this.session = new RtpSession(() => world.now, {
      onMedia: (kind, { payloadStart, payloadEnd }, bytes) => {
        this.heard.push(`${kind} ${Buffer.from(bytes.subarray(payloadStart, payloadEnd)).toString('hex')}`);
        return 'taken';
      },
      onMediaTimeout: () => undefined,
    });
    const socket = (own: number): PacketSocket => {
      let aim: Address | undefined;
      return {
        aim: (to) => {
          aim = to;
          return to === undefined ? 'nowhere' : 'aimed';
        },
        send: (bytes, length) => {
          if (aim === undefined) return;
          const wire: Wire = { from: { address: '192.0.2.1', port: own }, to: aim, bytes: bytes.slice(0, length) };
          world.wires.push(wire);
          world.deliver(wire);
        },
        close: () => undefined,
      };
    };
    this.session.attach(new RtpSockets(socket(port), socket(port + 1)));
  }

  call(far: End, more: Partial<FarConfiguration> = {}): void {
    this.session.configure({ address: '192.0.2.1', port: far.port, format, direction: 'sendrecv', ...more });
  }
}

const key = (suite: SrtpSuite, seed: number): SrtpKey => ({ suite, keyAndSalt: new Uint8Array(suite === 'AEAD_AES_128_GCM' ? 28 : 30).fill(seed) });

function encrypted(suite: SrtpSuite): { world: World; a: End; b: End } {
  const world = new World();
  const [a, b] = [world.end(4_000), world.end(5_000)];
  a.call(b, { srtp: { send: key(suite, 1), receive: key(suite, 2) } });
  b.call(a, { srtp: { send: key(suite, 2), receive: key(suite, 1) } });
  return { world, a, b };
}

describe('RTCP of a session, RFC 3550 section 6', () => {
  const pair = (): { world: World; a: End; b: End } => {
    const world = new World();
    const [a, b] = [world.end(4_000), world.end(5_000)];
    a.call(b);
    b.call(a);
    return { world, a, b };
  };

  it('§6.2, §6.4.1: both report to the port above, a few times in 20 s, as senders who receive', () => {
    const { world } = pair();
    world.talk(1_000);
    const reports = world.to(5_001);
    assert.ok(reports.length >= 2 && reports.length <= 10, `${reports.length} reports`);
    const last = readRtcp(reports.at(-1)!.bytes);
    assert.ok(last?.sender !== undefined && last.sender.packets > 100);
    assert.equal(last.sender.octets, last.sender.packets * 160);
    assert.equal(last.blocks.length, 1);
    assert.equal(last.blocks[0]!.cumulativeLost, 0);
    assert.ok(last.blocks[0]!.lastSr !== 0);
  });

  it('§6.4.1: what the far end reports is in the statistics, with the round trip', () => {
    const { world, a, b } = pair();
    world.talk(1_000);
    const { remoteLossPercent, remoteJitterMs, roundTripMs, rtcpPackets } = a.session.stats;
    assert.deepEqual([remoteLossPercent, remoteJitterMs], [0, 0]);
    assert.ok(roundTripMs !== undefined && roundTripMs < 1, `${roundTripMs} ms`);
    assert.equal(rtcpPackets, world.to(4_001).length);
    assert.equal(b.session.stats.rtcpPackets, world.to(5_001).length);
    assert.ok(a.session.stats.inJitterMaxMs < 0.1);
  });

  it('RFC 3605: to the port asked for; RFC 4961: then to where reports come from', () => {
    const world = new World();
    const [a, b] = [world.end(4_000), world.end(5_000)];
    a.call(b, { rtcpPort: 6_000 });
    world.talk(1_000);
    assert.ok(world.to(6_000).length > 0 && world.to(5_001).length === 0);
    b.call(a);
    world.talk(1_000);
    assert.ok(world.to(5_001).length > 0);
  });

  it('RFC 5761: muxed, it goes and comes on the RTP port', () => {
    const world = new World();
    const [a, b] = [world.end(4_000), world.end(5_000)];
    a.call(b, { rtcpPort: 5_000 });
    b.call(a, { rtcpPort: 4_000 });
    world.talk(1_000);
    assert.equal(world.to(4_001).length + world.to(5_001).length, 0);
    assert.ok(a.session.stats.rtcpPackets > 1 && b.session.stats.rtcpPackets > 1);
  });

  it('§6.3.7: goodbye at the end of who has sent, and of nobody else', () => {
    const { world, a, b } = pair();
    b.session.close();
    assert.equal(world.wires.length, 0);
    world.talk(10);
    a.session.close();
    const bye = readRtcp(world.to(5_001).at(-1)!.bytes);
    assert.deepEqual(bye?.byes, [bye?.ssrc]);
  });

  it('from another host, and garbage, it is not taken', () => {
    const { world, a } = pair();
    const report = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1);
    a.session.onRtcpDatagram(report, 0, 8, { address: '192.0.2.66', port: 5_001 }, world.now);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1_600 }), (bytes) => a.session.onRtcpDatagram(bytes, 0, bytes.length, { address: '192.0.2.1', port: 5_001 }, world.now)), { numRuns: 50 });
    assert.equal(a.session.stats.rtcpPackets, 0);
  });
});

for (const suite of ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'] as const) {
  describe(`SRTP of a session, ${suite}`, () => {
    it('both hear each other, and nothing goes in the clear', () => {
      const { world, a, b } = encrypted(suite);
      world.talk(1_000);
      const said = `audio ${Buffer.from(payload).toString('hex')}`;
      assert.deepEqual(new Set([...a.heard, ...b.heard]), new Set([said]));
      assert.ok(a.heard.length >= 990 && b.heard.length >= 990);
      assert.ok(world.wires.every(({ bytes }) => !Buffer.from(bytes).includes(Buffer.from(payload.subarray(0, 8)))));
      assert.deepEqual([a.session.stats.inUnauthenticated, b.session.stats.inUnauthenticated], [0, 0]);
      assert.ok(a.session.stats.rtcpPackets > 1, 'SRTCP too');
    });

    it('what is forged, in the clear or sent again is counted and ends nothing', () => {
      const { world, a, b } = encrypted(suite);
      world.talk(20);
      const heard = a.heard.length;
      const wire = world.to(4_000).at(-1)!;
      world.deliver(wire);
      const bent = wire.bytes.slice();
      bent[14]! ^= 1;
      world.deliver({ ...wire, bytes: bent });
      const clear = new Uint8Array(172);
      clear.set(wire.bytes.subarray(0, 12));
      world.deliver({ ...wire, bytes: clear });
      world.deliver({ ...wire, to: { ...wire.to, port: 4_001 }, bytes: Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1) });
      assert.equal(a.session.stats.inUnauthenticated, 4);
      assert.equal(a.heard.length, heard);
      world.talk(5);
      assert.equal(a.heard.length, heard + 5);
      assert.equal(b.session.stats.inUnauthenticated, 0);
    });

    it('RFC 3711 §3.3.1: it goes on across 70 000 packets, and across a re-INVITE with the same keys', () => {
      const { world, a, b } = encrypted(suite);
      for (let i = 0; i < 70_000; i++) {
        world.now += 20;
        if (i === 66_000) a.call(b, { srtp: { send: key(suite, 1), receive: key(suite, 2) } });
        a.session.send(0, payload, false);
        world.wires.length = 0;
      }
      assert.equal(b.session.stats.inUnauthenticated, 0);
      assert.equal(b.heard.length, 70_000);
    });

    it('RFC 4568 §7.1.4: new keys take effect with the offer that brings them', () => {
      const { world, a, b } = encrypted(suite);
      world.talk(5);
      a.call(b, { srtp: { send: key(suite, 3), receive: key(suite, 2) } });
      b.call(a, { srtp: { send: key(suite, 2), receive: key(suite, 3) } });
      const before = b.heard.length;
      world.talk(5);
      assert.equal(b.heard.length, before + 5);
      assert.deepEqual([a.session.stats.inUnauthenticated, b.session.stats.inUnauthenticated], [0, 0]);
    });
  });
}
