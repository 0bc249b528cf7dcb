/**
 * The SIP side of the media server: every call comes in as an INVITE whose X-esl-outbound header names who controls it.
 * With an offer the call is answered and its event socket opened at once; without one (3PCC) we offer, and the socket is
 * opened when the ACK has brought the answer.
 */
import { headerValue, type SipHeader, type SipRequest } from '../../protocol/sip/message.ts';
import type { AudioCodec } from '../../protocol/sdp/audio.ts';
import type { Dialog, DialogEnd, OnWire, ServerTransaction, SipUser } from '../sip-stack/api.ts';
import { isUnspecified, readOffer, type AudioOffer, type LocalRtp } from './call-media.ts';
import { readCaller, setCallVariables } from './call-variables.ts';
import type { Channel } from './channel.ts';
import type { Core } from './core.ts';
import { SDP_TYPE, SipCall } from './sip-call.ts';
import { readSocketAddress, type SocketAddress } from './socket-address.ts';

export const METHODS = ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'INFO', 'UPDATE'] as const;

export interface SipAgentOptions {
  readonly core: Core;
  /** Address to bind RTP sockets to that are to reach a far end: one of its family. */
  readonly rtpHost: (peer: string) => string;
  /** The local address to advertise to a far end: one that it can reach. */
  readonly rtpAddress: (peer: string) => Promise<string>;
  /** In the order an offer of ours lists them. */
  readonly codecs: readonly AudioCodec[];
}

/** Names what belongs together: the engine keeps calls of one place close to each other. */
const PLACE_HEADER = 'X-Vestibule-Place';
/** `brief`: who controls the call knows it, and reads of its events only what happened. */
const EVENTS_HEADER = 'X-Vestibule-Events';
const ACCEPT: SipHeader = { name: 'Accept', value: 'application/sdp' };
const ALLOW: SipHeader = { name: 'Allow', value: METHODS.join(', ') };

export class SipAgent implements SipUser {
  readonly #options: SipAgentOptions;
  readonly #core: Core;
  readonly #calls = new Map<string, SipCall>();
  /** INVITEs being set up, so that a CANCEL is noticed. */
  readonly #settingUp = new Set<ServerTransaction>();

  constructor(options: SipAgentOptions) {
    this.#options = options;
    this.#core = options.core;
  }

  get calls(): number {
    return this.#calls.size + this.#settingUp.size;
  }

  /** From here on what happens in the dialog is the call's. */
  adopt(call: SipCall, dialog: Dialog): void {
    call.attach(dialog);
    this.#calls.set(keyOf(dialog), call);
  }

  forget(call: SipCall): void {
    if (call.dialog !== undefined) this.#calls.delete(keyOf(call.dialog));
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

  #onCallRequest(transaction: ServerTransaction, call: SipCall): void {
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
        call.gone();
        call.channel.hangup('NORMAL_CLEARING');
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
    this.#calls.get(keyOf(dialog))?.confirmed(ack.message.body);
  }

  onDialogEnded(dialog: Dialog, reason: DialogEnd): void {
    const call = this.#calls.get(keyOf(dialog));
    if (call === undefined) return;
    this.#core.log.warn({ channel: call.channel.uuid, reason }, 'SIP dialog ended by the stack');
    call.gone();
    call.channel.hangup('RECOVERY_ON_TIMER_EXPIRE');
  }

  async #invite(transaction: ServerTransaction): Promise<void> {
    const { message, flow } = transaction.request;
    if (this.#core.sessions.admit(this.#core.channels.size + this.#settingUp.size) !== 'admitted') {
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
    const offer = message.body === '' ? undefined : readOffer(message.body, this.#options.codecs);
    if (typeof offer === 'string') {
      transaction.respond(offer === 'malformed' ? { status: 400, reason: 'Malformed SDP' } : { status: 488 });
      return;
    }
    this.#settingUp.add(transaction);
    const uuid = this.#core.newUuid();
    // The address first: nothing that can fail comes between the opening of the ports and their owner.
    const peer = offer === undefined || isUnspecified(offer.address) ? flow.remote.host : offer.address;
    const address = await this.#options.rtpAddress(peer);
    const opened = await this.#core.engine.open(uuid, this.#options.rtpHost(peer), headerValue(message, PLACE_HEADER));
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
    const { request } = transaction;
    const caller = readCaller(request);
    const { host, port } = request.flow.remote;
    const call = new SipCall({
      core,
      uuid: start.uuid,
      caller,
      name: `sofia/${core.identity.profile}/${caller.number === '' ? 'nobody' : caller.number}@${host}:${port}`,
      callDirection: 'inbound',
      eventDetail: headerValue(request.message, EVENTS_HEADER) === 'brief' ? 'brief' : 'full',
      local: start.local,
      codecs: this.#options.codecs,
      answered: () => openSocket(channel, start.control),
      forget: (gone) => this.forget(gone),
    });
    const { channel, media } = call;
    core.sessions.begun(core.channels.size + 1);
    setCallVariables(channel, request);
    channel.created();
    const body = start.offer === undefined ? call.offerInAnswer() : media.answer(start.offer, start.local);
    const sent = transaction.respond({ status: 200, headers: [SDP_TYPE, ALLOW], body });
    const { dialog } = transaction;
    if (!sent.ok || dialog === undefined) {
      channel.hangup('ORIGINATOR_CANCEL');
      return;
    }
    channel.setVariable('sip_to_tag', dialog.localTag);
    channel.setVariable('sip_full_to', headerValue(sent.value.message, 'To'));
    this.adopt(call, dialog);
    core.channels.set(channel.uuid, channel);
    channel.answered();
    if (start.offer !== undefined) openSocket(channel, start.control);
  }

  /** A re-INVITE or UPDATE, answered at once and never with a failure it can avoid (D-1, D-25). */
  async #reoffer(transaction: ServerTransaction, call: SipCall): Promise<void> {
    const { body } = transaction.request.message;
    if (body === '') {
      transaction.respond({ status: 200, headers: [SDP_TYPE, ALLOW], body: call.offerInAnswer() });
      return;
    }
    const offer = readOffer(body, this.#options.codecs);
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

  #inBackground(transaction: ServerTransaction, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#settingUp.delete(transaction);
      this.#core.log.error({ error }, 'a SIP request failed');
      transaction.respond({ status: 500 });
    });
  }
}

/** The dialplan's `socket` application: `<address> async full`. Without its client the call has no purpose. */
function openSocket(channel: Channel, control: SocketAddress): void {
  channel.setVariable('socket_host', control.host);
  channel.startSocketApp({ uuid: channel.core.newUuid(), name: 'socket', argument: `${control.host}:${control.port} async full` });
  channel.socket = channel.core.openSocket(channel, control, () => channel.socketLost());
}

function isSdp(message: SipRequest): boolean {
  return (headerValue(message, 'Content-Type') ?? 'application/sdp').toLowerCase().startsWith('application/sdp');
}

function keyOf(dialog: Dialog): string {
  return `${dialog.callId};${dialog.localTag}`;
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
