/** Packets by the native addon: all that have arrived in one call, all of a tick in another. */
import { getSystemErrorName } from 'node:util';
import type { NativeAddon, NativeIo } from './native-addon.ts';
import type { Address, PacketHandler, PacketIo, PacketSocket } from './packet-io.ts';

/** As in native/packet_io.c: space for one packet received, columns of the tables. */
const SLOT = 1504;
const RECEIVE_COLUMNS = 5;
const SEND_COLUMNS = 3;
/** Packets in one call. */
const RECEIVED = 256;
const SENT = 256;
const SEND_BYTES = 64 * 1024;
/** Packets read in one tick, times the sockets: a leg may receive 4. What floods bring beyond that is read in the ticks to come, or dropped by the kernel: the tick comes first. */
const READ_PER_SOCKET = 4;

const nobody: Address = { address: '', port: 0 };

const systemError = (call: string, code: number): Error => Object.assign(new Error(`${call} ${getSystemErrorName(code)}`), { code: getSystemErrorName(code) });

const hrtimeMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** How far `now` is ahead of `process.hrtime`: the closest of a few readings, for a thread may lose its core between two. */
function clockDifference(now: () => number): number {
  let [difference, shortest] = [0, Infinity];
  for (let i = 0; i < 5; i++) {
    const [before, between, after] = [hrtimeMs(), now(), hrtimeMs()];
    if (after - before < shortest) [difference, shortest] = [between - (before + after) / 2, after - before];
  }
  return difference;
}

/** `now` is monotonic, ms; arrival times are on it, by the kernel's time stamps. */
export class NativePacketIo implements PacketIo {
  readonly kind = 'native';
  readonly #addon: NativeAddon;
  readonly #io: NativeIo;
  /** How far the engine's clock is ahead of the addon's, ms. */
  readonly #ahead: number;
  /** By the addon's number. */
  readonly #sockets: (NativePacketSocket | undefined)[] = [];
  #open = 0;
  readonly #received = new Uint8Array(RECEIVED * SLOT);
  readonly #receivedTable = new Int32Array(RECEIVED * RECEIVE_COLUMNS);
  readonly #times = new Float64Array(RECEIVED);
  readonly #outgoing = new Uint8Array(SEND_BYTES);
  readonly #outgoingTable = new Int32Array(SENT * SEND_COLUMNS);
  #queued = 0;
  #queuedBytes = 0;
  #unsent = 0;

  constructor(addon: NativeAddon, now: () => number) {
    const io = addon.create();
    if (typeof io === 'number') throw systemError('epoll', io);
    this.#addon = addon;
    this.#io = io;
    this.#ahead = clockDifference(now);
  }

  open(host: string, port: number, onPacket: PacketHandler): Promise<PacketSocket> {
    const id = this.#addon.open(this.#io, host, port);
    if (id < 0) return Promise.reject(systemError('bind', id));
    const socket = new NativePacketSocket(this, id, onPacket);
    this.#sockets[id] = socket;
    this.#open++;
    return Promise.resolve(socket);
  }

  receive(): void {
    if (this.#open === 0) return;
    const most = READ_PER_SOCKET * this.#open + RECEIVED;
    for (let total = 0, count = RECEIVED; count === RECEIVED && total < most; total += count) {
      count = this.#addon.receive(this.#io, this.#received, this.#receivedTable, this.#times);
      for (let row = 0; row < count; row++) this.#handOver(row);
    }
  }

  flush(): void {
    if (this.#queued === 0) return;
    const count = this.#queued;
    this.#queued = 0;
    this.#queuedBytes = 0;
    this.#unsent += this.#addon.send(this.#io, this.#outgoing, this.#outgoingTable, count);
  }

  get unsent(): number {
    return this.#unsent;
  }

  aim(socket: number, to: Address, hears: 'anybody' | 'target'): 'aimed' | 'nowhere' {
    // What waits was meant for the former target.
    this.flush();
    return this.#addon.aim(this.#io, socket, to.address, to.port, hears === 'target') === 0 ? 'aimed' : 'nowhere';
  }

  send(socket: number, bytes: Uint8Array, length: number): void {
    if (length > SEND_BYTES) return;
    if (this.#queued === SENT || this.#queuedBytes + length > SEND_BYTES) this.flush();
    const [outgoing, table, start] = [this.#outgoing, this.#outgoingTable, this.#queuedBytes];
    // A view for `set` would cost more than the few bytes do.
    for (let i = 0; i < length; i++) outgoing[start + i] = bytes[i] ?? 0;
    const at = this.#queued++ * SEND_COLUMNS;
    table[at] = socket;
    table[at + 1] = start;
    table[at + 2] = length;
    this.#queuedBytes = start + length;
  }

  close(socket: number): void {
    // Its number may be another's soon, and what waits still has to go out.
    this.flush();
    this.#sockets[socket] = undefined;
    this.#open--;
    this.#addon.close(this.#io, socket);
  }

  #handOver(row: number): void {
    const table = this.#receivedTable;
    const at = row * RECEIVE_COLUMNS;
    const socket = this.#sockets[table[at] ?? -1];
    // One closed by what an earlier packet of this batch brought about.
    if (socket === undefined) return;
    if (table[at + 4] === 1) socket.source = { address: this.#addon.source(this.#io, row), port: table[at + 3] ?? 0 };
    const start = table[at + 1] ?? 0;
    socket.onPacket(this.#received, start, start + (table[at + 2] ?? 0), socket.source, (this.#times[row] ?? 0) + this.#ahead);
  }
}

class NativePacketSocket implements PacketSocket {
  readonly onPacket: PacketHandler;
  /** Where the last packet came from. */
  source = nobody;
  readonly #io: NativePacketIo;
  readonly #id: number;
  #isOpen = true;

  constructor(io: NativePacketIo, id: number, onPacket: PacketHandler) {
    this.#io = io;
    this.#id = id;
    this.onPacket = onPacket;
  }

  aim(to: Address | undefined, hears: 'anybody' | 'target' = 'anybody'): 'aimed' | 'nowhere' {
    return this.#isOpen ? this.#io.aim(this.#id, to ?? nobody, hears) : 'nowhere';
  }

  send(bytes: Uint8Array, length: number): void {
    if (this.#isOpen) this.#io.send(this.#id, bytes, length);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#io.close(this.#id);
  }
}
