import type { EndReason } from '../../src/domain/reasons.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { Caller, DialledLeg, LegHandlers } from '../../src/ports/call-leg.ts';
import type { DialPort, DialRequest, OutboundLeg } from '../../src/ports/dial.ts';
import type { MediaDescription } from '../../src/ports/media.ts';
import { description } from './media.ts';

/** Somebody whom we call. */
export class FakeOutboundLeg implements OutboundLeg {
  readonly protocol = 'sip';
  readonly id: string;
  readonly protocolId: string;
  readonly aliases: readonly [string, ...string[]];
  readonly identity?: string;
  readonly dialled?: DialledLeg;
  readonly offer = { kind: 'none' } as const;
  readonly caller: Caller;
  readonly request: DialRequest;
  state: 'new' | 'called' | 'answered' | 'over' = 'new';
  endedBy: EndReason | undefined;
  texts: string[] | 'not_supported' = [];
  #handlers: LegHandlers | undefined;
  #settle: (answer: Result<MediaDescription, 'gone'>) => void = () => undefined;

  constructor(id: string, request: DialRequest) {
    this.id = id;
    this.protocolId = `${id}@callee`;
    this.request = request;
    this.aliases = [request.targets[0].uri, request.dialled];
    if (request.identity !== undefined) this.identity = request.identity;
    if (request.into !== undefined) this.dialled = request.into;
    this.caller = { name: request.name, number: request.dialled, uri: request.targets[0].uri, source: { address: '', port: 0, transport: '' } };
  }

  listen(handlers: LegHandlers): void {
    this.#handlers = handlers;
  }

  answer(): Promise<Result<MediaDescription, 'gone'>> {
    if (this.state !== 'new') return Promise.resolve(err('gone'));
    this.state = 'called';
    return new Promise((settle) => {
      this.#settle = settle;
    });
  }

  end(reason: EndReason): Promise<void> {
    if (this.state !== 'over') this.endedBy = reason;
    this.#over();
    return Promise.resolve();
  }

  sendText(text: string): Promise<Result<void, 'not_supported' | 'failed'>> {
    if (this.texts === 'not_supported') return Promise.resolve(err('not_supported'));
    this.texts.push(text);
    return Promise.resolve(ok(undefined));
  }

  rings(): void {
    this.#handlers?.onRinging?.();
  }

  picksUp(): void {
    this.state = 'answered';
    this.#settle(ok(description));
  }

  /** Refuses, or once it has answered, hangs up. */
  ends(reason: EndReason): void {
    this.state = 'over';
    this.#handlers?.onEnded(reason);
    this.#settle(err('gone'));
  }

  sendsInfo(digit: string): void {
    this.#handlers?.onDigit(digit, 'info');
  }

  #over(): void {
    this.state = 'over';
    this.#settle(err('gone'));
  }
}

/** The outside world as we call it. */
export class FakeDial implements DialPort {
  available = true;
  /** In the order they were called. */
  readonly called: FakeOutboundLeg[] = [];

  dial(request: DialRequest): FakeOutboundLeg {
    const leg = new FakeOutboundLeg(`out-${this.called.length + 1}`, request);
    this.called.push(leg);
    return leg;
  }

  /** The last one called. */
  get last(): FakeOutboundLeg {
    const leg = this.called.at(-1);
    if (leg === undefined) throw new Error('nobody was called');
    return leg;
  }
}
