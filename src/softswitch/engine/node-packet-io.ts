/** Packets by Node's own sockets, one by one: works everywhere. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP, isIPv6 } from 'node:net';
import type { Address, PacketHandler, PacketIo, PacketSocket } from './packet-io.ts';

/** `now` is monotonic, ms; `onError` hears of faults that belong to no call of ours. */
export class NodePacketIo implements PacketIo {
  readonly kind = 'node';
  readonly #now: () => number;
  readonly #onError: (error: Error) => void;
  #unsent = 0;

  constructor(now: () => number, onError: (error: Error) => void) {
    this.#now = now;
    this.#onError = onError;
  }

  async open(host: string, port: number, onPacket: PacketHandler): Promise<PacketSocket> {
    const family = isIPv6(host) ? 6 : 4;
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // Without a lookup of our own Node asks the resolver, and takes a turn of the event loop, for every packet sent.
      lookup: (address, _options, callback) => {
        callback(null, address, family);
      },
    });
    try {
      const listening = once(socket, 'listening');
      socket.bind({ port, address: host, exclusive: true });
      await listening;
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on('error', this.#onError);
    const now = this.#now;
    socket.on('message', (bytes, from) => {
      onPacket(bytes, 0, bytes.length, from, now());
    });
    return new NodePacketSocket(socket, family, this.#sent.bind(this));
  }

  get unsent(): number {
    return this.#unsent;
  }

  receive(): void {
    // The event loop has read the sockets before the tick: `TickClock` waits for that.
  }

  flush(): void {
    // `send` has sent.
  }

  #sent(error: Error | null): void {
    if (error !== null) this.#unsent++;
  }
}

class NodePacketSocket implements PacketSocket {
  readonly #family: 4 | 6;
  #socket: Socket | undefined;
  /** Hears of each packet what became of it: without that each one refused would be an error of the socket, and a line in the log. */
  readonly #sent: (error: Error | null) => void;
  #target: Address | undefined;

  constructor(socket: Socket, family: 4 | 6, sent: (error: Error | null) => void) {
    this.#socket = socket;
    this.#family = family;
    this.#sent = sent;
  }

  aim(to: Address | undefined): 'aimed' | 'nowhere' {
    const isSomewhere = to !== undefined && Number.isInteger(to.port) && to.port >= 1 && to.port <= 65535 && isIP(to.address) === this.#family;
    this.#target = isSomewhere ? to : undefined;
    return isSomewhere ? 'aimed' : 'nowhere';
  }

  send(bytes: Uint8Array, length: number): void {
    if (this.#target === undefined) return;
    // A copy: a packet the kernel does not take at once stays with Node, and the caller's buffer is another leg's next.
    this.#socket?.send(Buffer.from(bytes.subarray(0, length)), this.#target.port, this.#target.address, this.#sent);
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
