/** UDP as a worker needs it: many sockets, many small packets, one tick. By the native addon in batches where it could be built, by Node one by one elsewhere. */

export interface Address {
  readonly address: string;
  readonly port: number;
}

/**
 * One datagram: the bytes from `start` to `end`, to be used before the handler returns; `arrivalMs` is when it came, on the engine's clock.
 * `from` may be the same object as last time, and never changes.
 */
export type PacketHandler = (bytes: Uint8Array, start: number, end: number, from: Address, arrivalMs: number) => void;

export interface PacketSocket {
  /**
   * Where `send` sends to from here on. Anything but an IP address of the socket's family with a port from 1 to 65535 is nowhere.
   * Hearing the `target` only, what others send may be dropped unseen: their flood then costs nothing, and no room in the buffer.
   */
  aim(to: Address | undefined, hears?: 'anybody' | 'target'): 'aimed' | 'nowhere';
  /** Sends the first `length` bytes, at once or at the next `flush`; `bytes` may be used again at once. What cannot be sent is lost, as on any network. */
  send(bytes: Uint8Array, length: number): void;
  /** No packet is handed over any more. May be called twice. */
  close(): void;
}

export interface PacketIo {
  readonly kind: 'native' | 'node';
  /** Binds a socket at an IP address. Rejects with an `Error` that has a `code`, as Node's do (`EADDRINUSE`). */
  open(host: string, port: number, onPacket: PacketHandler): Promise<PacketSocket>;
  /** Hands over what has arrived. Node does that by itself, in between. */
  receive(): void;
  /** Sends what is still waiting. */
  flush(): void;
  /** Packets the system did not take, since the beginning: its buffers were full, or there is no way to where they were aimed at. */
  readonly unsent: number;
}
