/** What the kernel dropped because a socket's buffer was full, on either side. */
import { readFileSync } from 'node:fs';

/** The last column of /proc/net/udp (proc(5)), over all sockets that are open. */
export function udpDrops(): number {
  return ['/proc/net/udp', '/proc/net/udp6']
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n').slice(1))
    .reduce((sum, line) => sum + Number(line.trim().split(/\s+/).at(-1)), 0);
}
