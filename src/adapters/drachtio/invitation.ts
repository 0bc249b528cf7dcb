import type { InboundLeg } from '../../ports/call-leg.ts';
import type { Invitation, UserCallLeg } from '../../ports/user-call.ts';
import { challengeValue, parseCredentials } from './digest-headers.ts';
import { callerOf, fromAddress, hostOf } from './caller.ts';
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
  readonly caller: Invitation['caller'];
  readonly credentials: Invitation['credentials'];
  readonly authorization: Invitation['authorization'];
  readonly from: Invitation['from'];
  readonly calledHost: string;
  readonly #options: SipLegOptions;
  readonly #onTaken: (leg: Losable) => void;

  constructor(options: SipLegOptions, onTaken: (leg: Losable) => void) {
    const { req } = options;
    this.#options = options;
    this.#onTaken = onTaken;
    this.aliases = dialled(req.uri);
    this.address = req.source_address;
    this.caller = callerOf(req, options.trusted);
    this.from = fromAddress(req);
    this.calledHost = hostOf(req.uri);
    this.authorization = parseCredentials(req.get('Authorization'), req.uri);
    this.credentials = parseCredentials(req.get('Proxy-Authorization'), req.uri);
  }

  takeLeg(identity?: string): InboundLeg {
    const leg = new SipLeg(this.#options, identity);
    this.#onTaken(leg);
    return leg;
  }

  takeForUser(): UserCallLeg {
    const leg = new SipUserCallLeg(this.#options, this.caller);
    this.#onTaken(leg);
    return leg;
  }

  challenge(verdict: Parameters<Invitation['challenge']>[0]): void {
    const { res } = this.#options;
    if (verdict.kind === 'wait') res.send(503, { headers: { 'Retry-After': String(verdict.seconds) } });
    else if (verdict.kind === 'forbidden') res.send(403);
    else res.send(401, { headers: { 'WWW-Authenticate': challengeValue('WWW-Authenticate', verdict.challenge) } });
  }

  refuse(verdict: Parameters<Invitation['refuse']>[0]): void {
    const { res } = this.#options;
    if (verdict.kind === 'wait') res.send(503, { headers: { 'Retry-After': String(verdict.seconds) } });
    else res.send(407, { headers: { 'Proxy-Authenticate': challengeValue('Proxy-Authenticate', verdict.challenge) } });
  }
}
