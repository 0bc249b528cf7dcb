/** What the parts of one stack share. */
import type { Scheduler } from '../../lib/machine.ts';
import type { SipRequest } from '../../protocol/sip/message.ts';
import type { SipUri } from '../../protocol/sip/uri.ts';
import type { ClientTransaction, Flow, Logger, OnWire, ResponseListener, SendFailure, SipLimits, SipUser } from './api.ts';
import type { Admission } from './admission.ts';
import type { AssertedIdentity } from './asserted-identity.ts';
import type { ClientTx } from './client-transaction.ts';
import type { SipDialog } from './dialog.ts';
import type { Ways } from './failover.ts';
import type { Ids } from './ids.ts';
import type { OwnRoutes } from './own-routes.ts';
import type { ServerTransactions } from './server-transactions.ts';
import type { ServerTx } from './server-transaction.ts';
import type { Transports } from './transport.ts';
import type { UnprovenSources } from './unproven-sources.ts';

export interface Context {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly limits: SipLimits;
  readonly ids: Ids;
  readonly user: SipUser;
  readonly transports: Transports;
  readonly admission: Admission;
  readonly unproven: UnprovenSources;
  readonly identity: AssertedIdentity;
  readonly ownRoutes: OwnRoutes;
  /** By `dialogKey`. */
  readonly dialogs: Map<string, SipDialog>;
  readonly serverTransactions: ServerTransactions;
  readonly clientTransactions: Map<string, ClientTx>;
  /** SUBSCRIBE and REFER of ours under way, by `subscriptionKey`. */
  readonly subscribing: Map<string, ClientTx>;
  /** INVITEs answered with a 2xx whose ACK has not come. */
  readonly awaitingAck: Set<ServerTx>;
  count(what: string): void;
  /** Starts a client transaction; `request` is built for the first of `flows`, `dialog` is the one it is in. */
  start(request: SipRequest, flows: Ways, listener: ResponseListener, dialog: SipDialog | undefined): ClientTransaction | SendFailure;
  /** Starts the client transaction of a proxied request at one of the places `hop` stands for; `build` makes the request for the way to it. */
  forward(hop: SipUri, build: (flow: Flow) => SipRequest, listener: ResponseListener): Promise<ClientTransaction | SendFailure>;
  /** Runs a callback of the user; a throw is logged and goes no further. */
  tell(what: string, callback: () => void): void;
}

export function onWire<M>(message: M, flow: Flow, text: string): OnWire<M> {
  return { message, flow, bytes: Buffer.byteLength(text) };
}

export function sendFailure(code: SendFailure['code'], message: string): SendFailure {
  return { code, message };
}
