import type Srf from 'drachtio-srf';
import type { EndReason } from '../../domain/reasons.ts';
import { attempt } from '../../lib/attempt.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Caller } from '../../ports/call-leg.ts';
import type { CallTarget, UserCallHandlers, UserCallLeg } from '../../ports/user-call.ts';
import { formatNameAddr } from '../../protocol/sip/name-addr.ts';
import { headerText, shownText } from './header-text.ts';
import type { SipLegOptions } from './inbound-leg.ts';
import { joinDialogs } from './join-dialogs.ts';
import { allowed } from './methods.ts';
import { hopsLeft, proxyOf, routeOf, statusOf } from './next-hop.ts';

/** The server answers at once whether a response went out. */
const sendMs = 4_000;
const byeMs = 4_000;

/** One telephone: called, answered, or of no account any more. */
type Branch = { readonly is: 'called'; readonly request: Srf.Request | undefined } | { readonly is: 'answered'; readonly dialog: Srf.Dialog } | { readonly is: 'over' };

/** An INVITE from outside whose caller is given a telephone of ours: a back-to-back user agent (RFC 3261 §6), media pass it by. */
export class SipUserCallLeg implements UserCallLeg {
  readonly id: string;
  readonly protocolId: string;
  readonly caller: Caller;
  readonly offer: UserCallLeg['offer'];
  readonly #options: SipLegOptions;
  readonly #branches = new Map<number, Branch>();
  #handlers: UserCallHandlers | undefined;
  #callerDialog: Srf.Dialog | undefined;
  #state: 'up' | 'over' = 'up';

  constructor(options: SipLegOptions, caller: Caller) {
    const { req } = options;
    this.#options = options;
    this.id = options.id;
    this.protocolId = shownText(req.get('Call-ID') ?? '');
    this.caller = caller;
    this.offer = offerOf(req);
    req.on('cancel', () => this.#handlers?.onEnded('caller_cancelled'));
  }

  listen(handlers: UserCallHandlers): void {
    this.#handlers = handlers;
  }

  invite(id: number, { uri, hop, from }: CallTarget): void {
    const { srf, req } = this.#options;
    this.#branches.set(id, { is: 'called', request: undefined });
    const display = shownText(from.display);
    const headers = {
      // The server puts its own address in the place of localhost.
      From: formatNameAddr({ ...(display === '' ? {} : { display }), uri: `sip:${encodeURIComponent(from.name)}@localhost`, params: new Map() }),
      // RFC 3261 §16.6 step 3, so that calls sent on to each other come to an end.
      'Max-Forwards': String(hopsLeft(req) - 1),
      Allow: allowed,
      ...routeOf(hop),
    };
    const proxy = proxyOf(hop);
    srf.createUAC(
      uri,
      { localSdp: req.body, headers, ...(proxy === undefined ? {} : { proxy }) },
      {
        cbRequest: (_error, request) => this.#requested(id, request),
        cbProvisional: (response) => {
          if (response.status >= 180) this.#handlers?.onRinging(id);
        },
      },
      (error, dialog) => this.#settled(id, error, dialog),
    );
  }

  cancel(id: number): void {
    const branch = this.#branches.get(id);
    if (branch === undefined || branch.is === 'over') return;
    this.#branches.set(id, { is: 'over' });
    if (branch.is === 'answered') void this.#bye(branch.dialog, {});
    else branch.request?.cancel(() => undefined);
  }

  ring(): void {
    const { res } = this.#options;
    if (this.#state === 'up' && !res.finalResponseSent) res.send(180);
  }

  async connect(id: number): Promise<Result<void, 'gone'>> {
    const { srf, req, res, scheduler, log } = this.#options;
    const branch = this.#branches.get(id);
    if (branch?.is !== 'answered') return err('gone');
    const telephone = branch.dialog;
    // By callback, as a BYE may come in one piece with the answer of the server (see inbound-leg).
    const creating = new Promise<Srf.Dialog>((resolve, reject) => {
      srf.createUAS(req, res, { localSdp: telephone.remote.sdp, headers: { Allow: allowed } }, (error, dialog) => {
        if (dialog === undefined) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        this.#callerDialog = dialog;
        joinDialogs(dialog, telephone, { scheduler, log, onEnded: (side) => this.#handlers?.onEnded(side === 'first' ? 'caller_hung_up' : 'callee_hung_up') });
        resolve(dialog);
      });
    });
    const created = await attempt(creating, sendMs, scheduler);
    if (created.ok && this.#stateIs() === 'up') return ok(undefined);
    // Ended meanwhile: a caller who was answered late is nobody's.
    creating.then(
      (late) => void this.#bye(late, {}),
      () => undefined,
    );
    return err('gone');
  }

  async end(reason: EndReason): Promise<void> {
    if (this.#state === 'over') return;
    this.#state = 'over';
    const { res, wireEnd, onClosed } = this.#options;
    const { status, reason: value } = wireEnd(reason);
    const headers = { Reason: headerText(value) };
    onClosed();
    const telephones = [...this.#branches].flatMap(([id, branch]) => {
      if (branch.is === 'answered') return [branch.dialog];
      this.cancel(id);
      return [];
    });
    this.#branches.clear();
    if (this.#callerDialog === undefined && reason !== 'caller_cancelled' && !res.finalResponseSent) res.send(status, { headers });
    const dialogs = this.#callerDialog === undefined ? telephones : [this.#callerDialog, ...telephones];
    await Promise.all(dialogs.map((dialog) => this.#bye(dialog, headers)));
  }

  /** The connection to the SIP server is lost, and the dialogs with it (D-10). */
  signallingLost(): void {
    const telephones = [...this.#branches.values()].flatMap((branch) => (branch.is === 'answered' ? [branch.dialog] : []));
    for (const dialog of [this.#callerDialog, ...telephones]) if (dialog !== undefined) this.#options.srf.removeDialog(dialog);
    this.#branches.clear();
    this.#callerDialog = undefined;
    this.#handlers?.onEnded('signalling_lost');
  }

  /** For the compiler a state does not change while something is awaited. */
  #stateIs(): 'up' | 'over' {
    return this.#state;
  }

  #requested(id: number, request: Srf.Request | undefined): void {
    if (request === undefined) return;
    if (this.#branches.get(id)?.is === 'called') this.#branches.set(id, { is: 'called', request });
    else request.cancel(() => undefined);
  }

  #settled(id: number, error: unknown, dialog: Srf.Dialog | undefined): void {
    const expected = this.#branches.get(id)?.is === 'called';
    if (dialog === undefined) {
      this.#branches.set(id, { is: 'over' });
      if (expected) this.#handlers?.onFailed(id, statusOf(error));
    } else if (!expected) {
      // It answered while the CANCEL was under way (RFC 3261 §9.1).
      void this.#bye(dialog, {});
    } else {
      this.#branches.set(id, { is: 'answered', dialog });
      // Until the caller has it; afterwards both sides are joined.
      dialog.on('destroy', () => {
        if (this.#callerDialog === undefined) this.#handlers?.onEnded('callee_hung_up');
      });
      this.#handlers?.onAnswered(id);
    }
  }

  async #bye(dialog: Srf.Dialog, headers: Srf.Headers): Promise<void> {
    if (!dialog.connected) return;
    const byed = await attempt(dialog.destroy({ headers }), byeMs, this.#options.scheduler);
    if (!byed.ok) this.#options.log.debug({ how: byed.error.kind }, 'the BYE was not answered');
  }
}

function offerOf(req: Srf.Request): UserCallLeg['offer'] {
  if (!/^application\/sdp\s*(;|$)/i.test((req.get('Content-Type') ?? '').trim())) return req.body === '' ? 'no_common_codec' : 'bad_offer';
  return hopsLeft(req) > 1 ? 'usable' : 'callee_unavailable';
}
