import type { Socket } from 'node:net';

/** The library writes a command line by line, which would be a packet each, and as many reads at the other end. */
export function inOneWrite<T>(socket: Socket | null, write: () => T): T {
  socket?.cork();
  try {
    return write();
  } finally {
    socket?.uncork();
  }
}
