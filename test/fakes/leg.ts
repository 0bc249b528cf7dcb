import type { EndReason } from '../../src/domain/reasons.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { Caller, InboundLeg, LegHandlers, LegOffer } from '../../src/ports/call-leg.ts';
import type { MediaDescription } from '../../src/ports/media.ts';
import { description } from './media.ts';
import type { Points } from './points.ts';

/** What a call brings along beside what was dialled. */
export interface CallProof {
  readonly identity?: string;
  readonly credential?: string;
  /** Where it comes from. */
  readonly address?: string;
  readonly protocol?: InboundLeg['protocol'];
}

/** A call from outside, and the one who makes it. */
export class FakeLeg implements InboundLeg {
  readonly protocol: InboundLeg['protocol'];
  readonly id: string;
  readonly protocolId: string;
  readonly aliases: readonly [string, ...string[]];
  readonly caller: Caller;
  readonly offer: LegOffer;
  readonly hopsLeft = 70;
  readonly identity?: string;
  readonly credential?: string;
  readonly #points: Points;
  #handlers: LegHandlers | undefined;
  /** What the caller's side of the call has seen. */
  state: 'ringing' | 'answered' | 'over' = 'ringing';
  /** Why we ended it; the caller ending it leaves none. */
  endedBy: EndReason | undefined;
  ends = 0;
  rung = 0;
  /** Those it took; a telephone may take none. */
  texts: string[] | 'not_supported' = [];

  constructor(id: string, alias: string, points: Points, offer: LegOffer = { kind: 'offered', media: description }, { identity, credential, address = '192.0.2.9', protocol = 'sip' }: CallProof = {}) {
    this.protocol = protocol;
    if (identity !== undefined) this.identity = identity;
    if (credential !== undefined) this.credential = credential;
    this.id = id;
    this.protocolId = `${id}@caller`;
    this.aliases = [`${alias}@vestibule.example`, alias];
    this.caller = { name: id, number: '4711', uri: `sip:${id}@caller.example`, source: { address, port: 5060, transport: 'udp' } };
    this.offer = offer;
    this.#points = points;
  }

  listen(handlers: LegHandlers): void {
    this.#handlers = handlers;
  }

  async answer(): Promise<Result<MediaDescription | undefined, 'gone'>> {
    await this.#points.pass('answer');
    if (this.#over()) return err('gone');
    this.state = 'answered';
    return ok(this.offer.kind === 'none' ? description : undefined);
  }

  ring(): void {
    this.rung += 1;
  }

  sendText(text: string): Promise<Result<void, 'not_supported' | 'failed'>> {
    if (this.texts === 'not_supported') return Promise.resolve(err('not_supported'));
    this.texts.push(text);
    return Promise.resolve(ok(undefined));
  }

  async end(reason: EndReason): Promise<void> {
    this.ends += 1;
    if (!this.#over()) this.endedBy = reason;
    this.state = 'over';
    await this.#points.pass('end');
  }

  /** The caller cancels, or hangs up. */
  hangUp(): void {
    if (this.state === 'over') return;
    const reason = this.state === 'ringing' ? 'caller_cancelled' : 'caller_hung_up';
    this.state = 'over';
    this.#handlers?.onEnded(reason);
  }

  loseSignalling(): void {
    this.state = 'over';
    this.#handlers?.onEnded('signalling_lost');
  }

  sendsInfo(digit: string): void {
    this.#handlers?.onDigit(digit, 'info');
  }

  offers(media: MediaDescription): Promise<Result<MediaDescription, 'refused'>> {
    return this.#handlers?.onOffer(media) ?? Promise.resolve(err('refused'));
  }

  #over(): boolean {
    return this.state === 'over';
  }
}
