/** The SIP side of one call of the media server: its dialog, the offers in it, its one BYE. */
import type { Result } from '../../lib/result.ts';
import type { AudioCodec } from '../../protocol/sdp/audio.ts';
import type { SipHeader } from '../../protocol/sip/message.ts';
import type { Dialog } from '../sip-stack/api.ts';
import { CallMedia, type LocalRtp } from './call-media.ts';
import { Channel, type ChannelOptions, type Signalling } from './channel.ts';

export const SDP_TYPE: SipHeader = { name: 'Content-Type', value: 'application/sdp' };

export interface SipCallOptions extends Omit<ChannelOptions, 'signalling'> {
  readonly local: LocalRtp;
  readonly codecs: readonly AudioCodec[];
  /** The answer to an offer that was our answer has come with the first ACK. */
  readonly answered: () => void;
  /** The dialog is over for us: nothing more of it concerns the call. */
  readonly forget: (call: SipCall) => void;
}

export class SipCall implements Signalling {
  readonly channel: Channel;
  readonly media: CallMedia;
  readonly #answered: () => void;
  readonly #forget: (call: SipCall) => void;
  #dialog: Dialog | undefined;
  /** An ACK has gone over the dialog: only then may a BYE leave (RFC 3261 §15). */
  #confirmed = false;
  /** What must be sent as soon as it has. */
  #bye: string | undefined;
  /** Our answer to an INVITE was an offer: its ACK brings the answer. */
  #ackAnswers = false;
  #offering = false;
  /** Gives up an INVITE of ours that has no final answer. */
  cancel: (() => void) | undefined;

  constructor(options: SipCallOptions) {
    const { local, codecs, answered, forget, ...channel } = options;
    this.channel = new Channel({ ...channel, signalling: this });
    this.media = new CallMedia(this.channel, local, codecs);
    this.#answered = answered;
    this.#forget = forget;
  }

  get dialog(): Dialog | undefined {
    return this.#dialog;
  }

  attach(dialog: Dialog): void {
    this.#dialog = dialog;
  }

  /** Our offer, to be sent as the answer to an INVITE that had none. */
  offerInAnswer(): string {
    this.#ackAnswers = true;
    return this.media.offer();
  }

  /** The ACK of an INVITE was received, or sent. */
  confirmed(sdp: string): void {
    const first = !this.#confirmed;
    this.#confirmed = true;
    if (this.#bye !== undefined) {
      this.#sendBye(this.#bye);
      return;
    }
    if (!this.#ackAnswers) return;
    this.#ackAnswers = false;
    if (!this.media.answered(sdp)) this.channel.hangup('INCOMPATIBLE_DESTINATION');
    else if (first) this.#answered();
  }

  /** The far end hung up, or the stack ended the dialog: no BYE of ours follows. */
  gone(): void {
    this.#forget(this);
    this.#dialog = undefined;
  }

  bye(reason: string): void {
    if (this.#dialog === undefined) this.cancel?.();
    else if (this.#confirmed) this.#sendBye(reason);
    else this.#bye = reason;
  }

  reoffer(held: boolean): boolean {
    const { channel } = this;
    if (this.#dialog === undefined || !this.#confirmed || this.#offering) return false;
    const before = channel.direction;
    const dialog = this.#dialog;
    channel.direction = held ? 'sendonly' : 'sendrecv';
    this.#offering = true;
    const failed = (about: object): void => {
      this.#offering = false;
      channel.direction = before;
      channel.core.log.warn({ channel: channel.uuid, ...about }, 'a re-INVITE of ours failed');
    };
    const onResponse = ({ message }: { readonly message: { readonly status: number; readonly body: string } }): void => {
      if (message.status < 200 || channel.ended) return;
      if (message.status >= 300) {
        failed({ status: message.status });
        return;
      }
      this.#offering = false;
      this.#watch(dialog.ack(), 'ACK');
      if (!this.media.answered(message.body)) failed({ status: message.status, sdp: 'unusable' });
      else if (held) channel.setCallState('HELD');
    };
    dialog.request({ method: 'INVITE', headers: [SDP_TYPE], body: this.media.offer() }, { onResponse }).then(
      (sent) => {
        if (!sent.ok) failed({ error: sent.error.message });
      },
      (error: unknown) => failed({ error }),
    );
    return true;
  }

  send(method: 'INFO' | 'MESSAGE', contentType: string, body: string): boolean {
    if (this.#dialog === undefined || !this.#confirmed) return false;
    this.#watch(this.#dialog.request({ method, headers: [{ name: 'Content-Type', value: contentType }], body }, { onResponse: () => undefined }), method);
    return true;
  }

  #sendBye(reason: string): void {
    const dialog = this.#dialog;
    this.gone();
    if (dialog !== undefined) this.#watch(dialog.request({ method: 'BYE', headers: [{ name: 'Reason', value: reason }] }, { onResponse: () => undefined }), 'BYE');
  }

  #watch(work: Promise<Result<unknown, { readonly message: string }>>, method: string): void {
    const { core, uuid } = this.channel;
    work.then(
      (sent) => {
        if (!sent.ok) core.log.warn({ channel: uuid, method, error: sent.error.message }, 'a SIP request could not be sent');
      },
      (error: unknown) => core.log.error({ channel: uuid, method, error }, 'a SIP request failed'),
    );
  }
}
