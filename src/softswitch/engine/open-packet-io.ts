/** Which way packets take: the native addon where there is one, Node elsewhere, or what is asked for. */
import { loadNativeAddon } from './native-addon.ts';
import { NativePacketIo } from './native-packet-io.ts';
import { NodePacketIo } from './node-packet-io.ts';
import type { PacketIo } from './packet-io.ts';

/** `now` is monotonic, ms. Asked for `native`, throws where there is none. */
export function openPacketIo(kind: PacketIo['kind'] | undefined, now: () => number, onError: (error: Error) => void): PacketIo {
  const addon = kind === 'node' ? undefined : loadNativeAddon();
  if (addon !== undefined) return new NativePacketIo(addon, now);
  if (kind === 'native') throw new Error('the native addon was not built: node-gyp rebuild -C native');
  return new NodePacketIo(now, onError);
}
