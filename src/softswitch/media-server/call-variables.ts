/** The variables FreeSWITCH and its dialplan set on an incoming call before the client gets it, as far as they mean something here. */
import { headerValue, type SipRequest } from '../../protocol/sip/message.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import type { Flow, OnWire } from '../sip-stack/api.ts';
import type { Caller, Channel } from './channel.ts';

export function readCaller(request: OnWire<SipRequest>): Caller {
  const from = parseNameAddr(headerValue(request.message, 'From') ?? '');
  return {
    name: from?.display === undefined || from.display === '' ? 'unknown' : from.display,
    number: addressOf(from?.uri ?? '').user,
    address: request.flow.remote.host,
    destination: addressOf(request.message.uri).user,
  };
}

export function setCallVariables(channel: Channel, { message, flow }: OnWire<SipRequest>): void {
  const { core, caller } = channel;
  const header = (name: string): string | undefined => headerValue(message, name);
  const values: Readonly<Record<string, string | undefined>> = {
    direction: 'inbound',
    uuid: channel.uuid,
    session_id: String(core.sessions.total),
    ...parts('sip_from', caller.number === '' ? 'nobody' : caller.number, flow.remote.host, flow.remote.port),
    video_media_flow: 'disabled',
    text_media_flow: 'disabled',
    channel_name: channel.name,
    sip_call_id: header('Call-ID'),
    ...network(flow),
    sip_invite_stamp: String(core.scheduler.now() * 1_000),
    sip_from_tag: parseNameAddr(header('From') ?? '')?.params.get('tag') ?? undefined,
    sofia_profile_name: core.identity.profile,
    sofia_profile_url: `sip:mod_sofia@${core.sipAddress()}`,
    recovery_profile_name: core.identity.profile,
    sip_full_via: header('Via'),
    sip_full_from: header('From'),
    sip_full_to: header('To'),
    ...uriParts('sip_req', message.uri),
    ...uriParts('sip_to', parseNameAddr(header('To') ?? '')?.uri ?? ''),
    ...uriParts('sip_contact', parseNameAddr(header('Contact') ?? '')?.uri ?? '', 'nobody'),
    sip_user_agent: header('User-Agent'),
    ...via(header('Via') ?? ''),
    max_forwards: header('Max-Forwards'),
    sip_cseq: header('CSeq')?.split(' ')[0],
    call_uuid: channel.uuid,
    dtmf_type: 'rfc2833',
    endpoint_disposition: 'ANSWER',
    send_silence_when_idle: '-1',
    hangup_after_bridge: 'false',
    park_after_bridge: 'true',
    playback_terminators: 'none',
  };
  for (const [name, value] of Object.entries(values)) channel.setVariable(name, value);
  for (const { name, value } of message.headers) {
    if (/^X-[\w-]{1,64}$/i.test(name)) channel.setVariable(`sip_h_${name}`, value);
  }
}

function network({ local, remote, transport }: Flow): Readonly<Record<string, string>> {
  return {
    sip_local_network_addr: local.host,
    sip_network_ip: remote.host,
    sip_network_port: String(remote.port),
    sip_received_ip: remote.host,
    sip_received_port: String(remote.port),
    sip_via_protocol: transport,
  };
}

function via(text: string): Readonly<Record<string, string | undefined>> {
  const [, host, port] = /^\S+\s+(\[[^\]]+\]|[^:;,\s]+)(?::(\d{1,5}))?/.exec(text) ?? [];
  return { sip_via_host: host, sip_via_port: port, sip_via_rport: /;rport=(\d{1,5})/.exec(text)?.[1] };
}

function uriParts(prefix: string, text: string, nobody = ''): Readonly<Record<string, string>> {
  const { user, host, port } = addressOf(text);
  return host === '' ? {} : parts(prefix, user === '' ? nobody : user, host, port);
}

function parts(prefix: string, user: string, host: string, port: number | undefined): Readonly<Record<string, string>> {
  const at = user === '' ? '' : `${user}@`;
  return {
    [`${prefix}_user`]: user,
    [`${prefix}_port`]: port === undefined ? '' : String(port),
    [`${prefix}_uri`]: `${at}${host}${port === undefined ? '' : `:${port}`}`,
    [`${prefix}_host`]: host,
  };
}

function addressOf(text: string): { readonly user: string; readonly host: string; readonly port: number | undefined } {
  const uri = parseUri(text);
  return uri === undefined || uri.scheme === 'tel' ? { user: '', host: '', port: undefined } : { user: uri.user ?? '', host: uri.host, port: uri.port };
}
