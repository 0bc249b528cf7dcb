/** Where the event socket of a channel is to be opened to. */
import { isIP } from 'node:net';

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port` with an address literal: names are not looked up for a stranger. */
export function readSocketAddress(text: string): SocketAddress | undefined {
  const [, host = '', port = ''] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text.trim()) ?? [];
  const number = Number(port);
  return isIP(host) !== 0 && number > 0 && number <= 65_535 ? { host, port: number } : undefined;
}
