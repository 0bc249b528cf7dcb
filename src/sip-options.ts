/** The configuration in the words of the SIP stack. */
import { networkInterfaces } from 'node:os';
import type { Config } from './config/schema.ts';
import type { ListenAddress, NatOptions, SipLimits, TlsOptions, Transport } from './softswitch/sip-stack/api.ts';
import { DEFAULT_LIMITS } from './softswitch/sip-stack/limits.ts';
import { LOOPBACK } from './softswitch/sip-stack/networks.ts';

/** Every transport that is on, on every address. */
export function listenAddresses({ host, hosts, port, tls, ws, wss }: Config['sip']): readonly ListenAddress[] {
  const ports: readonly (readonly [Transport, number | null])[] = [['udp', port], ['tcp', port], ['tls', tls.port], ['ws', ws.port], ['wss', wss.port]];
  return [host, ...hosts].flatMap((address) => ports.flatMap(([transport, own]) => (own === null ? [] : [{ transport, host: address, port: own }])));
}

export function tlsOptions({ certFile, keyFile, caFile, verifyPeers }: Config['sip']['tls']): { readonly tls?: TlsOptions } {
  if (certFile === null || keyFile === null) return {};
  return { tls: { certFile, keyFile, ...(caFile === null ? {} : { caFile }), verify: verifyPeers } };
}

export function natOptions({ externalAddress, localNetworks }: Config['sip']): { readonly nat?: NatOptions } {
  if (externalAddress === null) return {};
  return { nat: { externalAddress, localNetworks: localNetworks.length === 0 ? ownNetworks() : localNetworks } };
}

function ownNetworks(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).flatMap(({ cidr }) => cidr ?? []));
}

/** A call has a dialog with the caller, and one with the media server where that is a SIP peer of ours. */
const dialogsPerCall = 4;

export function sipLimits({ calls, sipMessageBytes, sipConnections, sipHalfOpen, sipTransactions, loopLag, perSource, exempt }: Config['limits']): Partial<SipLimits> {
  return {
    messageBytes: sipMessageBytes,
    connections: sipConnections,
    halfOpenConnections: sipHalfOpen,
    transactions: sipTransactions,
    dialogs: Math.max(DEFAULT_LIMITS.dialogs, dialogsPerCall * calls),
    loopLagMs: loopLag * 1000,
    connectionsPerSource: perSource.connections,
    messagesPerSource: perSource.messages,
    invitesPerSource: perSource.invites,
    registersPerSource: perSource.registers,
    optionsPerSource: perSource.options,
    exempt: [...LOOPBACK, ...exempt],
  };
}
