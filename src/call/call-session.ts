import { judgeMedia, type Grant } from '../domain/admission.ts';
import type { Refusal } from '../domain/control.ts';
import type { Decision } from '../domain/decision.ts';
import { dtmfSteps, type KeyStep } from '../domain/dtmf-sequence.ts';
import type { Prompt } from '../domain/prompts.ts';
import { goodbyeOf, type EndReason } from '../domain/reasons.ts';
import { policyWith } from '../domain/room-rules.ts';
import { roomRules, type Room } from '../domain/room.ts';
import { errorText } from '../lib/attempt.ts';
import { Machine } from '../lib/machine.ts';
import { err, ok, unreachable, type Result } from '../lib/result.ts';
import type { CallLeg } from '../ports/call-leg.ts';
import type { EndpointDetails, MediaStatistics } from '../ports/live.ts';
import type { Log } from '../ports/log.ts';
import type { KeptCall } from '../ports/live-state.ts';
import type { AdoptedMedia } from '../ports/adoption.ts';
import type { AllocateFailure, LegMedia, MediaDescription, MediaHandlers } from '../ports/media.ts';
import { AnsweredCall, type CallHost } from './answered-call.ts';
import { endCall } from './call-end.ts';
import type { ConferenceActor, LegOrder } from './conference-actor.ts';
import { CallAdmission } from './call-admission.ts';
import { LegVoice } from './leg-voice.ts';
import { Judging } from './judging.ts';
import { keptCall, timersLeft } from './kept-call.ts';
import { heldBy } from './media-hold.ts';
import { protectionOf } from './media-protection.ts';
import { Seat } from './seat.ts';
import type { SessionOptions } from './session-options.ts';
import { initialSession, sessionStep, takenOverSession, type SessionEffect, type SessionEvent, type SessionState } from './session-step.ts';

/**
 * One call, from INVITE to its record. It owns the leg's endpoint and releases it; whatever happens, it ends once, by
 * `#finish`. It only sequences: every decision is the domain's.
 */
export class CallSession {
  readonly id: string;
  readonly since: number;
  /** Made for it so far: no more than there are rows to pass and PINs to try. */
  readonly decisions: Decision[] = [];
  readonly #options: SessionOptions;
  readonly #log: Log;
  readonly #machine: Machine<SessionState, SessionEvent, SessionEffect>;
  /** Settles with the endpoint, or with why there is none. */
  #allocation: Promise<Result<LegMedia, AllocateFailure>> = Promise.resolve(err('media_unavailable'));
  /** Since the 200 went out. */
  #answered: AnsweredCall | undefined;
  #room: Room | undefined;
  readonly #admission: CallAdmission;
  readonly #judging: Judging;
  readonly #seat: Seat;
  readonly #keyedBy = new Set<EndpointDetails['dtmf'][number]>();

  constructor(options: SessionOptions) {
    const { leg, policy, scheduler, cdr, takenOver } = options;
    this.#options = options;
    this.id = leg.id;
    this.since = takenOver?.since ?? scheduler.now();
    this.#room = takenOver?.room;
    this.#log = options.log.child({ call: leg.id });
    const onDecision = (decision: Decision): void => {
      this.decisions.push(decision);
      options.onDecision(decision);
    };
    this.#admission = new CallAdmission({ ...options, log: this.#log, onDecision });
    this.#machine = new Machine(
      {
        initial: takenOver === undefined ? initialSession() : takenOverSession(takenOver.since, scheduler.now()),
        // The room's own rules count for who dialled it, as they were when he came in (PXD-39).
        step: (state, event) => sessionStep(state, event, this.#room === undefined ? policy : policyWith(policy, this.#room.rules)),
        run: (effect) => this.#run(effect),
        onError: (error, event) => this.#defect(error, event.type),
      },
      scheduler,
    );
    this.#judging = new Judging({
      ...options,
      admission: this.#admission,
      machine: this.#machine,
      log: this.#log,
      room: () => this.#room,
      settleOn: (room) => this.#settleOn(room),
      end: (reason) => this.end(reason),
    });
    this.#seat = new Seat({
      call: leg.id,
      admission: this.#admission,
      conference: options.conference,
      answered: () => (this.stage === 'room' ? this.#answered : undefined),
      obey: (order) => this.#obey(order),
      onMoved: (room, { role, rule }) => {
        this.#settleOn(room);
        cdr.record({ type: 'callAdmitted', id: this.id, roomId: room.id, role, rule });
      },
      onLost: () => this.end('media_lost'),
    });
    leg.listen({
      onRinging: () => options.onProgress?.({ kind: 'ringing' }),
      onDigit: (digit, via) => this.#keyed(digit, via),
      onEnded: (reason) => this.#machine.post({ type: 'gone', reason }),
      onOffer: (offer) => this.#offered(offer),
    });
    if (takenOver !== undefined) return;
    const { protocol, protocolId, caller } = leg;
    cdr.record({ type: 'callOpened', id: leg.id, at: this.since, protocol, callId: protocolId, caller: caller.number || caller.name, alias: this.alias, ...(leg.dialled === undefined ? {} : { direction: 'out' }) });
    this.#log.info({ protocol, protocolId, caller: caller.uri, source: caller.source, alias: this.alias, userAgent: caller.userAgent }, leg.dialled === undefined ? 'call arrived' : 'calling');
  }

  /** What was dialled, as people say it. */
  get alias(): string {
    return this.#options.leg.aliases.at(-1) ?? '';
  }

  get caller(): string {
    return this.#options.leg.caller.name;
  }

  get stage(): SessionState['stage'] {
    return this.#machine.state.stage;
  }

  get room(): Room | undefined {
    return this.#room;
  }

  get timers(): ReadonlyMap<string, number> {
    return this.#machine.pendingTimers();
  }

  /** Whom a conference calls or has in it. */
  get leg(): Pick<CallLeg, 'protocol' | 'caller' | 'aliases' | 'identity' | 'dialled' | 'sendText'> {
    return this.#options.leg;
  }

  get mediaHandlers(): MediaHandlers {
    return {
      onDigit: (digit, via) => this.#keyed(digit, via),
      onLost: () => this.#machine.post({ type: 'end', reason: 'media_lost', goodbye: [] }),
      onTalking: (talking, level) => this.#options.onTalking(this.id, talking, level),
    };
  }

  /** The endpoint of a call taken over is where the conference has it, or is brought there. */
  resume({ media, place }: AdoptedMedia, conference: ConferenceActor, deadlines: Readonly<Record<string, number>>): void {
    const { scheduler, language } = this.#options;
    const participant = conference.state.participants.get(this.id);
    const voice = new LegVoice(media, this.#room?.language ?? language, (error) => this.#defect(error, 'voice'));
    this.#allocation = Promise.resolve(ok(media));
    this.#answered = new AnsweredCall(media, voice, this.#host());
    for (const { name, ms, event } of timersLeft(deadlines, scheduler.now())) this.#machine.startTimer(name, ms, event);
    this.#seat.resume(conference);
    if (participant === undefined) this.end('restart');
    else if (participant.place === 'lobby') this.#inBackground((place === 'conference' ? media.leave() : Promise.resolve()).then(() => voice.enterLobby()));
    else if (place === 'alone') void this.order({ do: 'join', call: this.id, muted: participant.mixer === 'muted' });
    else {
      voice.enterConference();
      conference.post({ type: 'joined', call: this.id });
    }
  }

  /** What another process needs to take it over; undefined outside rooms. */
  keep(): KeptCall | undefined {
    if (this.stage !== 'room' || this.#room === undefined || this.#answered === undefined) return undefined;
    return keptCall(this.#options.leg, { roomId: this.#room.id, since: this.since, timers: this.timers, endpoint: this.#answered.media.id });
  }

  start(): void {
    void this.#arrive().catch((error: unknown) => this.#defect(error, 'arriving'));
  }

  /** Ends the call, with the goodbye of the reason. */
  end(reason: EndReason): void {
    this.#machine.post({ type: 'end', reason, goodbye: goodbyeOf(reason) });
  }

  /** Ends the call at once; a goodbye being said is cut. */
  cut(reason: EndReason): void {
    this.#machine.post({ type: 'gone', reason });
  }

  /** Text for the display of the far end. */
  sendText(text: string): Promise<Result<void, 'not_supported' | 'failed'>> {
    return this.#answered === undefined || this.#isEnding() ? Promise.resolve(err('failed')) : this.#options.leg.sendText(text);
  }

  order(order: LegOrder): Promise<void> {
    return this.#obey(order);
  }

  /** Takes the leg from one room to another, past the PINs there: whoever asks for it controls both (N-19). */
  moveTo(room: Room): Promise<'done' | Refusal> {
    return this.#seat.moveTo(room);
  }

  #obey(order: LegOrder): Promise<void> {
    this.#machine.post({ type: 'order', order });
    return this.#answered?.carriedOut ?? Promise.resolve();
  }

  /** Settles when it was heard, or never will be. */
  async hears(path: string): Promise<'said' | 'failed'> {
    return this.#answered?.voice.tell([{ file: path }]) ?? 'failed';
  }

  /** Undefined before it was answered, or where the media server does not say. */
  async statistics(): Promise<MediaStatistics | undefined> {
    return this.#answered?.media.statistics();
  }

  get details(): EndpointDetails {
    const { caller, protocolId } = this.#options.leg;
    const { uri, userAgent, source } = caller;
    const { codec, encrypted = false } = this.#answered?.media.details ?? {};
    return { uri, ...(userAgent === undefined ? {} : { userAgent }), source, protocolId, ...(codec === undefined ? {} : { codec }), encrypted, dtmf: [...this.#keyedBy] };
  }

  /** Whether the far end holds the call. */
  get isHeld(): boolean {
    return this.#machine.state.leg.at === 'held';
  }

  /** The room opened while the caller is asked for a PIN of it. */
  roomOpened(): void {
    this.#machine.post({ type: 'ivr', event: { type: 'roomOpened' } });
  }

  /** The room was changed while the caller is asked for a PIN of it: judged again. */
  roomChanged(room: Room): void {
    if (this.stage === 'ivr' && this.#room?.id === room.id) this.#judging.judge(room);
  }

  async #arrive(): Promise<void> {
    const reason = (await this.#findRoom()) ?? (await this.#takeCall());
    if (reason !== undefined) this.end(reason);
  }

  /** Why the call cannot go on, if so. */
  async #findRoom(): Promise<EndReason | undefined> {
    const { leg, attendant } = this.#options;
    if (leg.dialled === undefined && leg.aliases.some((alias) => attendant.aliases.includes(alias))) return this.#admission.atAttendant();
    const found = await this.#admission.find(leg.aliases);
    if (found === 'failed') return 'server_error';
    if (found === undefined) return 'unknown_alias';
    this.#settleOn(found);
    return undefined;
  }

  /** An endpoint, the answer, and then the rules. Answers why not, if so. */
  async #takeCall(): Promise<EndReason | undefined> {
    const { leg, media, language } = this.#options;
    // Who is turned away is not answered first; every other verdict needs the media.
    const verdict = this.#room === undefined ? undefined : this.#admission.judge(this.#room);
    if (verdict?.kind === 'reject') {
      if (this.#room !== undefined) this.#admission.arrived(this.#room, verdict);
      return verdict.reason;
    }
    // For a blocked source first: it must not learn that there is a room.
    if (leg.offer.kind === 'unusable') return this.#admission.unusableMedia(leg.offer.reason, this.#room);
    if (this.#isEnding()) return undefined;
    this.#allocation = media.allocate(leg.offer.kind === 'offered' ? leg.offer.media : undefined, this.mediaHandlers, this.#room?.id);
    const allocated = await this.#allocation;
    if (!allocated.ok) return allocated.error;
    if (this.#isEnding()) return undefined;
    if (leg.dialled !== undefined) this.#machine.startTimer('ringing', leg.dialled.ringingMs, { type: 'end', reason: 'no_answer', goodbye: [] });
    const answered = await leg.answer(allocated.value.answer);
    this.#machine.cancelTimer('ringing');
    if (!answered.ok || this.#isEnding()) return undefined;
    const voice = new LegVoice(allocated.value, this.#room?.language ?? language, (error) => this.#defect(error, 'voice'));
    this.#answered = new AnsweredCall(allocated.value, voice, this.#host());
    if (answered.value !== undefined && !(await allocated.value.update(answered.value)).ok) return 'no_common_codec';
    if (!this.#isEnding()) this.#greet(allocated.value.id);
    return undefined;
  }

  #keyed(digit: string, via: EndpointDetails['dtmf'][number]): void {
    this.#keyedBy.add(via);
    this.#machine.post({ type: 'digit', digit, via, now: this.#options.scheduler.now() });
  }

  #isEnding(): boolean {
    return this.stage === 'ending';
  }

  /** The call is answered: the attendant, or the room's verdict. */
  #greet(endpoint: string): void {
    const { cdr, scheduler, attendant, leg } = this.#options;
    const now = scheduler.now();
    cdr.record({ type: 'callAnswered', id: this.id, at: now });
    this.#log.info({ endpoint }, 'call answered');
    this.#machine.post({ type: 'answered', now });
    this.#options.onProgress?.({ kind: 'answered' });
    if (leg.dialled?.dtmf !== undefined) this.#keyLater(dtmfSteps(leg.dialled.dtmf));
    if (leg.offer.kind === 'offered') this.#machine.post({ type: 'leg', event: { type: 'held', held: heldBy(leg.offer.media), now } });
    if (this.#room !== undefined) this.#judging.judge(this.#room);
    else this.#machine.post({ type: 'ivr', event: { type: 'startAttendant', asksPin: attendant.pin !== undefined, longestNumber: attendant.longestNumber } });
  }

  #keyLater(steps: readonly KeyStep[]): void {
    const [next] = steps;
    if (next !== undefined) this.#machine.startTimer('keys', next.afterMs, { type: 'keysDue', steps });
  }

  #host(): CallHost {
    const machine = this.#machine;
    const { scheduler, rooms } = this.#options;
    const conference = (): ConferenceActor | undefined => this.#seat.conference;
    return {
      id: this.id,
      scheduler,
      rooms,
      get conference() {
        return conference();
      },
      post: (event) => machine.post(event),
      startTimer: (name, ms, event) => machine.startTimer(name, ms, event),
      cancelTimer: (name) => machine.cancelTimer(name),
      checkAttendantPin: (entry) => this.#admission.checkAttendantPin(entry),
      onWrongPin: () => this.#admission.wrongPin(this.#room),
      checkNumber: (number) => this.#judging.checkNumber(number),
      checkPin: (entry) => this.#judging.checkPin(entry),
      inBackground: (work) => this.#inBackground(work),
      isInRoom: () => this.stage === 'room',
    };
  }

  #settleOn(room: Room): void {
    this.#room = room;
    if (this.#answered !== undefined) this.#answered.voice.language = room.language;
  }

  #run(effect: SessionEffect): void {
    if (effect.part !== 'session') {
      this.#answered?.run(effect);
      return;
    }
    switch (effect.do) {
      case 'enterRoom':
        this.#enterRoom(effect.grant, effect.wrongPins);
        return;
      case 'sendKeys': {
        const [now, ...later] = effect.steps;
        if (now !== undefined && this.#answered !== undefined) this.#inBackground(this.#answered.media.sendDigits(now.keys));
        this.#keyLater(later);
        return;
      }
      case 'finish':
        void this.#finish(effect.reason, effect.goodbye);
        return;
      case 'cutGoodbye':
        if (this.#answered !== undefined) this.#inBackground(this.#answered.voice.stop());
        return;
      default:
        unreachable(effect);
    }
  }

  #enterRoom(grant: Grant, wrongPins: number): void {
    const { role, rule, member } = grant;
    const { cdr, leg } = this.#options;
    if (this.#room === undefined) return;
    // Whatever the IVR was still asking or counting is of no account now.
    for (const name of this.#machine.pendingTimers().keys()) if (name.startsWith('ivr:')) this.#machine.cancelTimer(name);
    cdr.record({ type: 'callAdmitted', id: this.id, roomId: this.#room.id, role, rule });
    this.#log.info({ room: this.#room.id, role, rule }, `admitted as ${role} by ${rule}`);
    this.#admission.admitted(this.#room, grant);
    const name = this.#room.members.find(({ id }) => id === member)?.name ?? leg.caller.name;
    this.#seat.enter(this.#options.conference(this.#room), { name, role, rule, wrongPins, ...(member === undefined ? {} : { member }), ...(leg.dialled === undefined ? {} : { keepAlive: leg.dialled.keepAlive }) });
  }

  /** RFC 3264 §8: the media server answers; held, the no-media rule rests. */
  async #offered(offer: MediaDescription): Promise<Result<MediaDescription, 'refused'>> {
    if (this.#answered === undefined || this.stage === 'ending') return err('refused');
    if (this.#room !== undefined && judgeMedia(roomRules(this.#room), protectionOf(offer)) !== 'accepted') return err('refused');
    const answer = await this.#answered.media.update(offer);
    if (!answer.ok) return err('refused');
    this.#machine.post({ type: 'leg', event: { type: 'held', held: heldBy(offer), now: this.#options.scheduler.now() } });
    return answer;
  }

  /** The one exit: the call is out of the books when it returns. */
  async #finish(reason: EndReason, goodbye: readonly Prompt[]): Promise<void> {
    for (const name of this.#machine.pendingTimers().keys()) this.#machine.cancelTimer(name);
    this.#seat.leave();
    this.#options.onProgress?.({ kind: 'ended', reason });
    await endCall({ ...this.#options, log: this.#log, since: this.since, voice: this.#answered?.voice, allocation: this.#allocation }, reason, goodbye);
    this.#machine.stop();
    this.#options.onClosed();
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#defect(error, 'background'));
  }

  #defect(error: unknown, at: string): void {
    this.#log.error({ code: 'call_defect', at, problem: errorText(error), stack: error instanceof Error ? error.stack : undefined }, 'the call failed; it is ended');
    this.end('server_error');
  }
}
