import type Srf from 'drachtio-srf';
import type { EndReason } from '../../domain/reasons.ts';
import { attempt, errorText } from '../../lib/attempt.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { LegHandlers } from '../../ports/call-leg.ts';
import type { Log } from '../../ports/log.ts';
import type { MediaDescription } from '../../ports/media.ts';
import { parseDtmfInfo } from '../../protocol/dtmf/info.ts';
import { describeSdp, writeAudioSdp } from '../../protocol/sdp/description.ts';
import { composeAnswer } from '../../protocol/sdp/many-lines.ts';
import { accepted, allowed } from './methods.ts';

/** Timer F of the BYE is 32 s (RFC 3261 §17.1.2.2); the call is over for us long before. */
const byeMs = 4_000;
/** Timer F of a MESSAGE, too; who sent it waits. */
const textMs = 4_000;

export interface LegDialogOptions {
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly handlers: () => LegHandlers | undefined;
  /** The far end, or the SIP server, ended it. */
  readonly onEnded: (reason: EndReason) => void;
}

/** Our end of the dialog of a call whose media is ours, whichever side made the call. */
export class LegDialog {
  readonly #options: LegDialogOptions;
  readonly #sdpSession: number;
  #sdpVersion = 0;
  /** What our side last said, for an offer of our own. */
  #localMedia: MediaDescription | undefined;
  #dialog: Srf.Dialog | undefined;

  constructor(options: LegDialogOptions) {
    this.#options = options;
    this.#sdpSession = options.scheduler.now();
  }

  /** Our media as an answer to `offer`, every line of it kept; or as an offer of our own. */
  writeMedia(media: MediaDescription, offer: string | undefined): string {
    this.#sdpVersion += 1;
    this.#localMedia = media;
    const sdp = writeAudioSdp(media, { sessionId: this.#sdpSession, version: this.#sdpVersion });
    if (!sdp.ok) return '';
    return offer === undefined ? sdp.value : composeAnswer(offer, sdp.value);
  }

  attend(dialog: Srf.Dialog): void {
    this.#dialog = dialog;
    dialog.on('destroy', (bye, why) => this.#options.onEnded(bye.source === 'application' ? serverEnd(why) : 'caller_hung_up'));
    dialog.on('info', (req, res) => this.#info(req, res));
    dialog.on('modify', (req, res) => void this.#reInvite(dialog, req, res));
    dialog.on('update', (req, res) => void this.#reInvite(dialog, req, res));
    dialog.on('options', (_req, res) => res.send(200, { headers: { Allow: allowed, Accept: accepted } }));
    // A REFER (RFC 3515) is among them: who is in a conference is moved by us, not sent away by his telephone.
    for (const method of ['message', 'notify', 'refer', 'publish'] as const) dialog.on(method, (_req, res) => res.send(405, { headers: { Allow: allowed } }));
  }

  async sendText(text: string): Promise<Result<void, 'not_supported' | 'failed'>> {
    const dialog = this.#dialog;
    if (dialog?.connected !== true) return err('failed');
    if (!takesMessages(dialog)) return err('not_supported');
    const sent = await attempt(dialog.request({ method: 'MESSAGE', headers: { 'Content-Type': 'text/plain;charset=utf-8' }, body: text }), textMs, this.#options.scheduler);
    if (!sent.ok) return err('failed');
    const { status } = sent.value;
    if (status < 300) return ok(undefined);
    return err(status === 405 || status === 415 || status === 501 ? 'not_supported' : 'failed');
  }

  async bye(dialog: Srf.Dialog, headers: Srf.Headers = {}): Promise<void> {
    if (!dialog.connected) return;
    const byed = await attempt(dialog.destroy({ headers }), byeMs, this.#options.scheduler);
    if (!byed.ok) this.#options.log.debug({ how: byed.error.kind }, 'the BYE was not answered');
  }

  #info(req: Srf.Request, res: Srf.Response): void {
    const digit = parseDtmfInfo(req.get('Content-Type') ?? '', req.body);
    if (digit.ok) {
      res.send(200);
      this.#options.handlers()?.onDigit(digit.value.digit, 'info');
    } else if (digit.error === 'unsupported_type') {
      res.send(415, { headers: { Accept: accepted } });
    } else {
      res.send(400);
    }
  }

  /** RFC 3264 §8, RFC 3311 §5.2: a new offer, or none, in which case a re-INVITE asks for ours. */
  async #reInvite(dialog: Srf.Dialog, req: Srf.Request, res: Srf.Response): Promise<void> {
    const contact = { Contact: dialog.local.contact };
    try {
      if (req.body === '' && req.method === 'UPDATE') {
        res.send(200, { headers: contact });
      } else if (req.body === '') {
        const ours = this.#localMedia === undefined ? dialog.local.sdp : this.writeMedia(this.#localMedia, undefined);
        dialog.once('ack', (ack) => void this.#takeOffer(ack.body));
        res.send(200, { body: ours, headers: { ...contact, 'Content-Type': 'application/sdp' } });
      } else {
        const answer = await this.#takeOffer(req.body);
        if (answer === undefined) res.send(488, { headers: { Warning: '304 vestibule "Media type not available"' } });
        else res.send(200, { body: answer, headers: { ...contact, 'Content-Type': 'application/sdp' } });
      }
    } catch (error) {
      this.#options.log.warn({ code: 'reinvite_failed', problem: errorText(error) }, 'a re-INVITE could not be handled');
      if (!res.finalResponseSent) res.send(500);
    }
  }

  /** Our answer to an offer inside the call; undefined when it is refused. */
  async #takeOffer(sdp: string): Promise<string | undefined> {
    const offer = describeSdp(sdp);
    const handlers = this.#options.handlers();
    if (!offer.ok || handlers === undefined) return undefined;
    const answer = await handlers.onOffer(offer.value);
    return answer.ok ? this.writeMedia(answer.value, sdp) : undefined;
  }
}

/** A dialog the server ended by itself, by the text of its Reason header (section A.4 of the protocol reference). */
function serverEnd(why = ''): EndReason {
  if (/ACK timeout/i.test(why)) return 'ack_timeout';
  return /cancel/i.test(why) ? 'caller_cancelled' : 'signalling_lost';
}

/** RFC 3261 §20.5: the methods the far end has said it takes; who names none is not sent any. */
function takesMessages({ type, req, res }: Srf.Dialog): boolean {
  const said = (type === 'uas' ? req : res).get('Allow') ?? '';
  return said.split(',').some((method) => method.trim().toUpperCase() === 'MESSAGE');
}
