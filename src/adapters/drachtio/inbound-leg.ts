import Srf from 'drachtio-srf';
import type { EndReason } from '../../domain/reasons.ts';
import { attempt, errorText } from '../../lib/attempt.ts';
import type { Networks } from '../../lib/networks.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Caller, InboundLeg, LegHandlers, LegOffer } from '../../ports/call-leg.ts';
import type { Log } from '../../ports/log.ts';
import type { MediaDescription } from '../../ports/media.ts';
import { describeSdp, usableAudioLine } from '../../protocol/sdp/description.ts';
import { callerOf } from './caller.ts';
import { headerText, shownText } from './header-text.ts';
import { LegDialog } from './leg-dialog.ts';
import { allowed } from './methods.ts';
import { hopsLeft } from './next-hop.ts';

/** How an end is said in SIP: the status of a failure response, the value of the Reason header, and a text for Warning. */
export type WireEnd = (reason: EndReason) => { readonly status: number; readonly reason: string; readonly warning?: string };

export interface SipLegOptions {
  readonly id: string;
  readonly srf: Srf;
  readonly req: Srf.Request;
  readonly res: Srf.Response;
  readonly trusted: Networks;
  readonly wireEnd: WireEnd;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Called once, when nothing of the call is left. */
  readonly onClosed: () => void;
}

/** The server answers at once whether a response went out. */
const sendMs = 4_000;

/**
 * - `arrived`: no final response sent
 * - `answering`: the 200 is on its way through the server
 * - `answered`: there is a dialog
 * - `over`: ended, by whichever side
 */
type State = { readonly is: 'arrived' } | { readonly is: 'answering'; readonly dialog: Promise<Srf.Dialog | undefined> } | { readonly is: 'answered'; readonly dialog: Srf.Dialog } | { readonly is: 'over' };

/** One INVITE from outside and the dialog it leads to. */
export class SipLeg implements InboundLeg {
  readonly protocol = 'sip';
  readonly id: string;
  readonly protocolId: string;
  readonly aliases: readonly [string, ...string[]];
  readonly caller: Caller;
  readonly identity?: string;
  readonly credential?: string;
  readonly offer: LegOffer;
  readonly hopsLeft: number;
  readonly #options: SipLegOptions;
  #handlers: LegHandlers | undefined;
  #state: State = { is: 'arrived' };
  readonly #dialog: LegDialog;
  #ending: Promise<void> | undefined;

  constructor(options: SipLegOptions, identity?: string) {
    const { req } = options;
    const token = tokenOf(req.uri);
    if (identity !== undefined) this.identity = identity;
    if (token !== undefined) this.credential = token;
    this.#options = options;
    this.#dialog = new LegDialog({ scheduler: options.scheduler, log: options.log, handlers: () => this.#handlers, onEnded: (reason) => this.#farEnded(reason) });
    this.id = options.id;
    this.protocolId = shownText(req.get('Call-ID') ?? '');
    this.aliases = dialled(req.uri);
    this.caller = callerOf(req, options.trusted);
    this.hopsLeft = hopsLeft(req);
    this.offer = offerOf(req);
    // RFC 3261 §9.2; the server has answered the CANCEL, and the INVITE with 487.
    req.on('cancel', () => this.#farEnded('caller_cancelled'));
  }

  listen(handlers: LegHandlers): void {
    this.#handlers = handlers;
  }

  async answer(media: MediaDescription): Promise<Result<MediaDescription | undefined, 'gone'>> {
    if (this.#state.is !== 'arrived') return err('gone');
    const sdp = this.#dialog.writeMedia(media, this.offer.kind === 'none' ? undefined : this.#options.req.body);
    const dialog = this.#accept(sdp);
    this.#state = { is: 'answering', dialog };
    const made = await dialog;
    // It may have been cancelled or ended meanwhile; whoever ended it takes care of the dialog.
    if (this.#stateIs() === 'over' || this.#ending !== undefined) return err('gone');
    if (made === undefined) {
      this.#farEnded('signalling_lost');
      return err('gone');
    }
    this.#state = { is: 'answered', dialog: made };
    if (this.offer.kind !== 'none') return ok(undefined);
    return this.#lateAnswer(made);
  }

  ring(): void {
    const { res } = this.#options;
    if (this.#state.is === 'arrived' && !res.finalResponseSent) res.send(180);
  }

  sendText(text: string): Promise<Result<void, 'not_supported' | 'failed'>> {
    return this.#dialog.sendText(text);
  }

  end(reason: EndReason): Promise<void> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  get dialog(): string | undefined {
    return this.#state.is === 'answered' ? this.#state.dialog.id : undefined;
  }

  /** The connection to the SIP server is lost, and the dialog with it (D-10, F-10). */
  signallingLost(): void {
    // The library would keep the dialog for ever (D-10).
    if (this.#state.is === 'answered') this.#options.srf.removeDialog(this.#state.dialog);
    this.#farEnded('signalling_lost');
  }

  async #end(reason: EndReason): Promise<void> {
    const state = this.#state;
    if (state.is === 'over') return;
    const { status, reason: value, warning } = this.#options.wireEnd(reason);
    // RFC 3261 §20.43: 399 is any warning without a code of its own.
    const headers = { Reason: headerText(value), ...(warning === undefined ? {} : { Warning: `399 vestibule "${headerText(warning)}"` }) };
    if (state.is === 'arrived') {
      this.#close();
      this.#options.res.send(status, { headers });
      return;
    }
    const dialog = state.is === 'answered' ? state.dialog : await state.dialog;
    const lost = this.#stateIs() === 'over';
    this.#close();
    if (dialog !== undefined && !lost) await this.#dialog.bye(dialog, headers);
  }

  /** For the compiler a state does not change while something is awaited. */
  #stateIs(): State['is'] {
    return this.#state.is;
  }

  #close(): void {
    if (this.#state.is === 'over') return;
    this.#state = { is: 'over' };
    this.#options.onClosed();
  }

  #farEnded(reason: EndReason): void {
    if (this.#state.is === 'over') return;
    const answering = this.#state.is === 'answering' ? this.#state.dialog : undefined;
    this.#close();
    // A 200 that crossed the CANCEL makes a dialog nobody wants (RFC 3261 §9.2).
    void answering?.then((dialog) => (dialog === undefined ? undefined : this.#dialog.bye(dialog)));
    this.#handlers?.onEnded(reason);
  }

  /** Sends the 200. Undefined: it was not sent, or nobody can tell. */
  async #accept(localSdp: string): Promise<Srf.Dialog | undefined> {
    const { srf, req, res, log, scheduler } = this.#options;
    // By callback, not by promise: a BYE or INFO that comes in one piece with the answer of the SIP server is handed out
    // before a promise settles, to a dialog nobody listens to yet.
    const creating = new Promise<Srf.Dialog>((resolve, reject) => {
      srf.createUAS(req, res, { localSdp, headers: { Allow: allowed } }, (error, dialog) => {
        if (dialog === undefined) {
          reject(new Error(errorText(error)));
          return;
        }
        this.#dialog.attend(dialog);
        resolve(dialog);
      });
    });
    const created = await attempt(creating, sendMs, scheduler);
    if (!created.ok) {
      log.debug({ how: created.error.kind }, 'the 200 was not sent');
      creating.then(
        (late) => void this.#dialog.bye(late),
        () => undefined,
      );
      return undefined;
    }
    return created.value;
  }

  /** Our 200 was the offer: the answer is in the ACK (RFC 3261 §13.2.1). Without an ACK the server ends the dialog. */
  #lateAnswer(dialog: Srf.Dialog): Promise<Result<MediaDescription | undefined, 'gone'>> {
    return new Promise((resolve) => {
      dialog.on('ack', (ack) => {
        const answer = describeSdp(ack.body);
        resolve(answer.ok ? ok(answer.value) : ok({ lines: [] }));
      });
      dialog.on('destroy', () => resolve(err('gone')));
    });
  }
}

/** The whole address and its user part. */
export function dialled(uri: string): readonly [string, ...string[]] {
  const { user, host } = Srf.parseUri(uri) ?? {};
  // Parameters of the user part are no part of what is dialled.
  const name = shownText((user ?? '').split(';', 1)[0] ?? '').toLowerCase();
  return host === undefined || name === '' ? [name] : [`${name}@${shownText(host).toLowerCase()}`, name];
}

/** `sip:1000;token=abc@host` or `sip:1000@host;token=abc`. As links are made: letters and digits. */
export const tokenOf = (uri: string): string | undefined => /;token=([a-z0-9]{16,64})(?=[;@?]|$)/i.exec(uri)?.[1]?.toLowerCase();

function offerOf(req: Srf.Request): LegOffer {
  if (req.body === '') return { kind: 'none' };
  if (!/^application\/sdp\s*(;|$)/i.test((req.get('Content-Type') ?? '').trim())) return { kind: 'unusable', reason: 'bad_offer' };
  const media = describeSdp(req.body);
  if (!media.ok) return { kind: 'unusable', reason: 'bad_offer' };
  // Nothing plain RTP can carry: RFC 3261 §21.4.26.
  return usableAudioLine(media.value) === undefined ? { kind: 'unusable', reason: 'no_common_codec' } : { kind: 'offered', media: media.value };
}
