import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from '../../../properties.ts';
import { loadNativeAddon } from '../../../../src/softswitch/engine/native-addon.ts';
import type { NativeIo } from '../../../../src/softswitch/engine/native-addon.ts';
import { openPacketIo } from '../../../../src/softswitch/engine/open-packet-io.ts';
import type { Address, PacketIo, PacketSocket } from '../../../../src/softswitch/engine/packet-io.ts';

const now = (): number => performance.now();
const addon = loadNativeAddon();
const kinds: readonly PacketIo['kind'][] = addon === undefined ? ['node'] : ['node', 'native'];

interface Packet {
  readonly bytes: number[];
  readonly from: Address;
  readonly arrivalMs: number;
}

/** A plain socket on the other side. */
class Peer {
  readonly socket: Socket;
  readonly received: { readonly bytes: Buffer; readonly from: RemoteInfo }[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (bytes, from) => this.received.push({ bytes, from }));
  }

  static async create(host: string): Promise<Peer> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new Peer(socket);
  }

  get address(): Address {
    return this.socket.address();
  }

  /** Resolves when the kernel has the packet: on the loopback it is then with the receiver. */
  async send(bytes: number[], port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.send(Uint8Array.from(bytes), port, this.address.address, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  async receive(count: number): Promise<typeof this.received> {
    while (this.received.length < count) await once(this.socket, 'message');
    return this.received;
  }
}

async function freePort(host: string): Promise<number> {
  const { socket, address } = await Peer.create(host);
  socket.close();
  return address.port;
}

/** An open socket and what it was handed. */
async function endpoint(io: PacketIo, host: string): Promise<{ socket: PacketSocket; port: number; packets: Packet[]; arrived: (count: number) => Promise<Packet[]> }> {
  const port = await freePort(host);
  const packets: Packet[] = [];
  const socket = await io.open(host, port, (bytes, start, end, from, arrivalMs) => packets.push({ bytes: [...bytes.subarray(start, end)], from, arrivalMs }));
  const arrived = async (count: number): Promise<Packet[]> => {
    while (packets.length < count) {
      await new Promise((resolve) => setImmediate(resolve));
      io.receive();
    }
    return packets;
  };
  return { socket, port, packets, arrived };
}

const fail = (error: Error): never => {
  throw error;
};

for (const kind of kinds) {
  for (const host of ['127.0.0.1', '::1']) {
    describe(`packet I/O by ${kind}, ${host}`, () => {
      const io = openPacketIo(kind, now, fail);

      it('is what was asked for', () => assert.equal(io.kind, kind));

      it('hands over what arrives, with source and time of arrival', async () => {
        const [peer, other] = [await Peer.create(host), await Peer.create(host)];
        const { socket, port, arrived } = await endpoint(io, host);
        const before = now();
        await peer.send([1, 2, 3], port);
        await peer.send([], port);
        await other.send([4], port);
        const packets = await arrived(3);
        const after = now();
        assert.deepEqual(packets.map(({ bytes }) => bytes), [[1, 2, 3], [], [4]]);
        for (const [i, from] of [peer, peer, other].entries()) {
          assert.deepEqual({ address: packets[i]!.from.address, port: packets[i]!.from.port }, { address: host, port: from.address.port });
        }
        // Two clocks are compared: they agree to a tenth of a millisecond.
        assert.ok(packets.every(({ arrivalMs }) => arrivalMs > before - 0.1 && arrivalMs < after + 0.1), `${before} ${JSON.stringify(packets)} ${after}`);
        for (const { socket } of [peer, other]) socket.close();
        socket.close();
      });

      it('sends where it is aimed at, and nowhere when that is nothing', async () => {
        const [one, two] = [await Peer.create(host), await Peer.create(host)];
        const { socket, port } = await endpoint(io, host);
        const buffer = Uint8Array.of(1, 2, 3, 4);
        socket.send(buffer, 4);
        assert.equal(socket.aim(one.address), 'aimed');
        socket.send(buffer, 2);
        buffer.fill(9);
        socket.send(buffer, 4);
        for (const nothing of [undefined, { address: host, port: 0 }, { address: host, port: 65_536 }, { address: host, port: 1.5 }, { address: 'localhost', port: 5000 }, { address: '', port: 5000 }, { address: host === '::1' ? '127.0.0.1' : '::1', port: 5000 }]) {
          assert.equal(socket.aim(nothing), 'nowhere', JSON.stringify(nothing));
          socket.send(buffer, 1);
        }
        assert.equal(socket.aim(two.address), 'aimed');
        socket.send(buffer, 3);
        io.flush();
        assert.deepEqual((await two.receive(1)).map(({ bytes, from }) => [bytes.length, from.port]), [[3, port]]);
        assert.deepEqual((await one.receive(2)).map(({ bytes }) => [...bytes]), [[1, 2], [9, 9, 9, 9]]);
        for (const peer of [one, two]) peer.socket.close();
        socket.close();
      });

      it('counts what the system does not take, and goes on', async () => {
        const peer = await Peer.create(host);
        const { socket } = await endpoint(io, host);
        const before = io.unsent;
        assert.equal(socket.aim(peer.address), 'aimed');
        // More than any datagram holds: EMSGSIZE.
        socket.send(new Uint8Array(65_530), 65_530);
        socket.send(Uint8Array.of(1), 1);
        io.flush();
        assert.deepEqual((await peer.receive(1)).map(({ bytes }) => [...bytes]), [[1]]);
        assert.equal(io.unsent - before, 1);
        peer.socket.close();
        socket.close();
      });

      it('600 packets in one tick, to and from 30 sockets, all arrive at the right one', async () => {
        const ends = await Promise.all(Array.from({ length: 30 }, () => endpoint(io, host)));
        const next = (i: number) => ends[(i + 1) % ends.length]!;
        for (const [i, { socket }] of ends.entries()) assert.equal(socket.aim({ address: host, port: next(i).port }), 'aimed');
        for (let round = 0; round < 20; round++) for (const [i, { socket }] of ends.entries()) socket.send(Uint8Array.of(i, round, 7), 2);
        io.flush();
        for (const [i] of ends.entries()) {
          const packets = await next(i).arrived(20);
          assert.deepEqual(packets.map(({ bytes }) => bytes), Array.from({ length: 20 }, (_, round) => [i, round]));
        }
        for (const { socket } of ends) socket.close();
      });

      it('a port taken, an address that is not ours, and none at all reject with a code', async () => {
        const { socket, port } = await endpoint(io, host);
        await assert.rejects(io.open(host, port, () => undefined), { code: 'EADDRINUSE' });
        await assert.rejects(io.open(host === '::1' ? '2001:db8::1' : '192.0.2.1', port, () => undefined), { code: 'EADDRNOTAVAIL' });
        await assert.rejects(io.open('nonsense', port, () => undefined), { name: 'Error' });
        socket.close();
      });

      it('a closed socket hands over nothing, sends nothing, and its port is free', async () => {
        const peer = await Peer.create(host);
        const first = await endpoint(io, host);
        first.socket.aim(peer.address);
        first.socket.close();
        first.socket.close();
        first.socket.send(Uint8Array.of(1), 1);
        assert.equal(kind === 'native' ? first.socket.aim(peer.address) : 'nowhere', 'nowhere');
        const packets: number[] = [];
        const again = await io.open(host, first.port, (bytes, start) => packets.push(bytes[start]!));
        again.aim(peer.address);
        again.send(Uint8Array.of(2), 1);
        io.flush();
        assert.deepEqual((await peer.receive(1)).map(({ bytes }) => [...bytes]), [[2]]);
        await peer.send([3], first.port);
        while (packets.length === 0) {
          await new Promise((resolve) => setImmediate(resolve));
          io.receive();
        }
        assert.deepEqual([packets, first.packets], [[3], []]);
        peer.socket.close();
        again.close();
      });

      it('hearing its target only: the target is heard and sent to, also after it was not there for a while; then anybody again', async () => {
        const [target, stranger] = [await Peer.create(host), await Peer.create(host)];
        const { socket, port, arrived } = await endpoint(io, host);
        // Nobody listens there: ICMP errors come back, and concern no packet after them.
        assert.equal(socket.aim({ address: host, port: await freePort(host) }, 'target'), 'aimed');
        for (let i = 0; i < 3; i++) {
          socket.send(Uint8Array.of(1), 1);
          io.flush();
        }
        assert.equal(socket.aim(target.address, 'target'), 'aimed');
        socket.send(Uint8Array.of(2), 1);
        io.flush();
        assert.deepEqual((await target.receive(1)).map(({ bytes, from }) => [bytes[0], from.port]), [[2, port]]);
        await stranger.send([3], port);
        await target.send([4], port);
        const heard = (await arrived(kind === 'native' ? 1 : 2)).map(({ bytes }) => bytes[0]);
        assert.deepEqual(heard, kind === 'native' ? [4] : [3, 4]);
        assert.equal(socket.aim(target.address), 'aimed');
        await stranger.send([5], port);
        assert.equal((await arrived(heard.length + 1)).at(-1)?.bytes[0], 5);
        for (const peer of [target, stranger]) peer.socket.close();
        socket.close();
      });

      it('a packet larger than any of ours is told as too large, not joined to the next', async () => {
        const peer = await Peer.create(host);
        const { socket, port, arrived } = await endpoint(io, host);
        await peer.send(new Array<number>(9000).fill(1), port);
        await peer.send([2], port);
        const [large, small] = await arrived(2);
        assert.ok(large!.bytes.length > 1500 && large!.bytes.every((byte) => byte === 1));
        assert.deepEqual(small!.bytes, [2]);
        peer.socket.close();
        socket.close();
      });

      it('a socket closed by a packet gets no more of the same batch', async () => {
        const peer = await Peer.create(host);
        const port = await freePort(host);
        let handed = 0;
        const socket = await io.open(host, port, () => {
          handed++;
          socket.close();
        });
        const watch = await endpoint(io, host);
        for (let i = 0; i < 3; i++) await peer.send([i], port);
        await peer.send([9], watch.port);
        await watch.arrived(1);
        assert.equal(handed, 1);
        peer.socket.close();
        watch.socket.close();
      });
    });
  }
}

/** An IPv6 address that counts on one link only, with the name of its interface: `fe80::1%eth0`. */
const ofLink = Object.entries(networkInterfaces())
  .flatMap(([name, addresses]) => (addresses ?? []).map(({ address }) => `${address}%${name}`))
  .find((address) => address.startsWith('fe80:'));

for (const kind of kinds) {
  describe(`packet I/O by ${kind}, addresses of a link (RFC 4007 §11)`, () => {
    const io = openPacketIo(kind, now, fail);

    it('are bound to, sent to and told with their interface', { skip: ofLink === undefined ? 'this machine has none' : false }, async () => {
      const host = ofLink!;
      const peer = await Peer.create(host);
      const { socket, port, arrived } = await endpoint(io, host);
      await peer.send([1], port);
      const [packet] = await arrived(1);
      assert.deepEqual({ address: packet!.from.address, port: packet!.from.port }, { address: host, port: peer.address.port });
      for (const hears of ['anybody', 'target'] as const) {
        assert.equal(socket.aim(packet!.from, hears), 'aimed');
        socket.send(Uint8Array.of(2), 1);
        io.flush();
      }
      assert.deepEqual((await peer.receive(2)).map(({ bytes, from }) => [...bytes, from.address, from.port]), [[2, host, port], [2, host, port]]);
      await peer.send([3], port);
      assert.deepEqual((await arrived(2))[1]!.bytes, [3]);
      peer.socket.close();
      socket.close();
    });

    it('on an interface that is not there cannot be bound to', () => assert.rejects(io.open('fe80::1%none0', 0, () => undefined), { name: 'Error' }));
  });
}

describe('native addon', { skip: addon === undefined ? 'not built' : false }, () => {
  const native = addon!;

  it('property: arguments of any kind throw a TypeError or answer an error number, and harm nothing', () => {
    const io = native.create() as NativeIo;
    const any = fc.oneof(
      fc.constant(io),
      fc.anything(),
      fc.integer(),
      fc.constantFrom<unknown>(-1, 0, 2 ** 31 - 1, NaN, '127.0.0.1', '::1', 'fe80::1%lo', '::1%', `fe80::1%${'x'.repeat(60)}`, '127.0.0.1\0x', 'x'.repeat(5000), 65_536, new Uint8Array(0), new Uint8Array(4000), new Int32Array(12).fill(2 ** 30), new Int32Array(7), new Float64Array(2), Object.create(null)),
    );
    const names = ['create', 'open', 'close', 'aim', 'receive', 'source', 'send'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(any, { maxLength: 6 }), fc.boolean(), (name, values, withIo) => {
        try {
          Reflect.apply(native[name], undefined, withIo ? [io, ...values] : values);
        } catch (error) {
          assert.ok(error instanceof TypeError, String(error));
        }
      }),
      { numRuns: 5000, seed: 3 },
    );
  });

  it('addresses that are none are nowhere: zones that are not there, too long or of IPv4', () => {
    const io = native.create() as NativeIo;
    const longest = `${'0000:'.repeat(7)}0001`;
    const socket = native.open(io, '::', 0);
    for (const host of ['fe80::1%none0', 'fe80::1%', '%lo', '127.0.0.1%lo', `fe80::1%${'x'.repeat(15)}`, `${longest}%${'x'.repeat(60)}`]) assert.ok(native.aim(io, socket, host, 5_000, false) < 0, host);
    for (const host of ['fe80::1%lo', `${longest}%lo`, longest]) assert.equal(native.aim(io, socket, host, 5_000, false), 0, host);
    native.close(io, socket);
  });

  it('tables too small or too large are used as far as they go', async () => {
    const io = native.create() as NativeIo;
    const port = await freePort('127.0.0.1');
    const socket = native.open(io, '127.0.0.1', port);
    assert.equal(native.aim(io, socket, '127.0.0.1', port, false), 0);
    const table = Int32Array.of(socket, 0, 4, socket, 3, 2, socket, -1, 2, socket, 2 ** 31 - 1, 2 ** 31 - 1, -1, 0, 1, socket + 1, 0, 1);
    assert.equal(native.send(io, new Uint8Array(4), table, 6), 5);
    assert.throws(() => native.send(io, new Uint8Array(4), table, 7), TypeError);
    assert.equal(native.receive(io, new Uint8Array(1503), new Int32Array(50), new Float64Array(10)), 0);
    assert.equal(native.receive(io, new Uint8Array(5000), new Int32Array(4), new Float64Array(10)), 0);
    assert.equal(native.receive(io, new Uint8Array(5000), new Int32Array(50), new Float64Array(0)), 0);
    const rows = new Int32Array(5);
    assert.equal(native.receive(io, new Uint8Array(1504), rows, new Float64Array(1)), 1);
    assert.deepEqual([...rows], [socket, 0, 4, port, 1]);
    assert.equal(native.source(io, 0), '127.0.0.1');
    native.close(io, socket);
  });

  it('a thread that ends closes its sockets', async () => {
    const module = new URL('../../../../src/softswitch/engine/native-addon.js', import.meta.url).href;
    const port = await freePort('127.0.0.1');
    const source = `import(${JSON.stringify(module)}).then(({ loadNativeAddon }) => {
      const { parentPort } = require('node:worker_threads');
      const addon = loadNativeAddon();
      const io = addon.create();
      parentPort.postMessage(addon.open(io, '127.0.0.1', ${port}));
      parentPort.on('message', () => addon.close(io, -1));
    });`;
    const worker = new Worker(source, { eval: true });
    const [id] = (await once(worker, 'message')) as [number];
    const io = native.create() as NativeIo;
    assert.ok(id >= 0 && native.open(io, '127.0.0.1', port) < 0);
    await worker.terminate();
    const socket = native.open(io, '127.0.0.1', port);
    assert.ok(socket >= 0);
    native.close(io, socket);
  });
});
