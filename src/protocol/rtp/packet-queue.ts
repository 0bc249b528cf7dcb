/** Encoded packets in the order of their time, few and bounded. Their buffers are used again, so a packet costs no allocation. */

/** 600 ms in packets of 10 ms. */
const MAX_PACKETS = 60;

export interface QueuedPacket {
  /** Place in the stream and length, in RTP clock units. */
  position: number;
  duration: number;
  /** The payload is the first `length` of `bytes`. */
  bytes: Uint8Array;
  length: number;
}

export class PacketQueue {
  readonly #packets: QueuedPacket[] = [];
  readonly #free: QueuedPacket[] = [];

  get first(): QueuedPacket | undefined {
    return this.#packets[0];
  }

  /** Copies `bytes` from `start` to `end`; `full` drops nothing but this packet. */
  insert(position: number, duration: number, bytes: Uint8Array, start: number, end: number): 'queued' | 'duplicate' | 'full' {
    const packets = this.#packets;
    let at = packets.length;
    while (at > 0 && (packets[at - 1]?.position ?? 0) > position) at--;
    if (at > 0 && packets[at - 1]?.position === position) return 'duplicate';
    if (packets.length >= MAX_PACKETS) return 'full';
    const length = end - start;
    const packet = this.#free.pop() ?? { position, duration, bytes: new Uint8Array(length), length };
    // A buffer is replaced only when payloads have grown.
    if (packet.bytes.length < length) packet.bytes = new Uint8Array(length);
    const copy = packet.bytes;
    for (let i = 0; i < length; i++) copy[i] = bytes[start + i] ?? 0;
    packet.position = position;
    packet.duration = duration;
    packet.length = length;
    packets.push(packet);
    for (let i = packets.length - 1; i > at; i--) {
      const moved = packets[i - 1];
      if (moved !== undefined) packets[i] = moved;
    }
    packets[at] = packet;
    return 'queued';
  }

  /** Gives the first packet back; what it holds stays readable until the next `insert`. */
  removeFirst(): void {
    const packet = this.#packets.shift();
    if (packet !== undefined) this.#free.push(packet);
  }

  clear(): void {
    while (this.#packets.length > 0) this.removeFirst();
  }
}
