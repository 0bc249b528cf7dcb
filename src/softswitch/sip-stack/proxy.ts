/** A request proxied: the copies that are sent of it and the way of their responses back (RFC 3261 §16). */
import { unreachable } from '../../lib/result.ts';
import type { SipRequest, SipResponse } from '../../protocol/sip/message.ts';
import type { ResponseContextEffect, ResponseContextEvent } from '../../protocol/sip/response-context.ts';
import { responseContext, stepResponseContext } from '../../protocol/sip/response-context.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import type { SipUri } from '../../protocol/sip/uri.ts';
import { parseSipUri, viaHeader, without } from './addressing.ts';
import type { ClientTransaction, Flow, OnWire, ProxyListener, ProxyPlan } from './api.ts';
import type { Context } from './context.ts';
import { nextHop, proxyRefusal, withFewerForwards, withoutTopVia, withStrictRoute } from './proxied-message.ts';
import type { TransactionMachine } from './transaction-machine.ts';
import { transactionMachine } from './transaction-machine.ts';

/** The side the request came from. */
export interface Upstream {
  readonly request: OnWire<SipRequest>;
  forward(response: SipResponse): void;
  refuse(status: number): void;
  /** Ends it without an answer. */
  abandon(): void;
}

/** Headers of the request that no plan changes. */
const FIXED = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'max-forwards', 'route', 'record-route', 'content-length']);
export class Proxy {
  readonly #context: Context;
  readonly #upstream: Upstream;
  /** The request with the Routes that are still to be followed. */
  readonly #request: SipRequest;
  readonly #plan: ProxyPlan;
  readonly #listener: ProxyListener;
  readonly #machine: TransactionMachine<ResponseContextEvent>;
  /** By branch number; `cancelled` before its request went out. */
  readonly #sent = new Map<number, ClientTransaction | 'cancelled'>();

  constructor(context: Context, upstream: Upstream, request: SipRequest, plan: ProxyPlan, listener: ProxyListener) {
    this.#context = context;
    this.#upstream = upstream;
    this.#request = request;
    this.#plan = plan;
    this.#listener = listener;
    const { forking, followRedirects, provisionalMs, finalMs } = plan;
    const policy = { invite: request.method === 'INVITE', forking, followRedirects, provisionalMs, finalMs };
    this.#machine = transactionMachine(context, responseContext(plan.targets, policy), stepResponseContext, (effect) => this.#run(effect));
  }

  start(): void {
    this.#machine.post({ type: 'start' });
  }

  cancel(): void {
    this.#machine.post({ type: 'cancel' });
  }

  stop(): void {
    this.#machine.stop();
  }

  #run(effect: Exclude<ResponseContextEffect, { do: 'startTimer' | 'cancelTimer' }>): void {
    switch (effect.do) {
      case 'send':
        this.#send(effect.branch, effect.target).catch((error: unknown) => {
          this.#context.log.error({ error }, 'sip: forwarding a request failed');
          this.#machine.post({ type: 'failed', branch: effect.branch, status: 503 });
        });
        break;
      case 'cancel': {
        const sent = this.#sent.get(effect.branch);
        if (sent === undefined) this.#sent.set(effect.branch, 'cancelled');
        else if (sent !== 'cancelled') sent.cancel();
        break;
      }
      case 'forward':
        this.#upstream.forward(withoutTopVia(effect.response));
        break;
      case 'answer':
        // RFC 4320 §4.2: a 408 to anything but INVITE comes too late to be of use.
        if (effect.status === 408 && this.#request.method !== 'INVITE') this.#upstream.abandon();
        else this.#upstream.refuse(effect.status);
        break;
      case 'done':
        this.#context.tell('onDone', () => this.#listener.onDone());
        break;
      default:
        unreachable(effect);
    }
  }

  async #send(branch: number, target: string): Promise<void> {
    const { uri, hop } = this.#wayTo(target);
    const started =
      hop === undefined
        ? undefined
        : await this.#context.forward(hop, (flow) => this.#copy(uri, flow), {
            onResponse: (response, origin) => this.#onResponse(branch, response, origin),
          });
    if (started === undefined || 'code' in started) {
      // §16.9: what could not be sent is as good as answered with 503.
      this.#machine.post({ type: 'failed', branch, status: 503 });
      return;
    }
    if (this.#sent.get(branch) === 'cancelled') started.cancel();
    this.#sent.set(branch, started);
  }

  #onResponse(branch: number, response: OnWire<SipResponse>, origin: 'network' | 'local'): void {
    const { message } = response;
    if (origin === 'local') {
      this.#machine.post({ type: 'failed', branch, status: message.status === 408 ? 408 : 503 });
      return;
    }
    // Before it is passed on: what follows may be the last the listener hears.
    if (message.status >= 200) this.#context.tell('onFinal', () => this.#listener.onFinal(response));
    this.#machine.post({ type: 'response', branch, response: message });
  }

  /** Request-URI and next hop for a target (§16.5, §16.6 steps 2, 6 and 7). */
  #wayTo(target: string): { readonly uri: string; readonly hop: SipUri | undefined } {
    if (this.#plan.requestUri === 'replaced' || !this.#plan.targets.includes(target)) return { uri: target, hop: parseSipUri(target) };
    return { uri: this.#request.uri, hop: nextHop({ ...this.#request, uri: target }) };
  }

  /** §16.6: the copy of the request that leaves by `flow`. */
  #copy(uri: string, flow: Flow): SipRequest {
    const { ids, identity, ownRoutes } = this.#context;
    const { message, flow: from } = this.#upstream.request;
    const added = without(this.#plan.headers, FIXED);
    const replaced = new Set(added.map(({ name }) => name.toLowerCase()));
    const kept = withFewerForwards(without(this.#request.headers, replaced));
    const headers = [
      viaHeader(flow, ownRoutes.branch(message, ids.branch())),
      ...(this.#plan.recordRoute ? ownRoutes.recordRoute(message, from, flow) : []),
      ...kept,
      ...added,
    ];
    return withStrictRoute({ ...this.#request, uri, headers: identity.told(headers, flow.remote.host) });
  }
}

/** Passes on the ACK of a 2xx, which nobody answers (§16.11). `request` is without Routes of ours. */
export function passAck(context: Context, request: SipRequest): void {
  const hop = nextHop(request);
  if (hop === undefined || proxyRefusal(request, context.ownRoutes) !== undefined) return;
  context.transports.locate(hop).then(
    (flows) => {
      if (typeof flows === 'string') return;
      const [flow] = flows;
      const via = viaHeader(flow, context.ownRoutes.branch(request, context.ids.branch()));
      context.transports.send(flow, serialize(withStrictRoute({ ...request, headers: [via, ...withFewerForwards(request.headers)] })));
    },
    (error: unknown) => context.log.error({ error }, 'sip: forwarding an ACK failed'),
  );
}
