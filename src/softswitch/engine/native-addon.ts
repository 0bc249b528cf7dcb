/** The addon of `native/`, when it was built on this machine and can be loaded. Faults of the system are negative error numbers. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** An epoll and its sockets, closed when nobody holds it any more. */
export interface NativeIo {
  readonly native: 'packet_io';
}

export interface NativeAddon {
  readonly create: () => NativeIo | number;
  readonly open: (io: NativeIo, host: string, port: number) => number;
  readonly close: (io: NativeIo, socket: number) => void;
  /** `only`: what others send is dropped by the kernel. */
  readonly aim: (io: NativeIo, socket: number, host: string, port: number, only: boolean) => number;
  /** Rows of `table`: socket, offset, length, source port, 1 when the source is another than that of the socket's packet before. `times` are those of `process.hrtime`, ms. */
  readonly receive: (io: NativeIo, bytes: Uint8Array, table: Int32Array, times: Float64Array) => number;
  readonly source: (io: NativeIo, row: number) => string;
  /** Rows of `table`: socket, offset, length. Answers how many were not sent. */
  readonly send: (io: NativeIo, bytes: Uint8Array, table: Int32Array, count: number) => number;
}

const FUNCTIONS = ['create', 'open', 'close', 'aim', 'receive', 'source', 'send'] as const;

const isAddon = (value: unknown): value is NativeAddon => typeof value === 'object' && value !== null && FUNCTIONS.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

/** The folder of package.json, above the compiled file wherever that lies. */
function packageRoot(): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Undefined where there is none: not built, built for another system, or of another version. */
export function loadNativeAddon(): NativeAddon | undefined {
  const root = packageRoot();
  if (root === undefined) return undefined;
  try {
    const addon: unknown = createRequire(import.meta.url)(join(root, 'native/build/Release/packet_io.node'));
    return isAddon(addon) ? addon : undefined;
  } catch {
    return undefined;
  }
}
