import { dtmfSteps, type KeyStep } from '../domain/dtmf-sequence.ts';
import { gatewayStep, initialGateway, type GatewayEffect, type GatewayEvent, type GatewayState, type Side } from '../domain/gateway-call.ts';
import type { LegEffect } from '../domain/leg.ts';
import type { EndingPolicy } from '../domain/policy.ts';
import type { Prompt } from '../domain/prompts.ts';
import { endCause, logLevelOf, type EndReason } from '../domain/reasons.ts';
import { attempt, errorText } from '../lib/attempt.ts';
import { Machine, type Scheduler } from '../lib/machine.ts';
import { err, ok, unreachable, type Result } from '../lib/result.ts';
import type { CallLeg, InboundLeg, LegHandlers } from '../ports/call-leg.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import type { OutboundLeg } from '../ports/dial.ts';
import type { Log } from '../ports/log.ts';
import type { AllocateFailure, LegMedia, MediaDescription, MediaHandlers, MediaPort } from '../ports/media.ts';
import { heldBy } from './media-hold.ts';

export interface GatewayCallOptions {
  readonly caller: InboundLeg;
  readonly callee: OutboundLeg;
  readonly alias: string;
  /** Keyed after the answer: a conference service asks for its meeting. */
  readonly dtmf?: string;
  readonly media: MediaPort;
  readonly ending: EndingPolicy;
  readonly ringingMs: number;
  readonly language: string;
  readonly cdr: CdrRecorder;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly onClosed: () => void;
}

const goodbyeMs = 15_000;
const sides: readonly Side[] = ['caller', 'callee'];

/**
 * A call from somebody to where a number rule leads. Both legs have endpoints of ours and meet in a mixer of their own, so that the
 * rules of legs (PX-41 to PX-43) see their media. It owns legs and endpoints, and ends once, by `#finish`.
 */
export class GatewayCall {
  readonly since: number;
  readonly #options: GatewayCallOptions;
  readonly #log: Log;
  readonly #machine: Machine<GatewayState, GatewayEvent, GatewayEffect>;
  readonly #allocations: Partial<Record<Side, Promise<Result<LegMedia, AllocateFailure>>>> = {};
  readonly #media: Partial<Record<Side, LegMedia>> = {};
  #answered: 'no' | 'yes' = 'no';
  #dropKeys: () => void = () => undefined;

  constructor(options: GatewayCallOptions) {
    const { caller, scheduler, ending } = options;
    this.#options = options;
    this.since = scheduler.now();
    this.#log = options.log.child({ call: caller.id });
    this.#machine = new Machine<GatewayState, GatewayEvent, GatewayEffect>(
      { initial: initialGateway(), step: (state, event) => gatewayStep(state, event, ending), run: (effect) => this.#run(effect), onError: (error, event) => this.#defect(error, event.type) },
      scheduler,
    );
  }

  get id(): string {
    return this.#options.caller.id;
  }

  get caller(): string {
    return this.#options.caller.caller.name;
  }

  get alias(): string {
    return this.#options.alias;
  }

  get stage(): string {
    return this.#machine.state.is === 'calling' ? 'ringing' : 'gateway';
  }

  get timers(): ReadonlyMap<string, number> {
    return this.#machine.pendingTimers();
  }

  start(): void {
    const { caller, callee, alias, cdr, ringingMs } = this.#options;
    caller.listen(this.#handlers('caller', caller));
    callee.listen({ ...this.#handlers('callee', callee), onRinging: () => this.#machine.post({ type: 'rang' }) });
    cdr.record({ type: 'callOpened', id: this.id, at: this.since, protocol: caller.protocol, callId: caller.protocolId, caller: caller.caller.number || caller.caller.name, alias });
    this.#log.info({ caller: caller.caller.uri, source: caller.caller.source, alias, out: callee.id }, 'call by a number rule');
    this.#machine.startTimer('ringing', ringingMs, { type: 'rangLongEnough' });
    this.#inBackground(this.#call());
  }

  end(reason: EndReason): void {
    this.#machine.post({ type: 'ended', reason });
  }

  #handlers(side: Side, leg: CallLeg): LegHandlers {
    const { scheduler } = this.#options;
    return {
      onDigit: (digit, via) => this.#machine.post({ type: 'digit', side, digit, via, now: scheduler.now() }),
      onEnded: (reason) => {
        this.#log.debug({ side, leg: leg.id, reason }, 'a side ended');
        this.end(reason);
      },
      onOffer: (offer) => this.#offered(side, offer),
    };
  }

  /** Endpoints for both, then the callee is called. */
  async #call(): Promise<void> {
    const { caller, callee } = this.#options;
    if (caller.offer.kind === 'unusable') {
      this.end(caller.offer.reason);
      return;
    }
    // So that calls sent on to each other come to an end (RFC 3261 §16.6 step 3).
    if (caller.hopsLeft <= 1) {
      this.end('callee_unavailable');
      return;
    }
    const offer = caller.offer.kind === 'offered' ? caller.offer.media : undefined;
    const ours = await this.#allocate('caller', offer);
    const theirs = ours === undefined ? undefined : await this.#allocate('callee', undefined);
    if (theirs === undefined || this.#isOver()) return;
    const answered = await callee.answer(theirs.answer);
    if (!answered.ok || this.#isOver()) return;
    if (answered.value === undefined || !(await theirs.update(answered.value)).ok) this.end('no_common_codec');
    else this.#machine.post({ type: 'calleeAnswered' });
  }

  async #allocate(side: Side, offer: MediaDescription | undefined): Promise<LegMedia | undefined> {
    const { media, scheduler } = this.#options;
    const handlers: MediaHandlers = {
      onDigit: (digit, via) => this.#machine.post({ type: 'digit', side, digit, via, now: scheduler.now() }),
      onLost: () => this.end('media_lost'),
    };
    const allocation = media.allocate(offer, handlers, this.id);
    this.#allocations[side] = allocation;
    const allocated = await allocation;
    if (!allocated.ok) {
      this.end(allocated.error);
      return undefined;
    }
    if (this.#isOver()) return undefined;
    this.#media[side] = allocated.value;
    return allocated.value;
  }

  async #answerCaller(): Promise<void> {
    const { caller, cdr, scheduler, dtmf } = this.#options;
    const { caller: ours, callee: theirs } = this.#media;
    if (ours === undefined || theirs === undefined) return;
    this.#machine.cancelTimer('ringing');
    const answered = await caller.answer(ours.answer);
    if (!answered.ok || this.#isOver()) return;
    this.#answered = 'yes';
    if (answered.value !== undefined && !(await ours.update(answered.value)).ok) {
      this.end('no_common_codec');
      return;
    }
    const joined = await Promise.all([ours.join(this.id, false), theirs.join(this.id, false)]);
    if (this.#isOver()) return;
    if (joined.some(({ ok: isIn }) => !isIn)) {
      this.end('media_unavailable');
      return;
    }
    const now = scheduler.now();
    cdr.record({ type: 'callAnswered', id: this.id, at: now });
    this.#machine.post({ type: 'connected', now });
    if (caller.offer.kind === 'offered') this.#machine.post({ type: 'leg', side: 'caller', event: { type: 'held', held: heldBy(caller.offer.media), now } });
    if (dtmf !== undefined) this.#keyLater(dtmfSteps(dtmf));
  }

  #keyLater([next, ...later]: readonly KeyStep[]): void {
    const { scheduler } = this.#options;
    if (next === undefined) return;
    this.#dropKeys = scheduler.after(next.afterMs, () => {
      this.#inBackground(this.#media.callee?.sendDigits(next.keys) ?? Promise.resolve());
      this.#keyLater(later);
    });
  }

  #run(effect: GatewayEffect): void {
    const { caller } = this.#options;
    switch (effect.do) {
      case 'ring':
        caller.ring();
        return;
      case 'answerCaller':
        this.#inBackground(this.#answerCaller());
        return;
      case 'sendDigit':
        this.#inBackground(this.#media[effect.to]?.sendDigits(effect.digit) ?? Promise.resolve());
        return;
      case 'leg':
        this.#runLeg(effect.side, effect.effect);
        return;
      case 'end':
        void this.#finish(effect.reason, effect.goodbye);
        return;
      default:
        unreachable(effect);
    }
  }

  #runLeg(side: Side, effect: Exclude<LegEffect, { do: 'end' }>): void {
    const { scheduler, language } = this.#options;
    switch (effect.do) {
      case 'pollMedia':
        this.#inBackground(this.#pollMedia(side));
        return;
      case 'startTimer':
        this.#machine.startTimer(`${effect.name}:${side}`, effect.ms, { type: 'leg', side, event: { type: 'timer', name: effect.name, now: scheduler.now() + effect.ms } });
        return;
      case 'cancelTimer':
        this.#machine.cancelTimer(`${effect.name}:${side}`);
        return;
      case 'tell':
        this.#inBackground(this.#media[side]?.tell(effect.prompts, language) ?? Promise.resolve());
        return;
      default:
        unreachable(effect);
    }
  }

  async #pollMedia(side: Side): Promise<void> {
    const count = await this.#media[side]?.packetsReceived();
    if (count !== undefined) this.#machine.post({ type: 'leg', side, event: { type: 'packets', count, now: this.#options.scheduler.now() } });
  }

  /** RFC 3264 §8: the media server answers; held, the no-media rule rests. */
  async #offered(side: Side, offer: MediaDescription): Promise<Result<MediaDescription, 'refused'>> {
    const media = this.#media[side];
    if (media === undefined || this.#machine.state.is !== 'connected') return err('refused');
    const answer = await media.update(offer);
    if (!answer.ok) return err('refused');
    this.#machine.post({ type: 'leg', side, event: { type: 'held', held: heldBy(offer), now: this.#options.scheduler.now() } });
    return ok(answer.value);
  }

  #isOver(): boolean {
    return this.#machine.state.is === 'over';
  }

  /** The one exit. */
  async #finish(reason: EndReason, goodbye: readonly Prompt[]): Promise<void> {
    const { caller, callee, cdr, scheduler, language, onClosed } = this.#options;
    const { status, fault } = endCause(reason);
    this.#machine.stop();
    this.#dropKeys();
    this.#log[logLevelOf(reason)]({ reason, fault, seconds: Math.round((scheduler.now() - this.since) / 1_000) }, `call by a number rule ended: ${reason}`);
    if (goodbye.length > 0) await attempt(Promise.all(sides.map(async (side) => this.#media[side]?.tell(goodbye, language))), goodbyeMs, scheduler);
    // The far ends are told first, then their media go.
    await this.#step('signalling', () => Promise.all([caller.end(reason), callee.end(reason)]));
    await this.#step('media', () => Promise.all(sides.map(async (side) => {
      const allocated = await this.#allocations[side];
      if (allocated?.ok === true) await allocated.value.release();
    })));
    cdr.record({ type: 'callClosed', id: this.id, at: scheduler.now(), reason, cause: this.#answered === 'no' ? `SIP ${status}` : 'BYE', fault });
    onClosed();
  }

  async #step(what: string, doIt: () => Promise<unknown>): Promise<void> {
    try {
      await doIt();
    } catch (error) {
      this.#log.error({ code: 'call_defect', at: what, problem: errorText(error) }, 'a part of the call could not be ended');
    }
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#defect(error, 'background'));
  }

  #defect(error: unknown, at: string): void {
    this.#log.error({ code: 'call_defect', at, problem: errorText(error), stack: error instanceof Error ? error.stack : undefined }, 'a call by a number rule failed; it is ended');
    this.end('server_error');
  }
}
