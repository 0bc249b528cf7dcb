/** SIP messages as frames for a client: each answers a builder for `Client.send`. */
import type { Scheduler } from '../../lib/machine.ts';
import type { Push, SipMeta } from '../../protocol/drachtio/server-message.ts';
import { proxyResponse, pushMessage, requestEcho, responseEcho } from '../../protocol/drachtio/server-message.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import type { Flow, HostPort, OnWire } from '../sip-stack/api.ts';

type Frame = (msgId: string) => string;

export class Frames {
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  push(
    source: Push['source'],
    wire: OnWire<SipMessage>,
    transactionId: string,
    dialogId: string,
    more: { readonly protocol?: string; readonly receivedOn?: { readonly address: string; readonly port: number } } = {},
  ): Frame {
    // A message of our own comes from our own address.
    const meta = this.#meta(wire, source === 'network' ? wire.flow.remote : wire.flow.local, more.protocol ?? protocolOf(wire.flow));
    const push: Push = {
      source,
      meta,
      transactionId,
      dialogId,
      ...(more.receivedOn === undefined ? {} : { receivedOn: more.receivedOn }),
      sip: serialize(wire.message),
    };
    return (msgId) => pushMessage(msgId, push);
  }

  /** A response the stack made because none came: from nobody, and no byte of it was on the network. */
  pushLocal(wire: OnWire<SipResponse>, transactionId: string, dialogId: string): Frame {
    const meta: SipMeta = { bytes: 0, protocol: wire.flow.transport, address: '', port: 0, time: this.#scheduler.now() };
    const push: Push = { source: 'network', meta, transactionId, dialogId, sip: serialize(wire.message) };
    return (msgId) => pushMessage(msgId, push);
  }

  requestEcho(answers: string, wire: OnWire<SipRequest>, transactionId: string): Frame {
    // As drachtio-server has it: our own address for UDP, the other end of a connection.
    const meta = this.#meta(wire, wire.flow.transport === 'udp' ? wire.flow.local : wire.flow.remote, protocolOf(wire.flow));
    return (msgId) => requestEcho(msgId, answers, meta, transactionId, serialize(wire.message));
  }

  /** drachtio-server leaves the protocol empty in echoes of responses to anything but INVITE. */
  responseEcho(answers: string, wire: OnWire<SipResponse>, method: string, transactionId: string, dialogId: string): Frame {
    const meta = this.#meta(wire, wire.flow.remote, method === 'INVITE' ? protocolOf(wire.flow) : '');
    return (msgId) => responseEcho(msgId, answers, meta, transactionId, dialogId, serialize(wire.message));
  }

  proxyResponse(answers: string, wire: OnWire<SipResponse>): Frame {
    const meta = this.#meta(wire, wire.flow.remote, protocolOf(wire.flow));
    return (msgId) => proxyResponse(msgId, answers, meta, serialize(wire.message));
  }

  #meta({ bytes }: OnWire<SipMessage>, { host, port }: HostPort, protocol: string): SipMeta {
    return { bytes, protocol, address: host, port, time: this.#scheduler.now() };
  }
}

/** drachtio-server calls WS and WSS `tcp`. */
function protocolOf({ transport }: Flow): 'udp' | 'tcp' | 'tls' {
  return transport === 'ws' || transport === 'wss' ? 'tcp' : transport;
}
