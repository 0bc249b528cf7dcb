/**
 * What a SIP user (the drachtio server, the media server) asks of the SIP stack, and what it hears back.
 *
 * The stack owns sockets, transactions and dialogs: Via, Max-Forwards, tags, CSeq, route sets, remote targets, 100 Trying,
 * retransmissions both ways, CANCEL matching, ACK for failures, and the refusals that need no user (400, 405, 413, 416,
 * 420, 422, 481, 482, 491, 500, 503, 504). The user answers requests, sends requests, and acknowledges the 2xx of its own INVITEs.
 *
 * The host `localhost` in From, To, Contact and P-Asserted-Identity of what the user sends stands for our address towards
 * the peer. Callbacks are never called from inside a call of the user into the stack.
 * Made by `createSipStack(options)` in `sip-stack.ts`, which starts nothing; `start()` does.
 */
import type { Scheduler } from '../../lib/machine.ts';
import type { Result } from '../../lib/result.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip/message.ts';

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** `ws` and `wss`: RFC 7118. */
export type Transport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where to listen. Port 0 takes a free one; host 0.0.0.0 is all IPv4 interfaces, `::` all IPv6 ones. */
export interface ListenAddress extends HostPort {
  readonly transport: Transport;
}

/** The way a message came or went. `local` is the address to advertise to this peer, never 0.0.0.0. */
export interface Flow {
  readonly transport: Transport;
  /** The listener it came in at or is sent from: its index in `SipStack.addresses`. */
  readonly listener: number;
  readonly local: HostPort;
  readonly remote: HostPort;
  /** The name the certificate at the other end of a TLS connection of ours must have (RFC 5922 §7.1); none: the address. */
  readonly serverName?: string;
  /** RFC 5626 §5.3: this very way or none. No connection is opened for it: behind a NAT nobody listens at the other end. */
  readonly only?: true;
}

/** A message on the wire: `bytes` is its size there. */
export interface OnWire<M> {
  readonly message: M;
  readonly flow: Flow;
  readonly bytes: number;
}

export interface SipLimits {
  /** Largest message accepted, bytes; larger gets 413 (UDP) or ends the connection (TCP). */
  readonly messageBytes: number;
  readonly headerCount: number;
  readonly headerLineBytes: number;
  readonly connections: number;
  /** Connections accepted from one address (IPv6: one /64). */
  readonly connectionsPerSource: number;
  /** Connections accepted that have not brought a whole message yet. */
  readonly halfOpenConnections: number;
  /** From half of this on requests that begin no call get 503, from nine tenths on new calls; what calls need is taken up to all of it. */
  readonly transactions: number;
  readonly dialogs: number;
  /** A connection with nothing heard for this long and no dialog or transaction using it is closed, ms. */
  readonly idleConnectionMs: number;
  /** A message begun on a connection must be complete, a connect done, and the first message here, within this time, ms. */
  readonly partialMessageMs: number;
  /** Per second and source address; twice as many may come at once. More are dropped (UDP) or read later (connections). */
  readonly messagesPerSource: number;
  /** Outside dialogs, per second and source address; twice as many may come at once. More are answered 503. */
  readonly invitesPerSource: number;
  readonly registersPerSource: number;
  readonly optionsPerSource: number;
  /** Networks (`10.0.0.0/8`, `2001:db8::/32`) without bounds per source; by default loopback. */
  readonly exempt: readonly string[];
  /** An event loop that stays behind by this much refuses new requests outside dialogs with 503, ms. */
  readonly loopLagMs: number;
  /** An INVITE not finally answered after this long is given up: 480 to the caller, CANCEL to the callee, ms. */
  readonly ringingMs: number;
}

export interface SipStackOptions {
  readonly listen: readonly ListenAddress[];
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** `count` random bytes, fit for tags and branches. */
  readonly random: (count: number) => Uint8Array;
  readonly user: SipUser;
  /** Methods the user takes; others get 405 with this list as Allow. ACK and CANCEL are always understood. */
  readonly methods: readonly string[];
  readonly limits?: Partial<SipLimits>;
  /** For TLS and WSS, listening and connecting. */
  readonly tls?: TlsOptions;
  /** Without it our own address is advertised to everybody. */
  readonly nat?: NatOptions;
  /** DNS servers (`192.0.2.1`, `[2001:db8::1]:53`) to ask instead of the system's. */
  readonly nameServers?: readonly string[];
  /** A `LoopLag`, closed with the stack; none: never behind. */
  readonly loopLag?: { read(): number; close(): void };
  /** Networks whose P-Asserted-Identity is believed, and who are told one that is private (RFC 3325); none by default. */
  readonly trustedPeers?: readonly string[];
}

export interface TlsOptions {
  /** PEM files. They are read again by `reloadCertificates`, and when they change. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Who signs certificates that are good; without it the well-known ones. */
  readonly caFile?: string;
  /** Whose certificates must be good: nobody's, that of a server we connect to, or also those of who connects to us. */
  readonly verify: 'none' | 'servers' | 'all';
}

export interface NatOptions {
  /** Address or name under which peers outside `localNetworks` reach us: in Via, Contact and Record-Route to them. */
  readonly externalAddress: string;
  /** Peers in these networks, and in loopback, are told our own address. */
  readonly localNetworks: readonly string[];
}

/** The user's side. A throw out of a callback is logged and costs only that callback. */
export interface SipUser {
  /**
   * A request other than ACK and CANCEL: outside any dialog, or in `transaction.dialog`. An INVITE has had its 100.
   * It must be answered with `transaction.respond`, now or later; the stack answers 500 (480 for INVITE) when that takes too long.
   */
  onRequest(transaction: ServerTransaction): void;
  /**
   * An INVITE not yet finally answered was cancelled; CANCEL has had its 200 and the INVITE its 487. Answering is over.
   * Also when the caller hung up with BYE, or `ringingMs` ran out (480): `cancel` is then one the stack made.
   */
  onCancel(transaction: ServerTransaction, cancel: OnWire<SipRequest>): void;
  /** The ACK of a 2xx that `transaction` (INVITE or re-INVITE) was answered with; once, retransmissions are absorbed. */
  onAck(transaction: ServerTransaction, dialog: Dialog, ack: OnWire<SipRequest>): void;
  /** The stack ended a dialog by itself; `bye` was sent to the far end if it has a call to end. The dialog is gone. */
  onDialogEnded(dialog: Dialog, reason: DialogEnd, bye: OnWire<SipRequest>): void;
}

/**
 * `ack_timeout`: no ACK to a 2xx, or no PRACK, for 64*T1 (RFC 3261 §13.3.1.4, RFC 3262 §3). `cancel_race`: a 2xx crossed our
 * CANCEL. `session_expired`: nobody refreshed the session (RFC 4028 §10). `subscription_expired`: nobody ended it in time.
 */
export type DialogEnd = 'ack_timeout' | 'cancel_race' | 'session_expired' | 'subscription_expired';

export interface ResponseContent {
  /** 101..699; 100 is the stack's own business. */
  readonly status: number;
  /** Default: the phrase of RFC 3261 §21. */
  readonly reason?: string;
  /**
   * Via, From, To, Call-ID, CSeq, Record-Route, RSeq and Content-Length are the stack's and ignored here, but for a tag in
   * To, which becomes the dialog's local tag if none was chosen yet. Contact is added where RFC 3261 wants one,
   * Session-Expires where the request asked for it (RFC 4028). `Require: 100rel` on a 1xx to INVITE makes it reliable
   * (RFC 3262): it is repeated until its PRACK, and a 2xx waits for that.
   */
  readonly headers?: readonly SipHeader[];
  readonly body?: string;
}

/** A received request, waiting for answers. */
export interface ServerTransaction {
  readonly request: OnWire<SipRequest>;
  /** The dialog the request is in, or the one our response to it created; undefined until then. */
  readonly dialog: Dialog | undefined;
  /**
   * Sends a response and answers what went out. `transaction_over`: it was finally answered, cancelled or given up.
   * `no_100rel`: a reliable response was asked for, and the caller does not support them.
   */
  respond(content: ResponseContent): Result<OnWire<SipResponse>, 'transaction_over' | 'no_100rel'>;
  /**
   * Hands the request to other places instead of answering it (RFC 3261 §16): the stack passes on what they answer, and
   * the CANCEL of the sender. `in_dialog`: it belongs to a dialog of ours. `too_many_hops`, `loop`, `extension`: the sender
   * has had its 483, 482 or 420.
   */
  proxy(plan: ProxyPlan, listener: ProxyListener): Result<void, 'transaction_over' | 'in_dialog' | 'too_many_hops' | 'loop' | 'extension'>;
}

export interface ProxyPlan {
  /** SIP URIs, the best first. */
  readonly targets: readonly string[];
  /** Whether a target becomes the Request-URI, or is only where the request is sent. A Contact of a 3xx becomes it always. */
  readonly requestUri: 'replaced' | 'kept';
  /** Put in the place of those of the request; those that say who, where and in which order are not changed. */
  readonly headers?: readonly SipHeader[];
  /** The requests of the dialog are to pass here, too (§16.6 step 4). */
  readonly recordRoute: boolean;
  readonly forking: 'simultaneous' | 'serial';
  readonly followRedirects: boolean;
  /** A target without any response, or without a final one, for so long is given up, ms. */
  readonly provisionalMs?: number | undefined;
  readonly finalMs?: number | undefined;
}

export interface ProxyListener {
  /** A target's final response; those of targets given up, too. */
  onFinal(response: OnWire<SipResponse>): void;
  /** The sender has its final response. Later 2xx are passed on all the same. */
  onDone(): void;
}

export interface RequestContent {
  readonly method: string;
  /**
   * Via, Record-Route, Max-Forwards and Content-Length are the stack's and ignored here. Outside a dialog From, To,
   * Call-ID, CSeq, Contact and Route are taken if given, else made; in a dialog Route is ignored, From, To and Call-ID are the dialog's and
   * ignored, CSeq is taken only if higher than the last one (a digest retry), Contact is taken if given.
   */
  readonly headers?: readonly SipHeader[];
  readonly body?: string;
}

export interface NewRequest extends RequestContent {
  readonly uri: string;
  /** A URI to send to instead of the topmost Route, or `uri`. With `;ob`: over a connection that is there, or not at all (RFC 5626 §5.3). */
  readonly nextHop?: string;
}

export interface SendFailure {
  readonly code:
    | 'invalid_uri'
    | 'transport_not_available'
    | 'to_myself'
    | 'host_not_found'
    | 'no_dialog'
    | 'no_invite_to_ack'
    | 'too_many'
    | 'nothing_to_cancel'
    | 'closed';
  readonly message: string;
}

export interface ResponseListener {
  /**
   * Every response but 100, in order; the last one is final (2xx retransmissions are absorbed and acknowledged again).
   * Always called with a final response, `local` ones made by the stack: 408 (no answer), 430 (`;ob`, and no connection), 503 (transport refused).
   * For an INVITE `dialog` is the dialog of a 1xx with tag or a 2xx; the user then calls `dialog.ack`.
   */
  onResponse(response: OnWire<SipResponse>, origin: 'network' | 'local', dialog: Dialog | undefined): void;
}

export interface ClientTransaction {
  /** The request as it went out. */
  readonly request: OnWire<SipRequest>;
  /**
   * Cancels an INVITE that has no final response yet; CANCEL leaves after the first provisional (RFC 3261 §9.1), and the
   * INVITE's final response is still reported. Answers the CANCEL as it goes or will go out.
   */
  cancel(headers?: readonly SipHeader[]): Result<OnWire<SipRequest>, SendFailure>;
}

export interface Dialog {
  readonly role: 'uac' | 'uas';
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly state: 'early' | 'confirmed' | 'ended';
  /** Sends a request (not ACK, not CANCEL). BYE ends the dialog once it is finally answered, but for 401 and 407. */
  request(content: RequestContent, listener: ResponseListener): Promise<Result<ClientTransaction, SendFailure>>;
  /** Acknowledges the last 2xx to an INVITE of ours (RFC 3261 §13.2.2.4); the stack repeats it when the 2xx is repeated. */
  ack(content?: Omit<RequestContent, 'method'>): Promise<Result<OnWire<SipRequest>, SendFailure>>;
}

/** What is alive; all zero but `listeners` (and connections kept for reuse) when there are no calls. */
export interface SipStackState {
  readonly listeners: number;
  readonly connections: number;
  readonly serverTransactions: number;
  readonly clientTransactions: number;
  readonly dialogs: number;
  /** 2xx of ours being retransmitted until their ACK. */
  readonly awaitingAck: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface SipStack {
  /** Opens the listeners. Throws `SipListenError` when one cannot be opened; nothing is left open then. */
  start(): Promise<void>;
  /** The addresses bound, with the real ports, in the order of `listen`. */
  readonly addresses: readonly ListenAddress[];
  /** Sends a request outside any dialog. INVITE creates one. The promise settles before the first `onResponse`. */
  request(request: NewRequest, listener: ResponseListener): Promise<Result<ClientTransaction, SendFailure>>;
  debugState(): SipStackState;
  /** Reads certificate and key again; connections stay. The old ones stay in use when the new ones are no good. */
  reloadCertificates(): Promise<Result<void, SipListenError>>;
  /** Drops everything at once, without a message to anyone (end the dialogs first), and closes all sockets. */
  close(): Promise<void>;
}

export class SipListenError extends Error {
  readonly code: 'sip_port_in_use' | 'sip_address_not_available' | 'sip_listen_failed' | 'sip_certificate_unusable';

  constructor(code: SipListenError['code'], message: string) {
    super(message);
    this.name = 'SipListenError';
    this.code = code;
  }
}
