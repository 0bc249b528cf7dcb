/** What carries the messages of one connection: a byte stream (TCP, TLS) or a WebSocket (RFC 7118). */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Framed } from '../../protocol/sip/stream-framer.ts';
import { StreamFramer } from '../../protocol/sip/stream-framer.ts';

export interface CarrierEvents {
  /** Something was read: what is whole, and whether a part of a message follows it. */
  readonly onRead: (whole: readonly Framed[], partial: boolean) => void;
  readonly onClose: () => void;
}

export interface Carrier {
  /** Our address on it; undefined until it is established. */
  readonly localHost: string | undefined;
  /** Bytes written and not taken by the other end yet. */
  readonly unsent: number;
  write(text: string): void;
  /** Closes it once what was written is out. */
  end(): void;
  destroy(): void;
  /** Reads nothing more until `resume`: the sender is held back by TCP itself. */
  pause(): void;
  resume(): void;
}

/** `socket` may still be connecting; for TLS it is the TLS socket. */
export function streamCarrier(socket: Socket, maxBytes: number, { onRead, onClose }: CarrierEvents): Carrier {
  const framer = new StreamFramer(maxBytes);
  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    const whole = framer.push(chunk);
    onRead(whole, framer.partial);
  });
  // The reason is of no use: `close` follows and tells those who wait.
  socket.on('error', () => undefined);
  socket.on('close', onClose);
  return {
    get localHost() {
      return socket.localAddress;
    },
    get unsent() {
      return socket.writableLength;
    },
    write: (text) => void socket.write(text),
    end: () => socket.destroySoon(),
    destroy: () => socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

/** A message is one text or binary message of the WebSocket (RFC 7118 §4.2). `socket` is what it runs on. */
export function webSocketCarrier(webSocket: WebSocket, socket: Socket, { onRead, onClose }: CarrierEvents): Carrier {
  const framerOf = (bytes: Buffer): Framed => (isPing(bytes) ? { kind: 'ping' } : { kind: 'message', bytes });
  // Every byte read begins something; what is whole is told right after, by the events below.
  socket.prependListener('data', () => onRead([], true));
  webSocket.on('message', (bytes: Buffer) => onRead([framerOf(bytes)], false));
  // The library answers a ping (RFC 6455 §5.5.2).
  webSocket.on('ping', () => onRead([], false));
  webSocket.on('pong', () => onRead([], false));
  webSocket.on('error', () => undefined);
  webSocket.on('close', onClose);
  return {
    localHost: socket.localAddress,
    get unsent() {
      return webSocket.bufferedAmount;
    },
    write: (text) => webSocket.send(text),
    end: () => webSocket.close(),
    destroy: () => webSocket.terminate(),
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  };
}

/** RFC 5626 §4.4.1 goes for WebSocket, too: two CR LF are a keep-alive. */
function isPing(bytes: Uint8Array): boolean {
  return bytes.length === 4 && bytes.every((byte, at) => byte === (at % 2 === 0 ? 13 : 10));
}
