/** Keeps the session timer of a dialog (RFC 4028): refreshes the session when that is ours to do, ends it when nobody did. */
import type { Result } from '../../lib/result.ts';
import type { SipResponse } from '../../protocol/sip/message.ts';
import type { SessionExpires } from '../../protocol/sip/session-expires.ts';
import { MIN_SESSION_SECONDS, minSessionSeconds } from '../../protocol/sip/session-expires.ts';
import { sessionTimer, stepSessionTimer } from '../../protocol/sip/session-timer.ts';
import type { SessionTimerEvent } from '../../protocol/sip/session-timer.ts';
import type { ClientTransaction, RequestContent, ResponseListener, SendFailure } from './api.ts';
import type { Context } from './context.ts';
import type { TransactionMachine } from './transaction-machine.ts';
import { transactionMachine } from './transaction-machine.ts';

/** What the timer needs of its dialog. */
export interface Refreshable {
  /** The refresh; undefined while an offer is under way either way and none may be sent. */
  refreshContent(seconds: number): RequestContent | undefined;
  request(content: RequestContent, listener: ResponseListener): Promise<Result<ClientTransaction, SendFailure>>;
  ack(): Promise<unknown>;
  expired(): void;
}

export class SessionTimer {
  readonly #context: Context;
  readonly #dialog: Refreshable;
  #machine: TransactionMachine<SessionTimerEvent> | undefined;
  #seconds = 0;
  /** The shortest interval the far side was heard to take, s. */
  #least: number | undefined;

  constructor(context: Context, dialog: Refreshable) {
    this.#context = context;
    this.#dialog = dialog;
  }

  /** A 2xx to INVITE or UPDATE was sent or received; `we` is our role in that transaction. */
  agreed(expires: SessionExpires | undefined, we: 'uac' | 'uas'): void {
    if (expires === undefined) {
      this.#machine?.post({ type: 'off' });
      return;
    }
    // RFC 4028 §4: less is no interval; refreshing every moment, or hanging up at once, is what it would come to.
    this.#seconds = Math.max(expires.seconds, MIN_SESSION_SECONDS);
    this.#machine ??= transactionMachine(this.#context, sessionTimer, stepSessionTimer, (effect) => {
      if (effect.do === 'refresh') this.#refresh('at once');
      else this.#dialog.expired();
    });
    this.#machine.post({ type: 'agreed', seconds: this.#seconds, refresher: (expires.refresher ?? 'uac') === we ? 'us' : 'them' });
  }

  stop(): void {
    this.#machine?.stop();
  }

  #refresh(retry: 'at once' | 'later'): void {
    const content = this.#dialog.refreshContent(this.#seconds);
    if (content === undefined) {
      this.#machine?.post({ type: 'refused' });
      return;
    }
    this.#context.count('sessionRefreshes');
    const { headers = [] } = content;
    // RFC 4028 §7.3: after a 422 the request says what it has heard.
    const request = this.#least === undefined ? content : { ...content, headers: [...headers, { name: 'Min-SE', value: String(this.#least) }] };
    const listener: ResponseListener = {
      onResponse: ({ message }) => {
        const { status } = message;
        if (status < 200) return;
        // §7.3: again at once with a longer interval; a far end that raises it with every answer is asked no faster than usual.
        if (status === 422 && retry === 'at once' && this.#raise(message)) this.#refresh('later');
        else if (status >= 300) this.#machine?.post({ type: status === 408 || status === 481 ? 'gone' : 'refused' });
        // The answer repeats what was agreed before: nothing for the user to know.
        else if (content.method === 'INVITE') this.#unwatched(this.#dialog.ack());
      },
    };
    this.#unwatched(
      this.#dialog.request(request, listener).then((sent) => {
        if (!sent.ok) this.#machine?.post({ type: 'refused' });
      }),
    );
  }

  /** Takes the Min-SE of a 422; false when it asks for nothing longer. */
  #raise(refusal: SipResponse): boolean {
    const least = minSessionSeconds(refusal);
    if (least === undefined || least <= this.#seconds) return false;
    this.#seconds = least;
    this.#least = least;
    return true;
  }

  #unwatched(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#context.log.error({ error }, 'sip: a session refresh failed'));
  }
}
