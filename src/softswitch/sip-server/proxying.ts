/** Requests a client has proxied (`srf.proxyRequest`): the stack does it, the client hears how it went. */
import { okMessage, refusedMessage } from '../../protocol/drachtio/server-message.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import { parseFragment } from '../../protocol/sip/parse.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import type { OnWire, ProxyPlan, SipStack } from '../sip-stack/api.ts';
import type { CallRecords } from './call-records.ts';
import { endOfFailure } from './call-records.ts';
import type { Calls } from './calls.ts';
import type { Client, ProxyFrame } from './client.ts';
import type { Frames } from './frames.ts';
import { CLIENT_LIMITS } from './outbound.ts';

export class Proxying {
  readonly #stack: SipStack;
  readonly #calls: Calls;
  readonly #frames: Frames;
  readonly #records: CallRecords;

  constructor(stack: SipStack, calls: Calls, frames: Frames, records: CallRecords) {
    this.#stack = stack;
    this.#calls = calls;
    this.#frames = frames;
    this.#records = records;
  }

  /** Answered with any number of `continue` and then `done`, or once with `NOK`. */
  onProxy(client: Client, frame: ProxyFrame): void {
    const pending = this.#calls.pending(frame.transactionId);
    if (pending === undefined || pending.client !== client) {
      this.#refuse(client, frame, `Unknown transaction id: ${frame.transactionId}`);
      return;
    }
    const { transaction } = pending;
    const { message } = transaction.request;
    const plan = this.#planOf(frame, transaction.request);
    if (typeof plan === 'string') {
      this.#calls.deletePending(pending.id);
      // The library takes a request it has proxied for answered, whatever comes of it.
      transaction.respond({ status: 500 });
      this.#refuse(client, frame, plan);
      return;
    }
    let told = true;
    const started = transaction.proxy(plan, {
      onFinal: (response) => {
        if (message.method === 'INVITE') this.#record(response);
        if (told && frame.fullResponse) client.send(this.#frames.proxyResponse(frame.id, response));
      },
      onDone: () => {
        if (told && frame.fullResponse) client.send((id) => okMessage(id, frame.id, 'done'));
        told = false;
      },
    });
    if (!started.ok) {
      // Whoever sent it has had an answer, but for a dialog of ours, which stays the client's to answer in.
      if (started.error !== 'in_dialog') this.#calls.deletePending(pending.id);
      this.#refuse(client, frame, REFUSALS[started.error]);
      return;
    }
    this.#calls.deletePending(pending.id);
    if (!frame.fullResponse) client.send((id) => okMessage(id, frame.id, 'done'));
  }

  #planOf(frame: ProxyFrame, request: OnWire<SipRequest>): ProxyPlan | string {
    const bad = frame.destinations.find((destination) => !/^sips?:/i.test(destination) || parseUri(destination) === undefined);
    if (bad !== undefined || frame.destinations.length === 0) return `error proxying request to ${bad ?? 'no destination'}`;
    const parsed = parseFragment(frame.text, CLIENT_LIMITS);
    if (!parsed.ok) return `invalid SIP message: ${parsed.error}`;
    const headers: readonly SipHeader[] = parsed.value.headers;
    return {
      targets: frame.destinations,
      requestUri: this.#isOwn(request) ? 'replaced' : 'kept',
      headers,
      recordRoute: frame.remainInDialog && request.message.method !== 'REGISTER',
      forking: frame.forking,
      followRedirects: frame.followRedirects,
      provisionalMs: frame.provisionalMs,
      finalMs: frame.finalMs,
    };
  }

  /** Whether the Request-URI is an address of ours: as drachtio-server has it, only that is exchanged for the destination. */
  #isOwn({ message, flow }: OnWire<SipRequest>): boolean {
    const uri = parseUri(message.uri);
    if (uri === undefined || uri.scheme === 'tel') return false;
    const port = uri.port ?? (uri.scheme === 'sips' ? 5061 : 5060);
    return [flow.local, ...this.#stack.addresses].some((own) => own.host === uri.host && own.port === port);
  }

  /** A call that goes through is recorded on both its sides, as drachtio-server has it; a target that refuses on its own. */
  #record({ message }: OnWire<SipResponse>): void {
    if (message.status >= 300) {
      this.#records.stop('network', endOfFailure(message.status), message);
      return;
    }
    this.#records.start('network', 'proxy-uac', message);
    this.#records.start('application', 'proxy-uas', message);
  }

  #refuse(client: Client, frame: ProxyFrame, why: string): void {
    client.send((id) => refusedMessage(id, frame.id, 'NOK', why));
  }
}

/** Texts of drachtio-server where it has one. */
const REFUSALS = {
  transaction_over: 'Response not sent due to unknown transaction',
  in_dialog: 'a request in a dialog of this server cannot be proxied',
  too_many_hops: 'Rejected with 483 Too Many Hops due to Max-Forwards value of 0',
  loop: 'Rejected with 482 Loop Detected',
  extension: 'Rejected with 420 Bad Extension due to Proxy-Require',
} as const;
