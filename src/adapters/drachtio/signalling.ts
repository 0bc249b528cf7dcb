import type Srf from 'drachtio-srf';
import { errorText } from '../../lib/attempt.ts';
import { Networks } from '../../lib/networks.ts';
import type { Scheduler } from '../../lib/machine.ts';
import type { EndReason } from '../../domain/reasons.ts';
import type { SignallingPort } from '../../ports/call-leg.ts';
import type { DialPort, DialRequest, OutboundLeg } from '../../ports/dial.ts';
import type { SignallingSurvivors } from '../../ports/adoption.ts';
import type { KeptCall } from '../../ports/live-state.ts';
import type { Log } from '../../ports/log.ts';
import type { RegistrarPort } from '../../ports/registrar.ts';
import type { Invitation } from '../../ports/user-call.ts';
import { AdoptedSipLeg } from './adopted-leg.ts';
import type { WireEnd } from './inbound-leg.ts';
import { SipInvitation, type Losable } from './invitation.ts';
import { accepted, allowed, refusedMethods } from './methods.ts';
import { SipOutboundLeg } from './outbound-leg.ts';
import { answerRegister } from './register.ts';

export interface DrachtioOptions {
  /** One for the whole program: the media server is invited through it, too. */
  readonly srf: Srf;
  readonly server: { readonly host: string; readonly port: number; readonly secret: string };
  readonly newId: () => string;
  readonly wireEnd: WireEnd;
  /** What all telephones of a call of ours have answered, by their SIP statuses, as one reason. */
  readonly calleeEnd: (statuses: readonly number[]) => EndReason;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly registrar: RegistrarPort;
  /** Networks whose P-Asserted-Identity is believed. */
  readonly trustedPeers: readonly string[];
  readonly onCall: (invitation: Invitation) => void;
}

/** Calls from outside and to there, by way of a drachtio server. Lost, it is connected to again; its calls are over then (D-10). */
export class DrachtioSignalling implements SignallingPort, DialPort, SignallingSurvivors {
  readonly #options: DrachtioOptions;
  readonly #trusted: Networks;
  readonly #legs = new Set<Losable>();
  #addresses: readonly string[] = [];
  #available = false;
  #onFirst: () => void = () => undefined;
  #reported = false;

  constructor(options: DrachtioOptions) {
    this.#options = options;
    this.#trusted = new Networks(options.trustedPeers);
    const { srf } = options;
    srf.on('connect', (error, hostPorts) => this.#connected(error, hostPorts));
    srf.on('close', () => this.#lost());
    // Without a listener an error would end the process (D-15); a close follows it.
    srf.on('error', (error) => this.#unreachable(errorText(error)));
    srf.invite((req, res) => this.#invited(req, res));
    srf.options((_req, res) => res.send(200, { headers: { Allow: allowed, Accept: accepted } }));
    srf.use('register', (req, res) => this.#register(req, res));
    for (const method of refusedMethods) srf.use(method, (_req, res) => res.send(405, { headers: { Allow: allowed } }));
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  get available(): boolean {
    return this.#available;
  }

  /** Legs that are not over yet. */
  get legs(): number {
    return this.#legs.size;
  }

  dial(request: DialRequest): OutboundLeg {
    const { srf, newId, wireEnd, calleeEnd, scheduler, log } = this.#options;
    const id = newId();
    const leg: SipOutboundLeg = new SipOutboundLeg({ id, srf, wireEnd, calleeEnd, scheduler, log: log.child({ call: id }), onClosed: () => this.#legs.delete(leg) }, request);
    this.#legs.add(leg);
    return leg;
  }

  adopt(call: KeptCall): AdoptedSipLeg {
    const { srf, wireEnd, scheduler } = this.#options;
    const leg: AdoptedSipLeg = new AdoptedSipLeg(call, { srf, wireEnd, scheduler, onClosed: () => this.#legs.delete(leg) });
    this.#legs.add(leg);
    return leg;
  }

  /** Connects, and goes on trying; settles with the first outcome. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFirst = resolve;
      this.#options.srf.connect(this.#options.server);
    });
  }

  stop(): void {
    this.#available = false;
    this.#lost();
    try {
      this.#options.srf.disconnect();
    } catch (error) {
      // F-11: the library asserts when it was never let in.
      this.#options.log.debug({ problem: errorText(error) }, 'the SIP server was not connected');
    }
  }

  #connected(error: Error | null | undefined, hostPorts: string): void {
    if (error) {
      this.#unreachable(`${error.message}: check its secret`);
      return;
    }
    this.#available = true;
    this.#reported = false;
    this.#addresses = dialledAt(hostPorts);
    this.#options.log.info({ addresses: this.#addresses }, 'connected to the SIP server');
    this.#onFirst();
  }

  #unreachable(problem: string): void {
    if (!this.#reported) this.#options.log.warn({ code: 'sip_server_unreachable', problem }, 'the SIP server cannot be reached; trying on');
    this.#reported = true;
    this.#onFirst();
  }

  #lost(): void {
    if (this.#available) this.#options.log.error({ code: 'sip_server_lost', calls: this.#legs.size }, 'the SIP server is lost');
    this.#available = false;
    for (const leg of [...this.#legs]) leg.signallingLost();
  }

  #register(req: Srf.Request, res: Srf.Response): void {
    const { registrar, log } = this.#options;
    try {
      answerRegister(registrar, req, res);
    } catch (error) {
      log.error({ code: 'register_failed', problem: errorText(error) }, 'a REGISTER could not be answered');
      if (!res.finalResponseSent) res.send(500);
    }
  }

  #invited(req: Srf.Request, res: Srf.Response): void {
    const { srf, newId, wireEnd, scheduler, log, onCall } = this.#options;
    try {
      const id = newId();
      let taken: Losable | undefined;
      const onClosed = (): void => {
        if (taken !== undefined) this.#legs.delete(taken);
      };
      const invitation = new SipInvitation({ id, srf, req, res, trusted: this.#trusted, wireEnd, scheduler, log: log.child({ call: id }), onClosed }, (leg) => {
        taken = leg;
        this.#legs.add(leg);
      });
      onCall(invitation);
    } catch (error) {
      log.error({ code: 'invite_failed', problem: errorText(error) }, 'an INVITE could not be taken');
      if (!res.finalResponseSent) res.send(500);
    }
  }
}

/** `udp/192.0.2.7:5060,tcp/192.0.2.7:5060` as URIs to dial, UDP first; what is reached by TCP alone says so. */
export function dialledAt(hostPorts: string): readonly string[] {
  const entries = hostPorts.split(',').map((entry) => /^([a-z]+)\/(.+)$/.exec(entry.trim()) ?? []);
  const at = (transport: string): readonly string[] => entries.flatMap(([, found, address]) => (found === transport && address !== undefined ? [address] : []));
  const udp = at('udp');
  return [...udp.map((address) => `sip:${address}`), ...at('tcp').flatMap((address) => (udp.includes(address) ? [] : [`sip:${address};transport=tcp`])), ...at('tls').map((address) => `sip:${address};transport=tls`)];
}
