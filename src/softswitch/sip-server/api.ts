/** The SIP server: a SIP stack that `drachtio-srf` controls over the drachtio protocol. Made by `createSipServer`. */
import type { Scheduler } from '../../lib/machine.ts';
import type { Result } from '../../lib/result.ts';
import type { ListenAddress, Logger, SipLimits, SipListenError, SipStackOptions, SipStackState } from '../sip-stack/api.ts';

export interface SipServerOptions extends Pick<SipStackOptions, 'tls' | 'nat' | 'nameServers' | 'loopLag' | 'trustedPeers'> {
  /** SIP addresses. */
  readonly listen: readonly ListenAddress[];
  /** Where drachtio clients connect; port 0 takes a free one. */
  readonly control: { readonly host: string; readonly port: number; readonly secret: string };
  /** What becomes of the calls of a client that went away: ended (default), or left alone for another client that knows their dialog ids, as by drachtio-server. */
  readonly orphans?: 'end' | 'keep';
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** `count` random bytes. */
  readonly random: (count: number) => Uint8Array;
  readonly limits?: Partial<SipLimits>;
}

export interface SipServerState {
  readonly clients: number;
  /** Requests given to a client and not finally answered. */
  readonly pendingRequests: number;
  /** Requests of clients without a final response. */
  readonly ownRequests: number;
  readonly dialogs: number;
  readonly stack: SipStackState;
}

export interface SipServer {
  /** Opens all ports. Throws `SipListenError` (`sip_port_in_use`, ...) or `ControlListenError`; nothing is left open then. */
  start(): Promise<void>;
  readonly controlPort: number;
  readonly sipAddresses: readonly ListenAddress[];
  debugState(): SipServerState;
  /** Reads certificate and key again; connections and calls stay. */
  reloadCertificates(): Promise<Result<void, SipListenError>>;
  /** Ends all calls with BYE, tells the clients, and closes everything; takes at most half a second. */
  close(): Promise<void>;
}

export class ControlListenError extends Error {
  readonly code: 'control_port_in_use' | 'control_listen_failed';

  constructor(code: ControlListenError['code'], message: string) {
    super(message);
    this.name = 'ControlListenError';
    this.code = code;
  }
}
