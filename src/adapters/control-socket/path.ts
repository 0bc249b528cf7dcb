import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** `sun_path` of a Unix socket address holds 108 bytes with its final zero (unix(7)). */
const longestPath = 107;

/**
 * `<data.dir>/control.sock`; where that is too long for a socket, a short name in the temporary folder that follows from it,
 * so that the process and its command line find each other without being told.
 */
export function controlSocketPath(dataDir: string): string {
  const path = resolve(dataDir, 'control.sock');
  if (Buffer.byteLength(path) <= longestPath) return path;
  return join(tmpdir(), `vestibule-${createHash('sha256').update(path).digest('hex').slice(0, 16)}.sock`);
}
