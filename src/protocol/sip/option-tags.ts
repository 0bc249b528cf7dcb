/** Option tags of extensions in Require, Supported and Proxy-Require (RFC 3261 §19.2). */
import { listValues } from './lists.ts';
import type { SipMessage } from './message.ts';

export function hasOption(message: Pick<SipMessage, 'headers'>, header: 'Require' | 'Supported' | 'Proxy-Require', tag: string): boolean {
  return listValues(message, header).some((value) => value.toLowerCase() === tag);
}
