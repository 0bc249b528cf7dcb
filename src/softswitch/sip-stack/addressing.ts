/** URIs and headers that name our own address or a next hop (RFC 3261 §8.1.1.8, §8.1.2, §18.1.1). */
import { splitOutsideQuotes } from '../../protocol/sip/lists.ts';
import type { SipHeader, SipRequest } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { formatNameAddr, parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { SipUri } from '../../protocol/sip/uri.ts';
import { formatHostPort, parseUri } from '../../protocol/sip/uri.ts';
import { parseVia } from '../../protocol/sip/via.ts';
import type { Flow, HostPort, OnWire, Transport } from './api.ts';

export function contactHeader(flow: Flow): SipHeader {
  const transport = flow.transport === 'udp' ? '' : `;transport=${flow.transport}`;
  return { name: 'Contact', value: `<sip:${formatHostPort(flow.local.host, flow.local.port)}${transport}>` };
}

export function viaHeader(flow: Flow, branch: string): SipHeader {
  const address = formatHostPort(flow.local.host, flow.local.port);
  return { name: 'Via', value: `SIP/2.0/${flow.transport.toUpperCase()} ${address};rport;branch=${branch}` };
}

/** Where the responses to a request go (RFC 3261 §18.2.2, RFC 3581 §4): its connection, or the address its Via gives. */
export function responseFlow({ message, flow }: OnWire<SipRequest>, connected: boolean): Flow {
  if (connected) return flow;
  const via = parseVia(splitOutsideQuotes(headerValue(message, 'Via') ?? '', ',')[0] ?? '');
  if (flow.transport === 'udp' && via?.params.has('rport') === true) return flow;
  return { ...flow, remote: { host: flow.remote.host, port: via?.port ?? 5060 } };
}

export interface Destination extends HostPort {
  readonly transport: Transport;
}

/** Where a SIP URI is to be sent (RFC 3263 §4.1, without NAPTR and SRV); undefined when the transport is not one of ours. */
export function destinationOf(uri: SipUri): Destination | undefined {
  const transport = uri.params.get('transport')?.toLowerCase() ?? 'udp';
  if (uri.scheme === 'sips' || (transport !== 'udp' && transport !== 'tcp')) return undefined;
  const maddr = uri.params.get('maddr');
  return { transport, host: maddr ?? uri.host, port: uri.port ?? 5060 };
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

const LOCALHOST = /(sips?:(?:[^@<>\s]*@)?)localhost(?::\d+)?(?=[;?>\s]|$)/gi;

/**
 * Applications do not know which address the peer will see us by, and write `localhost`. A bare URI gets its brackets:
 * without them its parameters would become the header's (RFC 3261 §20.10).
 */
export function withOwnAddress(headers: readonly SipHeader[], flow: Flow): SipHeader[] {
  const own = formatHostPort(flow.local.host, flow.local.port);
  return headers.map(({ name, value }) => {
    if (!OWN_ADDRESS_IN.has(name.toLowerCase())) return { name, value };
    const address = value.includes('<') ? undefined : parseNameAddr(value);
    return { name, value: (address === undefined ? value : formatNameAddr(address)).replace(LOCALHOST, `$1${own}`) };
  });
}
