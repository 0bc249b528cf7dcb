import type { InboundLeg } from '../../ports/call-leg.ts';
import type { Invitation, UserCallLeg } from '../../ports/user-call.ts';
import { challengeValue, parseCredentials } from './digest-headers.ts';
import { callerOf } from './caller.ts';
import { dialled, SipLeg, type SipLegOptions } from './inbound-leg.ts';
import { SipUserCallLeg } from './user-call-leg.ts';

/** What must be told when the connection to the server is lost. */
export interface Losable {
  signallingLost(): void;
}

/** An INVITE on its way to whoever takes it. */
export class SipInvitation implements Invitation {
  readonly aliases: Invitation['aliases'];
  readonly address: string;
  readonly credentials: Invitation['credentials'];
  readonly #options: SipLegOptions;
  readonly #onTaken: (leg: Losable) => void;

  constructor(options: SipLegOptions, onTaken: (leg: Losable) => void) {
    const { req } = options;
    this.#options = options;
    this.#onTaken = onTaken;
    this.aliases = dialled(req.uri);
    this.address = req.source_address;
    this.credentials = parseCredentials(req.get('Proxy-Authorization'), req.uri);
  }

  takeLeg(): InboundLeg {
    const leg = new SipLeg(this.#options);
    this.#onTaken(leg);
    return leg;
  }

  takeForUser(): UserCallLeg {
    const leg = new SipUserCallLeg(this.#options, callerOf(this.#options.req, this.#options.trusted));
    this.#onTaken(leg);
    return leg;
  }

  refuse(verdict: Parameters<Invitation['refuse']>[0]): void {
    const { res } = this.#options;
    if (verdict.kind === 'wait') res.send(503, { headers: { 'Retry-After': String(verdict.seconds) } });
    else res.send(407, { headers: { 'Proxy-Authenticate': challengeValue('Proxy-Authenticate', verdict.challenge) } });
  }
}
