import type { Socket } from 'node:net';
import type Mrf from 'drachtio-fsmrf';

/** Everything written in this turn leaves in one write. */
export function inOneWrite(socket: Socket | null): void {
  if (socket === null || socket.writableCorked > 0) return;
  socket.cork();
  process.nextTick(() => socket.uncork());
}

/** The library writes a command line by line, which would be a packet each, and as many reads at the other end. */
export function sendInOneWrite(connection: Mrf.Connection): void {
  const send = connection.send.bind(connection);
  connection.send = (command, headers) => {
    inOneWrite(connection.socket);
    send(command, headers);
  };
}
