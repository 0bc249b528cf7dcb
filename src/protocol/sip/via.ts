/** The Via header (RFC 3261 §20.42, rport: RFC 3581). */
import type { Params } from './lists.ts';
import { formatParams, parseParams } from './lists.ts';
import { formatHostPort, parseHostPort } from './uri.ts';

export interface Via {
  /** Upper case: UDP, TCP, TLS, WS, WSS. */
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

const VIA = /^SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9-]+)\s+([^;\s]+(?:\s*:\s*[0-9]+)?)\s*(?:;(.*))?$/is;

/** One Via value; undefined if it is none. */
export function parseVia(text: string): Via | undefined {
  const match = VIA.exec(text.trim());
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const sentBy = parseHostPort(match[2].replace(/\s/g, ''));
  if (sentBy === undefined) return undefined;
  return { transport: match[1].toUpperCase(), ...sentBy, params: parseParams(match[3] ?? '') };
}

export function formatVia(via: Via): string {
  return `SIP/2.0/${via.transport} ${formatHostPort(via.host, via.port)}${formatParams(via.params)}`;
}

/** The Via as the receiving side must mark it: the source address, and the source port when asked (RFC 3261 §18.2.1, RFC 3581 §4). */
export function stampVia(via: Via, source: { readonly host: string; readonly port: number }): Via {
  const asked = via.params.has('rport');
  if (!asked && via.host === source.host) return via;
  const params = new Map(via.params);
  if (asked) params.set('rport', String(source.port));
  if (via.host !== source.host) params.set('received', source.host);
  return { ...via, params };
}
