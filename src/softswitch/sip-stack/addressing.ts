/** URIs and headers that name our own address or a next hop (RFC 3261 §8.1.1.8, §8.1.2, §18.1.1). */
import { isIP } from 'node:net';
import { splitOutsideQuotes } from '../../protocol/sip/lists.ts';
import type { SipHeader, SipRequest } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { formatNameAddr, parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { SipUri } from '../../protocol/sip/uri.ts';
import { formatHostPort, parseUri } from '../../protocol/sip/uri.ts';
import type { Via } from '../../protocol/sip/via.ts';
import { parseVia } from '../../protocol/sip/via.ts';
import type { Flow, OnWire, Transport } from './api.ts';
import { defaultPort, isSecure } from './locate.ts';

/** RFC 3261 §8.1.1.8, §12.1.1: a sips URI is answered by one. `uri` is what the request is for, or our dialog's target. */
export function contactHeader(flow: Flow, uri: string): SipHeader {
  const scheme = /^sips:/i.test(uri) ? 'sips' : 'sip';
  return { name: 'Contact', value: `<${scheme}:${formatHostPort(flow.local.host, flow.local.port)}${transportParam(flow.transport)}>` };
}

/** RFC 3261 §16.6 step 4: where requests of the dialog are to pass; `user` marks it as ours. */
export function recordRouteHeader(flow: Flow, user: string, uri: string): SipHeader {
  const scheme = /^sips:/i.test(uri) ? 'sips' : 'sip';
  return { name: 'Record-Route', value: `<${scheme}:${user}@${formatHostPort(flow.local.host, flow.local.port)}${transportParam(flow.transport)};lr>` };
}

/** RFC 7118 §7.2: a URI says `ws` for both. */
function transportParam(transport: Transport): string {
  switch (transport) {
    case 'udp':
      return '';
    case 'tcp':
    case 'tls':
      return `;transport=${transport}`;
    case 'ws':
    case 'wss':
      return ';transport=ws';
  }
}

export function viaHeader(flow: Flow, branch: string): SipHeader {
  const address = formatHostPort(flow.local.host, flow.local.port);
  return { name: 'Via', value: `SIP/2.0/${flow.transport.toUpperCase()} ${address};rport;branch=${branch}` };
}

/**
 * Where the responses to a request go (RFC 3261 §18.2.2, RFC 3581 §4): its connection, or the address its Via gives. A
 * `maddr` is not followed: it would let anyone have responses sent to anyone.
 */
export function responseFlow({ message, flow }: OnWire<SipRequest>, connected: boolean): Flow {
  if (connected) return flow;
  const via = topVia(message);
  if (flow.transport === 'udp' && via?.params.has('rport') === true) return flow;
  return { ...flow, remote: { host: flow.remote.host, port: via?.port ?? defaultPort(flow.transport) } };
}

/** RFC 3263 §5: where else a response may go when the way above is broken: to the name in the Via. */
export function responseUri({ message, flow }: OnWire<SipRequest>): SipUri | undefined {
  const via = topVia(message);
  if (via === undefined || isIP(via.host) !== 0) return undefined;
  const port = via.port === undefined ? {} : { port: via.port };
  return { scheme: isSecure(flow.transport) ? 'sips' : 'sip', host: via.host, ...port, params: new Map([['transport', flow.transport]]) };
}

function topVia(message: SipRequest): Via | undefined {
  return parseVia(splitOutsideQuotes(headerValue(message, 'Via') ?? '', ',')[0] ?? '');
}

export function parseSipUri(text: string): SipUri | undefined {
  const uri = parseUri(text);
  return uri === undefined || uri.scheme === 'tel' ? undefined : uri;
}

/** `headers` without those called `names`. */
export function without(headers: readonly SipHeader[] | undefined, names: ReadonlySet<string>): SipHeader[] {
  return (headers ?? []).filter((header) => !names.has(header.name.toLowerCase()));
}

const OWN_ADDRESS_IN = new Set(['from', 'to', 'contact', 'p-asserted-identity']);

/** Looked for where a URI can begin only: a URI may hold as many `sip:` as it likes. */
const LOCALHOST = /((?:^|<)sips?:(?:[^@<>\s]*@)?)localhost(?::\d+)?(?=[;?>\s]|$)/gi;

/**
 * Applications do not know which address the peer will see us by, and write `localhost`. A bare URI gets its brackets:
 * without them its parameters would become the header's (RFC 3261 §20.10). A Contact also says by which transport.
 */
export function withOwnAddress(headers: readonly SipHeader[], flow: Flow): SipHeader[] {
  const own = formatHostPort(flow.local.host, flow.local.port);
  return headers.map(({ name, value }) => {
    if (!OWN_ADDRESS_IN.has(name.toLowerCase())) return { name, value };
    const address = value.includes('<') ? undefined : parseNameAddr(value);
    const transport = name.toLowerCase() === 'contact' && !/;transport=/i.test(value) ? transportParam(flow.transport) : '';
    return { name, value: (address === undefined ? value : formatNameAddr(address)).replace(LOCALHOST, `$1${own}${transport}`) };
  });
}
