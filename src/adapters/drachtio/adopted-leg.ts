import type Srf from 'drachtio-srf';
import type { EndReason } from '../../domain/reasons.ts';
import { attempt, errorText } from '../../lib/attempt.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { err, type Result } from '../../lib/result.ts';
import type { CallLeg, Caller, LegHandlers } from '../../ports/call-leg.ts';
import type { KeptCall } from '../../ports/live-state.ts';
import { headerText } from './header-text.ts';
import type { WireEnd } from './inbound-leg.ts';
import { allowed } from './methods.ts';

export interface AdoptedLegOptions {
  readonly srf: Srf;
  readonly wireEnd: WireEnd;
  readonly scheduler: Scheduler;
  /** Called once, when nothing of the call is left. */
  readonly onClosed: () => void;
}

const requestMs = 4_000;
/** A telephone that hung up is noticed by this, or by its silence. */
const askMs = 10_000;

/**
 * A call answered by a former process, known by the name of its dialog. drachtio-server sends requests within it for whoever names it, but
 * hands on none: what the far end sends is answered 481, and its BYE ends the dialog without a word to anybody (F-10).
 */
export class AdoptedSipLeg implements CallLeg {
  readonly protocol = 'sip';
  readonly id: string;
  readonly protocolId: string;
  readonly aliases: readonly [string, ...string[]];
  readonly caller: Caller;
  readonly identity?: string;
  readonly dialog: string | undefined;
  readonly offer = { kind: 'none' } as const;
  readonly #options: AdoptedLegOptions;
  #handlers: LegHandlers | undefined;
  #state: 'up' | 'over' = 'up';
  #cancelAsking: () => void = () => undefined;

  constructor({ callId, protocolId, aliases, caller, identity, dialog }: KeptCall, options: AdoptedLegOptions) {
    this.id = callId;
    this.protocolId = protocolId;
    this.aliases = aliases;
    this.caller = caller;
    if (identity !== undefined) this.identity = identity;
    this.dialog = dialog;
    this.#options = options;
  }

  /** Begins to ask, too: before, there is nobody to tell. */
  listen(handlers: LegHandlers): void {
    this.#handlers = handlers;
    this.#askLater();
  }

  answer(): Promise<Result<undefined, 'gone'>> {
    return Promise.resolve(err('gone'));
  }

  /** By its dialog; where that is gone already there is nothing to do. */
  async end(reason: EndReason): Promise<void> {
    if (this.#state === 'over') return;
    this.#close();
    await this.#request('BYE', { Reason: headerText(this.#options.wireEnd(reason).reason) });
  }

  /** What the far end takes was told to the former process. */
  sendText(): Promise<Result<void, 'not_supported' | 'failed'>> {
    return Promise.resolve(err('not_supported'));
  }

  /** The connection to the SIP server is lost, and its dialogs with it. */
  signallingLost(): void {
    this.#ended('signalling_lost');
  }

  #askLater(): void {
    if (this.#state === 'over') return;
    this.#cancelAsking = this.#options.scheduler.after(askMs, () => {
      void this.#request('OPTIONS', { Allow: allowed }).then((answer) => {
        if (answer === 'gone') this.#ended('caller_hung_up');
        else this.#askLater();
      });
    });
  }

  /** RFC 3261 §12.2.1.2: 481 and 408 say that the far end knows of no call. Silence of the server says nothing. */
  async #request(method: 'BYE' | 'OPTIONS', headers: Srf.Headers): Promise<'there' | 'gone'> {
    const { srf, scheduler } = this.#options;
    if (this.dialog === undefined) return 'there';
    const stackDialogId = this.dialog;
    const answered = new Promise<number>((resolve, reject) => {
      srf.request('sip:in-dialog', { method, stackDialogId, headers }, (error, request) => {
        if (request === undefined) reject(error instanceof Error ? error : new Error(errorText(error)));
        else request.on('response', (response: Srf.Response) => (response.status >= 200 ? resolve(response.status) : undefined));
      });
    });
    const answer = await attempt(answered, requestMs, scheduler);
    if (answer.ok) return answer.value === 481 || answer.value === 408 ? 'gone' : 'there';
    return answer.error.kind === 'failed' && /unable to find dialog/i.test(answer.error.message) ? 'gone' : 'there';
  }

  #ended(reason: EndReason): void {
    if (this.#state === 'over') return;
    this.#close();
    this.#handlers?.onEnded(reason);
  }

  #close(): void {
    this.#state = 'over';
    this.#cancelAsking();
    this.#options.onClosed();
  }
}
