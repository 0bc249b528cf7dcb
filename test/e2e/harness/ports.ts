/** Ports for the programs that must be told one. Below the range the kernel gives out by itself, so that no other socket takes them meanwhile. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const lowest = 16_384;
const highest = 32_000;

/** The first of `count` ports; each is free for UDP and TCP. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = lowest + 2 * Math.floor((Math.random() * (highest - lowest - count)) / 2);
    if (await isFree(first)) return first;
  }
  throw new Error(`no free port between ${lowest} and ${highest}`);
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
