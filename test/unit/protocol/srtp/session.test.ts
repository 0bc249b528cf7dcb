import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { HmacSha1 } from '../../../../src/protocol/srtp/hmac-sha1.ts';
import { sessionKeys } from '../../../../src/protocol/srtp/key-derivation.ts';
import { SrtpReceiver, SrtpSender } from '../../../../src/protocol/srtp/session.ts';
import { SRTP_OVERHEAD, type SrtpKey, type SrtpSuite } from '../../../../src/protocol/srtp/suite.ts';
import { aes128, toHex } from './ciphers.ts';

const keys: readonly SrtpKey[] = [
  ['AES_CM_128_HMAC_SHA1_80', 30],
  ['AES_CM_128_HMAC_SHA1_32', 30],
  ['AEAD_AES_128_GCM', 28],
].map(([suite, length]) => ({ suite: suite as SrtpSuite, keyAndSalt: Uint8Array.from({ length: Number(length) }, (_, i) => i * 7) }));

const rtp = (sequence: number, payload: Uint8Array = new Uint8Array(160).fill(0x55), ssrc = 0x1234): Uint8Array =>
  Uint8Array.of(0x80, 0, sequence >> 8, sequence & 0xff, 0, 0, 0, 1, 0, 0, ssrc >> 8, ssrc & 0xff, ...payload);
const rtcp = (): Uint8Array => Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0x12, 0x34, 0x81, 202, 0, 3, 0, 0, 0x12, 0x34, 1, 3, 97, 98, 99, 0, 0, 0);

function roomy(packet: Uint8Array): Uint8Array {
  const room = new Uint8Array(packet.length + SRTP_OVERHEAD);
  room.set(packet);
  return room;
}

function sealed(sender: SrtpSender, packet: Uint8Array): Uint8Array {
  const bytes = roomy(packet);
  return bytes.slice(0, sender.protect(bytes, packet.length));
}

function sealedRtcp(sender: SrtpSender, packet: Uint8Array): Uint8Array {
  const bytes = roomy(packet);
  return bytes.slice(0, sender.protectRtcp(bytes, packet.length));
}

const opened = (receiver: SrtpReceiver, packet: Uint8Array): string => {
  const bytes = packet.slice();
  const length = receiver.unprotect(bytes);
  return typeof length === 'string' ? length : toHex(bytes.subarray(0, length));
};

for (const key of keys) {
  const pair = (): readonly [SrtpSender, SrtpReceiver] => [new SrtpSender(key, aes128), new SrtpReceiver(key, aes128)];

  describe(key.suite, () => {
    it('what was protected comes out as it was; the header stays in the clear, the payload does not', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 1400 }), (payload) => {
          const [sender, receiver] = pair();
          const packet = rtp(7, payload);
          const wire = sealed(sender, packet);
          assert.deepEqual(wire.subarray(0, 12), packet.subarray(0, 12));
          if (payload.length >= 16) assert.notDeepEqual(wire.subarray(12, packet.length), packet.subarray(12));
          assert.equal(opened(receiver, wire), toHex(packet));
        }),
      );
    });

    it('RFC 3711 §3.1: with a master key identifier, in front of the tag (GCM: behind it), and with that one only', () => {
      const mki = Uint8Array.of(0, 0, 0, 1);
      const tail = { AES_CM_128_HMAC_SHA1_80: [10, 10], AES_CM_128_HMAC_SHA1_32: [4, 10], AEAD_AES_128_GCM: [0, 0] }[key.suite];
      const marked = (wire: Uint8Array, tag = 0, mark = mki): Uint8Array => Uint8Array.of(...wire.subarray(0, wire.length - tag), ...mark, ...wire.subarray(wire.length - tag));
      const sender = new SrtpSender(key, aes128);
      const receiver = new SrtpReceiver({ ...key, mki }, aes128);
      const wire = sealed(sender, rtp(7));
      assert.equal(opened(receiver, wire), 'unauthenticated');
      assert.equal(opened(receiver, marked(wire, tail[0], Uint8Array.of(0, 0, 0, 2))), 'unauthenticated');
      assert.match(opened(receiver, mki), /^(?:malformed|unauthenticated)$/);
      assert.equal(opened(receiver, marked(wire, tail[0])), toHex(rtp(7)));
      assert.equal(opened(receiver, marked(wire, tail[0])), 'replayed');
      const bytes = marked(sealedRtcp(sender, rtcp()), tail[1]);
      assert.equal(toHex(bytes.subarray(0, Number(receiver.unprotectRtcp(bytes)))), toHex(rtcp()));
    });

    it('RFC 3711 §3.1: contributing sources and extension stay in the clear', () => {
      const [sender, receiver] = pair();
      const packet = Uint8Array.of(0x91, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0x12, 0x34, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 5, 6, 7, 8, 0x55, 0x55);
      const wire = sealed(sender, packet);
      assert.deepEqual(wire.subarray(0, 24), packet.subarray(0, 24));
      assert.equal(opened(receiver, wire), toHex(packet));
    });

    it('truncated at any offset, it is refused, and the whole packet is taken all the same', () => {
      const [sender, receiver] = pair();
      const wire = sealed(sender, rtp(7));
      for (let length = 0; length < wire.length; length++) assert.match(opened(receiver, wire.slice(0, length)), /malformed|unauthenticated/, `${length} bytes`);
      assert.equal(opened(receiver, wire), toHex(rtp(7)));
    });

    it('no bit can be turned', () => {
      const [sender, receiver] = pair();
      const wire = sealed(sender, rtp(7, new Uint8Array(20)));
      for (let bit = 0; bit < wire.length * 8; bit++) {
        const bent = wire.slice();
        bent[bit >> 3]! ^= 1 << (bit & 7);
        assert.match(opened(receiver, bent), /malformed|unauthenticated/, `bit ${bit}`);
      }
    });

    it('RFC 3711 §3.3.2: a replay is refused, also out of order and at the edge of the window', () => {
      const [sender, receiver] = pair();
      const wires = Array.from({ length: 300 }, (_, i) => sealed(sender, rtp(i)));
      const take = (i: number): string => opened(receiver, wires[i]!);
      assert.equal(take(0), toHex(rtp(0)));
      assert.equal(take(0), 'replayed');
      assert.equal(take(200), toHex(rtp(200)));
      assert.equal(take(73), toHex(rtp(73)), 'the oldest in the window');
      assert.equal(take(72), 'replayed', 'too old to tell');
      assert.equal(take(73), 'replayed');
      assert.equal(take(199), toHex(rtp(199)));
      assert.equal(take(201), toHex(rtp(201)));
      assert.equal(take(199), 'replayed');
    });

    it('a packet that does not authenticate is not noted as one that came', () => {
      const [sender, receiver] = pair();
      const [first, second] = [sealed(sender, rtp(1)), sealed(sender, rtp(2))];
      opened(receiver, first);
      const bent = second.slice();
      bent[20]! ^= 1;
      assert.equal(opened(receiver, bent), 'unauthenticated');
      assert.equal(opened(receiver, second), toHex(rtp(2)));
    });

    it('RFC 3711 §3.3.1: the rollover counter follows the wrap of the sequence, with loss and reordering around it', () => {
      const [sender, receiver] = pair();
      const wires = new Map<number, Uint8Array>();
      for (let i = 0x7fff; i < 0x30010; i++) if (i % 0x1000 === 0 || i % 0x10000 > 0xfff0 || i % 0x10000 < 0x10) wires.set(i, sealed(sender, rtp(i & 0xffff)));
      const order = [...wires.keys()].filter((i) => i !== 0xffff);
      for (const i of order) {
        assert.equal(opened(receiver, wires.get(i)!), toHex(rtp(i & 0xffff)), `packet ${i}`);
        if (i === 0x10002) assert.equal(opened(receiver, wires.get(0xffff)!), toHex(rtp(0xffff)), 'late, from before the wrap');
      }
      assert.equal(opened(receiver, wires.get(0x30000)!), 'replayed');
      assert.match(opened(receiver, wires.get(0x8000)!), /unauthenticated|replayed/, 'of a former round');
    });

    it('another key, and another suite, do not authenticate', () => {
      const [sender] = pair();
      const wire = sealed(sender, rtp(1));
      for (const other of keys) {
        const bent = { ...other, keyAndSalt: other.keyAndSalt.map((byte) => byte ^ 1) };
        assert.equal(opened(new SrtpReceiver(bent, aes128), wire), 'unauthenticated');
      }
    });

    it('more than 64 sources are refused; those there are go on', () => {
      const [, receiver] = pair();
      for (let ssrc = 1; ssrc <= 65; ssrc++) {
        const wire = sealed(new SrtpSender(key, aes128), rtp(1, new Uint8Array(8), ssrc));
        assert.equal(opened(receiver, wire), ssrc <= 64 ? toHex(rtp(1, new Uint8Array(8), ssrc)) : 'unauthenticated');
      }
    });

    it('SRTCP: as it was; replays, truncations and turned bits are refused (RFC 3711 §3.4)', () => {
      const [sender, receiver] = pair();
      const wires = [0, 1, 2].map(() => sealedRtcp(sender, rtcp()));
      assert.notDeepEqual(wires[0], wires[1]);
      const take = (packet: Uint8Array): string => {
        const bytes = packet.slice();
        const length = receiver.unprotectRtcp(bytes);
        return typeof length === 'string' ? length : toHex(bytes.subarray(0, length));
      };
      for (let length = 0; length < wires[0]!.length; length++) assert.match(take(wires[0]!.slice(0, length)), /malformed|unauthenticated/);
      for (let bit = 0; bit < wires[0]!.length * 8; bit++) {
        const bent = wires[0]!.slice();
        bent[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(take(bent), 'unauthenticated', `bit ${bit}`);
      }
      assert.equal(take(wires[1]!), toHex(rtcp()));
      assert.equal(take(wires[0]!), toHex(rtcp()));
      assert.equal(take(wires[0]!), 'replayed');
      assert.equal(take(wires[2]!), toHex(rtcp()));
    });

    it('never throws, and never takes what nobody protected', () => {
      const [, receiver] = pair();
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 1600 }), (bytes) => {
          assert.equal(typeof receiver.unprotect(bytes), 'string');
          assert.equal(typeof receiver.unprotectRtcp(bytes), 'string');
        }),
      );
    });
  });
}

describe('AES_CM_128_HMAC_SHA1_80, SRTCP in the clear', () => {
  it('RFC 3711 §3.4: authentic but with an E flag of 0, it is refused: nobody agreed to that', () => {
    const key = keys[0]!;
    const packet = Uint8Array.of(...rtcp(), 0, 0, 0, 1);
    const tag = new HmacSha1(sessionKeys(key, 'rtcp', aes128).authentication).compute(packet, packet.length).slice(0, 10);
    assert.equal(new SrtpReceiver(key, aes128).unprotectRtcp(Uint8Array.of(...packet, ...tag)), 'unauthenticated');
  });
});

describe('keys', () => {
  it('a key of the wrong length is refused', () => assert.throws(() => new SrtpSender({ suite: 'AEAD_AES_128_GCM', keyAndSalt: new Uint8Array(30) }, aes128), RangeError));
});
