/** What a dialog is made of when a message makes it (RFC 3261 §12.1, RFC 6665 §4.4.1). */
import { listValues } from '../../protocol/sip/lists.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import type { Parsed } from '../../protocol/sip/parse.ts';
import type { Flow, OnWire } from './api.ts';

export interface DialogParts {
  readonly role: 'uac' | 'uas';
  /** What made it, and so what ends it: a BYE, or the end of the subscription (RFC 6665 §4.4.1). */
  readonly usage: 'call' | 'subscription';
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From of our requests, with tag; To of our requests, with tag. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  readonly localSeq: number;
  readonly remoteSeq: number | undefined;
  readonly source: Flow;
  /** The message of the peer that made it. */
  readonly peer: SipMessage;
  /** The session description we sent so far; may be empty. */
  readonly localSdp: string;
}

export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}

/** By our answer to a request (RFC 3261 §12.1.1); `to` is its To, with our tag. */
export function partsOfServer({ message, flow }: OnWire<SipRequest>, parsed: Parsed, localTag: string, to: string, localSeq: number): DialogParts {
  return {
    role: 'uas',
    usage: usageOf(message),
    callId: parsed.callId,
    localTag,
    remoteTag: parsed.fromTag ?? '',
    localAddress: to,
    remoteAddress: headerValue(message, 'From') ?? '',
    remoteTarget: contactUri(message) ?? message.uri,
    routeSet: listValues(message, 'Record-Route'),
    localSeq,
    remoteSeq: parsed.cseq.number,
    source: flow,
    peer: message,
    localSdp: '',
  };
}

/** By the answer to our request (RFC 3261 §12.1.2). */
export function partsOfClient(request: SipRequest, parsed: Parsed, response: SipResponse, flow: Flow): DialogParts {
  return {
    role: 'uac',
    usage: usageOf(request),
    callId: parsed.callId,
    localTag: parsed.fromTag ?? '',
    remoteTag: parsed.toTag ?? '',
    localAddress: headerValue(request, 'From') ?? '',
    remoteAddress: headerValue(response, 'To') ?? '',
    remoteTarget: contactUri(response) ?? request.uri,
    routeSet: listValues(response, 'Record-Route').reverse(),
    localSeq: parsed.cseq.number,
    remoteSeq: undefined,
    source: flow,
    peer: response,
    localSdp: request.body,
  };
}

/** By a NOTIFY about our SUBSCRIBE or REFER (RFC 6665 §4.4.1). */
export function partsOfNotify(request: SipRequest, notify: SipRequest, parsed: Parsed, flow: Flow): DialogParts {
  return {
    role: 'uac',
    usage: 'subscription',
    callId: parsed.callId,
    localTag: parsed.toTag ?? '',
    remoteTag: parsed.fromTag ?? '',
    localAddress: headerValue(request, 'From') ?? '',
    remoteAddress: headerValue(notify, 'From') ?? '',
    remoteTarget: contactUri(notify) ?? request.uri,
    routeSet: listValues(notify, 'Record-Route'),
    localSeq: parseInt(headerValue(request, 'CSeq') ?? '0', 10),
    remoteSeq: undefined,
    source: flow,
    peer: notify,
    localSdp: '',
  };
}

export function contactUri(message: SipMessage): string | undefined {
  return parseNameAddr(listValues(message, 'Contact')[0] ?? '')?.uri;
}

function usageOf(request: SipRequest): DialogParts['usage'] {
  return request.method === 'INVITE' ? 'call' : 'subscription';
}
