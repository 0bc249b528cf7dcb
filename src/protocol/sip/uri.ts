/** SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966). */
import type { Params } from './lists.ts';
import { formatParams, parseParams } from './lists.ts';

export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** As written, escapes kept; with the password if there is one (`user:password`). */
  readonly user?: string;
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  /** What follows `?`. */
  readonly headers?: string;
}

export interface TelUri {
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
}

export type Uri = SipUri | TelUri;

const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?))(?::([0-9]{1,5}))?$/;

/** `host[:port]` with IPv6 in brackets; undefined if it is none. */
export function parseHostPort(text: string): { readonly host: string; readonly port?: number } | undefined {
  const match = HOST.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (match === null || host === undefined) return undefined;
  if (match[3] === undefined) return { host };
  const port = Number(match[3]);
  return port >= 1 && port <= 65535 ? { host, port } : undefined;
}

/** An address as it stands in a URI or Via: IPv6 in brackets. */
export function formatHostPort(host: string, port: number | undefined): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

/** Undefined for anything that is not a well-formed sip, sips or tel URI. */
export function parseUri(text: string): Uri | undefined {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  const rest = text.slice(colon + 1);
  // What a URI cannot hold (RFC 3261 §25.1), so that it can go into a header or request line as it is.
  if (/[\s<>"]/.test(rest)) return undefined;
  if (scheme === 'tel') return parseTel(rest);
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;

  // `@` can only stand after the user part; `;` and `?` may stand inside it.
  const at = rest.lastIndexOf('@');
  const user = at < 0 ? undefined : rest.slice(0, at);
  if (user === '') return undefined;
  const place = rest.slice(at + 1);
  const question = place.indexOf('?');
  const beforeHeaders = question < 0 ? place : place.slice(0, question);
  const semicolon = beforeHeaders.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? beforeHeaders : beforeHeaders.slice(0, semicolon));
  if (hostPort === undefined) return undefined;
  return {
    scheme,
    ...(user === undefined ? {} : { user }),
    ...hostPort,
    params: parseParams(semicolon < 0 ? '' : beforeHeaders.slice(semicolon + 1)),
    ...(question < 0 ? {} : { headers: place.slice(question + 1) }),
  };
}

function parseTel(rest: string): TelUri | undefined {
  const semicolon = rest.indexOf(';');
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon);
  if (!/^\+?[0-9A-Fa-f*#().-]+$/.test(number)) return undefined;
  return { scheme: 'tel', number, params: parseParams(semicolon < 0 ? '' : rest.slice(semicolon + 1)) };
}

export function formatUri(uri: Uri): string {
  if (uri.scheme === 'tel') return `tel:${uri.number}${formatParams(uri.params)}`;
  const user = uri.user === undefined ? '' : `${uri.user}@`;
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${user}${formatHostPort(uri.host, uri.port)}${formatParams(uri.params)}${headers}`;
}
