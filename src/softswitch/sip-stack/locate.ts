/** Where a request for a SIP URI can be sent, best first (RFC 3263 §4). */
import { isIP } from 'node:net';
import type { SipUri } from '../../protocol/sip/uri.ts';
import type { HostPort, Transport } from './api.ts';
import type { Names, Naptr, Srv } from './names.ts';

/** `host` is an IP address. */
export interface Destination extends HostPort {
  readonly transport: Transport;
  /** The name the URI has, for the certificate (RFC 5922 §7.1). */
  readonly serverName?: string;
}

/** A request is tried at no more places than this; each may cost 32 s (RFC 3263 §4.3). */
const MAX_DESTINATIONS = 8;

/** NAPTR services (RFC 3263 §4.1, RFC 7118 §7.2) and the SRV prefix of each transport. */
const SERVICES: Readonly<Record<string, Transport>> = { 'sip+d2u': 'udp', 'sip+d2t': 'tcp', 'sips+d2t': 'tls', 'sip+d2w': 'ws', 'sips+d2w': 'wss' };
const SRV_PREFIX: Readonly<Record<Transport, string>> = { udp: '_sip._udp', tcp: '_sip._tcp', tls: '_sips._tcp', ws: '_sip._ws', wss: '_sips._ws' };
/** §4.1: what is tried without NAPTR, in this order. */
const BY_SRV: readonly Transport[] = ['udp', 'tcp', 'tls'];

export function isSecure(transport: Transport): boolean {
  return transport === 'tls' || transport === 'wss';
}

/** RFC 3261 §19.1.2, RFC 7118 §7.2. */
export function defaultPort(transport: Transport): number {
  switch (transport) {
    case 'udp':
    case 'tcp':
      return 5060;
    case 'tls':
      return 5061;
    case 'ws':
      return 80;
    case 'wss':
      return 443;
  }
}

/** The transport a `transport` parameter names (RFC 3261 §26.2.2: a sips URI over TCP is TLS); undefined when it is unknown. */
export function namedTransport(name: string, sips: boolean): Transport | undefined {
  switch (name.toLowerCase()) {
    case 'udp':
      return sips ? undefined : 'udp';
    case 'tcp':
      return sips ? 'tls' : 'tcp';
    case 'tls':
      return 'tls';
    case 'ws':
      return sips ? 'wss' : 'ws';
    case 'wss':
      return 'wss';
    default:
      return undefined;
  }
}

export interface LocateOptions {
  readonly names: Names;
  /** The transports we have, as far as this URI goes. */
  readonly has: (transport: Transport) => boolean;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
}

/** No transport of ours will do: `transport_not_available`. An empty list: nothing was found. */
export async function locate(uri: SipUri, { names, has, random }: LocateOptions): Promise<readonly Destination[] | 'transport_not_available'> {
  const sips = uri.scheme === 'sips';
  const target = uri.params.get('maddr') ?? uri.host;
  const named = uri.params.get('transport');
  const transport = named === undefined ? undefined : namedTransport(named, sips);
  const usable = (wanted: Transport): boolean => has(wanted) && (!sips || isSecure(wanted));
  if (named !== undefined && (transport === undefined || !usable(transport))) return 'transport_not_available';
  const usual: Transport = transport ?? (sips ? 'tls' : 'udp');
  const found: Destination[] = [];
  const add = async (by: Transport, host: string, port: number): Promise<void> => {
    const addresses = isIP(host) === 0 ? await names.addresses(host) : [host];
    const serverName = isSecure(by) && isIP(uri.host) === 0 ? { serverName: uri.host } : {};
    for (const address of addresses) found.push({ transport: by, host: address, port, ...serverName });
  };

  // §4.1, §4.2: an address or a port leaves nothing to ask but the address. A name without a dot has no zone to ask.
  if (isIP(target) !== 0 || uri.port !== undefined || !target.includes('.')) {
    if (!usable(usual)) return 'transport_not_available';
    await add(usual, target, uri.port ?? defaultPort(usual));
    return found.slice(0, MAX_DESTINATIONS);
  }
  const services = transport === undefined ? await servicesOf(target, names, usable) : [{ transport, name: `${SRV_PREFIX[transport]}.${target}` }];
  const offers = await Promise.all(services.map(async (service) => ({ service, records: await names.srv(service.name) })));
  for (const { service, records } of offers) {
    for (const { name, port } of bySrvOrder(records, random)) {
      // RFC 2782: "." says that the service is not offered, and the name is not to be tried itself.
      if (name !== '' && name !== '.' && found.length < MAX_DESTINATIONS) await add(service.transport, name, port);
    }
  }
  if (offers.some(({ records }) => records.length > 0)) return found.slice(0, MAX_DESTINATIONS);
  // §4.2: without SRV the name itself, at the default port.
  if (!usable(usual)) return 'transport_not_available';
  await add(usual, target, defaultPort(usual));
  return found.slice(0, MAX_DESTINATIONS);
}

interface Service {
  readonly transport: Transport;
  /** Whose SRV records say where it is. */
  readonly name: string;
}

/** §4.1: what the domain offers and we can, as NAPTR has it; without NAPTR, what there may be SRV records for. */
async function servicesOf(domain: string, names: Names, usable: (transport: Transport) => boolean): Promise<readonly Service[]> {
  const records = [...(await names.naptr(domain))].sort((a, b) => a.order - b.order || a.preference - b.preference);
  const offered = records.flatMap((record): Service[] => {
    const transport = serviceOf(record);
    return transport !== undefined && usable(transport) ? [{ transport, name: record.replacement }] : [];
  });
  if (offered.length > 0) return offered;
  return BY_SRV.filter(usable).map((transport) => ({ transport, name: `${SRV_PREFIX[transport]}.${domain}` }));
}

function serviceOf({ flags, service, replacement }: Naptr): Transport | undefined {
  return flags.toLowerCase() === 's' && replacement !== '' ? SERVICES[service.toLowerCase()] : undefined;
}

/** RFC 2782: the lowest priority first; among equals chance, by weight. */
export function bySrvOrder(records: readonly Srv[], random: () => number): Srv[] {
  const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: Srv[] = [];
  while (left[0] !== undefined) {
    const { priority } = left[0];
    const equals = left.filter((record) => record.priority === priority);
    const total = equals.reduce((sum, { weight }) => sum + weight, 0);
    // A number from 0 to the sum, both included, and the first whose running sum reaches it.
    let drawn = Math.floor(random() * (total + 1));
    const chosen = equals.find(({ weight }) => (drawn -= weight) <= 0) ?? left[0];
    ordered.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return ordered;
}
