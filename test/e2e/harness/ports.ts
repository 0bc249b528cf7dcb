/** Ports for the programs that must be told one. Below the range the kernel gives out by itself, so that no other socket takes them meanwhile. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const lowest = 16_384;
/** Test files run beside each other as processes of their own: each has its slice, as their process ids are near to each other. */
const slices = 7;
const sliceSize = 2_230;
const slice = lowest + (process.pid % slices) * sliceSize;
/** Given out one block after the other: what was promised to one program is not promised to another before it is bound. */
let next = (Math.floor(process.pid / slices) * 98) % sliceSize;

/** The first of `count` ports, an even one; all are free for UDP and TCP. */
export async function freePorts(count: number): Promise<number> {
  for (let looked = 0; looked < sliceSize; looked += 2) {
    if (next + count > sliceSize) next = 0;
    const first = slice + next;
    next += count + (count % 2);
    if (await areFree(first, count)) return first;
  }
  throw new Error(`no ${count} free ports between ${slice} and ${slice + sliceSize}`);
}

async function areFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port++) if (!(await isFree(port))) return false;
  return true;
}

async function isFree(port: number): Promise<boolean> {
  const udp = createSocket('udp4');
  const tcp = createServer();
  try {
    udp.bind(port, '127.0.0.1');
    await once(udp, 'listening');
    tcp.listen(port, '127.0.0.1');
    await once(tcp, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    udp.close();
    tcp.close();
  }
}
