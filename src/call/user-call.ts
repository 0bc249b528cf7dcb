import { endCause, logLevelOf, type EndReason } from '../domain/reasons.ts';
import { nextHop, type Binding } from '../domain/registrar.ts';
import { forkTo, stepFork, type ForkEffect, type ForkEvent, type ForkState } from '../domain/user-call.ts';
import { errorText } from '../lib/attempt.ts';
import { Machine, type Scheduler } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import type { Log } from '../ports/log.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import type { CallTarget, UserCallLeg } from '../ports/user-call.ts';

export interface UserCallOptions {
  readonly leg: UserCallLeg;
  readonly alias: string;
  readonly contacts: readonly Binding[];
  readonly from: CallTarget['from'];
  readonly ringingMs: number;
  /** 0: as long as it likes (PX-43). */
  readonly longestMs: number;
  readonly cdr: CdrRecorder;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Nobody is behind this contact any more. */
  readonly onFlowFailed: (contact: Binding) => void;
  readonly onClosed: () => void;
}

/** RFC 5626 §11.5: the connection a telephone registered over is gone, here or at the edge proxy. */
const flowFailed = 430;

/**
 * One call from somebody to all telephones of a user. Media goes from end to end and never past us, so that there is nothing to count for
 * the no-media rule (PX-41): a call whose sides are both gone is ended by the session timer, where a telephone asked for one
 * (RFC 4028), else by the longest connection (PX-42). The rules of rooms are not asked (PX-40).
 */
export class UserCall {
  readonly since: number;
  readonly #options: UserCallOptions;
  readonly #machine: Machine<ForkState, ForkEvent, ForkEffect>;
  #answered: 'no' | 'yes' = 'no';
  #closed = false;

  constructor(options: UserCallOptions) {
    this.#options = options;
    const { contacts, scheduler, log } = options;
    this.since = scheduler.now();
    this.#machine = new Machine<ForkState, ForkEvent, ForkEffect>(
      {
        initial: forkTo(contacts.map((_, branch) => branch)),
        step: stepFork,
        run: (effect) => this.#run(effect),
        onError: (error) => {
          log.error({ code: 'call_defect', call: options.leg.id, problem: errorText(error) }, 'a call to a user failed');
          this.#close('server_error');
        },
      },
      scheduler,
    );
  }

  get id(): string {
    return this.#options.leg.id;
  }

  get caller(): string {
    return this.#options.leg.caller.name;
  }

  get alias(): string {
    return this.#options.alias;
  }

  get stage(): string {
    return this.#machine.state.is === 'ringing' ? 'ringing' : 'user';
  }

  get timers(): ReadonlyMap<string, number> {
    return this.#machine.pendingTimers();
  }

  start(): void {
    const { leg, alias, contacts, from, ringingMs, cdr, log, onFlowFailed } = this.#options;
    cdr.record({ type: 'callOpened', id: leg.id, at: this.since, protocol: 'sip', callId: leg.protocolId, caller: from.name, alias });
    log.info({ call: leg.id, caller: leg.caller.uri, source: leg.caller.source, alias, telephones: contacts.length }, 'call to a user');
    const post = (event: ForkEvent): void => this.#machine.post(event);
    leg.listen({
      onRinging: (branch) => post({ type: 'rang', branch }),
      onAnswered: (branch) => post({ type: 'answered', branch }),
      onFailed: (branch, status) => {
        const contact = contacts[branch];
        if (status === flowFailed && contact !== undefined) onFlowFailed(contact);
        post({ type: 'failed', branch, status });
      },
      onEnded: (reason) => post({ type: 'ended', reason }),
    });
    if (leg.offer !== 'usable') this.end(leg.offer);
    else if (contacts.length === 0) this.end('callee_unavailable');
    else {
      this.#machine.startTimer('ringing', ringingMs, { type: 'rangLongEnough' });
      contacts.forEach((contact, branch) => leg.invite(branch, { uri: contact.uri, hop: nextHop(contact), from }));
    }
  }

  end(reason: EndReason): void {
    this.#machine.post({ type: 'ended', reason });
  }

  #run(effect: ForkEffect): void {
    const { leg, longestMs } = this.#options;
    switch (effect.type) {
      case 'ring':
        leg.ring();
        return;
      case 'connect':
        void this.#connect(effect.branch);
        return;
      case 'cancel':
        leg.cancel(effect.branch);
        return;
      case 'stopRinging':
        this.#machine.cancelTimer('ringing');
        return;
      case 'limitLength':
        if (longestMs > 0) this.#machine.startTimer('longestConnection', longestMs, { type: 'lastedLongEnough' });
        return;
      case 'end':
        this.#close(effect.reason);
        return;
      default:
        unreachable(effect);
    }
  }

  async #connect(branch: number): Promise<void> {
    const { leg, cdr, scheduler } = this.#options;
    const connected = await leg.connect(branch);
    if (!connected.ok) {
      this.end('signalling_lost');
      return;
    }
    this.#answered = 'yes';
    cdr.record({ type: 'callAnswered', id: this.id, at: scheduler.now() });
    this.#machine.post({ type: 'connected' });
  }

  #close(reason: EndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    const { leg, cdr, scheduler, log, onClosed } = this.#options;
    const { status, fault } = endCause(reason);
    this.#machine.stop();
    void leg.end(reason);
    cdr.record({ type: 'callClosed', id: this.id, at: scheduler.now(), reason, cause: this.#answered === 'no' ? `SIP ${status}` : 'BYE', fault });
    log[logLevelOf(reason)]({ call: this.id, reason, status, fault }, 'call to a user closed');
    onClosed();
  }
}
