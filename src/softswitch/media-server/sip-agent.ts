/**
 * The SIP side of the media server: every call comes in as an INVITE whose X-esl-outbound header names who controls it.
 * With an offer the call is answered and its event socket opened at once; without one (3PCC) we offer, and the socket is
 * opened when the ACK has brought the answer.
 */
import type { Result } from '../../lib/result.ts';
import { headerValue, type SipHeader, type SipRequest } from '../../protocol/sip/message.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import type { Dialog, DialogEnd, OnWire, ServerTransaction, SipUser } from '../sip-stack/api.ts';
import { CallMedia, isUnspecified, readOffer, type AudioOffer, type LocalRtp } from './call-media.ts';
import { Channel, type Caller } from './channel.ts';
import type { Core } from './core.ts';
import { openOutboundSocket, readSocketAddress, type SocketAddress } from './esl-outbound.ts';

export const METHODS = ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'INFO', 'UPDATE'] as const;

export interface SipAgentOptions {
  readonly core: Core;
  /** Address RTP sockets are bound to. */
  readonly rtpHost: string;
  /** The local address to advertise to a far end: one that it can reach. */
  readonly rtpAddress: (peer: string) => Promise<string>;
}

/** A call being set up or up. */
interface Call {
  readonly channel: Channel;
  readonly media: CallMedia;
  readonly control: SocketAddress;
  readonly dialog: Dialog;
  /** The ACK of the initial 200 has come: only then may a BYE leave (RFC 3261 §15). */
  acked: boolean;
  /** The BYE to send as soon as it has. */
  bye: string | undefined;
}

const SDP_TYPE: SipHeader = { name: 'Content-Type', value: 'application/sdp' };
const ACCEPT: SipHeader = { name: 'Accept', value: 'application/sdp' };
const ALLOW: SipHeader = { name: 'Allow', value: METHODS.join(', ') };

export class SipAgent implements SipUser {
  readonly #options: SipAgentOptions;
  readonly #core: Core;
  readonly #calls = new Map<string, Call>();
  /** INVITEs being set up, so that a CANCEL is noticed. */
  readonly #settingUp = new Set<ServerTransaction>();

  constructor(options: SipAgentOptions) {
    this.#options = options;
    this.#core = options.core;
  }

  get calls(): number {
    return this.#calls.size + this.#settingUp.size;
  }

  onRequest(transaction: ServerTransaction): void {
    const { message } = transaction.request;
    if (message.method === 'OPTIONS') {
      transaction.respond({ status: 200, headers: [ALLOW, ACCEPT] });
      return;
    }
    if (transaction.dialog === undefined && message.method === 'INVITE') {
      this.#inBackground(transaction, this.#invite(transaction));
      return;
    }
    const call = transaction.dialog === undefined ? undefined : this.#calls.get(keyOf(transaction.dialog));
    // Also a request that crossed our BYE.
    if (call === undefined) transaction.respond({ status: 481 });
    else this.#onCallRequest(transaction, call);
  }

  #onCallRequest(transaction: ServerTransaction, call: Call): void {
    const { message } = transaction.request;
    switch (message.method) {
      case 'INVITE':
        this.#inBackground(transaction, this.#reoffer(transaction, call));
        return;
      case 'UPDATE':
        if (message.body === '') transaction.respond({ status: 200 });
        else this.#inBackground(transaction, this.#reoffer(transaction, call));
        return;
      case 'BYE':
        transaction.respond({ status: 200 });
        this.#farEndLeft(call);
        return;
      case 'INFO':
        infoDigit(call.channel, message);
        transaction.respond({ status: 200 });
        return;
      default:
        transaction.respond({ status: 405, headers: [ALLOW] });
    }
  }

  onCancel(transaction: ServerTransaction): void {
    this.#settingUp.delete(transaction);
  }

  onAck(_transaction: ServerTransaction, dialog: Dialog, ack: OnWire<SipRequest>): void {
    const call = this.#calls.get(keyOf(dialog));
    if (call === undefined) return;
    const first = !call.acked;
    call.acked = true;
    if (call.bye !== undefined) {
      this.#sendBye(call, call.bye);
      return;
    }
    if (!call.media.awaitsAnswer) return;
    if (!call.media.answered(ack.message.body)) call.channel.hangup('INCOMPATIBLE_DESTINATION');
    else if (first) this.#openSocket(call);
  }

  onDialogEnded(dialog: Dialog, reason: DialogEnd): void {
    const call = this.#calls.get(keyOf(dialog));
    if (call === undefined) return;
    this.#core.log.warn({ channel: call.channel.uuid, reason }, 'SIP dialog ended by the stack');
    this.#calls.delete(keyOf(dialog));
    call.channel.hangup('RECOVERY_ON_TIMER_EXPIRE');
  }

  async #invite(transaction: ServerTransaction): Promise<void> {
    const { message, flow } = transaction.request;
    if (this.#core.channels.size + this.#settingUp.size >= this.#core.limits.channels) {
      transaction.respond({ status: 503, headers: [{ name: 'Retry-After', value: '10' }] });
      return;
    }
    const control = readSocketAddress(headerValue(message, 'X-esl-outbound') ?? '');
    if (control === undefined) {
      // No dialplan matches a call that nobody would control.
      transaction.respond({ status: 404, reason: 'No X-esl-outbound' });
      return;
    }
    if (message.body !== '' && !isSdp(message)) {
      transaction.respond({ status: 415, headers: [ACCEPT] });
      return;
    }
    const offer = message.body === '' ? undefined : readOffer(message.body);
    if (typeof offer === 'string') {
      transaction.respond(offer === 'malformed' ? { status: 400, reason: 'Malformed SDP' } : { status: 488 });
      return;
    }
    this.#settingUp.add(transaction);
    const uuid = this.#core.newUuid();
    // The address first: nothing that can fail comes between the opening of the ports and their owner.
    const peer = offer === undefined || isUnspecified(offer.address) ? flow.remote.host : offer.address;
    const address = await this.#options.rtpAddress(peer);
    const opened = await this.#core.engine.open(uuid, this.#options.rtpHost);
    const wanted = this.#settingUp.delete(transaction);
    if (!opened.ok) {
      this.#core.log.warn({ error: opened.error }, 'no RTP port for a call');
      transaction.respond({ status: 503, headers: [{ name: 'Retry-After', value: '10' }] });
      return;
    }
    if (wanted) this.#answer(transaction, { uuid, control, offer, local: { address, port: opened.port } });
    else this.#core.engine.close(uuid);
  }

  #answer(
    transaction: ServerTransaction,
    start: { readonly uuid: string; readonly control: SocketAddress; readonly offer: AudioOffer | undefined; readonly local: LocalRtp },
  ): void {
    const core = this.#core;
    const caller = readCaller(transaction.request);
    const name = `sofia/${core.identity.profile}/${caller.number === '' ? 'nobody' : caller.number}@${hostPort(transaction)}`;
    const channel = new Channel(core, start.uuid, caller, name, { bye: (reason) => this.#bye(start.uuid, reason) });
    setCallVariables(core, channel, transaction);
    const media = new CallMedia(channel, start.local);
    const body = start.offer === undefined ? media.offer() : media.answer(start.offer, start.local);
    const sent = transaction.respond({ status: 200, headers: [SDP_TYPE, ALLOW], body });
    const { dialog } = transaction;
    if (!sent.ok || dialog === undefined) {
      core.engine.close(start.uuid);
      return;
    }
    channel.setVariable('sip_to_tag', dialog.localTag);
    channel.setVariable('sip_full_to', headerValue(sent.value.message, 'To'));
    const call: Call = { channel, media, control: start.control, dialog, acked: false, bye: undefined };
    this.#calls.set(keyOf(dialog), call);
    core.channels.set(channel.uuid, channel);
    core.counters.sessions++;
    core.counters.peakSessions = Math.max(core.counters.peakSessions, core.channels.size);
    if (start.offer !== undefined) this.#openSocket(call);
  }

  /** The dialplan's `socket` application: `<address> async full`. Without its client the call has no purpose. */
  #openSocket(call: Call): void {
    const { channel, control } = call;
    channel.setVariable('socket_host', control.host);
    channel.startSocketApp({ uuid: this.#core.newUuid(), name: 'socket', argument: `${control.host}:${control.port} async full` });
    channel.socket = openOutboundSocket(this.#core, channel, control, () => channel.socketLost());
  }

  /** A re-INVITE or UPDATE, answered at once and never with a failure it can avoid (D-1, D-25). */
  async #reoffer(transaction: ServerTransaction, call: Call): Promise<void> {
    const { body } = transaction.request.message;
    if (body === '') {
      transaction.respond({ status: 200, headers: [SDP_TYPE, ALLOW], body: call.media.offer() });
      return;
    }
    const offer = readOffer(body);
    if (offer === 'malformed') {
      transaction.respond({ status: 400, reason: 'Malformed SDP' });
      return;
    }
    if (offer === 'no_common_codec') {
      transaction.respond({ status: 200, headers: [SDP_TYPE, ALLOW], body: call.media.refuse(body) });
      return;
    }
    const { local } = call.media;
    const address = isUnspecified(offer.address) ? local.address : await this.#options.rtpAddress(offer.address);
    if (call.channel.ended) {
      transaction.respond({ status: 481 });
      return;
    }
    const answer = call.media.answer(offer, { address, port: local.port });
    transaction.respond({ status: 200, headers: [SDP_TYPE, ALLOW], body: answer });
  }

  #farEndLeft(call: Call): void {
    this.#calls.delete(keyOf(call.dialog));
    call.channel.hangup('NORMAL_CLEARING');
  }

  #bye(uuid: string, reason: string): void {
    const call = [...this.#calls.values()].find(({ channel }) => channel.uuid === uuid);
    // Not there: the far end hung up, or the stack has ended the dialog.
    if (call === undefined) return;
    if (call.acked) this.#sendBye(call, reason);
    else call.bye = reason;
  }

  #sendBye(call: Call, reason: string): void {
    this.#calls.delete(keyOf(call.dialog));
    const ignoreResponse = { onResponse: () => undefined };
    call.dialog.request({ method: 'BYE', headers: [{ name: 'Reason', value: reason }] }, ignoreResponse).then(
      (sent: Result<unknown, { readonly message: string }>) => {
        if (!sent.ok) this.#core.log.warn({ channel: call.channel.uuid, error: sent.error.message }, 'BYE could not be sent');
      },
      (error: unknown) => this.#core.log.error({ error }, 'BYE failed'),
    );
  }

  #inBackground(transaction: ServerTransaction, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#settingUp.delete(transaction);
      this.#core.log.error({ error }, 'a SIP request failed');
      transaction.respond({ status: 500 });
    });
  }
}

function isSdp(message: SipRequest): boolean {
  return (headerValue(message, 'Content-Type') ?? 'application/sdp').toLowerCase().startsWith('application/sdp');
}

function keyOf(dialog: Dialog): string {
  return `${dialog.callId};${dialog.localTag}`;
}

function readCaller(request: OnWire<SipRequest>): Caller {
  const from = parseNameAddr(headerValue(request.message, 'From') ?? '');
  return {
    name: from?.display === undefined || from.display === '' ? 'unknown' : from.display,
    number: userOf(from?.uri ?? ''),
    address: request.flow.remote.host,
    destination: userOf(request.message.uri),
  };
}

function userOf(text: string): string {
  const uri = parseUri(text);
  return uri === undefined || uri.scheme === 'tel' ? '' : (uri.user ?? '');
}

function hostPort(transaction: ServerTransaction): string {
  const { host, port } = transaction.request.flow.remote;
  return `${host}:${port}`;
}

/** The variables FreeSWITCH and its dialplan set on a call before the client gets it, as far as they mean something here. */
function setCallVariables(core: Core, channel: Channel, transaction: ServerTransaction): void {
  const { message, flow } = transaction.request;
  const header = (name: string): string | undefined => headerValue(message, name);
  const values: Readonly<Record<string, string | undefined>> = {
    direction: 'inbound',
    uuid: channel.uuid,
    session_id: String(core.counters.sessions + 1),
    sip_from_user: channel.caller.number === '' ? 'nobody' : channel.caller.number,
    sip_from_host: flow.remote.host,
    sip_from_port: String(flow.remote.port),
    channel_name: channel.name,
    sip_local_network_addr: flow.local.host,
    sip_network_ip: flow.remote.host,
    sip_network_port: String(flow.remote.port),
    sip_received_ip: flow.remote.host,
    sip_received_port: String(flow.remote.port),
    sip_via_protocol: flow.transport,
    sofia_profile_name: core.identity.profile,
    sofia_profile_url: `sip:mod_sofia@${core.sipAddress()}`,
    sip_req_user: channel.caller.destination,
    sip_req_uri: message.uri.replace(/^sips?:/, ''),
    sip_user_agent: header('User-Agent'),
    sip_call_id: header('Call-ID'),
    sip_full_via: header('Via'),
    sip_full_from: header('From'),
    sip_full_to: header('To'),
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

/** SIP INFO digits count only when the call has no telephone-event (F-23); the caller's own INFO goes to the application. */
function infoDigit(channel: Channel, message: SipRequest): void {
  if (channel.variables.get('dtmf_type') !== 'info') return;
  const type = (headerValue(message, 'Content-Type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/dtmf-relay' && type !== 'application/dtmf') return;
  const text = type === 'application/dtmf-relay' ? /^\s*Signal\s*=\s*(\S{1,2})/im.exec(message.body)?.[1] : message.body.trim();
  const digit = text === '10' ? '*' : text === '11' ? '#' : text?.toUpperCase();
  const ms = Number(/^\s*Duration\s*=\s*(\d{1,5})/im.exec(message.body)?.[1] ?? '250');
  if (digit !== undefined && /^[0-9A-D*#]$/.test(digit)) channel.digit({ digit, duration: ms * 8, source: 'ENDPOINT' });
}
