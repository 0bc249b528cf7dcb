/** The SIP stack: brings received messages to their transactions and dialogs, and starts new ones. See `api.ts`. */
import type { Result } from '../../lib/result.ts';
import { err, ok } from '../../lib/result.ts';
import type { SipHeader, SipRequest } from '../../protocol/sip/message.ts';
import { listValues } from '../../protocol/sip/lists.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { formatNameAddr, parseNameAddr } from '../../protocol/sip/name-addr.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import type { SipUri } from '../../protocol/sip/uri.ts';
import { formatUri } from '../../protocol/sip/uri.ts';
import { contactHeader, parseSipUri, viaHeader, without, withOwnAddress } from './addressing.ts';
import type {
  ClientTransaction, Flow, ListenAddress, NewRequest, ResponseListener, SendFailure, SipListenError, SipStack, SipStackOptions, SipStackState,
} from './api.ts';
import { Admission } from './admission.ts';
import { AssertedIdentity } from './asserted-identity.ts';
import type { TransactionUse } from './client-transaction.ts';
import { branchOf, clientKey, ClientTx } from './client-transaction.ts';
import type { Context } from './context.ts';
import { sendFailure } from './context.ts';
import type { SipDialog } from './dialog.ts';
import type { FailoverOptions, Ways } from './failover.ts';
import { LargeRequests, sendWithFailover } from './failover.ts';
import { Ids } from './ids.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { OwnRoutes } from './own-routes.ts';
import { rareWarnings } from './rare-warnings.ts';
import { Receiver } from './receiver.ts';
import { ServerTransactions } from './server-transactions.ts';
import { Transports } from './transport.ts';
import { UnprovenSources } from './unproven-sources.ts';

/** Headers of a new request the stack makes itself. */
const STACK_HEADERS = new Set(['via', 'record-route', 'max-forwards', 'content-length', 'from', 'to', 'call-id', 'cseq', 'contact']);

export function createSipStack(options: SipStackOptions): SipStack {
  return new Stack(options);
}

class Stack implements SipStack {
  readonly #context: Context;
  readonly #counters = new Map<string, number>();
  readonly #large: LargeRequests;
  readonly #options: SipStackOptions;
  #closed = false;

  constructor(options: SipStackOptions) {
    this.#options = options;
    const { scheduler, user } = options;
    const log = rareWarnings(options.log, scheduler);
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const dialogs = new Map<string, SipDialog>();
    const serverTransactions = new ServerTransactions();
    const clientTransactions = new Map<string, ClientTx>();
    const count = (what: string): void => void this.#counters.set(what, (this.#counters.get(what) ?? 0) + 1);
    const admission = new Admission({ limits, scheduler, loopLag: () => options.loopLag?.read() ?? 0, count });
    this.#large = new LargeRequests(() => scheduler.now());
    const transports = new Transports({
      listen: options.listen,
      scheduler,
      log,
      limits,
      admission,
      random: () => Buffer.from(options.random(4)).readUInt32BE() / 2 ** 32,
      count,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.nat === undefined ? {} : { nat: options.nat }),
      ...(options.nameServers === undefined ? {} : { nameServers: options.nameServers }),
      onMessage: (bytes, flow) => receiver.onMessage(bytes, flow),
      onBroken: (head, flow, code) => receiver.onBroken(head, flow, code),
      inUse: () => [
        ...[...dialogs.values()].map(({ source }) => source),
        ...[...serverTransactions.values(), ...clientTransactions.values()].map(({ request }) => request.flow),
      ],
    });
    this.#context = {
      scheduler,
      log,
      limits,
      ids: new Ids(options.random),
      user,
      transports,
      admission,
      unproven: new UnprovenSources({ scheduler, count, isExempt: (address) => admission.isExempt(address) }),
      identity: new AssertedIdentity(options.trustedPeers ?? []),
      ownRoutes: new OwnRoutes(options.random(32)),
      dialogs,
      serverTransactions,
      clientTransactions,
      subscribing: new Map(),
      awaitingAck: new Set(),
      count,
      start: (request, flows, listener, dialog) => this.#send(request, flows, listener, dialog),
      forward: (hop, build, listener) => this.#forward(hop, build, listener),
      tell: (what, callback) => {
        try {
          callback();
        } catch (error) {
          log.error({ error, what }, 'sip: a callback of the user threw');
        }
      },
    };
    const receiver = new Receiver(this.#context, options.methods);
  }

  get addresses(): readonly ListenAddress[] {
    return this.#context.transports.addresses;
  }

  start(): Promise<void> {
    return this.#context.transports.start();
  }

  async request(request: NewRequest, listener: ResponseListener): Promise<Result<ClientTransaction, SendFailure>> {
    const uri = parseSipUri(request.uri);
    // §8.1.2: the topmost Route, if there is one.
    const asked = request.nextHop ?? parseNameAddr(listValues({ headers: request.headers ?? [] }, 'Route')[0] ?? '')?.uri;
    const hop = asked === undefined ? uri : parseSipUri(asked);
    if (uri === undefined || hop === undefined) return err(sendFailure('invalid_uri', `not a SIP URI: ${uri === undefined ? request.uri : (asked ?? '')}`));
    const located = await this.#context.transports.locate(hop);
    if (typeof located === 'string') return err(sendFailure(located, `no way to ${formatUri(hop)}`));
    const [first, ...others] = located;
    const bound = request.nextHop !== undefined && hop.params.has('ob');
    const flows: Ways = bound ? [{ ...first, only: true }, ...others.map((flow) => ({ ...flow, only: true as const }))] : located;
    if (this.#context.transports.isOwn(flows[0])) return err(sendFailure('to_myself', `${formatUri(hop)} is this server`));
    const started = this.#send(this.#build(request, flows[0]), flows, listener, undefined);
    return 'code' in started ? err(started) : ok(started);
  }

  debugState(): SipStackState {
    const { transports, serverTransactions, clientTransactions, dialogs, awaitingAck } = this.#context;
    return {
      listeners: transports.addresses.length,
      connections: transports.connections,
      serverTransactions: serverTransactions.size,
      clientTransactions: clientTransactions.size,
      dialogs: dialogs.size,
      awaitingAck: awaitingAck.size,
      counters: Object.fromEntries(this.#counters),
    };
  }

  reloadCertificates(): Promise<Result<void, SipListenError>> {
    return this.#context.transports.reloadCertificates();
  }

  close(): Promise<void> {
    this.#closed = true;
    const { serverTransactions, clientTransactions, dialogs, transports } = this.#context;
    for (const transaction of serverTransactions.values()) transaction.drop();
    for (const transaction of [...clientTransactions.values()]) transaction.drop();
    dialogs.clear();
    this.#options.loopLag?.close();
    return transports.close();
  }

  /** `request` is built for the first of `flows`. */
  #send(request: SipRequest, flows: Ways, listener: ResponseListener, dialog: SipDialog | undefined): ClientTransaction | SendFailure {
    const { transports, ids } = this.#context;
    // A CANCEL follows its INVITE (RFC 3261 §9.1); and who is behind a NAT is reached only the way its own messages come.
    const fixed = request.method === 'CANCEL' || flows[0] === dialog?.source;
    const ways = fixed ? flows : this.#large.ways(Buffer.byteLength(serialize(request)), flows, (flow) => transports.byTcp(flow));
    const options: FailoverOptions = {
      begin: (message, flow, hears) => this.#start(message, flow, hears, dialog, 'user_agent'),
      branch: () => ids.branch(),
      onMove: (from, to) => this.#moved(from, to),
    };
    return sendWithFailover(options, request, flows[0], ways, listener);
  }

  /** RFC 3261 §16.6 steps 7 to 10. */
  async #forward(hop: SipUri, build: (flow: Flow) => SipRequest, listener: ResponseListener): Promise<ClientTransaction | SendFailure> {
    const { transports, ids } = this.#context;
    const flows = await transports.locate(hop);
    if (typeof flows === 'string') return sendFailure(flows, `no way to ${formatUri(hop)}`);
    const request = build(flows[0]);
    const ways = this.#large.ways(Buffer.byteLength(serialize(request)), flows, (flow) => transports.byTcp(flow));
    const options: FailoverOptions = {
      begin: (message, flow, hears) => this.#start(message, flow, hears, undefined, 'proxy'),
      branch: () => ids.branch(),
      build,
      onMove: (from, to) => this.#moved(from, to),
    };
    return sendWithFailover(options, request, flows[0], ways, listener);
  }

  #moved(from: Flow, to: Flow): void {
    this.#context.count('failovers');
    this.#large.moved(from, to);
  }

  #start(request: SipRequest, flow: Flow, listener: ResponseListener, dialog: SipDialog | undefined, use: TransactionUse): ClientTx | SendFailure {
    const { clientTransactions, limits } = this.#context;
    if (this.#closed) return sendFailure('closed', 'the SIP stack is closed');
    if (clientTransactions.size >= limits.transactions) return sendFailure('too_many', `more than ${limits.transactions} requests under way`);
    const key = clientKey(branchOf(request), request.method);
    const transaction = new ClientTx(this.#context, key, request, flow, listener, dialog, use);
    clientTransactions.set(key, transaction);
    transaction.start();
    return transaction;
  }

  /** RFC 3261 §8.1.1. */
  #build(request: NewRequest, flow: Flow): SipRequest {
    const own = withOwnAddress(this.#context.identity.told(request.headers ?? [], flow.remote.host), flow);
    const given = (name: string): string | undefined => headerValue({ headers: own }, name);
    const { ids } = this.#context;
    const contact = contactHeader(flow, request.uri);
    const headers: SipHeader[] = [
      viaHeader(flow, ids.branch()),
      // A back-to-back user agent says how far the call came already (§16.6 step 3).
      { name: 'Max-Forwards', value: /^\d{1,2}$/.exec(given('Max-Forwards') ?? '')?.[0] ?? '70' },
      { name: 'From', value: withTag(given('From') ?? contact.value, ids) },
      { name: 'To', value: given('To') ?? `<${request.uri}>` },
      { name: 'Call-ID', value: given('Call-ID') ?? ids.callId() },
      { name: 'CSeq', value: `${cseqOf(given('CSeq')) ?? ids.cseq()} ${request.method}` },
    ];
    const ownContact = given('Contact') ?? (request.method === 'INVITE' || request.method === 'SUBSCRIBE' ? contact.value : undefined);
    if (ownContact !== undefined) headers.push({ name: 'Contact', value: ownContact });
    return { kind: 'request', method: request.method, uri: request.uri, headers: [...headers, ...without(own, STACK_HEADERS)], body: request.body ?? '' };
  }
}

/** §8.1.1.3: From always has a tag; a given one is kept (a digest retry sends the same From). */
function withTag(from: string, ids: Ids): string {
  const address = parseNameAddr(from);
  if (address?.params.has('tag') === true) return from;
  return address === undefined ? `${from};tag=${ids.tag()}` : formatNameAddr({ ...address, params: new Map([...address.params, ['tag', ids.tag()]]) });
}

function cseqOf(value: string | undefined): number | undefined {
  const number = parseInt(value ?? '', 10);
  return Number.isInteger(number) && number >= 0 && number < 2 ** 31 ? number : undefined;
}
