import type { Socket } from 'node:net';

/** Calls `done` once: with the first line received, or with `undefined` when there is none within `largest` bytes or before the end. */
export function firstLine(socket: Socket, largest: number, done: (line: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = (line: string | undefined): void => {
    socket.off('data', take);
    socket.off('end', none);
    done(line);
  };
  const none = (): void => finish(undefined);
  const take = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    const end = chunk.indexOf(0x0a);
    if (end >= 0) finish(Buffer.concat(chunks).toString('utf8', 0, size - chunk.length + end));
    else if (size > largest) finish(undefined);
  };
  socket.on('data', take);
  socket.on('end', none);
}
